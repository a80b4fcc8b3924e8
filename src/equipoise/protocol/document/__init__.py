"""The typed protocol document: one trial, as a clinician reads it and a computer checks it.

Everything a trial is made of stands here and nowhere else; no module knows a particular trial.
`equipoise.protocol.reading` builds it from `protocol.yaml` with a place for every fault.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from .analyses import (
    METHOD_KINDS,
    NO_TEST,
    SUBGROUP_METHODS,
    Analysis,
    Imputation,
    Method,
    Multiplicity,
)
from .base import Expression, Id, Number, Offset, Part, PartialDate, Text
from .data import Code, Codelist, EditCheck, Form, FormItem, Item, Standards
from .design import (
    Arm,
    BiasedCoin,
    Design,
    Futility,
    InterimLook,
    Intervention,
    MaskingPlan,
    Minimization,
    PermutedBlocks,
    Preparation,
    Randomization,
    Regimen,
    SampleSize,
    SimpleRandomization,
    StratumFactor,
    Supply,
    Urn,
)
from .eligibility import Criterion, Eligibility
from .identity import (
    Contact,
    Dates,
    Identifier,
    Identity,
    Reference,
    RegistryDate,
    ResponsibleParty,
    Site,
    Sponsor,
    Titles,
)
from .occurrences import (
    AnalysisSet,
    Condition,
    CountedEvents,
    Death,
    DetectedEvent,
    Detector,
    DoseGap,
    Exclusion,
    IntercurrentEvent,
    Leaving,
    Reported,
    Strategy,
)
from .plan import (
    AdverseEventTerm,
    Assumptions,
    AverageOverTime,
    ChangeAt,
    ContinuingReview,
    Counting,
    DaysAtLeast,
    Decision,
    Endpoint,
    EssentialDocument,
    Monitoring,
    NaturalHistory,
    Occurs,
    QueryDeadlines,
    Repeated,
    ReportingClock,
    RoleGrant,
    Safety,
    SourceVerification,
    StoppingRule,
    TimeTo,
    TooProbable,
    ValueAt,
    Variable,
    Window,
    Worst,
)
from .schedule import Anchor, Consent, Diary, Epoch, Schedule, Visit

SCHEMA = "equipoise/protocol/1"


class Protocol(Part):
    """The whole document. `record` keeps the registry record's facts that have no place here."""

    schema_version: Literal["equipoise/protocol/1"] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    readiness: Literal["draft", "complete", "activatable"]
    identity: Identity
    design: Design = Design()
    arms: list[Arm] = []
    interventions: list[Intervention] = []
    eligibility: Eligibility = Eligibility()
    consents: list[Consent] = []
    codelists: list[Codelist] = []
    items: list[Item] = []
    forms: list[Form] = []
    schedule: Schedule = Schedule()
    randomization: Randomization | None = None
    analysis_sets: list[AnalysisSet] = []
    intercurrent_events: list[DetectedEvent] = []
    endpoints: list[Endpoint] = []
    analyses: list[Analysis] = []
    multiplicity: list[Multiplicity] = []
    safety: Safety = Safety()
    supply: list[Supply] = []
    monitoring: Monitoring = Monitoring()
    roles: list[RoleGrant] = []
    assumptions: Assumptions = Assumptions()
    decisions: list[Decision] = []
    record: dict[str, Any] = {}

    @cached_property
    def version(self) -> str:
        """The content hash (SHA-256, hex): two documents that say the same have the same version.

        What says only what would hold anyway is left out, so that a field added by a later version of the
        software leaves every document that does not use it as it was. The default of a released field
        therefore never changes (`tests/data/golden/*/defaults.json`).
        """
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @cached_property
    def item_by_id(self) -> dict[str, Item]:
        """Items by id."""
        return {item.id: item for item in self.items}

    @cached_property
    def form_by_id(self) -> dict[str, Form]:
        """Forms by id."""
        return {form.id: form for form in self.forms}

    @cached_property
    def visit_by_id(self) -> dict[str, Visit]:
        """Visits by id."""
        return {visit.id: visit for visit in self.schedule.visits}

    @cached_property
    def codelist_by_id(self) -> dict[str, Codelist]:
        """Codelists by id."""
        return {codelist.id: codelist for codelist in self.codelists}

    @cached_property
    def arm_by_id(self) -> dict[str, Arm]:
        """Arms by id."""
        return {arm.id: arm for arm in self.arms}

    @cached_property
    def intervention_by_id(self) -> dict[str, Intervention]:
        """Interventions by id."""
        return {intervention.id: intervention for intervention in self.interventions}

    @cached_property
    def site_by_id(self) -> dict[str, Site]:
        """Sites by their number."""
        return {site.id: site for site in self.identity.sites}

    @cached_property
    def anchor_items(self) -> frozenset[str]:
        """Items, actual or planned, that anchors of the schedule rest on."""
        return frozenset(
            item
            for anchor in self.schedule.anchors
            for item in (anchor.item, anchor.planned)
            if item is not None
        )

    @cached_property
    def coded_items(self) -> dict[str, Literal["events", "drugs"]]:
        """Items whose words are coded, with the kind of dictionary."""
        return {item.id: item.coding for item in self.items if item.coding is not None}

    @cached_property
    def coded_forms(self) -> frozenset[str]:
        """Forms on which any of those items stands."""
        return frozenset(
            form.id
            for form in self.forms
            if any(entry.item in self.coded_items for entry in form.items)
        )

    @cached_property
    def endpoint_by_id(self) -> dict[str, Endpoint]:
        """Endpoints by id."""
        return {endpoint.id: endpoint for endpoint in self.endpoints}

    def intercurrent_label(self, handled: IntercurrentEvent) -> Text:
        """What an endpoint's intercurrent event is called."""
        if handled.event is not None:
            return handled.event
        declared = self.intercurrent_by_id.get(handled.detected or "")
        return declared.label if declared is not None else Text(handled.detected or "")

    @cached_property
    def intercurrent_by_id(self) -> dict[str, DetectedEvent]:
        """Detected intercurrent events by id."""
        return {event.id: event for event in self.intercurrent_events}


