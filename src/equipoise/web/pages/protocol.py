"""The protocol as a page: schedule, arms, criteria with their expressions, decisions in the margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.protocol.checks import Finding, check_protocol
from equipoise.protocol.document import (
    Anchor,
    BiasedCoin,
    Decision,
    Minimization,
    Offset,
    PermutedBlocks,
    Protocol,
    Urn,
    Visit,
)
from equipoise.quantity.readable import measured
from equipoise.registry.words import coded
from equipoise.reporting import method_name

from ..access import may_open
from ..figures.arms import ArmRow, ArmsDiagram, RegimenBar, arms_diagram
from ..figures.matrix import ScheduleColumn, schedule_matrix
from ..labels import said
from ..request import TrialRequest

READINESS = {
    "draft": noop("draft"),
    "complete": noop("complete"),
    "activatable": noop("ready to be activated"),
}
MASKING = {
    "none": noop("open label"),
    "single": noop("single-masked"),
    "double": noop("double-masked"),
    "triple": noop("triple-masked"),
    "quadruple": noop("quadruple-masked"),
}
ENDPOINT_ROLE = {
    "primary": noop("primary"),
    "secondary": noop("secondary"),
    "exploratory": noop("exploratory"),
    "safety": noop("safety"),
    "sensitivity": noop("sensitivity"),
}
ALLOCATION = {
    "randomized": noop("randomized"),
    "non_randomized": noop("not randomized"),
    "not_applicable": noop("single group"),
    "unspecified": noop("allocation not stated"),
}
SECTIONS = (
    "identity", "design", "arms", "eligibility", "schedule", "endpoints", "safety", "data", "other",
)  # fmt: skip
"""The page's sections, in order; a margin note stands beside the section its finding is about."""

SHOWN_NOTES = 3
"""Notes a margin shows at once (`_margin.html`); the text beside it is seldom longer than that."""

_SECTION_OF_PART = {
    "identity": "identity",
    "record": "identity",
    "design": "design",
    "randomization": "design",
    "assumptions": "design",
    "arms": "arms",
    "interventions": "arms",
    "supply": "arms",
    "eligibility": "eligibility",
    "consents": "eligibility",
    "schedule": "schedule",
    "endpoints": "endpoints",
    "analyses": "endpoints",
    "analysis_sets": "endpoints",
    "multiplicity": "endpoints",
    "intercurrent_events": "endpoints",
    "safety": "safety",
    "items": "data",
    "forms": "data",
    "codelists": "data",
}

_SECTION_OF_CODE = {
    "timing-conflict": "arms",
    "dose-ambiguity": "arms",
    "criteria-numbering-gap": "eligibility",
    "no-primary-outcome": "endpoints",
    "no-conditions": "identity",
    "no-summary": "identity",
    "purpose-title-mismatch": "design",
    "sites-missing": "identity",
    "no-allocation-ratio": "design",
    "no-strata": "design",
    "no-sample-size-rationale": "design",
    "open-label-subjective-outcome": "design",
    "contact-missing": "identity",
    "vague-term": "eligibility",
    "screening-before-first-dose": "eligibility",
    "pregnancy-not-addressed": "eligibility",
    "start-date-passed": "identity",
    "recruitment-rate": "design",
}
"""Where a decision stands whose finding the current text no longer raises."""


@dataclass(frozen=True, slots=True)
class Note:
    """A decision in the margin."""

    finding: str
    choice: str
    reason: str
    by: str
    on: str
    assumed: bool
    confirm_with: str


@dataclass(slots=True)
class Section:
    """What a section of the page is told by its margin."""

    notes: list[Note] = field(default_factory=list)
    open: list[dict[str, object]] = field(default_factory=list)
    """Findings nobody has settled."""

    @property
    def further(self) -> Sequence[Note]:
        """Notes beyond those a margin shows at once."""
        return self.notes[SHOWN_NOTES:]


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """A criterion as it stands in the text, as it is decided, and what was decided about it."""

    id: str
    number: str
    text: str
    expression: str
    judgement: bool
    notes: Sequence[Note]


