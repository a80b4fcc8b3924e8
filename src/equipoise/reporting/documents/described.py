"""What a protocol says, in the words and tables of a document."""

from __future__ import annotations

from equipoise.protocol.document import (
    Analysis,
    AverageOverTime,
    BiasedCoin,
    ChangeAt,
    Condition,
    DaysAtLeast,
    Detector,
    DoseGap,
    Endpoint,
    Leaving,
    Minimization,
    Occurs,
    Offset,
    PermutedBlocks,
    Protocol,
    Repeated,
    Reported,
    TimeTo,
    ValueAt,
    Window,
    Worst,
)
from equipoise.quantity.readable import readable_unit
from equipoise.quantity.text import Text

from ..format import level
from ..paper import Facts, Items, Paragraph
from ..table import Column, Row, Table
from ..words import known_or, method_name, say, text_of


def joined(texts: list[str], language: str) -> str:
    """Texts in one line."""
    return ("; " if language == "en" else "；").join(texts)


def listed(texts: list[str], language: str) -> str:
    """Words in one line."""
    return (", " if language == "en" else "、").join(texts)


def said(text: Text | None, language: str) -> str:
    """A protocol's text, or that it states none."""
    return text_of(text, language) if text is not None else say("not_stated", language)


def to_write(key: str, language: str) -> Paragraph:
    """A place that people fill in."""
    return Paragraph(say("to_write", language, text=say(key, language)), "to_write")


# -- the trial at a glance -----------------------------------------------------------------------


def title_facts(protocol: Protocol, language: str) -> Facts:
    """What a title page names."""
    identity = protocol.identity
    lead = [text_of(s.name, language) for s in identity.sponsors if s.role == "lead"]
    others = [text_of(s.name, language) for s in identity.sponsors if s.role != "lead"]
    responsible = identity.responsible_party
    pairs = [
        ("fact_title", said(identity.titles.official or identity.titles.brief, language)),
        ("fact_identifiers", listed([one.id for one in identity.identifiers], language)),
        ("fact_phase", listed([known_or(f"phase_{p}", language) for p in protocol.design.phase], language)),
        ("fact_design", design_line(protocol, language)),
        ("fact_conditions", joined([text_of(c, language) for c in identity.conditions], language)),
        ("fact_sponsor", listed(lead, language)),
        ("fact_collaborators", listed(others, language)),
        ("fact_responsible", text_of(responsible.name, language) if responsible and responsible.name else ""),
        ("fact_dates", _dates(protocol)),
    ]  # fmt: skip
    return Facts(tuple((say(key, language), value) for key, value in pairs if value))


def _dates(protocol: Protocol) -> str:
    dates = protocol.identity.dates
    ends = [one.date for one in (dates.start, dates.completion) if one is not None]
    return " – ".join(map(str, ends))


def design_line(protocol: Protocol, language: str) -> str:
    """Allocation, model and masking in one line."""
    design = protocol.design
    words = [say(f"design_{design.allocation}", language)]
    if design.model:
        words.append(known_or(f"model_{design.model}", language))
    words.append(masking(protocol, language))
    return listed(words, language)


def masking(protocol: Protocol, language: str) -> str:
    """The level of masking."""
    plan = protocol.design.masking
    return say(f"masking_{plan.level}", language) if plan else say("not_stated", language)


def blinding_text(protocol: Protocol, language: str) -> list[str]:
    """The level of masking, unless its description begins with it, and what the protocol says of it."""
    level, plan = masking(protocol, language), protocol.design.masking
    texts = (
        [text_of(t, language) for t in (plan.description, plan.outcome_assessment) if t]
        if plan
        else []
    )
    if texts and texts[0].casefold().startswith(level.casefold()):
        return texts
    return [f"{level[:1].upper()}{level[1:]}{'.' if language == 'en' else '。'}", *texts]