__all__ = [
    "METHOD_KINDS",
    "NO_TEST",
    "SCHEMA",
    "SUBGROUP_METHODS",
    "AdverseEventTerm",
    "Analysis",
    "AnalysisSet",
    "Anchor",
    "Arm",
    "Assumptions",
    "AverageOverTime",
    "BiasedCoin",
    "ChangeAt",
    "Code",
    "Codelist",
    "Condition",
    "Consent",
    "Contact",
    "ContinuingReview",
    "CountedEvents",
    "Counting",
    "Criterion",
    "Dates",
    "DaysAtLeast",
    "Death",
    "Decision",
    "Design",
    "DetectedEvent",
    "Detector",
    "Diary",
    "DoseGap",
    "EditCheck",
    "Eligibility",
    "Endpoint",
    "Epoch",
    "EssentialDocument",
    "Exclusion",
    "Expression",
    "Form",
    "FormItem",
    "Futility",
    "Id",
    "Identifier",
    "Identity",
    "Imputation",
    "IntercurrentEvent",
    "InterimLook",
    "Intervention",
    "Item",
    "Leaving",
    "MaskingPlan",
    "Method",
    "Minimization",
    "Monitoring",
    "Multiplicity",
    "NaturalHistory",
    "Number",
    "Occurs",
    "Offset",
    "Part",
    "PartialDate",
    "PermutedBlocks",
    "Preparation",
    "Protocol",
    "QueryDeadlines",
    "Randomization",
    "Reference",
    "Regimen",
    "RegistryDate",
    "Repeated",
    "Reported",
    "ReportingClock",
    "ResponsibleParty",
    "RoleGrant",
    "Safety",
    "SampleSize",
    "Schedule",
    "SimpleRandomization",
    "Site",
    "SourceVerification",
    "Sponsor",
    "Standards",
    "StoppingRule",
    "Strategy",
    "StratumFactor",
    "Supply",
    "Text",
    "TimeTo",
    "Titles",
    "TooProbable",
    "Urn",
    "ValueAt",
    "Variable",
    "Visit",
    "Window",
    "Worst",
]  # fmt: skip