def protocol(request: TrialRequest) -> HttpResponse:
    """The whole document as a page."""
    document, language = request.protocol, request.language
    findings = _findings_of(document)
    margin = _margin(document, findings, language)
    criteria = _criteria(document, findings, language)
    told = {note for rows in criteria.values() for row in rows for note in row.notes}
    margin["eligibility"].notes = [note for note in margin["eligibility"].notes if note not in told]
    assumed = sum(1 for decision in document.decisions if decision.status == "assumed")
    titles = document.identity.titles
    context = {
        "protocol": document,
        "title": (titles.official or titles.brief).in_language(language),
        "version": document.version,
        "may_adopt": may_open("adopt_protocol", request.someone.role, "POST"),
        "readiness": said(READINESS, document.readiness),
        "answer": _answer(document, language),
        "assumed": assumed,
        "decided": len(document.decisions),
        "unsettled": sum(1 for finding in findings if finding.settled_by is None),
        "margin": margin,
        "sites": [
            (site.id, site.name.in_language(language), site.city.in_language(language), site.target)
            for site in document.identity.sites
        ],
        "sponsors": [sponsor.name.in_language(language) for sponsor in document.identity.sponsors],
        "identifiers": [identifier.id for identifier in document.identity.identifiers],
        "design": _design_facts(document, language),
        "arms": mark_safe(arms_diagram(_diagram(document, language), _)),
        "arm_words": _arm_words(document, language),
        "regimens": _regimens(document, language),
        "schedule": mark_safe(schedule_matrix(*_schedule(document, language), _)),
        "diaries": _diaries(document, language),
        "inclusion": criteria["inclusion"],
        "exclusion": criteria["exclusion"],
        "endpoints": [
            (
                said(ENDPOINT_ROLE, endpoint.role),
                endpoint.label.in_language(language),
                endpoint.time_frame.in_language(language),
                endpoint.summary.in_language(language) if endpoint.summary else "",
            )
            for endpoint in document.endpoints
        ],
        "analyses": [
            (
                said(ENDPOINT_ROLE, analysis.role),
                analysis.label.in_language(language) if analysis.label else analysis.id,
                document.endpoint_by_id[analysis.endpoint].label.in_language(language),
                method_name(analysis.method, language),
            )
            for analysis in document.analyses
        ],
        "clocks": [
            (
                clock.label.in_language(language),
                clock.hours,
                clock.to.in_language(language),
                str(clock.in_force_from),
                str(clock.in_force_until) if clock.in_force_until else "",
                clock.source.in_language(language) if clock.source else "",
            )
            for clock in document.safety.clocks
        ],
        "stopping": [rule.text.in_language(language) for rule in document.safety.stopping_rules],
        "forms": [
            (form.title.in_language(language), len(form.items), len(form.checks))
            for form in document.forms
        ],
    }
    return render(request, "protocol.html", context)


_found: dict[str, list[Finding]] = {}


def _findings_of(document: Protocol) -> list[Finding]:
    """The document's findings, checked once a version: a document does not change under its hash."""
    findings = _found.get(document.version)
    if findings is None:
        findings = _found[document.version] = list(check_protocol(document, None))
    return findings


# -- the margin -----------------------------------------------------------------------------------


def _note(decision: Decision, language: str) -> Note:
    return Note(
        decision.finding,
        decision.choice.in_language(language),
        decision.reason.in_language(language),
        decision.by,
        str(decision.on),
        decision.status == "assumed",
        decision.confirm_with.in_language(language) if decision.confirm_with else "",
    )


def _section(decision: Decision, places: Mapping[str, str]) -> str:
    place = places.get(decision.finding, "")
    part = place.partition(".")[0].partition("[")[0]
    if part in _SECTION_OF_PART:
        return _SECTION_OF_PART[part]
    code = decision.finding.partition("/")[0]
    return _SECTION_OF_CODE.get(code, "other")


def _margin(document: Protocol, findings: Sequence[Finding], language: str) -> dict[str, Section]:
    margin = {name: Section() for name in SECTIONS}
    places = {finding.id: finding.place for finding in findings}
    for decision in document.decisions:
        margin[_section(decision, places)].notes.append(_note(decision, language))
    for finding in findings:
        if finding.settled_by is None:
            part = finding.place.partition(".")[0].partition("[")[0]
            margin[_SECTION_OF_PART.get(part, "other")].open.append(
                {
                    "id": finding.id,
                    "severity": finding.severity,
                    "place": finding.place,
                    "line": finding.line,
                    "message": finding.message.in_language(language),
                    "remedy": finding.remedy.in_language(language),
                }
            )
    return margin


def _criteria(
    document: Protocol, findings: Sequence[Finding], language: str
) -> dict[str, list[CriterionRow]]:
    decided: dict[int, list[Note]] = {}
    for finding in findings:
        if finding.settled_by is not None and finding.place.startswith("eligibility.criteria["):
            position = finding.place.partition("[")[2].partition("]")[0]
            if position.isdigit():
                note = _note(finding.settled_by, language)
                kept = decided.setdefault(int(position), [])
                if note not in kept:
                    kept.append(note)
    rows: dict[str, list[CriterionRow]] = {"inclusion": [], "exclusion": []}
    for index, criterion in enumerate(document.eligibility.criteria):
        rows[criterion.kind].append(
            CriterionRow(
                criterion.id,
                criterion.number or "",
                criterion.text.in_language(language),
                criterion.met_when or "",
                criterion.judgement,
                tuple(decided.get(index, ())),
            )
        )
    return rows