def organization_facts(protocol: Protocol, language: str) -> Facts:
    """Sponsors, contacts and sites."""
    identity = protocol.identity
    pairs = [(f"{text_of(s.name, language)}", say("fact_sponsor" if s.role == "lead" else "fact_collaborator", language))
             for s in identity.sponsors]  # fmt: skip
    pairs = [(role, name) for name, role in pairs]
    for contact in identity.contacts:
        pairs.append((say("fact_investigators", language), text_of(contact.name, language)))
    for site in identity.sites:
        place = f"{site.id} {text_of(site.name, language)}"
        pairs.append((say("fact_site", language), listed([place, text_of(site.city, language)], language)))  # fmt: skip
    return Facts(tuple(pairs))


# -- days, windows, variables --------------------------------------------------------------------


def offset_text(protocol: Protocol, offset: Offset, language: str) -> str:
    """A day counted from an anchor, in words."""
    labels = {anchor.id: text_of(anchor.label, language) for anchor in protocol.schedule.anchors}
    anchor = labels.get(offset.anchor, offset.anchor)
    if language == "en":
        anchor = anchor[:1].lower() + anchor[1:] if anchor[1:2].islower() else anchor
    if offset.day == 0:
        return say("day_of", language, anchor=anchor)
    key = "days_after" if offset.day > 0 else "days_before"
    return say(key, language, days=abs(offset.day), anchor=anchor)


def window_text(protocol: Protocol, window: Window, language: str) -> str:
    """From one day to another, in words."""
    start, end = (offset_text(protocol, one, language) for one in (window.start, window.end))
    return say("from_to", language, start=start, end=end)


def variable_text(protocol: Protocol, endpoint: Endpoint, language: str) -> str:
    """What is measured, in words."""
    variable = endpoint.variable
    found = protocol.item_by_id.get(variable.item)
    values: dict[str, object] = {"item": text_of(found.label, language) if found else variable.item}
    visits = {visit.id: text_of(visit.label, language) for visit in protocol.schedule.visits}
    if isinstance(variable, Occurs | TimeTo | Worst | DaysAtLeast | AverageOverTime):
        values["window"] = window_text(protocol, variable.window, language)
    if isinstance(variable, Occurs | TimeTo | DaysAtLeast):
        values["at_least"] = variable.at_least
    if isinstance(variable, TimeTo):
        values["origin"] = offset_text(protocol, variable.origin, language)
    if isinstance(variable, ValueAt | ChangeAt):
        values["visit"] = visits.get(variable.visit, variable.visit)
    if isinstance(variable, ChangeAt):
        values["baseline"] = visits.get(variable.baseline, variable.baseline)
    if isinstance(variable, Repeated):
        values["visits"] = listed([visits.get(one, one) for one in variable.visits], language)
        if variable.baseline is not None:
            values["baseline"] = visits.get(variable.baseline, variable.baseline)
            return say("variable_repeated_baseline", language, **values)
    return say(f"variable_{variable.kind}", language, **values)


# -- tables of the plan --------------------------------------------------------------------------


def endpoints_table(protocol: Protocol, language: str) -> Table:
    """Every endpoint as an estimand: variable, population, intercurrent events with their strategies, summary."""
    rows = []
    for one in protocol.endpoints:
        events = joined(
            [
                f"{text_of(protocol.intercurrent_label(event), language)} ({say(f'strategy_{event.strategy}', language)})"
                for event in one.intercurrent_events
            ],
            language,
        )
        rows.append(
            Row(
                (
                    text_of(one.label, language),
                    known_or(f"role_{one.role}", language),
                    variable_text(protocol, one, language),
                    set_label(protocol, one.population, language),
                    events or say("not_stated", language),
                    said(one.summary, language),
                )
            )
        )
    keys = ("endpoint", "role", "endpoint_is", "set", "events_and_strategies", "effect")
    columns = tuple(Column(say(key, language)) for key in keys)
    return Table("plan-endpoints", say("endpoints_title", language), columns, tuple(rows))


