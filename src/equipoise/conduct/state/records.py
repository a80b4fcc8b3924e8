"""What is kept of the things that happen to a participant: frozen records, each with its stamp."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct, field

from equipoise.protocol.expression import Datum

from ..values import Address, Value


class Stamp(Struct, frozen=True):
    """Who did something, when, at which position of the ledger."""

    seq: int
    actor: str
    role: str
    at: str


class Captured(Struct, frozen=True):
    """A value as it stands: with the day it holds for and the save that brought it."""

    value: Value
    datum: Datum | None
    on: date
    address: Address
    stamp: Stamp


class VerificationMark(Struct, frozen=True):
    """A value held against the source documents at a save; `void` is the later change of it."""

    save: int
    stamp: Stamp
    void: Stamp | None = None


class Hold(Struct, frozen=True):
    """Data that may not change: `kind` is `frozen` or `locked`."""

    kind: str
    stamp: Stamp


class FormInstance(Struct, frozen=True):
    """A form at one address. `signed_save` is the save a signature covers; later saves void it.

    `verified` holds the latest mark of source verification by item.
    """

    address: Address
    values: Mapping[str, Captured]
    performed_on: date
    saves: int
    complete: bool
    last: Stamp
    seqs: tuple[int, ...]
    signed_save: int | None = None
    signed_by: str | None = None
    signed_meaning: str | None = None
    signed_at: str | None = None
    signed_hash: str | None = None
    verified: Mapping[str, VerificationMark] = field(default_factory=dict)
    hold: Hold | None = None

    @property
    def signed(self) -> bool:
        """Whether a signature stands on what the form says now."""
        return self.signed_save == self.saves


class DiaryDay(Struct, frozen=True):
    """One day of a diary."""

    diary: str
    day: date
    values: Mapping[str, Captured]
    saves: int
    assisted: bool
    last: Stamp


class ConsentRecord(Struct, frozen=True):
    """A consent form signed."""

    version: str
    signed_on: date
    stamp: Stamp


class AssessmentRecord(Struct, frozen=True):
    """An eligibility assessment as it entered the ledger."""

    number: int
    eligible: bool | None
    criteria: tuple[dict[str, Any], ...]
    stamp: Stamp
    signed_by: str | None = None
    signed_at: str | None = None


class Clock(Struct, frozen=True):
    """A reporting deadline running for a serious adverse event."""

    clock: str
    due_at: str
    to: str
    submitted_at: str | None = None
    on_time: bool | None = None


class AdverseEvent(Struct, frozen=True):
    """An adverse event as known now."""

    number: int
    term: str
    verbatim: str
    grade: int
    scale: str
    started_on: date
    ended_on: date | None
    seriousness: tuple[str, ...]
    causality: Mapping[str, str]
    outcome: str
    action: str
    narrative: str
    reported: Stamp
    clocks: tuple[Clock, ...] = ()

    @property
    def serious(self) -> bool:
        """Whether it meets a criterion of seriousness (ICH E2A)."""
        return bool(self.seriousness)


class Query(Struct, frozen=True):
    """A question about data. `check` names the edit check of an automatic query."""

    number: int
    address: Address
    item: str
    check: str
    text: str
    status: str
    raised: Stamp
    answer: str = ""
    answered: Stamp | None = None
    closed: Stamp | None = None
    again: tuple[tuple[str, Stamp], ...] = ()
    """What was asked when it was opened again, each time."""


class Deviation(Struct, frozen=True):
    """A departure from the protocol."""

    kind: str
    severity: str
    occurred_on: date
    text: str
    automatic: bool
    stamp: Stamp
    important: bool | None = None
    """As assessed last; None where nobody has."""
    assessments: tuple[tuple[bool, str, Stamp], ...] = ()
    """Every assessment: important or not, why, by whom."""

    @property
    def quotes(self) -> bool:
        """Whether its text holds words somebody wrote: all but what the trial logs in words of its own. A missed visit
        is logged by the trial, with the reason as it was given."""
        return not self.automatic or self.kind == "visit_missed"


class Withdrawal(Struct, frozen=True):
    """Leaving treatment, follow-up or the use of data."""

    scope: str
    category: str
    on: date
    reason: str
    stamp: Stamp


class Unblinding(Struct, frozen=True):
    """The allocation was told to `stamp.actor`, in an emergency or as planned."""

    kind: str
    reason: str
    stamp: Stamp


class Redaction(Struct, frozen=True):
    """A request that a text be made unreadable: `status` is `open`, `done` or `declined`.

    `value` says which text (`RequestRedaction.value`).
    """

    number: int
    value: str
    reason: str
    requested: Stamp
    status: str = "open"
    decided: Stamp | None = None
    answer: str = ""


class GivenCopy(Struct, frozen=True):
    """A copy of the participant's data, up to the entry `upto` of their record, as it was given."""

    given_to: str
    reason: str
    language: str
    file_format: str
    upto: int
    stamp: Stamp


class SupplyBalance(Struct, frozen=True):
    """Units of an intervention's product, by what became of them."""

    ordered: int = 0
    dispensed: int = 0
    returned_unused: int = 0
    returned_used: int = 0
