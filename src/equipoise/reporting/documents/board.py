"""The monitoring board's pack: an open part that compares nothing, a closed part by group."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from equipoise.analysis import DataCut, Results, analyze_cut
from equipoise.analysis.cut import CutError, Source, cut_with_states, with_dummy_arms
from equipoise.analysis.cut.pooled import EVERYBODY, pooled
from equipoise.analysis.results import Comparison
from equipoise.conduct.state import ParticipantState
from equipoise.design import DesignError
from equipoise.design.board import Outlook, outlook, standings
from equipoise.design.interim import LookTaken, Monitoring, looks_taken, monitoring
from equipoise.design.stopping import RuleStanding
from equipoise.protocol.document import Protocol

from ..figures.study import study_figures
from ..format import DASH, number, p_value, percent_of
from ..paper import Block, Facts, Paper, Paragraph, Section
from ..table import Column, Row, Table
from ..tables import study_tables
from ..tables.effects import primary_sentence, shown_estimate, shown_interval
from ..tables.study import cut_line
from ..words import known_or, say, text_of
from . import described as d
from .plan import looks_table
from .report import SAFETY_TABLES, bands, cut_facts

OPEN, CLOSED = "board-open", "board-closed"
"""The stems of the files of both parts."""
_OPEN_TABLES = ("criteria", "baseline")
_FAMILY = "family-"
_EFFICACY = ("analysis-", "visits-", "subgroups-", "tipping-", "estimands-", _FAMILY)
"""How the ids of the closed part's tables of effects begin."""
_CLOSED_ONLY = ("exposure", "adverse-related", "narratives")
"""Tables about the product somebody took: they say who took one."""


@dataclass(frozen=True)
class Board:
    """What both parts are made from. `pooled` knows no arm; `results`, `looks` and `rules` are the closed part's."""

    protocol: Protocol
    states: tuple[ParticipantState, ...]
    data: DataCut
    pooled: Results
    results: Results | None = None
    plan: Monitoring | None = None
    looks: tuple[LookTaken, ...] = ()
    rules: tuple[RuleStanding, ...] = ()


def board(
    trial: Source, as_of: int | str | None = None, *, closed: bool, dummy_arms: bool = False
) -> Board:
    """What the board is shown of a cut. Nothing by arm is computed where `closed` is not asked for.

    With `dummy_arms` the closed part shows its form: looks and rules over arms, which rest on true
    allocations, are left out. Raises `CutError` as `cut` does.
    """
    data, kept = cut_with_states(trial, as_of)
    protocol = trial.protocol
    together = replace(analyze_cut(pooled(data)), protocol_version=protocol.version)
    if not closed:
        return Board(protocol, kept, pooled(data), together)
    shown = with_dummy_arms(data) if dummy_arms else data
    plan: Monitoring | None = None
    looks: tuple[LookTaken, ...] = ()
    try:
        plan = monitoring(protocol)
        if not dummy_arms:
            looks = tuple(one for one in looks_taken(trial) if one.day <= data.position.on)
    except DesignError:
        plan = None
    return Board(
        protocol,
        kept,
        shown,
        together,
        analyze_cut(shown),
        plan,
        looks,
        () if dummy_arms else standings(protocol, kept),
    )


# -- the open part -------------------------------------------------------------------------------


def open_paper(found: Board, language: str) -> Paper:
    """The open part: accrual, flow, quality of the data, safety, all participants together."""
    results = found.pooled
    tables = {table.id: table for table in study_tables(results, language)}
    foot = cut_line(results, language)
    tables = {name: _in_one_group(table, language) for name, table in tables.items()}
    own = [replace(table, foot=foot) for table in
           (accrual_table(found, language), months_table(found, language), quality_table(found, language))]  # fmt: skip
    safety = [table for name, table in tables.items()
              if name.startswith(SAFETY_TABLES) and name not in _CLOSED_ONLY]  # fmt: skip
    people = [tables[name] for name in _OPEN_TABLES if name in tables]
    parts = _parts(
        language,
        ("board_accrual", own[:2]),
        ("flow", [tables["flow"], *people]),
        ("board_quality", own[2:]),
        ("e3_safety", safety),
    )
    return _paper(found, results, OPEN, "board_open", language, parts)