def intercurrent_tables(protocol: Protocol, language: str) -> tuple[Table, ...]:
    """The intercurrent events that are looked for in the data, and by which rules."""
    arms = {arm.id: text_of(arm.label, language) for arm in protocol.arms}
    rows = []
    for one in protocol.intercurrent_events:
        rules = joined([_rule(protocol, rule, language) for rule in one.detect], language)
        only = listed([arms[arm] for arm in one.arms], language) or say("all_groups", language)
        rows.append(Row((text_of(one.label, language), rules, only)))
    keys = ("intercurrent", "seen_when", "seen_in")
    columns = tuple(Column(say(key, language)) for key in keys)
    title = say("intercurrent_events", language)
    return (Table("plan-intercurrent", title, columns, tuple(rows)),) if rows else ()


def _rule(protocol: Protocol, rule: Detector, language: str) -> str:
    if isinstance(rule, Leaving):
        why = listed([known_or(one, language) for one in rule.categories], language)
        said_of = say(f"rule_leaving_{rule.scope}", language)
        return f"{said_of} ({why})" if why else said_of
    if isinstance(rule, DoseGap):
        product = text_of(protocol.intervention_by_id[rule.intervention].name, language)
        return say(f"rule_gap_{rule.unrecorded}", language, product=product, days=rule.days)
    if isinstance(rule, Condition):
        return rule.when
    if isinstance(rule, Reported):
        terms = {term.id: text_of(term.term, language) for term in protocol.safety.terms}
        named = listed([terms[term] for term in rule.events.terms], language)
        return say(
            "rule_reported",
            language,
            terms=named or say("any_term", language),
            grade=rule.events.grade,
        )
    return say("rule_death", language)


def set_label(protocol: Protocol, name: str, language: str) -> str:
    """An analysis set's label."""
    for one in protocol.analysis_sets:
        if one.id == name:
            return text_of(one.label, language)
    return name


def sets_table(protocol: Protocol, language: str) -> Table:
    """The analysis sets and who belongs to each."""
    rows = []
    for one in protocol.analysis_sets:
        endpoint = protocol.endpoint_by_id.get(one.endpoint or "")
        label = text_of(endpoint.label, language) if endpoint else ""
        rule = say(f"set_{one.rule}", language, endpoint=label) if one.rule == "evaluable" else known_or(f"set_{one.rule}", language)  # fmt: skip
        if one.rule == "treated" and _without_product(protocol):
            rule = say("set_treated_all", language)
        reasons = joined([text_of(found.reason, language) for found in one.exclusions], language)
        if reasons:
            rule = joined([rule, say("set_without", language, reasons=reasons)], language)
        rows.append(Row((text_of(one.label, language), rule)))
    columns = (Column(say("set", language)), Column(say("rule_of_set", language)))
    return Table("plan-sets", say("sets_title", language), columns, tuple(rows))


def _without_product(protocol: Protocol) -> bool:
    """Whether an arm has nothing that is taken in doses (`equipoise.analysis.sets` counts everyone in it as treated)."""
    given = {one.id for one in protocol.interventions if one.regimen is not None}
    return any(given.isdisjoint(arm.interventions) for arm in protocol.arms)


