"""Every phrase of the web is there in Chinese, and what ships is what was written."""

from __future__ import annotations

import gettext
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[3] / "tools" / "wording.py"
NAMES = re.compile(r"%\((\w+)\)s|\{(\w)\}")


@pytest.fixture(scope="module")
def wording() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wording", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_phrase_is_untranslated(wording):
    catalog = wording.updated(wording.read_catalog())
    assert wording.untranslated(catalog) == []
    assert len(catalog) > 500


def test_the_catalog_that_ships_is_compiled_from_the_words_that_are_in_use(wording):
    po = wording.po_bytes(wording.updated(wording.read_catalog()))
    assert wording.PO.read_bytes() == po
    assert wording.MO.read_bytes() == wording.mo_bytes(po)


def test_the_compiled_catalog_is_read_by_the_standard_library(wording):
    with wording.MO.open("rb") as file:
        words = gettext.GNUTranslations(file)
    assert words.gettext("Sign out") == "退出登录"
    assert words.ngettext("%(n)s problem", "%(n)s problems", 3) == "%(n)s 个问题"


def test_translations_keep_every_blank_to_be_filled(wording):
    for message in wording.read_catalog():
        if not message.id:
            continue
        source = message.id[0] if isinstance(message.id, tuple) else message.id
        target = message.string[0] if isinstance(message.string, tuple) else message.string
        assert set(NAMES.findall(source)) == set(NAMES.findall(target)), source


def test_phrases_are_found_in_python_in_templates_and_in_plurals(wording):
    found = set(
        wording._in_python('_("one"); say("two"); ngettext("a %(n)s", "b %(n)s", 3); other("no")')
    )
    assert found == {"one", "two", ("a %(n)s", "b %(n)s")}
    template = '{% load i18n %}{% translate "three" %}{% blocktranslate count n=k %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}'
    assert set(wording._in_template(template)) == {"three", ("%(n)s day", "%(n)s days")}
