"""Whatever a file holds, reading answers with faults that have lines, and never with an exception."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.protocol.checks import check_structure, findings_of_sound_parts
from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import Reading, read_protocol, read_text

DEEP = 20 if os.environ.get("EQUIPOISE_DEEP") else 1

TRIAL = Path(__file__).resolve().parents[3] / "trials" / "example-hypertension" / "protocol.yaml"
SOUND = TRIAL.read_text(encoding="utf-8")
HEAD = "schema: equipoise/protocol/1\nid: x\nreadiness: draft\nidentity: {titles: {brief: X}}\n"


SECTIONS = [field.alias or name for name, field in Protocol.model_fields.items()]


def assert_told_well(reading: Reading, text: str) -> None:
    lines = text.count("\n") + text.count("\r") + 2
    assert (reading.protocol is None) == bool(reading.faults)
    for fault in reading.faults:
        assert 1 <= fault.line <= lines
        assert fault.column >= 1
        assert fault.message
        assert fault.remedy
        assert "Traceback" not in str(fault)
    if reading.protocol is not None:
        findings = check_structure(reading.protocol, reading.places)
    else:
        findings = findings_of_sound_parts(reading)
    for finding in findings:
        assert 1 <= (finding.line or 1) <= lines


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)

HOSTILE = {
    "nothing": "",
    "blank": "\n\n  \n",
    "comment": "# only a comment\n",
    "scalar": "just words\n",
    "number": "42\n",
    "list": "- a\n- b\n",
    "null": "~\n",
    "alias bomb": HEAD + BOMB + "\n",
    "alias to itself": HEAD + "record: &r {self: *r}\n",
    "merge key": HEAD + "record: {<<: *base}\n",
    "deep list": HEAD + "record: {x: " + "[" * 100_000 + "\n",
    "deep mapping": HEAD + "record: " + "{a: " * 50_000 + "\n",
    "deep blocks": HEAD + "record:\n" + "".join(" " * (n + 1) + "a:\n" for n in range(2000)),
    "python tag": HEAD + "record: !!python/object/apply:os.system ['true']\n",
    "unknown tag": HEAD + "record: !thing {a: 1}\n",
    "binary tag": HEAD + "record: {x: !!binary aGVsbG8=}\n",
    "long number": HEAD + "record: {x: " + "9" * 100_000 + "}\n",
    "huge exponent": HEAD + "items: [{id: a, label: A, type: decimal, maximum: 1e9999}]\n",
    "tiny exponent": HEAD + "items: [{id: a, label: A, type: decimal, maximum: 1e-9999}]\n",
    "not a number": HEAD + "items: [{id: a, label: A, type: decimal, maximum: nan}]\n",
    "infinite": HEAD + "items: [{id: a, label: A, type: decimal, maximum: Infinity}]\n",
    "wide": HEAD + "conditions: [" + "x, " * 20_000 + "x]\n",
    "many keys": HEAD + "".join(f"key{n}: 1\n" for n in range(1000)),
    "long key": HEAD + "? " + "k" * 200_000 + "\n: 1\n",
    "long line": HEAD + "# " + "x" * 1_000_000 + "\n",
    "mapping as key": HEAD + "? {a: b}\n: 1\n",
    "empty key": HEAD + "? \n: 1\n",
    "tabs": HEAD + "\tarms: []\n",
    "bare carriage returns": HEAD.replace("\n", "\r"),
    "unicode line ends": HEAD.replace("\n", "\u2028"),
    "right to left": HEAD + "arms: [{id: \u202espray, label: S}]\n",
    "null character": HEAD + "record: {x: a\0b}\n",
    "surrogate escape": HEAD + 'record: {x: "\\ud800"}\n',
    "escapes": HEAD + 'record: {x: "\\x00\\uffff"}\n',
    "two documents": HEAD + "---\n" + HEAD,
    "document end": HEAD + "...\nmore: 1\n",
    "directive": "%YAML 9.9\n---\n" + HEAD,
    "unclosed": HEAD + "record: {x: 'abc\n",
    "every section wrong": "".join(
        f"{key}: 7\n" for key in SECTIONS
    ),
    "every section null": "".join(
        f"{key}:\n" for key in SECTIONS
    ),
    "self reference": HEAD + "items: [{id: a, label: A, type: decimal, derived: a}]\n",
    "expression bomb": HEAD
    + "eligibility: {criteria: [{id: c, kind: inclusion, text: T, met_when: '"
    + "(" * 1900
    + "'}]}\n",
    "unit bomb": HEAD
    + "items: [{id: a, label: A, type: decimal, unit: '"
    + "(" * 60
    + "m9999999'}]\n",
    "unit powers": HEAD + "items: [{id: a, label: A, type: decimal, unit: 'Ym40.Ym40.Ym40'}]\n",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_file_is_answered_with_faults_in_reasonable_time(
    name: str, tmp_path: Path
) -> None:
    text = HOSTILE[name]
    file = tmp_path / "protocol.yaml"
    file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    start = time.process_time()
    reading = read_protocol(file)
    assert_told_well(reading, text)
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("alias bomb", "alias"),
        ("deep list", "too-deep"),
        ("deep mapping", "too-deep"),
        ("python tag", "tag"),
        ("long number", "long-number"),
        ("two documents", "second-document"),
        ("null character", "control-character"),
        ("mapping as key", "key"),
    ],
)
def test_the_fault_names_the_attack(name: str, code: str) -> None:
    assert code in {fault.code for fault in read_text(HOSTILE[name]).faults}


def test_a_file_of_many_megabytes_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_bytes(HEAD.encode() + b"# " + b"x" * 9_000_000)
    assert [fault.code for fault in read_protocol(file).faults] == ["file-too-large"]


@given(st.binary(max_size=400))
@settings(
    max_examples=150 * DEEP,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_bytes_are_answered_with_faults(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_bytes(data)
    reading = read_protocol(file)
    assert reading.protocol is None
    assert_told_well(reading, data.decode("utf-8", errors="replace"))


@given(
    st.integers(0, len(SOUND)),
    st.integers(0, 60),
    st.text(st.sampled_from("abc:-{}[]'\"#&*!|>%@`,?\n\t 019é药"), max_size=12),
)
@settings(max_examples=25 * DEEP, deadline=None)
def test_a_sound_protocol_with_any_slip_of_the_hand_is_answered_with_faults(
    at: int, removed: int, typed: str
) -> None:
    text = SOUND[:at] + typed + SOUND[at + removed :]
    assert_told_well(read_text(text), text)


JUNK = st.sampled_from(
    ["", "~", "true", "0", "-1", "1e30", "'text'", "[]", "{}", "[1, [2, {a: b}]]", "{en: 1}", "zzz",
     "2026-13-45", "'((('", "{anchor: nowhere, day: 99999999}", "[zzz, zzz]"]
)  # fmt: skip
LINES = [
    number
    for number, line in enumerate(SOUND.splitlines())
    if ": " in line and not line.strip().startswith("#") and "{" not in line
]


@given(st.lists(st.tuples(st.sampled_from(LINES), JUNK), min_size=1, max_size=4))
@settings(max_examples=25 * DEEP, deadline=None)
def test_wrong_values_anywhere_are_answered_with_faults_or_findings(
    changes: list[tuple[int, str]],
) -> None:
    lines = SOUND.splitlines()
    for number, junk in changes:
        lines[number] = lines[number].partition(": ")[0] + ": " + junk
    text = "\n".join(lines) + "\n"
    assert_told_well(read_text(text), text)
