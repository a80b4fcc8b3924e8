"""Whatever happens to a record on its way, it is read or refused in one line, and loses nothing."""

from __future__ import annotations

import copy
import gzip
import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.exchange.draft import draft_from, read_record_bytes
from equipoise.exchange.leaves import leaves, steps
from equipoise.exchange.record import RecordError
from equipoise.protocol.record import check_record, facts_of
from equipoise.registry import record_page, render_page

RECORDS = Path(__file__).parents[2] / "data" / "records"
RECORD_PAGE = Path(__file__).parents[3] / "trials" / "nct07312656" / "record.txt"
RELAXED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@cache
def page() -> str:
    return RECORD_PAGE.read_text(encoding="utf-8")


@cache
def studies() -> tuple[Any, ...]:
    with gzip.open(RECORDS / "records.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)[::11]


def survives(content: bytes) -> None:
    """Read and drafted without loss, checked and shown; or refused with one line."""
    try:
        draft = draft_from(read_record_bytes(content))
    except RecordError as error:
        assert "\n" not in str(error)
        assert str(error)
        return
    assert draft.tally.dropped == ()
    check_record(facts_of(draft.protocol), date(2026, 11, 23))
    assert draft.yaml().startswith("# Draft")
    assert render_page(record_page(draft.protocol, "zh-Hans")).startswith("<!doctype html>")


@RELAXED
@given(st.integers(0, 6415), st.integers(0, 6415))
def test_a_page_cut_anywhere(start: int, stop: int) -> None:
    survives(page().encode()[min(start, stop) : max(start, stop)])


@RELAXED
@given(st.lists(st.tuples(st.integers(0, 91), st.integers(0, 91)), max_size=12))
def test_a_page_with_lines_moved(moves: list[tuple[int, int]]) -> None:
    lines = page().splitlines()
    for source, target in moves:
        lines.insert(target % (len(lines) + 1), lines.pop(source % len(lines)))
    survives("\n".join(lines).encode())


@RELAXED
@given(
    st.lists(st.tuples(st.integers(0, 91), st.text(max_size=30)), max_size=8),
    st.sets(st.integers(0, 91), max_size=20),
)
def test_a_page_with_lines_lost_and_strange_ones_added(
    added: list[tuple[int, str]], lost: set[int]
) -> None:
    lines = [line for index, line in enumerate(page().splitlines()) if index not in lost]
    for index, text in added:
        lines.insert(index % (len(lines) + 1), text)
    survives("\n".join(lines).encode("utf-8", "surrogatepass"))


ANYTHING: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.text(max_size=20)
    | st.just({})
    | st.just([])
    | st.lists(st.text(max_size=5), max_size=2)
    | st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2)
)


@RELAXED
@given(st.data())
def test_a_study_with_leaves_and_branches_replaced(data: st.DataObject) -> None:
    study = copy.deepcopy(data.draw(st.sampled_from(studies())))
    for _ in range(data.draw(st.integers(1, 6))):
        paths = [path for path, _ in leaves(study)]
        if not paths:
            break
        route = steps(data.draw(st.sampled_from(paths)))
        if not route:
            break
        depth = data.draw(st.integers(1, len(route)))
        node = study
        for step in route[: depth - 1]:
            node = node[step]
        if data.draw(st.booleans()) and isinstance(node, dict):
            del node[route[depth - 1]]
        else:
            node[route[depth - 1]] = data.draw(ANYTHING)
    survives(json.dumps(study).encode())


@RELAXED
@given(st.data())
def test_a_study_with_unknown_keys_added(data: st.DataObject) -> None:
    study = copy.deepcopy(data.draw(st.sampled_from(studies())))
    module = data.draw(st.sampled_from(sorted(study["protocolSection"])))
    study["protocolSection"][module][data.draw(st.text(max_size=8))] = data.draw(ANYTHING)
    study[data.draw(st.text(max_size=8))] = data.draw(ANYTHING)
    survives(json.dumps(study).encode())


@RELAXED
@given(st.data())
def test_a_study_cut_short(data: st.DataObject) -> None:
    text = json.dumps(data.draw(st.sampled_from(studies())), ensure_ascii=False).encode()
    survives(text[: data.draw(st.integers(0, len(text)))])


@RELAXED
@given(st.binary(max_size=400))
def test_anything_at_all(content: bytes) -> None:
    survives(content)