def _in_one_group(table: Table, language: str) -> Table:
    """The table without the column that says once more what stands under all, and without that of groups."""
    everybody, everyone = text_of(EVERYBODY.label, language), say("all", language)
    heads = [column.text for column in table.columns]
    twice = any(head.startswith(everyone) and not head.startswith(everybody) for head in heads[1:])
    gone = {at for at, head in enumerate(heads) if at and twice and head.startswith(everybody)}
    if table.id == "serious":
        gone = {heads.index(say(key, language)) for key in ("arm", "causality")}
    kept = [at for at in range(len(heads)) if at not in gone]
    return replace(
        table,
        columns=tuple(table.columns[at] for at in kept),
        rows=tuple(replace(row, cells=tuple(row.cells[at] for at in kept)) for row in table.rows),
    )


def _parts(language: str, *parts: tuple[str, Sequence[Block]]) -> tuple[Section, ...]:
    return tuple(
        Section(f"board-{at}", say(key, language), tuple(blocks), (), str(at))
        for at, (key, blocks) in enumerate(parts, 1)
    )


def _paper(
    found: Board,
    results: Results,
    name: str,
    kind: str,
    language: str,
    parts: tuple[Section, ...],
    answer: str = "",
) -> Paper:
    facts = (*d.title_facts(found.protocol, language).pairs, *cut_facts(results, language))
    return Paper(
        name=name,
        language=language,
        kind=say(kind, language),
        title=text_of(results.title, language),
        foot=cut_line(results, language),
        on=results.position.on,
        sections=parts,
        answer=answer,
        bands=(say(f"{kind}_band", language), *bands(results, language)),
        facts=Facts(facts),
    )


def accrual_table(found: Board, language: str) -> Table:
    """By site: target, screened, randomized, the last day on which somebody was."""
    rows = []
    for site in found.protocol.identity.sites:
        here = [one for one in found.data.subjects if one.site == site.id]
        days = [one.randomized_on for one in here if one.randomized_on is not None]
        rows.append(
            Row((f"{site.id} {text_of(site.city, language)}", str(site.target or DASH), str(len(here)),
                 str(len(days)), str(max(days, default=DASH))))
        )  # fmt: skip
    everybody = [one.randomized_on for one in found.data.subjects if one.randomized_on is not None]
    size = found.protocol.design.sample_size
    rows.append(
        Row((say("all", language), str(size.target if size else DASH), str(len(found.data.subjects)),
             str(len(everybody)), str(max(everybody, default=DASH))))
    )  # fmt: skip
    columns = _columns(language, "site", "target", "assessed", "randomized", "last_randomized")
    notes = tuple(_without(found, language))
    return Table("accrual", say("board_accrual", language), columns, tuple(rows), notes)


def _without(found: Board, language: str) -> list[str]:
    """Whom accrual does not count, though the flow does."""
    flow = found.pooled.flow
    count = flow.data_use_withdrawn_before + flow.data_use_withdrawn_after
    return [say("accrual_without", language, count=count)] if count else []


def months_table(found: Board, language: str) -> Table:
    """By month: screened, randomized, randomized so far."""
    screened = Counter(one.screened_on.strftime("%Y-%m") for one in found.data.subjects)
    randomized = Counter(
        one.randomized_on.strftime("%Y-%m")
        for one in found.data.subjects
        if one.randomized_on is not None
    )
    rows, total = [], 0
    for month in sorted({*screened, *randomized}):
        total += randomized[month]
        rows.append(Row((month, str(screened[month]), str(randomized[month]), str(total))))
    columns = _columns(language, "month", "assessed", "randomized", "randomized_so_far")
    notes = tuple(_without(found, language))
    return Table("accrual-months", say("accrual_months", language), columns, tuple(rows), notes)


