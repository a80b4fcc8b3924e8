"""Study results: what was released or registered, and what will be measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from equipoise.protocol.record.facts import plain

from ..blocks import Block, Entries, Entry, Group, Prose
from ..results import registered_results
from .saying import Saying, mapping


class FindingsSection(Saying):
    """The section that tells what was found."""

    def results(self) -> Iterator[Block]:
        """A running trial's released results, then those a record holds; else that there are none."""
        released = False
        if self.live is not None and self.live.released:
            if self.live.headline is not None:
                yield Prose((self.say(self.live.headline),))
            yield from registered_results(self.live.results, self.language)
            if self.live.cut is not None:
                yield Prose((self.say(self.live.cut),))
            released = True
        section = mapping(self.protocol.record.get("kept")).get("resultsSection")
        if isinstance(section, Mapping):
            registered = tuple(registered_results(section, self.language))
            released = released or bool(registered)
            yield from registered
        if not released:
            yield self.missing("results")
        outcomes = tuple(self.outcomes())
        yield Group(self.label("planned"), outcomes if outcomes else (self.missing("primary"),))

    def outcomes(self) -> Iterator[Block]:
        """Planned outcomes: the protocol's endpoints, else those the record keeps."""
        listed: dict[str, list[Entry]] = {}
        for endpoint in self.protocol.endpoints:
            listed.setdefault(endpoint.role, []).append(
                Entry(
                    None,
                    self.say(endpoint.label),
                    self.known(("time_frame", self.say(endpoint.time_frame))),
                )
            )
        if not listed:
            kept = mapping(self.protocol.record.get("outcomes"))
            for role in ("primary", "secondary", "other"):
                entries = kept.get(role)
                for entry in entries if isinstance(entries, Sequence) else ():
                    one = mapping(entry)
                    words = plain(str(one.get("measure", "")))
                    if one.get("description"):
                        words += f"\n{plain(str(one['description']))}"
                    frame = plain(str(one.get("time_frame") or ""))
                    listed.setdefault(role, []).append(
                        Entry(None, words, self.known(("time_frame", frame)))
                    )
        if listed and "primary" not in listed:
            yield self.missing("primary")
        for role, found in listed.items():
            yield Group(
                self.label(role),
                (Entries(tuple(found)),),
                folded=role != "primary" and len(found) > 6,
            )
