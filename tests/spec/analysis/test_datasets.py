"""The derived data sets: what they hold, what each value rests on, and that others can read them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from equipoise.analysis import analyze_cut
from equipoise.analysis.cut import DataCut, cut, with_dummy_arms
from equipoise.analysis.datasets import Dataset, datasets, trace_of
from equipoise.analysis.provenance import environment, source_hash
from equipoise.conduct import events as e
from equipoise.conduct.events import Happening
from equipoise.exchange.datasets import dataset_files
from equipoise.ledger.envelope import Event
from equipoise.quantity.text import Text
from support.played import small_trial


@cache
def made() -> tuple[DataCut, dict[str, Dataset], dict[str, bytes]]:
    trial, _, _ = small_trial()
    data = cut(trial)
    sets = datasets(data, trace_of(trial, data.position.seq))
    return data, {one.id: one for one in sets}, dataset_files(data, sets, analyze_cut(data))


@cache
def by_seq() -> dict[int, tuple[Event, Happening]]:
    trial, _, _ = small_trial()
    return {event.seq: (event, what) for event, what in trial.events()}


def cells(one: Dataset) -> Iterator[tuple[dict[str, object], str, tuple[int, ...]]]:
    """Each value that is known: its row, its variable, the events it rests on."""
    names = [variable.name for variable in one.variables]
    for at, row in enumerate(one.rows):
        known = dict(zip(names, row, strict=True))
        for name, value in known.items():
            if value is not None:
                yield known, name, one.events_of(at, name)


def test_every_value_of_every_data_set_rests_on_events_of_its_participant() -> None:
    _, sets, _ = made()
    assert set(sets) == {
        "subjects", "visits", "outcomes", "times", "intercurrent", "adverse_events", "exposure",
    }  # fmt: skip
    for one in sets.values():
        assert one.rows, one.id
        for row, name, seqs in cells(one):
            assert seqs, (one.id, name, row["participant"])
            for seq in seqs:
                assert by_seq()[seq][0].stream == f"participant/{row['participant']}"


def test_a_captured_value_is_the_one_its_event_saved() -> None:
    _, sets, _ = made()
    for row, name, (seq,) in cells(sets["visits"]):
        what = by_seq()[seq][1]
        if name != "text" or isinstance(what, e.ValuesMovedIn):
            continue
        assert isinstance(what, e.FormSaved | e.DiaryDayRecorded)
        saved = {value.item: value.value for value in what.values}
        assert saved[str(row["item"])] == row["text"]


def test_the_subject_level_says_what_the_events_said() -> None:
    _, sets, _ = made()
    for row, name, seqs in cells(sets["subjects"]):
        told = [by_seq()[seq][1] for seq in seqs]
        if name in ("arm", "number", "randomized_on"):
            (what,) = told
            assert isinstance(what, e.ParticipantRandomized)
            assert str(row[name]) == str(getattr(what, name))
        elif name == "left_follow_up_on":
            assert str(row[name]) in {w.on for w in told if isinstance(w, e.ParticipantWithdrawn)}
        elif name == "completed_on":
            assert all(isinstance(what, e.ParticipantCompleted) for what in told)


def test_exposure_is_every_dose_and_adverse_events_every_report() -> None:
    data, sets, _ = made()
    exposure = sets["exposure"].frame()
    taken = sum(d.taken for s in data.randomized for d in s.doses.values())
    assert exposure["taken"].sum() == taken
    assert exposure.height == sum(d.recorded for s in data.randomized for d in s.doses.values())
    people = {s.id for s in data.randomized}
    reported = [
        event
        for event, what in by_seq().values()
        if isinstance(what, e.AdverseEventReported) and event.stream.partition("/")[2] in people
    ]
    assert sets["adverse_events"].frame().height == len(reported)


def test_times_are_the_outcomes_of_the_time_endpoints() -> None:
    _, sets, _ = made()
    outcomes = {(r["participant"], r["endpoint"]): r for r in sets["outcomes"].frame().to_dicts()}
    for row in sets["times"].frame().to_dicts():
        other = outcomes[row["participant"], row["endpoint"]]
        assert (row["time"], row["event"]) == (other["value"], other["event"])


def test_every_variable_has_a_label_and_a_derivation_in_both_languages() -> None:
    _, sets, _ = made()
    for one in sets.values():
        assert tuple(v.name for v in one.variables)[: len(one.keys)] == one.keys
        keys = {row[: len(one.keys)] for row in one.rows}
        assert len(keys) == len(one.rows), f"{one.id}: its keys do not tell its rows apart"
        for variable in one.variables:
            for text in (variable.label, variable.derivation):
                assert text.has("en")
                assert text.has("zh-Hans"), (one.id, variable.name)


def test_csv_and_parquet_say_the_same_and_metadata_describes_both() -> None:
    _, sets, files = made()
    about = json.loads(files["metadata.json"])
    described = {one["id"]: one for one in about["datasets"]}
    for one in sets.values():
        frame = pl.read_parquet(io.BytesIO(files[f"{one.id}.parquet"]))
        assert frame.equals(one.frame())
        rows = list(csv.reader(io.StringIO(files[f"{one.id}.csv"].decode())))
        assert rows[0] == frame.columns == [v["name"] for v in described[one.id]["variables"]]
        assert len(rows) - 1 == frame.height == described[one.id]["rows"]
        for column, kind in zip(frame.columns, one.variables, strict=True):
            at = rows[0].index(column)
            for text, value in zip((row[at] for row in rows[1:]), frame[column], strict=True):
                read = (
                    None if text == ""
                    else float(text) if kind.type == "float"
                    else text == "true" if kind.type == "boolean"
                    else text
                )  # fmt: skip
                assert read == (
                    value if kind.type in ("float", "boolean") or value is None else str(value)
                )


def test_a_label_that_a_spreadsheet_would_run_as_a_formula_is_harmless() -> None:
    data, sets, _ = made()
    subjects = sets["subjects"]
    worded = Text({"en": '=HYPERLINK("http://a.example","dose")', "zh-Hans": "＝1+1"})
    first, *others = subjects.variables
    changed = replace(subjects, variables=(replace(first, label=worded), *others))
    content = dataset_files(data, [changed], analyze_cut(data))["labels.csv"].decode()
    row = list(csv.reader(io.StringIO(content)))[1]
    assert row[2:4] == ["'" + worded.en, "'＝1+1"]


def test_no_words_anybody_wrote_are_in_any_file() -> None:
    _, _, files = made()
    trial, _, _ = small_trial()
    written = {
        str(value)
        for state in trial.participants()
        for value in (*state.identity.values(), *(w.reason for w in state.withdrawals),
                      *(d.text for d in state.deviations), *(a.narrative for a in state.adverse_events.values()))
        if len(str(value)) > 8
    }  # fmt: skip
    assert written
    for name, content in files.items():
        if name.endswith(".csv"):
            assert not [words for words in written if words in content.decode()], name


def test_dummies_come_without_doses_and_without_the_true_arms() -> None:
    data, _, _ = made()
    trial, _, _ = small_trial()
    dummy = with_dummy_arms(data)
    sets = {one.id: one for one in datasets(dummy, trace_of(trial, data.position.seq))}
    assert sets["exposure"].rows == ()
    names = {v.name for one in sets.values() for v in one.variables}
    assert not [name for name in names if name.startswith(("doses_", "first_dose", "last_dose"))]
    assert "causality" not in names
    arms = {s.id: s.arm for s in dummy.subjects}
    for one in sets.values():
        for row in one.frame().to_dicts():
            assert row.get("arm", arms[row["participant"]]) == arms[row["participant"]]


def test_a_run_names_its_code_and_changes_with_it(tmp_path: Path) -> None:
    data, _, files = made()
    run = json.loads(files["metadata.json"])["run"]
    assert run["ledger_root"] == data.position.root
    assert run["seq"] == data.position.seq
    assert run["source"] == environment().source
    assert {"numpy", "scipy", "polars"} <= set(run["libraries"])
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.py").write_text("x = 1\n")
    (tmp_path / "a" / "data.txt").write_text("no program\n")
    before = source_hash(tmp_path)
    (tmp_path / "a" / "data.txt").write_text("other\n")
    assert source_hash(tmp_path) == before
    (tmp_path / "a" / "one.py").write_text("x = 2\n")
    assert source_hash(tmp_path) != before
    (tmp_path / "a" / "one.py").rename(tmp_path / "a" / "two.py")
    (tmp_path / "a" / "two.py").write_text("x = 1\n")
    assert source_hash(tmp_path) != before


@pytest.mark.parametrize("name", ["read.R", "double_programming.R"])
def test_the_programs_come_along(name: str) -> None:
    assert made()[2][name].decode().startswith("# ")
