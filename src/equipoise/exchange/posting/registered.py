"""The registered part of a study: `protocolSection` of ClinicalTrials.gov's API version 2.

Source of keys and enumerations: the API's OpenAPI document (version 2.0.x), schema `ProtocolSection`.
A value outside the registry's enumeration is left out rather than bent to fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from equipoise.protocol.document import Contact, Intervention, Protocol, RegistryDate, Site
from equipoise.quantity.text import Text

PHASES = ("NA", "EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4")
STATUSES = (
    "ACTIVE_NOT_RECRUITING", "COMPLETED", "ENROLLING_BY_INVITATION", "NOT_YET_RECRUITING", "RECRUITING", "SUSPENDED",
    "TERMINATED", "WITHDRAWN", "AVAILABLE", "NO_LONGER_AVAILABLE", "TEMPORARILY_NOT_AVAILABLE",
    "APPROVED_FOR_MARKETING", "WITHHELD", "UNKNOWN",
)  # fmt: skip
SITE_STATUSES = STATUSES[:9]
AGENCIES = (
    "NIH", "FED", "OTHER_GOV", "INDIV", "INDUSTRY", "NETWORK", "AMBIG", "OTHER", "UNKNOWN",
)  # fmt: skip
ALLOCATIONS = {
    "randomized": "RANDOMIZED", "non_randomized": "NON_RANDOMIZED", "not_applicable": "NA",
}  # fmt: skip
MODELS = ("SINGLE_GROUP", "PARALLEL", "CROSSOVER", "FACTORIAL", "SEQUENTIAL")
OBSERVATIONAL_MODELS = (
    "COHORT", "CASE_CONTROL", "CASE_ONLY", "CASE_CROSSOVER", "ECOLOGIC_OR_COMMUNITY",
    "FAMILY_BASED", "DEFINED_POPULATION", "NATURAL_HISTORY", "OTHER",
)  # fmt: skip
PERSPECTIVES = ("RETROSPECTIVE", "PROSPECTIVE", "CROSS_SECTIONAL", "OTHER")
PURPOSES = (
    "TREATMENT", "PREVENTION", "DIAGNOSTIC", "ECT", "SUPPORTIVE_CARE", "SCREENING",
    "HEALTH_SERVICES_RESEARCH", "BASIC_SCIENCE", "DEVICE_FEASIBILITY", "OTHER",
)  # fmt: skip
ARM_TYPES = (
    "EXPERIMENTAL", "ACTIVE_COMPARATOR", "PLACEBO_COMPARATOR", "SHAM_COMPARATOR",
    "NO_INTERVENTION", "OTHER",
)  # fmt: skip
INTERVENTION_TYPES = (
    "BEHAVIORAL", "BIOLOGICAL", "COMBINATION_PRODUCT", "DEVICE", "DIAGNOSTIC_TEST",
    "DIETARY_SUPPLEMENT", "DRUG", "GENETIC", "PROCEDURE", "RADIATION", "OTHER",
)  # fmt: skip
CONTACT_ROLES = (
    "STUDY_CHAIR", "STUDY_DIRECTOR", "PRINCIPAL_INVESTIGATOR", "SUB_INVESTIGATOR", "CONTACT",
)  # fmt: skip
SAMPLING = ("PROBABILITY_SAMPLE", "NON_PROBABILITY_SAMPLE")

_NCT = re.compile(r"NCT\d{8}")
_AGE = re.compile(r"(\d+) (Year|Month|Week|Day|Hour|Minute)s?", re.IGNORECASE)
_ADULT, _OLDER = 18, 65
"""Years from which the registry's standard age groups Adult and Older Adult begin."""


def protocol_section(
    protocol: Protocol, *, status: str | None = None, enrolled: int | None = None
) -> dict[str, Any]:
    """What a protocol registers, in English. `status` is the recruitment status now (default: as registered).

    `enrolled` is how many were randomized once nobody more will be; the target is an estimate until then.
    """
    return _Writer(protocol).section(status, enrolled)


def given(*pairs: tuple[str, Any]) -> dict[str, Any]:
    """The pairs that say something: no empty text, list or object, and no None."""
    return {
        key: value for key, value in pairs if not (value is None or value in ("", [], {}))
    }  # fmt: skip


