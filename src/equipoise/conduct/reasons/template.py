"""The shape of a reason for refusal."""

from __future__ import annotations

from typing import NamedTuple


class Template(NamedTuple):
    """What is wrong, the rule it breaks, and the way out; in English and Simplified Chinese."""

    en: str
    zh: str
    rule: str
    remedy_en: str
    remedy_zh: str