def quality_table(found: Board, language: str) -> Table:
    """By site, among those randomized whose data may be used: forms, queries, missed visits, deviations."""
    used = {one.id for one in found.data.randomized}

    def row(name: str, states: Iterable[ParticipantState]) -> Row:
        kept = [state for state in states if state.id in used]
        queries = [query for state in kept for query in state.queries.values()]
        gone = [one for state in kept for one in state.deviations]
        counts = (
            len(kept),
            sum(len(state.forms) for state in kept),
            len(queries),
            sum(1 for query in queries if query.status != "closed"),
            sum(len(state.missed) for state in kept),
            len(gone),
            sum(1 for one in gone if one.important),
        )
        return Row((name, *map(str, counts)))

    rows = [
        row(f"{site.id} {text_of(site.city, language)}", [s for s in found.states if s.site == site.id])
        for site in found.protocol.identity.sites
    ]  # fmt: skip
    rows.append(row(say("all", language), found.states))
    columns = _columns(
        language, "site", "randomized", "forms_saved", "queries", "queries_open", "visits_missed", "deviations",
        "deviations_important",
    )  # fmt: skip
    return Table("data-quality", say("board_quality", language), columns, tuple(rows))


def _columns(language: str, first: str, *others: str) -> tuple[Column, ...]:
    return (Column(say(first, language)), *(Column(say(key, language), True) for key in others))


# -- the closed part -----------------------------------------------------------------------------


def closed_paper(found: Board, language: str) -> Paper:
    """The closed part: looks and boundaries, conditional power, stopping rules, everything by group."""
    results = found.results
    if results is None:
        raise CutError("the closed part was not asked for: nothing by group has been computed")
    foot = cut_line(results, language)
    tables = {table.id: table for table in study_tables(results, language)}
    figures = study_figures(results, language)
    safety = [table for name, table in tables.items() if name.startswith(SAFETY_TABLES)]
    drawn = {name for figure in figures for name in figure.tables}
    efficacy = [
        _undecided(table, language) if name.startswith(_FAMILY) else table
        for name, table in tables.items()
        if name in {"analyses", "intercurrent", *(drawn - {"flow"})} or name.startswith(_EFFICACY)
    ]
    flow: list[Block] = [
        *(one for one in figures if one.id == "flow"),
        tables["flow"],
        tables["baseline"],
    ]
    parts = _parts(
        language,
        ("plan_looks", [replace(one, foot=foot) if isinstance(one, Table) else one for one in _looks(found, language)]),
        ("board_rules", [replace(one, foot=foot) if isinstance(one, Table) else one for one in _rules(found, language)]),
        ("e3_efficacy", [*(one for one in figures if one.id != "flow"), *efficacy]),
        ("e3_safety", safety),
        ("e3_disposition", flow),
    )  # fmt: skip
    answer = primary_sentence(results, language)
    return _paper(found, results, CLOSED, "board_closed", language, parts, answer)


def _undecided(table: Table, language: str) -> Table:
    """A family of hypotheses as a board is shown it: no interim look decides by it."""
    return replace(table, notes=(*table.notes, say("board_family_note", language)))


def _looks(found: Board, language: str) -> list[Block]:
    if found.plan is None:
        return [Paragraph(say("no_looks", language))]
    blocks: list[Block] = [looks_table(found.protocol, found.plan, language)]
    if not found.looks:
        return [*blocks, Paragraph(say("look_none_yet", language))]
    return [*blocks, *_taken(found, found.plan, language)]


