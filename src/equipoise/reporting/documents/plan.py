"""The statistical analysis plan, derived from the protocol alone (ICH E9, ICH E9(R1)), and what departed from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from equipoise.analysis.planning import PlanDeparture, PlanStanding
from equipoise.design import DesignError
from equipoise.design.interim import Monitoring, monitoring
from equipoise.protocol.analysis_plan import plan_hash
from equipoise.protocol.document import Multiplicity, Occurs, Protocol

from ..format import DASH, number, p_value, percent_of
from ..paper import Block, Facts, Items, Paper, Paragraph, Section
from ..table import Column, Row, Table
from ..words import known_or, method_name, say, text_of
from . import described as d
from .shells import shell_tables
from .sources import SOURCES

PLAN = "plan"
"""The stem of the plan's files."""
_UNDATED = date(2000, 1, 1)


def plan_paper(
    protocol: Protocol,
    language: str,
    signed: PlanStanding | None = None,
    bands: Sequence[str] = (),
) -> Paper:
    """The plan of a protocol. `signed` is the signature that holds for this plan, where there is one."""
    own = plan_hash(protocol)
    holds = signed is not None and signed.plan_hash == own
    titles = protocol.identity.titles
    facts = [
        (say("protocol_version", language), protocol.version),
        (say("plan_hash", language), own),
        (say("plan_status", language), _status(protocol, signed if holds else None, language)),
    ]
    return Paper(
        name=PLAN,
        language=language,
        kind=say("analysis_plan", language),
        title=text_of(titles.short or titles.brief, language),
        foot=say("plan_line", language, version=protocol.version[:12], code=own[:12]),
        on=_day(protocol, signed) if signed is not None and holds else _dated(protocol),
        sections=_sections(protocol, language),
        bands=tuple(bands) if holds else (*bands, say("plan_unsigned_band", language)),
        facts=Facts((*d.title_facts(protocol, language).pairs, *facts)),
    )


def _status(protocol: Protocol, signed: PlanStanding | None, language: str) -> str:
    if signed is None:
        return say("plan_unsigned", language)
    return say(
        "plan_signed", language, person=signed.signed_by, on=_day(protocol, signed), number=signed.number
    )  # fmt: skip


def _day(protocol: Protocol, signed: PlanStanding) -> date:
    sites = protocol.identity.sites
    zone = ZoneInfo(sites[0].timezone if sites else "UTC")
    return datetime.fromisoformat(signed.signed_at).astimezone(zone).date()


def _dated(protocol: Protocol) -> date:
    """The latest day the protocol itself names as its own: a decision's, or the record's last update."""
    days = [decision.on.latest for decision in protocol.decisions]
    updated = protocol.identity.dates.last_updated
    days += [updated.date.latest] if updated is not None else []
    return max(days, default=_UNDATED)


def _sections(protocol: Protocol, language: str) -> tuple[Section, ...]:
    p = protocol

    def part(number: int, key: str, *blocks: Block) -> Section:
        return Section(f"plan-{number}", say(key, language), tuple(blocks), (), str(number))

    size = [*d.size_text(p, language), *d.randomization_text(p, language)]
    return (
        part(1, "plan_purpose", Paragraph(say("plan_purpose_text", language))),
        part(2, "plan_design", d.arms_facts(p, language), *size, *(Paragraph(text) for text in d.blinding_text(p, language))),
        part(3, "plan_estimands", Paragraph(say("plan_estimands_text", language)), d.endpoints_table(p, language), *d.intercurrent_tables(p, language)),
        part(4, "sets_title", d.sets_table(p, language)),
        part(5, "plan_missing", Paragraph(say("plan_missing_text", language)), *missing_table(p, language)),
        part(6, "plan_methods", d.analyses_table(p, language), sources_table(p, language), Paragraph(say("plan_methods_text", language))),
        part(7, "plan_multiplicity", *_multiplicity(p, language)),
        part(8, "plan_looks", *looks_blocks(p, language)),
        part(9, "plan_safety", *_safety(p, language)),
        part(10, "plan_changes", Paragraph(say("plan_changes_text", language))),
        Section("plan-11", say("plan_shells", language), (Paragraph(say("plan_shells_text", language)), *shell_tables(p, language)), (), "11"),
    )  # fmt: skip


def missing_table(protocol: Protocol, language: str) -> tuple[Table, ...]:
    """What an outcome that could not be seen counts as, by endpoint."""
    rows = tuple(
        Row(
            (
                text_of(one.label, language),
                say(f"counted_{one.variable.never_assessed}", language),
                say(f"counted_{one.variable.left_without_event}", language),
            )
        )
        for one in protocol.endpoints
        if isinstance(one.variable, Occurs)
    )
    if not rows:
        return ()
    keys = ("endpoint", "never_assessed", "left_without_event")
    columns = tuple(Column(say(key, language)) for key in keys)
    return (Table("plan-missing", say("plan_missing_title", language), columns, rows),)


def sources_table(protocol: Protocol, language: str) -> Table:
    """The methods used and where they come from."""
    used = dict.fromkeys(one.method for one in protocol.analyses)
    rows = tuple(
        Row((method_name(name, language), SOURCES.get(name, say("see_manual", language))))
        for name in used
    )
    columns = (Column(say("method", language)), Column(say("source", language)))
    return Table("plan-sources", say("plan_sources", language), columns, rows)


