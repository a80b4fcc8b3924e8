"""The public record: the registry's sections in the registry's order, filled live from the trial.

Only what is public stands here: the protocol, which sites recruit, how many were randomized in all,
and results once they are released. What is missing is said plainly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.conduct.state import TrialState
from equipoise.protocol.document import Intervention, Protocol, RegistryDate
from equipoise.quantity.text import Text
from equipoise.reporting import primary_sentence, study_tables, to_html

from ..figures.lanes import readable_unit
from ..labels import said
from ..request import TrialRequest
from ..vocabulary import RECRUITMENT
from .results import current_results

PUBLISHED_TABLES = ("flow", "analyses", "adverse-events")
"""Tables of the report that the public record shows once results are released: none names anybody."""

TYPES = {
    "experimental": noop("Experimental"),
    "active_comparator": noop("Active comparator"),
    "placebo_comparator": noop("Placebo comparator"),
    "sham_comparator": noop("Sham comparator"),
    "no_intervention": noop("No intervention"),
    "other": noop("Other"),
    "drug": noop("Drug"),
    "biological": noop("Biological"),
    "device": noop("Device"),
    "procedure": noop("Procedure"),
    "radiation": noop("Radiation"),
    "behavioral": noop("Behavioral"),
    "interventional": noop("Interventional"),
    "observational": noop("Observational"),
    "expanded_access": noop("Expanded access"),
    "randomized": noop("Randomized"),
    "non_randomized": noop("Not randomized"),
    "parallel": noop("Parallel"),
    "crossover": noop("Crossover"),
    "factorial": noop("Factorial"),
    "single_group": noop("Single group"),
    "sequential": noop("Sequential"),
    "none": noop("None (open label)"),
    "single": noop("Single"),
    "double": noop("Double"),
    "triple": noop("Triple"),
    "quadruple": noop("Quadruple"),
    "treatment": noop("Treatment"),
    "prevention": noop("Prevention"),
    "supportive_care": noop("Supportive care"),
    "diagnostic": noop("Diagnostic"),
    "screening": noop("Screening"),
    "basic_science": noop("Basic science"),
    "health_services_research": noop("Health services research"),
    "all": noop("All"),
    "female": noop("Female"),
    "male": noop("Male"),
    "lead": noop("lead sponsor"),
    "collaborator": noop("collaborator"),
    "sponsor": noop("Sponsor"),
    "principal_investigator": noop("Principal investigator"),
    "sponsor_investigator": noop("Sponsor-investigator"),
    "actual": noop("actual"),
    "estimated": noop("estimated"),
    "primary": noop("primary"),
    "industry": noop("industry"),
    "org_study_id": noop("organization's study number"),
    "registry": noop("registry number"),
}
"""The registry's codes in words."""

_DECIDED_IN = {
    "results": ("no-primary-outcome",),
    "basic": ("start-date-passed", "recruitment-rate", "no-sample-size-rationale"),
    "summary": ("no-summary",),
    "conditions": ("no-conditions",),
    "design": (
        "purpose-title-mismatch", "no-allocation-ratio", "no-strata", "open-label-subjective-outcome",
    ),
    "groups": ("timing-conflict",),
    "interventions": ("timing-conflict", "dose-ambiguity"),
    "eligibility": (
        "criteria-numbering-gap", "vague-term", "screening-before-first-dose", "pregnancy-not-addressed",
    ),
    "locations": ("sites-missing",),
    "contacts": ("contact-missing",),
}  # fmt: skip
"""Beside which section the public reads of a decision, by the code of its finding."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as the public reads it."""

    choice: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One section: facts (name and words), paragraphs, and lists under a heading."""

    id: str
    title: str
    facts: Sequence[tuple[str, str]] = ()
    paragraphs: Sequence[str] = ()
    lists: Sequence[tuple[str, Sequence[tuple[str, str]]]] = ()
    """Heading and items, each with its number (empty where it has none)."""
    html: SafeString | str = ""
    decided: Sequence[Decided] = ()

    @property
    def empty(self) -> bool:
        """Whether the record says nothing here."""
        return not (self.facts or self.paragraphs or self.lists or self.html)


def public(request: TrialRequest) -> HttpResponse:
    """The record for anyone."""
    trial, language = request.trial, request.language
    protocol, state = trial.protocol, trial.state
    titles, dates = protocol.identity.titles, protocol.identity.dates
    registry = [one.id for one in protocol.identity.identifiers if one.type == "registry"]
    context = {
        "title": titles.brief.in_language(language),
        "official": titles.official.in_language(language) if titles.official else "",
        "numbers": registry,
        "updated": str(dates.last_updated.date) if dates.last_updated else "",
        "status": said(RECRUITMENT, overall_status(protocol, state)),
        "recruiting": overall_status(protocol, state) == "recruiting",
        "parts": _parts(request, protocol, state, language),
    }
    return render(request, "public.html", context)


def site_status(protocol: Protocol, state: TrialState, site: str) -> str:
    """A site's recruitment status as it is now, in the registry's codes."""
    if state.site(site).open and state.recruitment_open:
        return "recruiting"
    if state.site(site).opened_on is not None:
        return "active_not_recruiting"
    return protocol.site_by_id[site].recruitment_status


def overall_status(protocol: Protocol, state: TrialState) -> str:
    """The trial's recruitment status: recruiting as soon as one site is."""
    sites = [site_status(protocol, state, site.id) for site in protocol.identity.sites]
    for status in ("recruiting", "active_not_recruiting"):
        if status in sites:
            return status
    return protocol.identity.registry_status or "not_yet_recruiting"


