"""`equipoise check` shows findings grouped, settled ones with their decision, and exits by what is open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.cli import main

ROOT = Path(__file__).resolve().parents[3]
BROKEN = ROOT / "tests" / "data" / "broken"

BACKWARDS = """\
schema: equipoise/protocol/1
id: settled
readiness: draft
identity:
  titles: {brief: A protocol with a decision}
items:
  - {id: weight, label: Weight, type: decimal, unit: kg, minimum: 250, maximum: 30}
"""

DECIDED = """\
decisions:
  - finding: range-backwards/weight.minimum
    choice: {en: Kept as registered, zh-Hans: 按登记保留}
    reason: The registry is being corrected
    by: Dr. Lin
    on: 2026-11-24
    status: assumed
"""


def run(*arguments: str):
    return CliRunner().invoke(main, ["check", *arguments])


def rows(*arguments: str) -> tuple[int, list[dict]]:
    result = run(*arguments, "--format", "json")
    return result.exit_code, json.loads(result.stdout)


def test_an_unsettled_error_gives_exit_code_1(tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_text(BACKWARDS, encoding="utf-8")
    code, found = rows(str(file))
    row = next(row for row in found if row["code"] == "range-backwards")
    assert code == 1
    assert row["id"] == "range-backwards/weight.minimum"
    assert row["line"] == 7
    assert row["place"] == "items[0].maximum"
    assert row["severity"] == "error"
    assert row["settled"] is False
    assert set(row) >= {
        "code", "id", "severity", "place", "line", "message", "remedy", "settled"
    }  # fmt: skip


def _open_errors(found: list[dict]) -> set[str]:
    return {row["id"] for row in found if row["severity"] == "error" and not row["settled"]}


def test_a_decision_settles_a_finding_and_is_shown_with_it(tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_text(BACKWARDS, encoding="utf-8")
    before = _open_errors(rows(str(file))[1])
    file.write_text(BACKWARDS + DECIDED, encoding="utf-8")
    _, found = rows(str(file))
    row = next(row for row in found if row["code"] == "range-backwards")
    assert before - _open_errors(found) == {"range-backwards/weight.minimum"}
    assert row["settled"] is True
    assert row["decision"]["choice"] == "Kept as registered"
    assert row["decision"]["status"] == "assumed"
    shown = run(str(file)).stdout
    assert "Settled by decision" in shown
    assert "Kept as registered (assumed, Dr. Lin)" in shown


def test_findings_are_told_in_chinese_as_well(tmp_path: Path) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_text(BACKWARDS + DECIDED, encoding="utf-8")
    shown = run(str(file), "--language", "zh-Hans").stdout
    assert "已由决定解决" in shown
    assert "按登记保留" in shown


@pytest.mark.parametrize("trial", ["nct07312656", "example-hypertension"])
def test_the_shipped_protocols_have_no_unsettled_error(trial: str) -> None:
    code, found = rows(str(ROOT / "trials" / trial / "protocol.yaml"), "--today", "2026-11-24")
    assert _open_errors(found) == set()
    assert code == 0


def test_a_file_that_does_not_exist_gives_exit_code_2() -> None:
    result = run("no-such-protocol.yaml")
    assert result.exit_code == 2
    assert "no-such-protocol.yaml" in result.stderr
    assert "Traceback" not in result.output


def test_a_day_that_is_none_is_refused_in_one_line() -> None:
    result = run(str(BROKEN / "unknown-key.yaml"), "--today", "tomorrow")
    assert result.exit_code == 2
    assert result.stderr.strip() == "equipoise: --today tomorrow: not a day; write YYYY-MM-DD"


def test_faults_of_form_and_findings_of_meaning_come_together() -> None:
    code, found = rows(str(BROKEN / "several-at-once.yaml"))
    assert code == 1
    codes = {row["code"] for row in found}
    assert {"unknown-key", "bad-name", "out-of-range"} <= codes
    assert {"unknown-unit", "duplicate-id", "unknown-intervention"} <= codes
    lines = [row["line"] for row in found]
    assert lines == sorted(lines)


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_broken_protocol_ends_in_a_traceback(path: Path) -> None:
    result = run(str(path), "--format", "json")
    assert result.exit_code in (0, 1, 2)
    assert isinstance(json.loads(result.stdout), list)
    assert result.exception is None or isinstance(result.exception, SystemExit)