def _taken(found: Board, plan: Monitoring, language: str) -> list[Table]:
    rows, powers = [], []
    for taken in found.looks:
        name = taken.look.id.replace("_", " ")
        for one in taken.analyses:
            for comparison in one.comparisons:
                estimate = comparison.estimate
                rows.append(
                    Row((
                        name, str(taken.day), str(taken.randomized), text_of(one.label, language),
                        known_or(comparison.measure, language),
                        shown_estimate(estimate, comparison.measure, one.decimals),
                        shown_interval(estimate, comparison.measure, one.decimals, language),
                        p_value(estimate.p),
                        say(_boundary(comparison, taken, plan), language),
                    ))
                )  # fmt: skip
        seen = outlook(taken, plan, found.protocol)
        if seen is not None:
            bound = taken.look.futility
            futility = (
                [DASH if bound is None else number(bound, 2)] if plan.stops_for_futility else []
            )
            powers.append(
                Row((name, *_power(seen), *futility, say(_advice(taken, plan), language)))
            )
    looks = Table(
        "looks-taken", say("looks_taken", language),
        (
            Column(say("look", language)), Column(say("look_day", language)), Column(say("randomized", language), True),
            Column(say("analysis", language)), Column(say("effect", language)), Column(say("estimate", language), True),
            Column(say("interval_ci", language, level="95"), True), Column(say("p_value", language), True),
            Column(say("boundary", language)),
        ),
        tuple(rows),
    )  # fmt: skip
    conditional = Table(
        "conditional-power", say("conditional_power", language),
        (
            *_columns(language, "look", "z_favorable", "power_trend", "power_hoped", "power_null", "power_predictive",
                      *(["futility_bound"] if plan.stops_for_futility else [])),
            Column(say("advice", language)),
        ),
        tuple(powers), (say("conditional_note", language),),
    )  # fmt: skip
    return [looks, conditional]


def _boundary(comparison: Comparison, taken: LookTaken, plan: Monitoring) -> str:
    """The key of what a comparison of a look does to its boundaries."""
    if plan.crosses(comparison, taken.look.critical):
        return "look_stops"
    return "look_short" if plan.futile(comparison, taken.look) else "look_goes_on"


def _advice(taken: LookTaken, plan: Monitoring) -> str:
    """The key of what the protocol's rule says at a look."""
    if taken.stops:
        wrong = plan.favorable and taken.stops != plan.favorable
        return "advice_harm" if wrong else "advice_efficacy"
    if taken.futile:
        return "advice_futility_binding" if plan.binding else "advice_futility"
    return (
        "advice_undefined"
        if math.isnan(taken.analyses[0].comparisons[0].estimate.p)
        else "advice_go_on"
    )


def _power(seen: Outlook) -> tuple[str, ...]:
    chances = (seen.trend, seen.hoped, seen.null, seen.predictive)
    shown = [DASH if math.isnan(one) else percent_of(round(one, 3)) for one in chances]
    return (number(seen.z, 2), *shown)


def _rules(found: Board, language: str) -> list[Block]:
    if not found.protocol.safety.stopping_rules:
        return [Paragraph(say("none_in_protocol", language))]
    if not found.rules:
        return [Paragraph(say("rules_not_with_dummies", language))]
    rows = []
    for one in found.rules:
        reached = "rule_judged" if one.reached is None else "rule_reached" if one.reached else "rule_not_reached"  # fmt: skip
        probability = DASH if one.probability is None else percent_of(round(one.probability, 3))
        rows.append(
            Row((
                text_of(one.rule.text, language), "" if one.reached is None else str(len(one.participants)),
                str(one.rule.at_least or DASH), probability, say(reached, language),
                d.listed(list(one.participants), language) or DASH,
            ))
        )  # fmt: skip
    columns = (
        Column(say("rule", language)), Column(say("counted", language), True), Column(say("rule_limit", language), True),
        Column(say("rule_probability", language), True), Column(say("rule_standing", language)),
        Column(say("participant", language)),
    )  # fmt: skip
    return [Table("stopping-rules", say("board_rules", language), columns, tuple(rows))]


PACKS: dict[str, Callable[[Board, str], Paper]] = {OPEN: open_paper, CLOSED: closed_paper}
"""Both parts by name."""
