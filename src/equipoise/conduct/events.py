"""What happened. Events are frozen; an old one is never rewritten.

Fields marked `SEALED_*` are encrypted before they are hashed (see `equipoise.ledger.sealing`): under
the participant's key (identity), under a key of their own (free text), or under the allocation key.
Dates are ISO strings and numbers canonical decimal strings, so that a payload is its own JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .values import Value

Mode = Literal["rehearsal", "training", "live"]
"""What a trial is, from its first event on: played by virtual people on a virtual clock; used by people
who learn, with participants they invent; or with participants who are real."""

SEALED_IDENTITY: Mapping[str, Any] = {"sealed": "participant"}
SEALED_TEXT: Mapping[str, Any] = {"sealed": "value"}
SEALED_ALLOCATION: Mapping[str, Any] = {"sealed": "allocation"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Base of all events' payloads; the envelope around it is `equipoise.ledger.envelope.Event`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCreated(Happening):
    title: str
    public_key: str
    rehearsal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingDeclared(Happening):
    """The trial serves training. It follows `TrialCreated` at once, and is written at no other time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomizationCommitted(Happening):
    commitment: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted(Happening):
    person: str
    granted_role: str
    at_site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(Happening):
    person: str
    granted_role: str
    at_site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksDelegated(Happening):
    """Signed by the event's actor; `content_hash` is the SHA-256 of what was signed.

    `number` counts the delegations of the event's site from 1; an empty `until` is the trial's end.
    """

    number: int
    person: str
    delegated_role: str
    since: str
    until: str
    content_hash: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationEnded(Happening):
    number: int
    person: str
    delegated_role: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecorded(Happening):
    """`subject` is `gcp` or a protocol version."""

    person: str
    subject: str
    trained_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReviewed(Happening):
    """The event's actor signed a review of who has access. The list itself is not in the ledger."""

    list_hash: str
    accounts: int
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOpened(Happening):
    ethics_approval: str
    approved_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolAmended(Happening):
    """A further protocol version, by content hash; `substantial` is against the version before it."""

    version: str
    substantial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolAdopted(Happening):
    """A version takes force at the event's site. `approved_on` is empty where no approval was needed."""

    version: str
    ethics_approval: str
    approved_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteClosed(Happening):
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecruitmentClosed(Happening):
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryRangeSet(Happening):
    item: str
    lower: str | None
    upper: str | None
    unit: str
    valid_from: str
    sex: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsReleased(Happening):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialUnblinded(Happening):
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantScreened(Happening):
    """`identity` is a JSON object of identity items."""

    number: int
    screened_on: str
    identity: str = field(metadata=SEALED_IDENTITY)
    previous: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecorded(Happening):
    version: str
    signed_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRefused(Happening):
    version: str
    on: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityAssessed(Happening):
    """`criteria` holds per criterion: id, answer (`met`, `not_met`, `unknown`), source
    (`data`, `judgement`, `both`), and the values used as {name: {value, unit, on}}."""

    eligible: bool | None
    criteria: tuple[dict[str, Any], ...]
    assessment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilitySigned(Happening):
    assessment: int
    assessment_hash: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningFailed(Happening):
    criteria: tuple[str, ...]
    """Criteria not met; empty where the reason is another one."""
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantRandomized(Happening):
    """`strata` are the levels as used. `arm` is sealed."""

    number: int
    strata: dict[str, str]
    arm: str = field(metadata=SEALED_ALLOCATION)
    request: str
    randomized_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumCorrected(Happening):
    """The strata as they truly were; those used for allocation stay as they were used."""

    strata: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsScheduled(Happening):
    """Target days by visit id, as far as anchors are known; provisional ones are named."""

    targets: dict[str, str]
    provisional: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSaved(Happening):
    """`values` are those changed by this save. `save` counts the saves of this form from 1."""

    visit: str
    form: str
    repeat: str
    performed_on: str
    save: int
    complete: bool
    values: tuple[Value, ...]
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryDayRecorded(Happening):
    diary: str
    day: str
    save: int
    assisted: bool
    values: tuple[Value, ...]
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseRecorded(Happening):
    intervention: str
    day: str
    occasion: int
    taken: bool
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitMissed(Happening):
    visit: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesMovedAway(Happening):
    visit: str
    form: str
    repeat: str
    to_participant: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesMovedIn(Happening):
    """`origin_seqs` are the ledger positions of the saves that were moved."""

    visit: str
    form: str
    repeat: str
    from_participant: str
    performed_on: str
    save: int
    complete: bool
    values: tuple[Value, ...]
    origin_seqs: tuple[int, ...]
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSigned(Happening):
    visit: str
    form: str
    repeat: str
    save: int
    content_hash: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceVerified(Happening):
    """Values compared with the source documents and found the same, as they stood after `save`."""

    visit: str
    form: str
    repeat: str
    save: int
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormHeld(Happening):
    """`hold` is `frozen`, `locked`, or `open` again."""

    visit: str
    form: str
    repeat: str
    hold: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantHeld(Happening):
    """All data of the participant; `hold` as in `FormHeld`."""

    hold: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHeld(Happening):
    """All data of the event's site; `hold` as in `FormHeld`."""

    hold: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLocked(Happening):
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialUnlocked(Happening):
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyOrdered(Happening):
    intervention: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyDispensed(Happening):
    intervention: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyReturned(Happening):
    intervention: str
    unused: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEventReported(Happening):
    """`term` is a protocol term's id, or `other` with the words in `verbatim`."""

    number: int
    term: str
    verbatim: str = field(metadata=SEALED_TEXT)
    grade: int
    scale: str
    started_on: str
    ended_on: str | None
    seriousness: tuple[str, ...]
    causality: dict[str, str]
    outcome: str
    action: str
    narrative: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEventUpdated(Happening):
    """The whole event after the change, and which fields changed."""

    number: int
    changed: tuple[str, ...]
    grade: int
    ended_on: str | None
    seriousness: tuple[str, ...]
    causality: dict[str, str]
    outcome: str
    action: str
    narrative: str = field(metadata=SEALED_TEXT)
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyClockStarted(Happening):
    number: int
    clock: str
    due_at: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyReportSubmitted(Happening):
    number: int
    clock: str
    sent_to: str
    on_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRaised(Happening):
    """`check` is the edit check's id for an automatic query, else empty."""

    query: int
    visit: str
    form: str
    repeat: str
    item: str
    check: str
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswered(Happening):
    query: int
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryClosed(Happening):
    query: int
    automatic: bool
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryReopened(Happening):
    """Asked again after an answer or a closure; `text` says what is still open."""

    query: int
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationLogged(Happening):
    kind: str
    severity: str
    occurred_on: str
    automatic: bool
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantUnblinded(Happening):
    """The event's actor was told the allocation; it is not repeated here."""

    kind: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantWithdrawn(Happening):
    scope: str
    category: str
    on: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantTransferred(Happening):
    from_site: str
    to_site: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantCompleted(Happening):
    on: str


EVENT_TYPES: dict[str, type[Happening]] = {
    kind.__name__: kind for kind in Happening.__subclasses__()
}
"""Event classes by the name under which the ledger stores them."""
