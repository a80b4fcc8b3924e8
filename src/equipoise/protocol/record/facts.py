"""The facts of a registry record, in one neutral shape that every record check reads.

A draft, a complete protocol and anybody's public record give the same facts, so that one rule
stands in one place. Texts are English, free of markup; `place` is the path in the protocol
document where the fact stands, so that a finding can point at it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from equipoise.protocol.document import Protocol
from equipoise.protocol.document import Text as LanguageMap
from equipoise.quantity.dates import PartialDate


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of prose and where it stands. Empty text means that it is missing."""

    place: str
    text: str

    def __bool__(self) -> bool:
        return bool(self.text.strip())


@dataclass(frozen=True, slots=True)
class RegimenFacts:
    """A regimen already written as data: first and last day as (anchor, days), dose, frequency."""

    place: str
    start: tuple[str, int]
    stop: tuple[str, int]
    dose: Decimal
    dose_unit: str
    times_a_day: int


@dataclass(frozen=True, slots=True)
class InterventionFacts:
    """An intervention as the record describes it."""

    id: str
    name: str
    type: str | None
    description: Passage
    regimen: RegimenFacts | None
    variants: tuple[Passage, ...] = ()
    """Other descriptions of it that the record gives elsewhere, in other words."""


@dataclass(frozen=True, slots=True)
class ArmFacts:
    """A group of the record with the ids of its interventions."""

    place: str
    id: str
    label: str
    type: str | None
    description: Passage
    interventions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionFacts:
    """One eligibility criterion. `number` is the numbering as found; `anchored` says that an
    expression already decides it from data."""

    id: str
    kind: str
    number: str | None
    passage: Passage
    anchored: bool


@dataclass(frozen=True, slots=True)
class OutcomeFacts:
    """An outcome. `subjective` is None where only its wording can tell."""

    place: str
    role: str
    measure: str
    time_frame: str
    description: str
    subjective: bool | None


