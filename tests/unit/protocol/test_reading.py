"""Reading: what YAML means here, where parts stand, and what is saved of a file at fault."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from equipoise.protocol.checks import findings_of_sound_parts
from equipoise.protocol.reading import ProtocolError, load_protocol, read_protocol, read_text
from equipoise.protocol.reading.tree import read_tree

HEAD = """\
schema: equipoise/protocol/1
id: small
readiness: draft
identity:
  titles: {brief: Small}
"""


def plain(text: str):
    root, faults = read_tree(text, "x.yaml")
    assert root is not None
    assert faults == []
    return root.plain()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("1.50", Decimal("1.50")),
        (".5", Decimal("0.5")),
        ("1e3", Decimal("1e3")),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("True", "True"),
        ("01", "01"),
        ("007", "007"),
        ("0x10", "0x10"),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_a_scalar_means_what_it_says(written: str, meant: object) -> None:
    value = plain(f"key: {written}\n")["key"]
    assert value == meant
    assert type(value) is type(meant)


def test_keys_are_always_texts() -> None:
    assert plain("on: 1\ntrue: 2\n5: 3\n") == {"on": 1, "true": 2, "5": 3}


def test_decimals_stay_exact() -> None:
    protocol = read_text(
        HEAD + "items:\n  - {id: a, label: A, type: decimal, minimum: 0.1, maximum: 1.10}\n"
    ).protocol
    assert protocol is not None
    assert str(protocol.items[0].maximum) == "1.10"
    assert protocol.items[0].minimum == Decimal("0.1")


def test_a_place_is_the_line_of_its_key() -> None:
    text = HEAD + "arms:\n  - id: spray\n    label: Spray\n  - {id: control, label: Control}\n"
    places = read_text(text).places
    assert places.position("identity.titles.brief") == (5, 12)
    assert places.line("arms[0]") == 7
    assert places.line("arms[0].label") == 8
    assert places.line("arms[1].label") == 9
    assert places.line("arms[1].interventions[3]") == 9
    assert places.line("nowhere.at[3].all") == 1


def test_loading_a_file_at_fault_raises_with_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_text(HEAD + "arm: []\nitems: 5\n", encoding="utf-8")
    with pytest.raises(ProtocolError) as caught:
        load_protocol(file)
    assert [fault.code for fault in caught.value.faults] == ["unknown-key", "wrong-type"]
    assert str(caught.value).splitlines() == [
        f"{file}:6:1: arm: there is no key 'arm' here; did you mean 'arms'? [unknown-key]",
        f"{file}:7:1: items: a list is expected, not the number 5;"
        " write one `- …` line for each element [wrong-type]",
    ]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())
    assert load_protocol(file).id == "small"


def test_the_same_content_has_the_same_version_however_it_is_written() -> None:
    flow = read_text(HEAD + "arms: [{id: spray, label: Spray}]\n").protocol
    block = read_text(HEAD + "arms:\n  - label: 'Spray'\n    id: spray\n").protocol
    other = read_text(HEAD + "arms: [{id: spray, label: Sprays}]\n").protocol
    assert flow is not None
    assert block is not None
    assert other is not None
    assert flow.version == block.version
    assert flow.version != other.version


def test_the_sound_parts_of_a_file_at_fault_are_checked_on() -> None:
    reading = read_text(
        HEAD
        + "arms:\n  - {id: spray, label: Spray, interventions: [drug, dragon]}\n"
        + "interventions:\n  - {id: drug, name: Drug, colour: red}\n  - {id: other}\n"
    )
    assert [fault.code for fault in reading.faults] == ["unknown-key", "missing-key"]
    findings = findings_of_sound_parts(reading)
    assert [(finding.code, finding.place) for finding in findings] == [
        ("unknown-intervention", "arms[0].interventions[1]")
    ]


def test_what_stands_in_a_part_at_fault_is_not_missed() -> None:
    reading = read_text(
        HEAD
        + "arms:\n  - {id: spray, label: Spray, interventions: [drug]}\n"
        + "interventions:\n  - {id: drug}\n"
    )
    assert [fault.code for fault in reading.faults] == ["missing-key"]
    assert findings_of_sound_parts(reading) == []


def test_findings_keep_their_place_in_the_file_when_elements_before_them_are_left_out() -> None:
    reading = read_text(
        HEAD
        + "items:\n  - {id: a, type: decimal}\n"
        + "  - {id: b, label: B, type: decimal, unit: nonsense}\n"
    )
    (finding,) = findings_of_sound_parts(reading)
    assert (finding.code, finding.place, finding.line) == ("unknown-unit", "items[1].unit", 8)


def test_a_file_that_cannot_be_opened_is_a_fault_and_no_exception(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.yaml", Path("bad\0name")):
        reading = read_protocol(path)
        assert reading.protocol is None
        assert [fault.code for fault in reading.faults] == ["unreadable-file"]
        assert not reading.is_document
