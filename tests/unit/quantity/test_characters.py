"""No text spoils an XML document: what no parser takes is a space, everything else stays as it is."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from equipoise.quantity.characters import carried_by_xml, lost_in_xml

TEXTS = st.text(
    st.characters(exclude_categories=())
    | st.sampled_from("\x00\x01\x08\x0b\x1f\x7f\x85\u2028\ud800\udfff\ufffe\uffff\U0001ffff")
)


@given(TEXTS)
def test_every_text_is_read_back_from_xml_but_for_what_it_cannot_hold(text: str) -> None:
    element = ElementTree.Element("a")
    element.text = carried_by_xml(text)
    read = ElementTree.fromstring(ElementTree.tostring(element, encoding="utf-8")).text or ""
    # a parser reads every end of a line as one character (XML 1.0, section 2.11)
    assert read == element.text.replace("\r\n", "\n").replace("\r", "\n")


@given(TEXTS)
def test_only_characters_that_no_xml_holds_are_changed_each_into_one_space(text: str) -> None:
    made = carried_by_xml(text)
    assert len(made) == len(text)
    changed = [before for before, after in zip(text, made, strict=True) if before != after]
    assert lost_in_xml(text) == (changed[0] if changed else "")
    for before, after in zip(text, made, strict=True):
        held = before in "\t\n\r" or 0x20 <= ord(before) < 0xD800 or 0xE000 <= ord(before) < 0xFFFE
        assert after == (before if held or ord(before) > 0xFFFF else " ")
