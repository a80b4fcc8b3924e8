"""How the page speaks: texts, labels, codes and facts in its language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from equipoise.protocol.document import Protocol, RegistryDate, Text
from equipoise.protocol.record.facts import plain

from ..blocks import Block, Fact, Facts, Language, MissingPart, Prose
from ..live import LiveProjection
from ..words import coded, label, missing


class Saying:
    """A protocol and what its trial has released, said in one language."""

    def __init__(self, protocol: Protocol, language: Language, live: LiveProjection | None) -> None:
        self.protocol = protocol
        self.language: Language = language
        self.live = live

    def say(self, text: Text | None) -> str:
        """A text in the language of the page, cleaned of markup; empty where there is none."""
        return "" if text is None else plain(text.in_language(self.language))

    def label(self, name: str) -> str:
        """A fixed label."""
        return label(name, self.language)

    def coded(self, value: str | None) -> str:
        """A registry code in words."""
        return coded(value, self.language)

    def missing(self, name: str) -> MissingPart:
        """What is said where the record says nothing."""
        return MissingPart(missing(name, self.language))

    def facts(self, *pairs: tuple[str, str | None]) -> Facts:
        """Facts by label; an empty one is said to be not stated."""
        unsaid = missing("not_stated", self.language)
        return Facts(tuple(Fact(self.label(name), words or unsaid) for name, words in pairs))

    def known(self, *pairs: tuple[str, str | None]) -> tuple[Fact, ...]:
        """Only the facts that are there."""
        return tuple(Fact(self.label(name), words) for name, words in pairs if words)

    def prose(self, text: str) -> Prose:
        """Paragraphs."""
        return Prose(tuple(part.strip() for part in text.split("\n\n") if part.strip()))

    def date(self, date: RegistryDate | None) -> str | None:
        """A date of the record with its kind."""
        if date is None:
            return None
        kind = f" ({self.coded(date.type)})" if date.type != "unspecified" else ""
        return f"{date.date}{kind}"

    def status(self) -> str | None:
        """The recruitment status: the running trial's, else the record's."""
        return self.live.status if self.live else self.protocol.identity.registry_status

    def text_section(self, text: Text | None, name: str) -> Iterator[Block]:
        """A text as paragraphs, or that it is missing."""
        words = self.say(text)
        yield self.prose(words) if words else self.missing(name)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is an object, or an empty one."""
    return value if isinstance(value, Mapping) else {}