# -- design, arms, regimens -----------------------------------------------------------------------


def _answer(document: Protocol, language: str) -> str:
    design = document.design
    parts = [said(ALLOCATION, design.allocation)]
    if design.masking:
        parts.append(said(MASKING, design.masking.level))
    if design.phase:
        phases = "/".join(phase.lower().replace("phase", "").strip() for phase in design.phase)
        parts.append(_("phase %(phase)s") % {"phase": phases})
    words = _("A trial that is %(kind)s, with %(arms)s arms at %(sites)s sites") % {
        "kind": _(", ").join(parts), "arms": len(document.arms), "sites": len(document.identity.sites),
    }  # fmt: skip
    if design.sample_size:
        words += _(", for %(n)s participants") % {"n": design.sample_size.target}
    return words + _(".")


def _design_facts(document: Protocol, language: str) -> list[tuple[str, str]]:
    design = document.design
    facts = [(_("Allocation"), said(ALLOCATION, design.allocation))]
    if document.randomization:
        ratio = ":".join(str(share) for share in document.randomization.ratio.values())
        facts.append((_("Ratio"), ratio))
        facts.append((_("Scheme"), _scheme(document)))
        if document.randomization.strata:
            facts.append((_("Strata"), _factors(document, language)))
    if design.masking:
        facts.append((_("Masking"), said(MASKING, design.masking.level)))
        if design.masking.outcome_assessment:
            words = design.masking.outcome_assessment.in_language(language)
            facts.append((_("Outcome assessment"), words))
    if design.purpose:
        facts.append((_("Purpose"), coded(design.purpose, language)))
    if design.sample_size:
        facts.append((_("Sample size"), str(design.sample_size.target)))
        if design.sample_size.rationale:
            facts.append((_("Why so many"), design.sample_size.rationale.in_language(language)))
    return facts


def _scheme(document: Protocol) -> str:
    randomization = document.randomization
    if randomization is None:
        return ""
    scheme = randomization.scheme
    if isinstance(scheme, PermutedBlocks):
        sizes = ", ".join(str(size) for size in scheme.sizes)
        return _("permuted blocks of %(sizes)s, at random") % {"sizes": sizes}
    if isinstance(scheme, Minimization):
        if scheme.coin == "rank":
            return _("minimization, probabilities by rank, q = %(p)s") % {"p": scheme.probability}
        return _("minimization, probability %(p)s") % {"p": scheme.probability}
    if isinstance(scheme, BiasedCoin):
        return _("biased coin, probability %(p)s") % {"p": scheme.probability}
    if isinstance(scheme, Urn):
        return _("urn, alpha %(alpha)s, beta %(beta)s") % {
            "alpha": scheme.alpha,
            "beta": scheme.beta,
        }
    return _("simple randomization")


def _factors(document: Protocol, language: str) -> str:
    if document.randomization is None:
        return ""
    names = []
    for factor in document.randomization.strata:
        if factor.source == "site":
            names.append(_("site"))
        elif factor.item:
            names.append(document.item_by_id[factor.item].label.in_language(language))
    return _(", ").join(names)


def _strata(document: Protocol, language: str) -> str:
    factors = _factors(document, language)
    return _("stratified by %(factors)s") % {"factors": factors} if factors else ""


def _diagram(document: Protocol, language: str) -> ArmsDiagram:
    ratio = document.randomization.ratio if document.randomization else {}
    arms = []
    for arm in document.arms:
        bars = []
        for name in arm.interventions:
            product = document.intervention_by_id[name]
            regimen = product.regimen
            if regimen is None:
                continue
            bars.append(
                RegimenBar(
                    product.name.in_language(language),
                    _dose(regimen.dose, regimen.dose_unit, regimen.times_a_day, language),
                    regimen.start.anchor,
                    regimen.start.day,
                    regimen.stop.anchor,
                    regimen.stop.day,
                )
            )
        arms.append(
            ArmRow(
                arm.label.in_language(language),
                coded(arm.type, language) if arm.type else "",
                ratio.get(arm.id, 1),
                bars,
                arm.description.in_language(language) if arm.description else "",
            )
        )
    size = document.design.sample_size
    target = _("%(n)s participants") % {"n": size.target} if size else _("participants")
    anchors = [
        (anchor.id, anchor.label.in_language(language))
        for anchor in document.schedule.anchors
        if anchor.event in (None, "randomization")
    ]
    return ArmsDiagram(target, _scheme(document), _strata(document, language), anchors, arms)


