"""Who took part: the flow, the criteria not met, the baseline."""

from __future__ import annotations

from collections.abc import Sequence

from equipoise.analysis.results import ArmFlow, BaselineRow, Counted, Distribution, Results
from equipoise.quantity.readable import readable_unit

from ..format import DASH, count_percent, interval, number
from ..table import Column, Row, Table
from ..words import known_or, say, text_of


def arm_labels(results: Results, language: str) -> dict[str, str]:
    """The arms' labels by id."""
    return {arm.id: text_of(arm.label, language) for arm in results.arms}


def flow_table(results: Results, language: str) -> Table:
    """The CONSORT flow as a table: screening over all, everything after it by arm."""
    flow = results.flow
    blank = ("",) * len(flow.arms)

    def overall(key: str, count: int, level: int = 0) -> Row:
        return Row((say(key, language), str(count), *blank), level)

    rows = [overall("assessed", flow.screened)]
    if flow.rescreened:
        rows.append(overall("rescreened", flow.rescreened, 1))
    not_randomized = flow.screened - flow.randomized
    rows.append(overall("not_randomized", not_randomized))
    for key, count in (
        ("not_eligible", flow.not_eligible),
        ("consent_refused", flow.consent_refused),
        ("other_reason", flow.other_reason),
        ("withdrawn_before", flow.withdrawn_before),
        ("data_use_withdrawn", flow.data_use_withdrawn_before),
        ("in_screening", flow.in_screening),
    ):
        if count or key in ("not_eligible", "consent_refused"):
            rows.append(overall(key, count, 1))
    rows.append(overall("randomized", flow.randomized))
    if flow.data_use_withdrawn_after:
        rows.append(overall("data_use_counted", flow.data_use_withdrawn_after, 1))

    def by_arm(label: str, counts: Sequence[str], total: int, level: int = 0) -> Row:
        return Row((label, str(total), *counts), level)

    def counted(key: str, of: Sequence[int], level: int = 0) -> Row:
        return by_arm(say(key, language), [str(count) for count in of], sum(of), level)

    arms = flow.arms
    rows.append(counted("allocated_short", [arm.allocated for arm in arms]))
    if any(arm.has_product for arm in arms):
        for key, of in (("received", _received(arms)), ("not_received", _not_received(arms))):
            shown = [str(count) if count is not None else DASH for count in of]
            rows.append(by_arm(say(key, language), shown, sum(c or 0 for c in of), 1))
    rows += _reasons("left_treatment", [arm.left_treatment for arm in arms], language)
    rows += _reasons("left_follow_up", [arm.left_follow_up for arm in arms], language)
    rows.append(counted("completed", [arm.completed for arm in arms]))
    rows.append(counted("on_study", [arm.on_study for arm in arms]))
    rows.append(counted("analyzed", [arm.analyzed for arm in arms]))
    rows += _reasons("not_analyzed", [arm.not_analyzed for arm in arms], language)
    labels = arm_labels(results, language)
    columns = [Column(say("stage", language)), Column(say("all", language), True)]
    columns += [Column(labels[arm.arm], True) for arm in arms]
    return Table("flow", say("flow", language), tuple(columns), tuple(rows))


def _received(arms: Sequence[ArmFlow]) -> list[int | None]:
    return [arm.received if arm.has_product else None for arm in arms]


def _not_received(arms: Sequence[ArmFlow]) -> list[int | None]:
    return [arm.not_received if arm.has_product else None for arm in arms]


def _reasons(key: str, arms: Sequence[tuple[Counted, ...]], language: str) -> list[Row]:
    """A row for the whole and one for each reason that occurs in any arm."""
    sums = [sum(reason.count for reason in arm) for arm in arms]
    rows = [Row((say(key, language), str(sum(sums)), *map(str, sums)))]
    for name in dict.fromkeys(reason.id for arm in arms for reason in arm):
        counts = [sum(r.count for r in arm if r.id == name) for arm in arms]
        rows.append(Row((known_or(name, language), str(sum(counts)), *map(str, counts)), 1))
    return rows


def data_use_note(results: Results, language: str) -> list[str]:
    """Why fewer stand in a table than were randomized, where somebody withdrew the use of the data."""
    count = results.flow.data_use_withdrawn_after
    return [say("data_use_note", language, count=count)] if count else []


