"""What central monitoring looks at: one row a participant, without the arm, from the data cut.

The arm is not in these rows: nothing that is computed from them can depend on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from statistics import fmean, median

from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.schedule import plan_visits
from equipoise.conduct.state import FormInstance, ParticipantState
from equipoise.protocol.document import Protocol

_DIGITS = re.compile(r"\s*[-+]?(\d+(?:\.\d+)?)")
RATES = (
    "adverse_events", "serious_events", "deviations", "queries", "corrections", "missed_visits",
    "empty_items", "off_window_visits", "on_target_visits", "weekend_visits",
)  # fmt: skip
"""Counts with their exposure: days in the trial for the first three; values, forms, visits settled, items asked
on forms saved, and visits done for the rest."""
LEVELS = ("entry_lag", "visit_deviation")
"""One number a participant: median days from a form's day to its entry; mean distance of visits from their target."""


@dataclass(frozen=True, slots=True)
class Row:
    """One randomized participant.

    `counts` are (count, exposure) of `RATES`, `levels` those of `LEVELS`. `latest` holds the last value of each
    numeric item and `digits` the last digit as typed; `variation` the standard deviation over at least three values of
    one person; `vectors` the numbers of a form at its first visit; `weekday` (0 Monday) that of the randomization.
    """

    participant: str
    site: str
    counts: Mapping[str, tuple[float, float]]
    levels: Mapping[str, float] = field(default_factory=dict)
    latest: Mapping[str, float] = field(default_factory=dict)
    digits: Mapping[str, int] = field(default_factory=dict)
    variation: Mapping[str, float] = field(default_factory=dict)
    vectors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    weekday: int = 0


def rows_of(protocol: Protocol, states: Iterable[ParticipantState], on: date) -> tuple[Row, ...]:
    """A row for everybody randomized whose data may be used, as of the day `on`, in order of number."""
    kept = [
        state
        for state in states
        if state.randomized_on is not None and not state.data_use_withdrawn
    ]
    return tuple(_row(protocol, state, on) for state in sorted(kept, key=lambda one: one.id))


def _row(protocol: Protocol, state: ParticipantState, on: date) -> Row:
    assert state.randomized_on is not None
    zone = zone_of(protocol, state.site)
    end = min((day for day in (state.off_study_on, state.completed_on, on) if day), default=on)
    days = max((end - state.randomized_on).days, 1)
    plan = plan_visits(state.protocol, state)
    done = [one for one in plan if one.status in ("done", "part") and one.performed_on]
    missed = [
        one for one in plan
        if one.status == "missed" or (one.status == "due" and one.closes and one.closes < end)
    ]  # fmt: skip
    targeted = [one for one in done if one.target is not None]
    forms = [one for one in state.forms.values() if one.address.form in protocol.form_by_id]
    asked = empty = 0
    for form in forms:
        for entry in protocol.form_by_id[form.address.form].items:
            item = protocol.item_by_id[entry.item]
            if item.derived is None and item.type != "identity":
                asked += 1
                captured = form.values.get(item.id)
                empty += captured is None or captured.datum is None
    counts = {
        "adverse_events": (len(state.adverse_events), days),
        "serious_events": (sum(one.serious for one in state.adverse_events.values()), days),
        "deviations": (len(state.deviations), days),
        "queries": (len(state.queries), sum(len(form.values) for form in forms)),
        "corrections": (sum(form.saves - 1 for form in forms), len(forms)),
        "missed_visits": (len(missed), len(missed) + len(done)),
        "empty_items": (empty, asked),
        "off_window_visits": (
            sum(
                not (one.opens <= one.performed_on <= one.closes)
                for one in targeted
                if one.opens and one.closes and one.performed_on
            ),
            len(targeted),
        ),
        "on_target_visits": (sum(one.performed_on == one.target for one in targeted), len(targeted)),
        "weekend_visits": (
            sum(one.performed_on.weekday() >= 5 for one in done if one.performed_on), len(done),
        ),
    }  # fmt: skip
    levels = {}
    lags = [
        (_entered(form, zone) - form.performed_on).days for form in forms if form.values
    ]  # fmt: skip
    if lags:
        levels["entry_lag"] = float(median(lags))
    distances = [
        abs((one.performed_on - one.target).days)
        for one in targeted
        if one.performed_on and one.target
    ]
    if distances:
        levels["visit_deviation"] = fmean(distances)
    return Row(
        state.id,
        state.site,
        {name: (float(n), float(of)) for name, (n, of) in counts.items()},
        levels,
        *_numbers(protocol, state),
        _vectors(protocol, forms),
        state.randomized_on.weekday(),
    )


def _entered(form: FormInstance, zone: tzinfo) -> date:
    """The site's day on which the first of the values that stand was entered."""
    first = min(one.stamp.at for one in form.values.values())
    return datetime.fromisoformat(first).astimezone(zone).date()


def _numbers(
    protocol: Protocol, state: ParticipantState
) -> tuple[dict[str, float], dict[str, int], dict[str, float]]:
    latest, digits, variation = {}, {}, {}
    for item in protocol.items:
        if item.type not in ("integer", "decimal") or item.derived is not None:
            continue
        series = [one for one in state.series(item.id) if one.value.value is not None]
        if not series:
            continue
        numbers = [float(one.value.value or 0) for one in series]
        latest[item.id] = numbers[-1]
        typed = _DIGITS.match(series[-1].value.raw)
        if typed:
            digits[item.id] = int(typed[1][-1])
        if len(numbers) >= 3:
            middle = fmean(numbers)
            variation[item.id] = (
                sum((one - middle) ** 2 for one in numbers) / (len(numbers) - 1)
            ) ** 0.5
    return latest, digits, variation


def _vectors(protocol: Protocol, forms: list[FormInstance]) -> dict[str, tuple[float, ...]]:
    """The first saved page of each form with at least three numbers on it."""
    found: dict[str, tuple[float, ...]] = {}
    for form in sorted(forms, key=lambda one: (one.performed_on, one.seqs[0])):
        if form.address.form in found:
            continue
        numbers = [
            float(form.values[entry.item].value.value or 0)
            for entry in protocol.form_by_id[form.address.form].items
            if protocol.item_by_id[entry.item].type in ("integer", "decimal")
            and protocol.item_by_id[entry.item].derived is None
            and entry.item in form.values
            and form.values[entry.item].value.value is not None
        ]
        if len(numbers) >= 3:
            found[form.address.form] = tuple(numbers)
    return found