def _said(text: Text | None) -> str | None:
    return text.en if text is not None else None


def _enumerated(value: str | None, allowed: Sequence[str]) -> str | None:
    code = (value or "").upper().replace(" ", "_").replace("-", "_")
    return code if code in allowed else None


def _dated(one: RegistryDate | None) -> dict[str, Any] | None:
    if one is None:
        return None
    kind = one.type.upper() if one.type != "unspecified" else None
    return given(("date", str(one.date)), ("type", kind))


def _posted(one: RegistryDate | None) -> dict[str, Any] | None:
    """A date the registry gave itself, which is a whole day or is not given."""
    return _dated(one) if one is not None and one.date.precision == "day" else None


class _Writer:
    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.identity = protocol.identity
        self.kept: Mapping[str, Any] = protocol.record

    def section(self, status: str | None, enrolled: int | None) -> dict[str, Any]:
        return given(
            ("identificationModule", self.identification()),
            ("statusModule", self.status(status)),
            ("sponsorCollaboratorsModule", self.sponsors()),
            ("oversightModule", self.oversight()),
            ("descriptionModule", self.description()),
            ("conditionsModule", self.conditions()),
            ("designModule", self.design(enrolled)),
            ("armsInterventionsModule", self.arms()),
            ("outcomesModule", self.outcomes()),
            ("eligibilityModule", self.eligibility()),
            ("contactsLocationsModule", self.places()),
            ("referencesModule", self.references()),
        )

    def lead(self) -> dict[str, Any] | None:
        lead = next((one for one in self.identity.sponsors if one.role == "lead"), None)
        if lead is None:
            return None
        return given(("name", lead.name.en), ("class", _enumerated(lead.type, AGENCIES)))

    def identification(self) -> dict[str, Any]:
        numbers = self.identity.identifiers
        registered = next((one.id for one in numbers if _NCT.fullmatch(one.id)), None)
        own = next((one.id for one in numbers if one.type == "org_study_id"), None)
        rest = [one for one in numbers if one.id not in (registered, own)]
        lead = self.lead()
        titles = self.identity.titles
        return given(
            ("nctId", registered),
            ("orgStudyIdInfo", given(("id", own))),
            (
                "secondaryIdInfos",
                [
                    given(
                        ("id", one.id),
                        ("type", "REGISTRY" if one.type == "registry" else "OTHER"),
                        ("domain", one.source),
                    )
                    for one in rest
                ],
            ),
            ("briefTitle", titles.brief.en),
            ("officialTitle", _said(titles.official)),
            ("acronym", titles.acronym),
            (
                "organization",
                given(("fullName", lead["name"]), ("class", lead.get("class"))) if lead else None,
            ),
        )

    def status(self, status: str | None) -> dict[str, Any]:
        dates = self.identity.dates
        texts = self.kept.get("texts")
        return given(
            ("overallStatus", _enumerated(status or self.identity.registry_status, STATUSES)),
            ("whyStopped", texts.get("why_stopped") if isinstance(texts, Mapping) else None),
            ("startDateStruct", _dated(dates.start)),
            ("primaryCompletionDateStruct", _dated(dates.primary_completion)),
            ("completionDateStruct", _dated(dates.completion)),
            ("studyFirstPostDateStruct", _posted(dates.first_posted)),
            ("lastUpdatePostDateStruct", _posted(dates.last_updated)),
        )

    def sponsors(self) -> dict[str, Any]:
        party = self.identity.responsible_party
        answers: dict[str, Any] | None = None
        if party is not None and party.type is not None:
            answers = given(("type", party.type.upper()))
            if party.type != "sponsor":
                answers |= given(
                    ("investigatorFullName", _said(party.name)),
                    ("investigatorTitle", _said(party.title)),
                    ("investigatorAffiliation", _said(party.affiliation)),
                )
        return given(
            ("responsibleParty", answers),
            ("leadSponsor", self.lead()),
            (
                "collaborators",
                [
                    given(("name", one.name.en), ("class", _enumerated(one.type, AGENCIES)))
                    for one in self.identity.sponsors
                    if one.role == "collaborator"
                ],
            ),
        )

    def oversight(self) -> dict[str, Any]:
        committee = self.kept.get("monitoring_committee")
        if not isinstance(committee, bool):
            committee = True if self.protocol.safety.monitoring_board is not None else None
        return given(("oversightHasDmc", committee))

    def description(self) -> dict[str, Any]:
        return given(
            ("briefSummary", _said(self.identity.summary)),
            ("detailedDescription", _said(self.identity.description)),
        )

    def conditions(self) -> dict[str, Any]:
        return given(
            ("conditions", [one.en for one in self.identity.conditions]),
            ("keywords", [one.en for one in self.identity.keywords]),
        )

    def design(self, enrolled: int | None) -> dict[str, Any]:
        design = self.protocol.design
        masking = design.masking
        size = design.sample_size
        texts = self.kept.get("texts")
        kept = texts if isinstance(texts, Mapping) else {}
        count = enrolled if enrolled is not None else size.target if size else None
        enrollment = given(
            ("count", count),
            ("type", None if count is None else "ESTIMATED" if enrolled is None else "ACTUAL"),
        )
        info = given(
            ("allocation", ALLOCATIONS.get(design.allocation)),
            ("interventionModel", _enumerated(design.model, MODELS)),
            ("interventionModelDescription", kept.get("model_description")),
            ("primaryPurpose", _enumerated(design.purpose, PURPOSES)),
            ("observationalModel", _enumerated(design.observational_model, OBSERVATIONAL_MODELS)),
            ("timePerspective", _enumerated(design.time_perspective, PERSPECTIVES)),
            (
                "maskingInfo",
                given(
                    ("masking", masking.level.upper()),
                    ("maskingDescription", _said(masking.description)),
                    ("whoMasked", [one.upper() for one in masking.masked]),
                )
                if masking
                else None,
            ),
        )
        return given(
            ("studyType", design.study_type.upper()),
            ("phases", _phases(design.phase)),
            ("designInfo", info),
            ("enrollmentInfo", enrollment),
        )

    def arms(self) -> dict[str, Any]:
        names = {one.id: _linked(one) for one in self.protocol.interventions}
        return given(
            (
                "armGroups",
                [
                    given(
                        ("label", arm.label.en),
                        ("type", _enumerated(arm.type, ARM_TYPES)),
                        ("description", _said(arm.description)),
                        ("interventionNames", [names[one] for one in arm.interventions]),
                    )
                    for arm in self.protocol.arms
                ],
            ),
            (
                "interventions",
                [
                    given(
                        ("type", _enumerated(one.type, INTERVENTION_TYPES)),
                        ("name", one.name.en),
                        ("description", _said(one.description)),
                        (
                            "armGroupLabels",
                            [
                                arm.label.en
                                for arm in self.protocol.arms
                                if one.id in arm.interventions
                            ],
                        ),
                    )
                    for one in self.protocol.interventions
                ],
            ),
        )

    def outcomes(self) -> dict[str, Any]:
        by_role: dict[str, list[dict[str, Any]]] = {}
        for one in self.protocol.endpoints:
            by_role.setdefault(_OUTCOME_ROLES[one.role], []).append(
                given(
                    ("measure", one.label.en),
                    ("description", _said(one.description)),
                    ("timeFrame", one.time_frame.en),
                )
            )
        registered = self.kept.get("outcomes")
        if not by_role and isinstance(registered, Mapping):
            for role, key in (
                ("primary", "primaryOutcomes"),
                ("secondary", "secondaryOutcomes"),
                ("other", "otherOutcomes"),
            ):
                by_role[key] = [
                    given(
                        ("measure", one.get("measure")),
                        ("description", one.get("description")),
                        ("timeFrame", one.get("time_frame")),
                    )
                    for one in registered.get(role) or ()
                ]
        return given(*by_role.items())

    def eligibility(self) -> dict[str, Any]:
        eligibility = self.protocol.eligibility
        return given(
            ("eligibilityCriteria", self.criteria()),
            ("healthyVolunteers", eligibility.healthy_volunteers),
            ("sex", eligibility.sex.upper() if eligibility.sex else None),
            ("minimumAge", _age(eligibility.minimum_age)),
            ("maximumAge", _age(eligibility.maximum_age)),
            ("stdAges", _standard_ages(eligibility.minimum_age, eligibility.maximum_age)),
            ("studyPopulation", _said(eligibility.population)),
            ("samplingMethod", _enumerated(eligibility.sampling_method, SAMPLING)),
        )

    def criteria(self) -> str | None:
        parts = []
        for kind, title in (
            ("inclusion", "Inclusion Criteria:"),
            ("exclusion", "Exclusion Criteria:"),
        ):
            found = [one for one in self.protocol.eligibility.criteria if one.kind == kind]
            if found:
                lines = [
                    f"{one.number}. {one.text.en}" if one.number else f"* {one.text.en}"
                    for one in found
                ]
                parts.append("\n\n".join((title, "\n".join(lines))))
        return "\n\n".join(parts) or _said(self.protocol.eligibility.text)

    def places(self) -> dict[str, Any]:
        contacts = self.identity.contacts
        return given(
            ("centralContacts", [_contact(one) for one in contacts if one.kind == "central"]),
            (
                "locations",
                [
                    _location(site, [one for one in contacts if one.site == site.id])
                    for site in self.identity.sites
                ],
            ),
        )

    def references(self) -> dict[str, Any]:
        references = self.identity.references
        return given(
            (
                "references",
                [{"type": "BACKGROUND", "citation": one.text.en} for one in references],
            ),
            (
                "seeAlsoLinks",
                [{"label": one.text.en, "url": one.url} for one in references if one.url],
            ),
        )


