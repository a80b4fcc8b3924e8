"""Language maps: one text in several languages, English always among them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

LANGUAGES = ("en", "zh-Hans")
"""BCP 47 tags a protocol may use; the first is required in every text."""
_SEPARATORS = dict(zip(LANGUAGES, (", ", "、"), strict=True))


class Text:
    """A text in English and, where it has been translated, in Simplified Chinese.

    In a protocol it is written as a plain string (English only) or as a mapping from language
    tag to string. Strings are normalized to NFC and stripped, so that equal texts are equal bytes.
    """

    __slots__ = ("_by_language",)

    def __init__(self, by_language: Mapping[str, str] | str) -> None:
        given = {"en": by_language} if isinstance(by_language, str) else dict(by_language)
        for language, words in given.items():
            if language not in LANGUAGES:
                raise ValueError(
                    f"unknown language {language!r}: use one of {', '.join(LANGUAGES)}"
                )
            if not isinstance(words, str) or not words.strip():
                raise ValueError(
                    f"the {language!r} text is empty: write it, or leave the language out"
                )
        if "en" not in given:
            raise ValueError("the 'en' text is missing: every text is given in English at least")
        self._by_language = {
            language: unicodedata.normalize("NFC", given[language].strip())
            for language in LANGUAGES
            if language in given
        }

    def in_language(self, language: str) -> str:
        """The text in `language`, or in English where no translation exists."""
        return self._by_language.get(language, self._by_language["en"])

    def has(self, language: str) -> bool:
        """Whether the text has been written in `language`."""
        return language in self._by_language

    @property
    def en(self) -> str:
        """The English text."""
        return self._by_language["en"]

    def as_mapping(self) -> dict[str, str]:
        """Language tag to string, in the order of `LANGUAGES`."""
        return dict(self._by_language)

    def __str__(self) -> str:
        return self.en

    def __repr__(self) -> str:
        return f"Text({self._by_language!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and self._by_language == other._by_language

    def __hash__(self) -> int:
        return hash(tuple(self._by_language.items()))

    @classmethod
    def listing(cls, texts: Iterable[Text]) -> Text:
        """Several texts, one at least, as an enumeration in every language."""
        known = list(texts)
        return cls(
            {
                language: separator.join(text.in_language(language) for text in known)
                for language, separator in _SEPARATORS.items()
            }
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def build(value: Any) -> Text:
            if isinstance(value, Text):
                return value
            if isinstance(value, str | Mapping):
                return cls(value)
            raise ValueError("a text is a string, or a mapping such as {en: …, zh-Hans: …}")

        return core_schema.no_info_plain_validator_function(
            build,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda text: text.as_mapping()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {language: {"type": "string"} for language in LANGUAGES},
                    "required": ["en"],
                    "additionalProperties": False,
                },
            ]
        }
