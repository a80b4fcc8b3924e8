"""Derived data sets for others to analyze: CSV with labels, Parquet, metadata, and programs in R.

The folder holds everything that the analyses rest on, and `double_programming.R`, which derives every outcome and
computes every declared analysis a second time and compares.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.resources import files
from typing import Any

from equipoise.analysis import DataCut, Results
from equipoise.analysis.datasets import Dataset
from equipoise.protocol.document import Endpoint, Offset, Protocol
from equipoise.quantity.cells import harmless
from equipoise.quantity.text import Text

PROGRAMS = ("read.R", "double_programming.R")
RESULT_COLUMNS = ("analysis", "measure", "estimate", "lower", "upper", "p")
BY_ROW = frozenset({"visits"})
"""Data sets whose rows name their event themselves."""


def dataset_files(data: DataCut, sets: Sequence[Dataset], results: Results) -> dict[str, bytes]:
    """Every file of the export by its name; data sets and results are those of the cut."""
    protocol = data.protocol
    out: dict[str, bytes] = {}
    for one in sets:
        out[f"{one.id}.csv"] = _csv([v.name for v in one.variables], one.rows)
        buffer = io.BytesIO()
        one.frame().write_parquet(buffer, compression="zstd")
        out[f"{one.id}.parquet"] = buffer.getvalue()
    out["labels.csv"] = _csv(
        ("dataset", "variable", "label_en", "label_zh", "type", "unit", "codelist"),
        (
            (one.id, v.name, *_labels(v.label), v.type, v.unit, v.codelist)
            for one in sets
            for v in one.variables
        ),
    )
    out["trace.csv"] = _csv(("dataset", "key", "variable", "seqs"), _trace(sets))
    out["metadata.json"] = _json(
        {**_about(data, results), "datasets": [one.to_json() for one in sets]}
    )
    out["cut.csv"] = _csv(
        ("seq", "root", "on"), [(data.position.seq, data.position.root, data.position.on)]
    )
    out["endpoints.csv"] = _csv(
        ENDPOINT_COLUMNS, (_endpoint(protocol, e) for e in protocol.endpoints)
    )
    out["strategies.csv"] = _csv(
        ("endpoint", "event", "strategy", "counts_as"),
        (
            (endpoint.id, one.detected, one.strategy, one.counts_as)
            for endpoint in protocol.endpoints
            for one in endpoint.intercurrent_events
            if one.detected is not None
        ),
    )
    declared = {one.id: one for one in protocol.analyses}
    out["analyses.csv"] = _csv(
        ("comparison", "endpoint", "method", "treatment", "control", "population", "strata", "confidence",
         "horizon"),
        (
            (one.comparison_id(c), one.endpoint, one.method, c.treatment, c.control, one.population,
             "|".join(one.stratified_by) or None, one.confidence, declared[one.id].horizon)
            for one in results.analyses
            for c in one.comparisons
        ),
    )  # fmt: skip
    out["results.csv"] = _csv(
        RESULT_COLUMNS,
        (
            (one.comparison_id(c), c.measure, c.estimate.estimate, c.estimate.lower, c.estimate.upper, c.estimate.p)
            for one in results.analyses
            for c in one.comparisons
        ),
    )  # fmt: skip
    for name in PROGRAMS:
        out[name] = files("equipoise.exchange.datasets").joinpath(name).read_bytes()
    return dict(sorted(out.items()))


def _labels(label: Text) -> tuple[str, str]:
    """English and Chinese, as texts of a protocol's author: the only cells that anybody worded."""
    return harmless(label.en), harmless(label.in_language("zh-Hans"))


def _about(data: DataCut, results: Results) -> dict[str, Any]:
    return {
        "trial": data.protocol.id,
        "mode": data.mode,
        "dummy_arms": data.dummy_arms,
        "position": {
            "seq": data.position.seq,
            "root": data.position.root,
            "code": data.position.code,
            "on": str(data.position.on),
        },
        "run": results.run.to_json(),
        "codelists": {
            one.id: {code.code: code.label.as_mapping() for code in one.codes}
            for one in data.protocol.codelists
        },
        "arms": {arm.id: arm.label.as_mapping() for arm in data.protocol.arms},
    }


def _trace(sets: Sequence[Dataset]) -> Iterable[Sequence[object]]:
    """A line for each value, or for a whole row under an empty variable; keys are joined by a bar."""
    for one in sets:
        if one.id in BY_ROW:
            continue
        width = len(one.keys)
        for row, rests_on in zip(one.rows, one.rests_on, strict=True):
            key = "|".join(str(part) for part in row[:width])
            for variable, seqs in rests_on.items():
                if seqs:
                    yield one.id, key, variable, " ".join(map(str, seqs))


ENDPOINT_COLUMNS = (
    "endpoint", "kind", "item", "at_least", "start_anchor", "start_day", "end_anchor", "end_day", "origin_anchor",
    "origin_day", "visit", "visit_anchor", "visit_closes", "baseline", "never_assessed", "left_without_event",
)  # fmt: skip


def _endpoint(protocol: Protocol, endpoint: Endpoint) -> Sequence[object]:
    """What the protocol says of an endpoint's variable, a cell a word."""
    variable = endpoint.variable
    window = getattr(variable, "window", None)
    names = getattr(variable, "visits", None) or [getattr(variable, "visit", "")]
    visits = [protocol.visit_by_id[name] for name in names if name in protocol.visit_by_id]
    return (
        endpoint.id,
        variable.kind,
        variable.item,
        getattr(variable, "at_least", None),
        *_offset(window.start if window else None),
        *_offset(window.end if window else None),
        *_offset(getattr(variable, "origin", None)),
        # several visits of one endpoint stand in one cell
        "|".join(visit.id for visit in visits) or None,
        "|".join(visit.anchor for visit in visits) or None,
        "|".join(str(visit.day + visit.after) for visit in visits) or None,
        getattr(variable, "baseline", None),
        getattr(variable, "never_assessed", None),
        getattr(variable, "left_without_event", None),
    )


def _offset(offset: Offset | None) -> tuple[object, object]:
    return (offset.anchor, offset.day) if offset is not None else (None, None)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode()


def _cell(value: object) -> str:
    """Dates ISO, yes and no as `true` and `false`, floats in full precision, what is unknown empty."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
