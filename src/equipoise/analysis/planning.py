"""The signed analysis plan beside what was run: what was added, left out or changed (ICH E9 5.1, E3 9.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from equipoise.protocol.analysis_plan import plan_content
from equipoise.protocol.document import Protocol

from .cut import Source
from .results import Results


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """The plan signed last before a cut: its number, who signed and when, its hash, and the protocol it is of."""

    number: int
    signed_by: str
    signed_at: str
    plan_hash: str
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class PlanDeparture:
    """A difference between plan and report. `what` names a part (`analyses`), `id` the thing, `field` what of it."""

    kind: Literal["added", "left_out", "changed"]
    what: str
    id: str
    field: str = ""
    planned: str = ""
    run: str = ""


def signed_plan(trial: Source, upto: int | None = None) -> PlanStanding | None:
    """The analysis plan signed last up to a ledger position (None: ever); None where none was."""
    last = None
    for event in trial.ledger.events(types=["AnalysisPlanSigned"]):
        if upto is None or event.seq <= upto:
            last = event
    if last is None:
        return None
    said = last.payload
    return PlanStanding(
        int(str(said["number"])),
        last.actor,
        last.server_time,
        str(said["plan_hash"]),
        trial.documents[str(said["plan_version"])],
    )


def departures(plan: Protocol, protocol: Protocol, results: Results) -> tuple[PlanDeparture, ...]:
    """Every difference between the plan and what was run under the protocol of the results.

    An analysis that the protocol declares and the results do not hold was left out.
    """
    planned, run = plan_content(plan), plan_content(protocol)
    done = {one.id for one in results.analyses}
    run["analyses"] = [one for one in run.get("analyses", []) if one["id"] in done]
    found: list[PlanDeparture] = []
    for part in ("analyses", "endpoints", "analysis_sets", "intercurrent_events"):
        found += _of(part, _by_id(planned.get(part, [])), _by_id(run.get(part, [])))
    before, after = _flat(planned.get("design", {})), _flat(run.get("design", {}))
    found += _fields("design", "", before, after)
    rules = (planned.get("safety", {}), run.get("safety", {}))
    first, second = (_by_id(one.get("stopping_rules", [])) for one in rules)
    found += _of("stopping_rules", first, second)
    return tuple(found)


def _by_id(parts: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(one["id"]): one for one in parts}


def _of(
    what: str, planned: Mapping[str, dict[str, Any]], run: Mapping[str, dict[str, Any]]
) -> list[PlanDeparture]:
    found = []
    for name in dict.fromkeys([*planned, *run]):
        if name not in run:
            found.append(PlanDeparture("left_out", what, name))
        elif name not in planned:
            found.append(PlanDeparture("added", what, name))
        else:
            found += _fields(what, name, _flat(planned[name]), _flat(run[name]))
    return found


def _fields(
    what: str, name: str, planned: Mapping[str, str], run: Mapping[str, str]
) -> list[PlanDeparture]:
    return [
        PlanDeparture("changed", what, name, field, planned.get(field, ""), run.get(field, ""))
        for field in dict.fromkeys([*planned, *run])
        if planned.get(field, "") != run.get(field, "")
    ]


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Leaves by their path: `variable.window.end.day`."""
    if isinstance(value, Mapping):
        out: dict[str, str] = {}
        for name, one in value.items():
            out.update(_flat(one, f"{path}.{name}" if path else str(name)))
        return out
    if isinstance(value, list):
        out = {}
        for number, one in enumerate(value, 1):
            out.update(_flat(one, f"{path}.{number}" if path else str(number)))
        return out
    return {path: str(value)}