def analyses_table(protocol: Protocol, language: str) -> Table:
    """Every analysis the protocol declares: endpoint, method, comparison, set, level."""
    arms = {arm.id: text_of(arm.label, language) for arm in protocol.arms}
    rows = []
    for one in protocol.analyses:
        endpoint = protocol.endpoint_by_id[one.endpoint]
        pairs = [
            say("against", language, treatment=arms[first], control=arms[second])
            for first, second in one.comparisons
        ]
        rows.append(
            Row(
                (
                    text_of(one.label or endpoint.label, language),
                    known_or(f"role_{one.role}", language),
                    joined(
                        [method_name(one.method, language), *settings(protocol, one, language)],
                        language,
                    ),
                    joined(pairs, language) or say("all", language),
                    listed(
                        [factor_label(protocol, f, language) for f in one.stratified_by], language
                    )
                    or "–",
                    set_label(protocol, one.population or endpoint.population, language),
                    level(float(one.confidence)) if one.confidence is not None else "95",
                )
            )
        )
    keys = ("analysis", "role", "method", "compared", "stratified_by", "set")
    columns = (*(Column(say(key, language)) for key in keys), Column("CI, %", True))
    # what is the same in every analysis is said once, under the table
    notes, kept = [], list(range(len(columns)))
    for at, key in ((3, "all_compare"), (6, "all_levels")):
        same = {row.cells[at] for row in rows}
        if len(rows) > 1 and len(same) == 1:
            notes.append(say(key, language, what=same.pop()))
            kept.remove(at)
    return Table(
        "plan-analyses",
        say("planned_analyses", language),
        tuple(columns[at] for at in kept),
        tuple(Row(tuple(row.cells[at] for at in kept)) for row in rows),
        tuple(notes),
    )


def settings(protocol: Protocol, one: Analysis, language: str) -> list[str]:
    """What an analysis sets beside its method: margin, horizon, subgroups, imputation."""
    out = []
    if one.margin is not None:
        wanted = say("event_wanted" if one.event_wanted else "event_unwanted", language)
        out.append(say("margin_is", language, margin=one.margin, wanted=wanted))
    if one.horizon is not None:
        out.append(say("horizon_is", language, days=one.horizon))
    if one.subgroups:
        factors = [factor_label(protocol, name, language) for name in one.subgroups]
        out.append(say("subgroups_are", language, factors=listed(factors, language)))
    if one.imputation is not None:
        strategy = say(f"strategy_{one.imputation.strategy}", language)
        out.append(
            say("imputation_is", language, count=one.imputation.imputations, strategy=strategy)
        )
    return out


def factor_label(protocol: Protocol, name: str, language: str) -> str:
    """A stratum factor as a reader knows it: its item's label, or the site."""
    factors = protocol.randomization.strata if protocol.randomization else []
    for factor in factors:
        if factor.id == name:
            if factor.source == "site":
                return say("fact_sites", language)
            item = protocol.item_by_id.get(factor.item or "")
            return text_of(item.label, language) if item else name
    return name


def visits_table(protocol: Protocol, language: str) -> Table:
    """The schedule: each visit, its target day, its window, its forms."""
    forms = {form.id: text_of(form.title, language) for form in protocol.forms}
    rows = tuple(
        Row(
            (
                text_of(visit.label, language),
                offset_text(protocol, Offset(anchor=visit.anchor, day=visit.day), language),
                f"−{visit.before} / +{visit.after}",
                listed([forms.get(form, form) for form in visit.forms], language) or "–",
            )
        )
        for visit in protocol.schedule.visits
    )
    keys = ("visit", "visit_day", "visit_window", "visit_forms")
    columns = tuple(Column(say(key, language)) for key in keys)
    return Table("plan-visits", say("visits_title", language), columns, rows)


# -- paragraphs ----------------------------------------------------------------------------------


def criteria(protocol: Protocol, kind: str, language: str) -> Items:
    """The criteria of a kind, with the protocol's own numbers."""
    texts = [
        f"{one.number}. {text_of(one.text, language)}"
        if one.number
        else text_of(one.text, language)
        for one in protocol.eligibility.criteria
        if one.kind == kind
    ]
    return Items(tuple(texts) or (say("none_in_protocol", language),), marked=False)


def arms_facts(protocol: Protocol, language: str) -> Facts:
    """Each arm with its products and their regimens."""
    pairs = []
    for arm in protocol.arms:
        given = [
            treatment_line(protocol, name, language)
            for name in arm.interventions
            if name in protocol.intervention_by_id
        ]
        what = joined(given, language) or said(arm.description, language)
        pairs.append((text_of(arm.label, language), what))
    return Facts(tuple(pairs))


