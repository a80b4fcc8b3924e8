"""Refusals: every reason is one of the catalog, filled in, in both languages."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from equipoise.conduct.manual import refusals_page
from equipoise.conduct.reasons import CATALOG, reason
from equipoise.quantity.text import Text

SOURCES = [
    path
    for room in ("conduct", "trial")
    for path in (Path(__file__).parents[3] / "src" / "equipoise" / room).rglob("*.py")
    if path.parent.name != "reasons"
]


def used_codes() -> set[str]:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    codes = re.findall(r'\breason\(\s*"([a-z-]+)"', text)
    codes += re.findall(r'UnreadableValueError\(\s*item,\s*"([a-z-]+)"', text)
    return set(codes)


def test_every_reason_of_the_catalog_is_used_and_no_other():
    assert used_codes() | {"edit-check"} == set(CATALOG) | {"edit-check"}


@pytest.mark.parametrize("code", sorted(CATALOG))
def test_both_languages_name_the_same_things(code):
    template = CATALOG[code]

    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert names(template.en) >= names(template.zh)
    filled = reason(code, **{n: "x" for text in template for n in names(text)})
    assert filled.message.has("zh-Hans")
    assert filled.remedy.has("zh-Hans")


def test_a_text_is_put_in_the_language_of_the_message():
    label = Text({"en": "Weight", "zh-Hans": "体重"})
    filled = reason("not-a-date", label=label, typed="x", item="weight")
    assert filled.message.in_language("zh-Hans").startswith("体重")


def test_braces_in_what_was_typed_do_no_harm():
    filled = reason("not-a-date", label="A", typed="{label.__class__}", item="a")
    assert "{label.__class__}" in filled.message.en


def test_the_manuals_page_of_refusals_is_current():
    page = Path(__file__).parents[3] / "docs" / "reference" / "refusals.md"
    assert page.read_text(encoding="utf-8") == refusals_page()