@dataclass(frozen=True, slots=True)
class SponsorFacts:
    """An organization named as sponsor or collaborator."""

    place: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """A location."""

    place: str
    name: str
    city: str
    country: str
    status: str


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """Somebody the public may ask; reachable when a telephone number or an address is given."""

    place: str
    name: str
    kind: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What a registry record says about a trial, and where it says it."""

    identifiers: tuple[tuple[str, str | None], ...]
    status: str | None
    titles: tuple[Passage, ...]
    summary: Passage
    description: Passage
    conditions: tuple[str, ...]
    keywords: tuple[str, ...]
    study_type: str
    phases: tuple[str, ...]
    allocation: str
    model: str | None
    model_text: Passage
    masking: str | None
    masked: frozenset[str]
    masking_texts: tuple[Passage, ...]
    purpose: str | None
    target: int | None
    sample_size_rationale: bool
    ratio_stated: bool
    strata_stated: bool
    arms: tuple[ArmFacts, ...]
    interventions: tuple[InterventionFacts, ...]
    criteria: tuple[CriterionFacts, ...]
    criteria_text: Passage
    sex: str | None
    minimum_age: str | None
    maximum_age: str | None
    healthy_volunteers: bool | None
    outcomes: tuple[OutcomeFacts, ...]
    sponsors: tuple[SponsorFacts, ...]
    responsible_party: bool
    sites: tuple[SiteFacts, ...]
    countries: tuple[str, ...]
    contacts: tuple[ContactFacts, ...]
    start: PartialDate | None
    completion: PartialDate | None
    updated: PartialDate | None
    monitoring_committee: bool | None
    pregnancy: Passage
    safety_plan: bool

    def passages(self) -> tuple[Passage, ...]:
        """All prose of the record, in the order of its sections."""
        found = [
            *self.titles,
            self.summary,
            self.description,
            self.model_text,
            *self.masking_texts,
            *(arm.description for arm in self.arms),
            *(intervention.description for intervention in self.interventions),
            *(
                Passage(outcome.place, f"{outcome.measure}. {outcome.description}")
                for outcome in self.outcomes
            ),
            self.criteria_text,
            *(criterion.passage for criterion in self.criteria),
        ]
        return tuple(passage for passage in found if passage)


_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>^~|=\"'&:;,/?@$%])")


def plain(text: str) -> str:
    """The text without markdown escapes: `10\\^9` is shown as `10^9`."""
    return _ESCAPE.sub(r"\1", text)


def _english(text: LanguageMap | None) -> str:
    return "" if text is None else plain(text.en)


def facts_of(protocol: Protocol) -> RecordFacts:
    """The facts of a protocol document, its kept record included."""
    identity, design, eligibility = protocol.identity, protocol.design, protocol.eligibility
    record = protocol.record
    texts = record.get("texts")
    texts = texts if isinstance(texts, Mapping) else {}

    def record_text(name: str) -> Passage:
        value = texts.get(name)
        return Passage(f"record.texts.{name}", plain(value) if isinstance(value, str) else "")

    masking = design.masking
    masking_texts = [record_text("masking_description")]
    if masking is not None:
        masking_texts = [
            Passage("design.masking.description", _english(masking.description)),
            Passage("design.masking.outcome_assessment", _english(masking.outcome_assessment)),
        ]
    size = design.sample_size
    party = identity.responsible_party
    committee = record.get("monitoring_committee")
    return RecordFacts(
        identifiers=tuple((number.id, number.type) for number in identity.identifiers),
        status=identity.registry_status.lower() if identity.registry_status else None,
        titles=(
            Passage("identity.titles.brief", _english(identity.titles.brief)),
            Passage("identity.titles.official", _english(identity.titles.official)),
        ),
        summary=Passage("identity.summary", _english(identity.summary)),
        description=Passage("identity.description", _english(identity.description)),
        conditions=tuple(_english(condition) for condition in identity.conditions),
        keywords=tuple(_english(keyword) for keyword in identity.keywords),
        study_type=design.study_type,
        phases=tuple(phase.lower() for phase in design.phase),
        allocation=design.allocation,
        model=design.model,
        model_text=record_text("model_description"),
        masking=masking.level if masking else None,
        masked=frozenset(masking.masked) if masking else frozenset(),
        masking_texts=tuple(masking_texts),
        purpose=design.purpose.lower() if design.purpose else None,
        target=size.target if size else None,
        sample_size_rationale=size is not None
        and (size.rationale is not None or size.power is not None),
        ratio_stated=protocol.randomization is not None,
        strata_stated=protocol.randomization is not None
        and (bool(protocol.randomization.strata) or protocol.randomization.scheme.type == "simple"),
        arms=tuple(
            ArmFacts(
                place=f"arms[{index}]",
                id=arm.id,
                label=_english(arm.label),
                type=arm.type,
                description=Passage(f"arms[{index}].description", _english(arm.description)),
                interventions=tuple(arm.interventions),
            )
            for index, arm in enumerate(protocol.arms)
        ),
        interventions=tuple(_interventions(protocol)),
        criteria=tuple(
            CriterionFacts(
                id=criterion.id,
                kind=criterion.kind,
                number=criterion.number,
                passage=Passage(f"eligibility.criteria[{index}].text", _english(criterion.text)),
                anchored=criterion.met_when is not None,
            )
            for index, criterion in enumerate(eligibility.criteria)
        ),
        criteria_text=Passage("eligibility.text", _english(eligibility.text)),
        sex=eligibility.sex,
        minimum_age=eligibility.minimum_age,
        maximum_age=eligibility.maximum_age,
        healthy_volunteers=eligibility.healthy_volunteers,
        outcomes=tuple(_outcomes(protocol)),
        sponsors=tuple(
            SponsorFacts(f"identity.sponsors[{index}]", _english(sponsor.name), sponsor.role)
            for index, sponsor in enumerate(identity.sponsors)
        ),
        responsible_party=party is not None and (party.type is not None or party.name is not None),
        sites=tuple(
            SiteFacts(
                f"identity.sites[{index}]",
                _english(site.name),
                _english(site.city),
                _english(site.country),
                site.recruitment_status.lower(),
            )
            for index, site in enumerate(identity.sites)
        ),
        countries=tuple(_english(country) for country in identity.countries),
        contacts=tuple(
            ContactFacts(
                f"identity.contacts[{index}]",
                _english(contact.name),
                contact.kind,
                bool(contact.phone or contact.email),
            )
            for index, contact in enumerate(identity.contacts)
        ),
        start=identity.dates.start.date if identity.dates.start else None,
        completion=identity.dates.completion.date if identity.dates.completion else None,
        updated=identity.dates.last_updated.date if identity.dates.last_updated else None,
        monitoring_committee=committee
        if isinstance(committee, bool)
        else (True if protocol.safety.monitoring_board else None),
        pregnancy=Passage("safety.pregnancy", _english(protocol.safety.pregnancy)),
        safety_plan=bool(protocol.safety.clocks or protocol.safety.stopping_rules),
    )


def _interventions(protocol: Protocol) -> list[InterventionFacts]:
    found = []
    listed = protocol.record.get("intervention_variants")
    variants: dict[str, list[Passage]] = {}
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(entry, Mapping):
            place = f"record.intervention_variants[{index}].text"
            variants.setdefault(_string(entry, "intervention"), []).append(
                Passage(place, _string(entry, "text"))
            )
    for index, intervention in enumerate(protocol.interventions):
        regimen = intervention.regimen
        found.append(
            InterventionFacts(
                id=intervention.id,
                name=_english(intervention.name),
                type=intervention.type.lower() if intervention.type else None,
                description=Passage(
                    f"interventions[{index}].description", _english(intervention.description)
                ),
                regimen=None
                if regimen is None
                else RegimenFacts(
                    place=f"interventions[{index}].regimen",
                    start=(regimen.start.anchor, regimen.start.day),
                    stop=(regimen.stop.anchor, regimen.stop.day),
                    dose=regimen.dose,
                    dose_unit=regimen.dose_unit,
                    times_a_day=regimen.times_a_day,
                ),
                variants=tuple(variants.get(intervention.id, ())),
            )
        )
    return found


def _outcomes(protocol: Protocol) -> list[OutcomeFacts]:
    """Endpoints where the protocol has them, else the outcomes the record keeps."""
    if protocol.endpoints:
        return [
            OutcomeFacts(
                place=f"endpoints[{index}]",
                role=endpoint.role,
                measure=_english(endpoint.label),
                time_frame=_english(endpoint.time_frame),
                description=_english(endpoint.description),
                subjective=endpoint.subjective,
            )
            for index, endpoint in enumerate(protocol.endpoints)
        ]
    by_role = protocol.record.get("outcomes")
    found = []
    for role in ("primary", "secondary", "other"):
        listed = by_role.get(role) if isinstance(by_role, Mapping) else None
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            continue
        for index, outcome in enumerate(listed):
            if isinstance(outcome, Mapping):
                found.append(
                    OutcomeFacts(
                        place=f"record.outcomes.{role}[{index}]",
                        role=role,
                        measure=_string(outcome, "measure"),
                        time_frame=_string(outcome, "time_frame"),
                        description=_string(outcome, "description"),
                        subjective=None,
                    )
                )
    return found


def _string(mapping: Mapping[str, Any], key: str) -> str:
    value = mapping.get(key)
    return plain(value) if isinstance(value, str) else ""