def _multiplicity(protocol: Protocol, language: str) -> list[Block]:
    if protocol.multiplicity:
        return [_family(protocol, one, language) for one in protocol.multiplicity]
    primary = sum(one.role == "primary" for one in protocol.analyses)
    endpoints = {one.endpoint for one in protocol.analyses if one.role == "primary"}
    key = "multiplicity_none" if not primary else "multiplicity_one" if len(endpoints) == 1 else "multiplicity_more"  # fmt: skip
    return [Paragraph(say(key, language, count=primary, endpoints=len(endpoints)))]


def _family(protocol: Protocol, family: Multiplicity, language: str) -> Paragraph:
    """The analyses in their order, with their weights where a graph shares the level."""
    declared = {one.id: one for one in protocol.analyses}
    names = []
    for name in family.analyses:
        label = declared[name].label if name in declared else None
        shown = text_of(label, language) if label is not None else name
        if name in family.weights:
            shown = say("multiplicity_share", language, analysis=shown, weight=family.weights[name])
        names.append(shown)
    return Paragraph(
        say(
            "multiplicity_family", language, alpha=family.alpha, analyses="; ".join(names),
            procedure=say(f"procedure_{family.procedure}", language),
        )
    )  # fmt: skip


def looks_planned(protocol: Protocol) -> Monitoring | None:
    """The looks with their boundaries; None where the protocol does not say enough to compute them."""
    try:
        return monitoring(protocol)
    except DesignError:
        return None


def looks_blocks(protocol: Protocol, language: str) -> list[Block]:
    """The interim looks in words, and with their boundaries where these can be computed."""
    blocks: list[Block] = [d.looks_text(protocol, language)]
    plan = looks_planned(protocol)
    if plan is not None:
        blocks.append(looks_table(protocol, plan, language))
    return blocks


def looks_table(protocol: Protocol, plan: Monitoring, language: str) -> Table:
    """Each look: after how many participants, the critical value of |Z|, the nominal two-sided p; the bound for futility
    where there is one."""
    from math import erfc, sqrt

    size = protocol.design.sample_size
    target = size.target if size else 0
    futility = plan.stops_for_futility

    def row(name: str, fraction: float, after: int, critical: float, bound: float | None) -> Row:
        shown = [DASH if bound is None else number(bound, 3)] if futility else []
        nominal = p_value(erfc(critical / sqrt(2)))
        return Row((name, percent_of(fraction), str(after), number(critical, 3), nominal, *shown))

    rows = [
        row(one.id.replace("_", " "), one.fraction, one.participants, one.critical, one.futility)
        for one in plan.looks
    ]
    rows.append(row(say("final_analysis", language), 1.0, target, plan.critical, None))
    columns = (
        Column(say("look", language)),
        Column(say("information", language), True),
        Column(say("participants_in", language), True),
        Column("|Z|", True),
        Column(say("nominal_p", language), True),
        *([Column(say("futility_bound", language), True)] if futility else []),
    )
    return Table("plan-looks", say("plan_looks_title", language), columns, tuple(rows))


def _safety(protocol: Protocol, language: str) -> list[Block]:
    safety = protocol.safety
    blocks: list[Block] = [Paragraph(say("plan_safety_text", language, grading=safety.grading))]
    if safety.monitoring_board is not None:
        blocks.append(Paragraph(text_of(safety.monitoring_board, language)))
    if safety.stopping_rules:
        blocks.append(Items(tuple(text_of(one.text, language) for one in safety.stopping_rules)))
    return blocks


# -- what departed from it -----------------------------------------------------------------------


def departures_table(
    found: Sequence[PlanDeparture], plan: Protocol, protocol: Protocol, language: str
) -> Table:
    """What was added, left out or changed since the plan was signed, one a row."""
    rows = tuple(
        Row(
            (
                say(f"departure_{one.kind}", language),
                say(f"departure_of_{one.what}", language),
                _name(one, plan, protocol, language),
                one.field or "–",
                one.planned or "–",
                one.run or "–",
            )
        )
        for one in found
    )
    keys = ("departure", "departure_of", "departure_what", "departure_field", "planned", "as_run")
    columns = tuple(Column(say(key, language)) for key in keys)
    return Table("plan-against-run", say("departures_title", language), columns, rows)


def _name(one: PlanDeparture, plan: Protocol, protocol: Protocol, language: str) -> str:
    for document in (protocol, plan):
        endpoint = document.endpoint_by_id.get(one.id)
        if one.what == "endpoints" and endpoint is not None:
            return text_of(endpoint.label, language)
        for analysis in document.analyses:
            if one.what == "analyses" and analysis.id == one.id:
                label = analysis.label or document.endpoint_by_id[analysis.endpoint].label
                return f"{text_of(label, language)} ({one.id})"
    return one.id or known_or("design", language)


__all__ = ["PLAN", "departures_table", "looks_blocks", "looks_planned", "looks_table", "missing_table", "plan_paper", "sources_table"]  # fmt: skip