def _dose(dose: object, unit: str, times: int, language: str) -> str:
    return _("%(dose)s × %(times)s a day") % {
        "dose": measured(dose, unit, language), "times": times,
    }  # fmt: skip


def _arm_words(document: Protocol, language: str) -> list[tuple[str, str]]:
    return [
        (
            arm.label.in_language(language),
            arm.description.in_language(language) if arm.description else "",
        )
        for arm in document.arms
    ]


def _offset(offset: Offset, anchors: Mapping[str, Anchor], language: str) -> str:
    found = anchors.get(offset.anchor)
    label = found.label.in_language(language) if found else offset.anchor
    if offset.day == 0:
        return _("the day of “%(anchor)s”") % {"anchor": label}
    if offset.day < 0:
        return _("%(n)s days before “%(anchor)s”") % {"n": -offset.day, "anchor": label}
    return _("%(n)s days after “%(anchor)s”") % {"n": offset.day, "anchor": label}


def _regimens(document: Protocol, language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    anchors = {anchor.id: anchor for anchor in document.schedule.anchors}
    told = []
    for product in document.interventions:
        regimen = product.regimen
        if regimen is None:
            words = product.description.in_language(language) if product.description else ""
            told.append((product.name.in_language(language), [(_("What"), words)]))
            continue
        facts = [
            (_("Dose"), _dose(regimen.dose, regimen.dose_unit, regimen.times_a_day, language)),
            (_("From"), _offset(regimen.start, anchors, language)),
            (_("Until"), _offset(regimen.stop, anchors, language)),
        ]
        if regimen.timing:
            facts.append((_("When in the day"), regimen.timing.in_language(language)))
        if regimen.route:
            facts.append((_("Route"), regimen.route.in_language(language)))
        if regimen.preparation:
            facts.append((_("Preparation"), regimen.preparation.steps.in_language(language)))
        for restriction in regimen.restrictions:
            facts.append((_("Restriction"), restriction.in_language(language)))
        told.append((product.name.in_language(language), facts))
    return told


# -- schedule -------------------------------------------------------------------------------------


def _visit_day(visit: Visit) -> str:
    return f"{'+' if visit.day >= 0 else '−'}{abs(visit.day)}"


def _schedule(
    document: Protocol, language: str
) -> tuple[list[ScheduleColumn], list[tuple[str, frozenset[str]]]]:
    anchors = {anchor.id: anchor for anchor in document.schedule.anchors}
    epochs = {epoch.id: epoch.label.in_language(language) for epoch in document.schedule.epochs}
    columns = []
    for visit in document.schedule.visits:
        window = ""
        if visit.before or visit.after:
            window = (
                f"±{visit.before} {_('d')}"
                if visit.before == visit.after
                else f"−{visit.before}/+{visit.after} {_('d')}"
            )
        notes = []
        if visit.until:
            end = anchors[visit.until].label.in_language(language)
            notes.append(_("only if due before: %(anchor)s") % {"anchor": end})
        if visit.only_when:
            notes.append(_("only when %(condition)s") % {"condition": visit.only_when})
        columns.append(
            ScheduleColumn(
                visit.id,
                visit.label.in_language(language),
                epochs.get(visit.epoch, visit.epoch),
                anchors[visit.anchor].label.in_language(language),
                _visit_day(visit),
                window,
                "; ".join(notes),
            )
        )
    activities = []
    for form in document.forms:
        at = frozenset(visit.id for visit in document.schedule.visits if form.id in visit.forms)
        if at:
            activities.append((form.title.in_language(language), at))
    return columns, activities


def _diaries(document: Protocol, language: str) -> list[tuple[str, str]]:
    anchors = {anchor.id: anchor for anchor in document.schedule.anchors}
    told = []
    for diary in document.schedule.diaries:
        regimen = None
        if diary.intervention:
            regimen = document.intervention_by_id[diary.intervention].regimen
        start = diary.start or (regimen.start if regimen else None)
        stop = diary.stop or (regimen.stop if regimen else None)
        span = ""
        if start and stop:
            span = _("daily, from %(start)s to %(stop)s") % {
                "start": _offset(start, anchors, language), "stop": _offset(stop, anchors, language),
            }  # fmt: skip
        told.append((diary.label.in_language(language), span))
    return told