_OUTCOME_ROLES = {
    "primary": "primaryOutcomes", "secondary": "secondaryOutcomes",
    "safety": "secondaryOutcomes", "exploratory": "otherOutcomes",
}  # fmt: skip


def _phases(phases: Iterable[str]) -> list[str]:
    """`phase1_phase2` is both of them."""
    found = []
    for phase in phases:
        code = phase.upper()
        parts = [code] if code in PHASES else code.split("_")
        found += [part for part in parts if part in PHASES]
    return found


def _linked(one: Intervention) -> str:
    """The name under which an arm refers to an intervention: `Drug: Spray`."""
    kind = _enumerated(one.type, INTERVENTION_TYPES)
    return f"{kind.replace('_', ' ').title()}: {one.name.en}" if kind else one.name.en


def _contact(one: Contact) -> dict[str, Any]:
    return given(
        ("name", one.name.en),
        ("role", _enumerated(one.role, CONTACT_ROLES) or "CONTACT"),
        ("phone", one.phone),
        ("email", one.email),
    )


def _location(site: Site, contacts: Sequence[Contact]) -> dict[str, Any]:
    return given(
        ("facility", site.name.en),
        ("status", _enumerated(site.recruitment_status, SITE_STATUSES)),
        ("city", site.city.en),
        ("state", _said(site.region)),
        ("country", site.country.en),
        ("contacts", [_contact(one) for one in contacts]),
    )


def _age(age: str | None) -> str | None:
    """`18 Years`, in the registry's spelling; anything else (`N/A`) is no age."""
    found = _AGE.fullmatch((age or "").strip())
    if found is None:
        return None
    number = int(found[1])
    return f"{number} {found[2].capitalize()}{'' if number == 1 else 's'}"


def _standard_ages(minimum: str | None, maximum: str | None) -> list[str]:
    low, high = _years(minimum, 0.0), _years(maximum, 200.0)
    groups = (("CHILD", 0, _ADULT), ("ADULT", _ADULT, _OLDER), ("OLDER_ADULT", _OLDER, 201))
    return [name for name, start, end in groups if low < end and high >= start]


def _years(age: str | None, otherwise: float) -> float:
    found = _AGE.fullmatch((age or "").strip())
    if found is None:
        return otherwise
    share = {"year": 1, "month": 12, "week": 52, "day": 365, "hour": 8760, "minute": 525600}
    return int(found[1]) / share[found[2].lower()]