def _words(text: Text | None, language: str) -> list[str]:
    return [text.in_language(language)] if text else []


def _date(date: RegistryDate | None) -> str:
    if date is None:
        return ""
    kind = f" ({said(TYPES, date.type)})" if date.type != "unspecified" else ""
    return f"{date.date}{kind}"


def _kept(facts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, words) for name, words in facts if words]


def _decided(protocol: Protocol, part: str, language: str) -> list[Decided]:
    codes = _DECIDED_IN.get(part, ())
    return [
        Decided(decision.choice.in_language(language), decision.status == "assumed")
        for decision in protocol.decisions
        if decision.finding.partition("/")[0] in codes
    ]


def _parts(
    request: TrialRequest, protocol: Protocol, state: TrialState, language: str
) -> list[Part]:
    identity, design = protocol.identity, protocol.design
    size = design.sample_size
    enrollment = _("%(n)s participants") % {"n": size.target} if size else ""
    if size and state.randomized:
        enrollment += _("; %(n)s randomized so far") % {"n": state.randomized}
    told: list[Part] = []

    def part(name: str, title: str, **content: object) -> None:
        decided = tuple(_decided(protocol, name, language))
        told.append(Part(name, title, decided=decided, **content))  # type: ignore[arg-type]

    part("results", _("Study Results"), **_results(request, state, language))
    part(
        "basic", _("Basic Information"),
        facts=_kept((
            (_("Status"), said(RECRUITMENT, overall_status(protocol, state))),
            (_("Phase"), ", ".join(
                _("Phase %(phase)s") % {"phase": phase.upper().removeprefix("PHASE").strip()}
                for phase in design.phase
            )),
            (_("Enrollment"), enrollment),
            (_("Study type"), said(TYPES, design.study_type)),
            (_("Start"), _date(identity.dates.start)),
            (_("Primary completion"), _date(identity.dates.primary_completion)),
            (_("Completion"), _date(identity.dates.completion)),
        )),
    )  # fmt: skip
    part("summary", _("Brief Summary"), paragraphs=_words(identity.summary, language))
    part(
        "description", _("Detailed Description"), paragraphs=_words(identity.description, language)
    )
    part(
        "conditions", _("Conditions"),
        lists=[("", [("", condition.in_language(language)) for condition in identity.conditions])]
        if identity.conditions
        else (),
    )  # fmt: skip
    part("design", _("Study Design"), facts=_design(protocol, language))
    part("groups", _("Study Groups"), lists=_groups(protocol, language))
    part("interventions", _("Interventions"), lists=_interventions(protocol, language))
    part("eligibility", _("Eligibility Criteria"), **_eligibility(protocol, language))
    part(
        "sponsors", _("Sponsors"),
        lists=[("", [
            ("", sponsor.name.in_language(language)
             + (f" ({said(TYPES, sponsor.role)})" if sponsor.role != "unspecified" else ""))
            for sponsor in identity.sponsors
        ])] if identity.sponsors else (),
    )  # fmt: skip
    responsible = identity.responsible_party
    part(
        "responsible", _("Responsible Party"),
        facts=_kept((
            (_("Type"), said(TYPES, responsible.type or "")),
            (_("Name"), responsible.name.in_language(language) if responsible.name else ""),
            (_("Title"), responsible.title.in_language(language) if responsible.title else ""),
            (_("Affiliation"), responsible.affiliation.in_language(language)
             if responsible.affiliation else ""),
        )) if responsible else (),
    )  # fmt: skip
    part("locations", _("Locations"), lists=_locations(protocol, state, language))
    part(
        "countries", _("Countries"),
        paragraphs=[country.in_language(language) for country in identity.countries]
        or sorted({site.country.in_language(language) for site in identity.sites}),
    )  # fmt: skip
    for kind, name, title in (
        ("central", "contacts", _("Central Contacts")),
        ("facility", "facility", _("Facility Contacts")),
    ):
        people = [contact for contact in identity.contacts if contact.kind == kind]
        part(
            name, title,
            lists=[("", [
                ("", ", ".join(filter(None, (
                    contact.name.in_language(language),
                    _("role: %(role)s") % {"role": said(TYPES, contact.role)} if contact.role else "",
                    contact.phone, contact.email,
                )))) for contact in people
            ])] if people else (),
        )  # fmt: skip
    part(
        "identifiers", _("Other Identifiers"),
        lists=[("", [
            ("", identifier.id + "".join(
                f", {words}" for words in (said(TYPES, identifier.type or ""), identifier.source) if words
            ))
            for identifier in identity.identifiers
        ])] if identity.identifiers else (),
    )  # fmt: skip
    return told