def treatment_line(protocol: Protocol, name: str, language: str) -> str:
    """An intervention with its regimen."""
    one = protocol.intervention_by_id[name]
    label = text_of(one.name, language)
    if one.regimen is None:
        return label
    regimen = one.regimen
    count = regimen.times_a_day
    times = say("once_a_day" if count == 1 else "times_a_day", language, count=count)
    window = window_text(protocol, Window(start=regimen.start, end=regimen.stop), language)
    line = say(
        "regimen",
        language,
        dose=regimen.dose,
        unit=readable_unit(regimen.dose_unit, language),
        times=times,
        window=window,
    )
    return f"{label}: {line}" if language == "en" else f"{label}：{line}"


def randomization_text(protocol: Protocol, language: str) -> tuple[Paragraph, ...]:
    """How participants are allocated. Nothing in it tells the next allocation."""
    plan = protocol.randomization
    if plan is None:
        return (Paragraph(say("no_randomization", language)),)
    scheme = plan.scheme
    values: dict[str, object] = {}
    if isinstance(scheme, PermutedBlocks):
        values["sizes"] = listed([str(size) for size in scheme.sizes], language)
    if isinstance(scheme, Minimization | BiasedCoin):
        values["probability"] = scheme.probability
    ratio = ":".join(str(plan.ratio.get(arm.id, 0)) for arm in protocol.arms)
    words = say(f"scheme_{scheme.type}", language, **values)
    out = [Paragraph(say("allocated_in_ratio", language, ratio=ratio, scheme=words))]
    if plan.strata:
        factors = listed(
            [factor_label(protocol, one.id, language) for one in plan.strata], language
        )
        key = "strata_balanced" if isinstance(scheme, Minimization) else "strata_are"
        out.append(Paragraph(say(key, language, factors=factors)))
    out.append(Paragraph(say("keeper_holds", language)))
    return tuple(out)


def size_text(protocol: Protocol, language: str) -> tuple[Paragraph, ...]:
    """How many, and why."""
    size = protocol.design.sample_size
    if size is None:
        return (Paragraph(say("none_in_protocol", language)),)
    out = [Paragraph(say("size_is", language, target=size.target))]
    if size.rationale is not None:
        out.append(Paragraph(text_of(size.rationale, language)))
    return tuple(out)


def looks_text(protocol: Protocol, language: str) -> Paragraph:
    """The interim looks the protocol plans."""
    looks = [
        say(
            "look_is",
            language,
            fraction=level(float(look.fraction)),
            endpoint=text_of(protocol.endpoint_by_id[look.endpoint].label, language),
            spending=say(f"spending_{look.spending}", language),
        )
        for look in protocol.design.interim_looks
        if look.endpoint in protocol.endpoint_by_id
    ]
    if not looks:
        return Paragraph(say("no_looks", language))
    texts = [
        say("looks_are", language, looks=joined(looks, language)),
        *futility_texts(protocol, language),
    ]
    return Paragraph((" " if language == "en" else "").join(texts))


def futility_texts(protocol: Protocol, language: str) -> list[str]:
    """The rules for futility, a sentence a look, and whether they bind."""
    rules = [(look, look.futility) for look in protocol.design.interim_looks if look.futility]
    texts = []
    for look, rule in rules:
        key = f"futility_{rule.method}"
        values = {
            "below": level(float(rule.below)) if rule.below is not None else "",
            "spending": say(f"spending_{rule.spending}", language),
        }
        if rule.method == "conditional_power":
            key = f"{key}_{rule.effect}"
        words = say(key, language, **values)
        texts.append(say("futility_is", language, look=look.id.replace("_", " "), rule=words))
    if rules:
        binding = any(rule.binding for _, rule in rules)
        texts.append(say("futility_binding" if binding else "futility_not_binding", language))
    return texts
