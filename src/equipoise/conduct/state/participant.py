"""Everything known of one participant, and the questions one may ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct, field

from equipoise.protocol.document import Protocol

from ..values import Address
from .coding import Coding
from .records import (
    AdverseEvent,
    AssessmentRecord,
    Captured,
    ConsentRecord,
    Deviation,
    DiaryDay,
    FormInstance,
    GivenCopy,
    Hold,
    Query,
    Redaction,
    Stamp,
    SupplyBalance,
    Unblinding,
    Withdrawal,
)

STATUSES = (
    "screening", "consented", "eligible", "consent_refused", "screen_failed", "randomized",
    "withdrawn", "completed",
)  # fmt: skip
"""Every value of `ParticipantState.status`, in the order of a participant's life."""


class ParticipantState(Struct):
    """Everything known of one participant, at ledger position `seq`."""

    id: str
    protocol: Protocol
    site: str = ""
    number: int = 0
    version: int = 0
    seq: int = 0
    screened_on: date | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None
    consents: tuple[ConsentRecord, ...] = ()
    refused_on: date | None = None
    assessments: tuple[AssessmentRecord, ...] = ()
    failed: tuple[str, ...] | None = None
    failed_reason: str = ""
    failed_at: Stamp | None = None
    randomized: Stamp | None = None
    randomized_on: date | None = None
    randomization_number: int | None = None
    arm: str | None = None
    strata_used: Mapping[str, str] = field(default_factory=dict)
    strata_true: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, date] = field(default_factory=dict)
    forms: Mapping[Address, FormInstance] = field(default_factory=dict)
    diary: Mapping[tuple[str, date], DiaryDay] = field(default_factory=dict)
    doses: Mapping[tuple[str, date, int], bool] = field(default_factory=dict)
    latest: Mapping[str, Captured] = field(default_factory=dict)
    missed: Mapping[str, str] = field(default_factory=dict)
    adverse_events: Mapping[int, AdverseEvent] = field(default_factory=dict)
    queries: Mapping[int, Query] = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    supply: Mapping[str, SupplyBalance] = field(default_factory=dict)
    completed_on: date | None = None
    hold: Hold | None = None
    """What keeps all data of the participant from changing; a form may have a hold of its own."""
    unblindings: tuple[Unblinding, ...] = ()
    erased: Stamp | None = None
    """By whom and when what identified the person was erased."""
    redactions: Mapping[int, Redaction] = field(default_factory=dict)
    copies: tuple[GivenCopy, ...] = ()
    """Copies of the person's own data that were given."""
    codings: Mapping[str, Coding] = field(default_factory=dict)
    """What was coded last at each target (`conduct.coding`), void or not."""

    # -- questions -------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """Where the participant stands: one of `STATUSES`."""
        if self.withdrawals and any(w.scope != "treatment" for w in self.withdrawals):
            return "withdrawn"
        if self.completed_on:
            return "completed"
        if self.randomized:
            return "randomized"
        if self.failed is not None:
            return "screen_failed"
        if self.refused_on and not self.consents:
            return "consent_refused"
        if self.consents:
            signed = self.assessments and self.assessments[-1].signed_by
            return "eligible" if signed else "consented"
        return "screening"

    @property
    def consent(self) -> ConsentRecord | None:
        """The consent given last."""
        return self.consents[-1] if self.consents else None

    @property
    def off_treatment_on(self) -> date | None:
        """The first day from which the participant takes no more study treatment."""
        days = [withdrawal.on for withdrawal in self.withdrawals]
        return min(days) if days else None

    @property
    def off_study_on(self) -> date | None:
        """The day from which nothing more is collected."""
        days = [w.on for w in self.withdrawals if w.scope != "treatment"]
        return min(days) if days else None

    @property
    def data_use_withdrawn(self) -> bool:
        """Whether the participant's data may no longer be used."""
        return bool(self.withdrawals) and any(w.scope == "data_use" for w in self.withdrawals)

    @property
    def open_queries(self) -> int:
        """Queries not yet closed."""
        return sum(1 for query in self.queries.values() if query.status != "closed")

    def series(self, item: str) -> list[Captured]:
        """Every value of an item over forms and diaries, by day, then by ledger position."""
        found = [
            form.values[item]
            for form in self.forms.values()
            if item in form.values and form.values[item].datum is not None
        ]
        found += [
            day.values[item]
            for day in self.diary.values()
            if item in day.values and day.values[item].datum is not None
        ]
        return sorted(found, key=lambda captured: (captured.on, captured.stamp.seq))