def _results(request: TrialRequest, state: TrialState, language: str) -> dict[str, object]:
    if not state.results_released:
        return {
            "paragraphs": [
                _(
                    "The study team has not yet released outcomes, participant flow or safety data of this trial."
                )
            ]
        }
    found = current_results(request.trial, dummy_arms=False)
    tables = {table.id: table for table in study_tables(found, language)}
    shown = "".join(to_html(tables[name]) for name in PUBLISHED_TABLES if name in tables)
    return {"paragraphs": [primary_sentence(found, language)], "html": mark_safe(shown)}


def _design(protocol: Protocol, language: str) -> list[tuple[str, str]]:
    design = protocol.design
    masking = design.masking
    ratio = ""
    if protocol.randomization:
        ratio = ":".join(str(share) for share in protocol.randomization.ratio.values())
    outcomes = [
        (
            _("Primary outcome") if endpoint.role == "primary" else _("Secondary outcome"),
            f"{endpoint.label.in_language(language)} ({endpoint.time_frame.in_language(language)})",
        )
        for endpoint in protocol.endpoints
        if endpoint.role in ("primary", "secondary")
    ]
    return _kept(
        (
            (
                _("Allocation"),
                said(TYPES, design.allocation) if design.allocation != "unspecified" else "",
            ),
            (_("Ratio"), ratio),
            (_("Intervention model"), said(TYPES, (design.model or "").lower())),
            (_("Primary purpose"), said(TYPES, (design.purpose or "").lower())),
            (_("Masking"), said(TYPES, masking.level) if masking else ""),
            (
                _("Outcome assessment"),
                masking.outcome_assessment.in_language(language)
                if masking and masking.outcome_assessment
                else "",
            ),
            *outcomes,
        )
    )


def _groups(protocol: Protocol, language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    groups = []
    for arm in protocol.arms:
        items = [("", said(TYPES, arm.type))] if arm.type else []
        items += [("", words) for words in _words(arm.description, language)]
        names = [
            protocol.intervention_by_id[name].name.in_language(language)
            for name in arm.interventions
        ]
        items.append(
            ("", ", ".join(names) if names else _("No interventions assigned to this group"))
        )
        groups.append((arm.label.in_language(language), items))
    return groups


def _interventions(protocol: Protocol, language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    anchors = {
        anchor.id: anchor.label.in_language(language) for anchor in protocol.schedule.anchors
    }
    told = []
    for product in protocol.interventions:
        items = [("", said(TYPES, product.type))] if product.type else []
        items += [("", words) for words in _words(product.description, language)]
        items += [("", words) for words in _regimen(product, anchors, language)]
        told.append((product.name.in_language(language), items))
    return told


def _regimen(product: Intervention, anchors: dict[str, str], language: str) -> list[str]:
    regimen = product.regimen
    if regimen is None:
        return []
    dose = f"{regimen.dose} {readable_unit(regimen.dose_unit)}".strip()
    words = [
        _("%(dose)s, %(times)s times a day") % {"dose": dose, "times": regimen.times_a_day},
        _("From day %(from)s of: %(start)s, to day %(to)s of: %(stop)s") % {
            "from": regimen.start.day, "start": anchors.get(regimen.start.anchor, regimen.start.anchor),
            "to": regimen.stop.day, "stop": anchors.get(regimen.stop.anchor, regimen.stop.anchor),
        },
    ]  # fmt: skip
    if regimen.timing:
        words.append(regimen.timing.in_language(language))
    return words + [restriction.in_language(language) for restriction in regimen.restrictions]


def _eligibility(protocol: Protocol, language: str) -> dict[str, object]:
    eligibility = protocol.eligibility
    lists = []
    for kind, title in (
        ("inclusion", _("Inclusion Criteria")),
        ("exclusion", _("Exclusion Criteria")),
    ):
        items = [
            (criterion.number or "", criterion.text.in_language(language))
            for criterion in eligibility.criteria
            if criterion.kind == kind
        ]
        if items:
            lists.append((title, items))
    volunteers = {True: _("accepted"), False: _("not accepted"), None: ""}
    facts = _kept(
        (
            (_("Minimum age"), eligibility.minimum_age or ""),
            (_("Maximum age"), eligibility.maximum_age or ""),
            (_("Sex"), said(TYPES, eligibility.sex or "")),
            (_("Healthy volunteers"), volunteers[eligibility.healthy_volunteers]),
        )
    )
    return {"lists": lists, "facts": facts, "paragraphs": _words(eligibility.text, language)}


def _locations(
    protocol: Protocol, state: TrialState, language: str
) -> list[tuple[str, list[tuple[str, str]]]]:
    told = []
    for site in protocol.identity.sites:
        place = ", ".join(
            text.in_language(language) for text in (site.city, site.region, site.country) if text
        )
        status = said(RECRUITMENT, site_status(protocol, state, site.id))
        told.append((site.name.in_language(language), [("", place), ("", status)]))
    return told
