"""Texts that lack the second language, in a protocol that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from equipoise.protocol.document import Part, Protocol
from equipoise.quantity.text import LANGUAGES, Text

from .examination import Examination

_NAMED_BY = ("id", "version", "role", "finding", "intervention", "item")


def check_texts(examination: Examination) -> None:
    """One warning for each text that has not been translated, if any has."""
    texts = list(texts_of(examination.protocol))
    for language in LANGUAGES[1:]:
        if not any(text.has(language) for _, _, text in texts):
            continue
        for place, name, text in texts:
            if not text.has(language):
                examination.warning(
                    "translation-missing",
                    name,
                    place,
                    (
                        f"the text {_short(text.en)!r} has no {language}",
                        f"文本 {_short(text.en)!r} 缺少 {language} 译文",
                    ),
                    (f"write it as {{en: …, {language}: …}}", f"请写成 {{en: …, {language}: …}}"),
                )


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 48 else words[:47] + "…"


def texts_of(protocol: Protocol) -> Iterator[tuple[str, str, Text]]:
    """Every text of the document with its place and with a name that does not move with the order."""
    yield from _texts(protocol, "", "")


def _texts(value: Any, place: str, name: str) -> Iterator[tuple[str, str, Text]]:
    if isinstance(value, Text):
        yield place, name, value
    elif isinstance(value, Part):
        for key, field in type(value).model_fields.items():
            written = field.alias or key
            yield from _texts(getattr(value, key), _joined(place, written), _joined(name, written))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _texts(
                element, f"{place}[{index}]", _joined(name, _own_name(element, index))
            )
    elif isinstance(value, dict):
        for key, element in value.items():
            yield from _texts(element, _joined(place, str(key)), _joined(name, str(key)))


def _joined(front: str, back: str) -> str:
    return f"{front}.{back}" if front else back


def _own_name(element: Any, index: int) -> str:
    for key in _NAMED_BY:
        given = getattr(element, key, None)
        if isinstance(given, str):
            return given
    return str(index + 1)