def deviations_table(results: Results, language: str) -> Table:
    """Protocol deviations by kind: participants with any, deviations, important ones; each by arm."""
    sizes = {arm.id: arm.randomized for arm in results.arms}
    columns = [Column(say("deviation_kind", language))]
    for arm in results.arms:
        group = f"{text_of(arm.label, language)} (n = {arm.randomized})"
        keys = ("deviation_people", "deviations", "deviations_important")
        columns += [Column(say(key, language), True, group) for key in keys]
    rows = []
    for one in results.deviations:
        cells = [known_or(f"deviation_{one.kind}", language).removeprefix("deviation ")]
        counts = zip(results.arms, one.participants, one.deviations, one.important, strict=True)
        for arm, people, events, important in counts:
            cells += [count_percent(people, sizes[arm.id]), str(events), str(important)]
        rows.append(Row(tuple(cells)))
    title = say("deviations_title", language)
    note = say("deviations_note", language)
    return Table("deviations", title, tuple(columns), tuple(rows), (note,))


def criteria_table(results: Results, language: str) -> Table:
    """The criteria that kept people out, as often as they did."""
    rows = [
        Row((text_of(one.label, language) if one.label else one.id, str(one.count)))
        for one in sorted(results.flow.criteria, key=lambda one: -one.count)
    ]
    return Table(
        "criteria",
        say("criteria_title", language),
        (Column(say("criterion", language)), Column("n", True)),
        tuple(rows),
        (say("of_these", language, count=results.flow.not_eligible),),
    )


def baseline_table(results: Results, language: str) -> Table:
    """Characteristics at randomization, by arm and over all. Levels that nobody has are left out."""
    labels = arm_labels(results, language)
    total = sum(arm.randomized for arm in results.arms)
    columns = [Column(say("characteristic", language))]
    columns += [Column(f"{labels[arm.id]} (n = {arm.randomized})", True) for arm in results.arms]
    columns.append(Column(f"{say('all', language)} (n = {total})", True))
    rows: list[Row] = []
    for row in results.baseline.rows:
        rows += _baseline_rows(row, language, len(columns))
    notes = [say("baseline_note", language), *data_use_note(results, language)]
    if results.baseline.constant:
        separator = "; " if language == "en" else "；"
        items = separator.join(text_of(label, language) for label in results.baseline.constant)
        notes.append(say("baseline_constant", language, items=items))
    return Table("baseline", say("baseline", language), tuple(columns), tuple(rows), tuple(notes))


def _baseline_rows(row: BaselineRow, language: str, width: int) -> list[Row]:
    unit, label = readable_unit(row.unit, language), text_of(row.label, language)
    if unit:
        label += f", {unit}" if language == "en" else f"，{unit}"
    rows: list[Row] = []
    if len(row.levels) == 1:
        counts = _shares(row.levels[0].counts, row.known)
        rows.append(Row((label, *counts)))
    else:
        rows.append(Row((label, *("",) * (width - 1))))
        for level in row.levels:
            if not any(level.counts):
                continue
            counts = _shares(level.counts, row.known)
            rows.append(Row((text_of(level.label, language), *counts), 1))
        if row.distributions:
            rows += _spread(row.distributions, row.decimals, language)
    if any(row.missing):
        missing = say("missing_or_unasked" if row.conditional else "missing", language)
        rows.append(Row((missing, *map(str, row.missing)), 1))
    return rows


def _shares(counts: Sequence[int], known: Sequence[int]) -> list[str]:
    return [count_percent(count, total) for count, total in zip(counts, known, strict=True)]


def mean_sd(one: Distribution, decimals: int) -> str:
    """`12.3 (4.5)`, with one decimal more than recorded."""
    if not one.count:
        return DASH
    return f"{number(one.mean, decimals + 1)} ({number(one.sd, decimals + 1)})"


def median_quartiles(one: Distribution, decimals: int, language: str) -> str:
    """`12.0 (9.5 to 15.0)`, with the decimals recorded, and one at least."""
    if not one.count:
        return DASH
    places = max(decimals, 1)
    return f"{number(one.median, places)} ({interval(one.q1, one.q3, places, language)})"


def _spread(described: Sequence[Distribution], decimals: int, language: str) -> list[Row]:
    return [
        Row((say("mean_sd", language), *(mean_sd(one, decimals) for one in described)), 1),
        Row(
            (
                say("median_quartiles", language),
                *(median_quartiles(one, decimals, language) for one in described),
            ),
            1,
        ),
        Row(
            (
                say("range", language),
                *(interval(one.minimum, one.maximum, decimals, language) for one in described),
            ),
            1,
        ),
    ]
