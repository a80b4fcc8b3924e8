"""What may be asked of a trial. Each command is frozen; `Trial.do` is the only place to bring one.

Dates are site-local calendar days; `values` maps item id to what was typed (a string, with the
unit after the number where it is not the item's own: `9.8 g/dL`). An empty string clears a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from .events import Mode
from .values import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of all commands."""


# -- trial and sites ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTrial(Command):
    """Begin a ledger: names the trial, the protocol version and the ledger's public key (hex)."""

    public_key: str
    mode: Mode = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRandomization(Command):
    """Write the keeper's commitment to its seed and scheme; before it nobody can be randomized."""

    commitment: str
    source: str
    """`hmac-sha256` for a real trial, `philox` for a rehearsal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRole(Command):
    """Give a person a role, at one site or (empty) at all."""

    person: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRole(Command):
    """Take a role back."""

    person: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateTasks(Command):
    """The investigator delegates a role's tasks at a site to a person (ICH E6(R3) 2.3).

    `since` is today at the site where it is left out, and never earlier; `until` is the last day.
    """

    site: str
    person: str
    role: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDelegation(Command):
    """The investigator ends a delegation, by its number at the site, from now on."""

    site: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTraining(Command):
    """A person was trained in `subject`: `gcp`, or a protocol version by its hash."""

    person: str
    subject: str
    trained_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAccess(Command):
    """Sign that the list of accounts and grants with this hash (SHA-256, hex) was gone through."""

    list_hash: str
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSite(Command):
    """Let a site recruit under the protocol version in force, with its ethics approval."""

    site: str
    ethics_approval: str
    approved_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendProtocol(Command):
    """Make a new protocol version known to the trial; it takes force site by site."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptProtocol(Command):
    """Let a version take force at a site from now on, with its ethics committee's approval.

    `ethics_approval` and `approved_on` may be left out where no change from the version in force there is
    substantial.
    """

    site: str
    version: str
    ethics_approval: str = ""
    approved_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSite(Command):
    """Stop a site's recruitment; follow-up goes on."""

    site: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRecruitment(Command):
    """Stop recruitment everywhere (the target is reached, or a decision was taken)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLaboratoryRange(Command):
    """A site laboratory's reference range for an item, valid from a day on. Bounds in `unit`."""

    site: str
    item: str
    lower: str | None
    upper: str | None
    unit: str
    valid_from: date
    sex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseResults(Command):
    """Let the public record show participant flow, outcomes and safety."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnblindTrial(Command):
    """End the masking for everybody, as planned: recruitment is closed and nobody is on study."""

    reason: str


# -- screening to randomization -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenParticipant(Command):
    """Put a person on the screening log; answers with the participant's number.

    `identity` (item id to text; at least the protocol's identity items one knows) is sealed.
    `previous` is the number under which the person was screened before (rescreening).
    """

    site: str
    identity: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsent(Command):
    """The participant signed (or, `given=False`, declined) a version of the consent form."""

    participant: str
    version: str
    signed_on: date
    given: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessEligibility(Command):
    """Decide every criterion from the data and the judgements (criterion id to yes/no).

    A judgement answers the criterion's own wording: for an exclusion criterion `True` means that
    the participant has it.
    """

    participant: str
    judgements: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignEligibility(Command):
    """The investigator signs the latest eligibility assessment."""

    participant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailScreening(Command):
    """End a screening that will not lead to randomization."""

    participant: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Randomize(Command):
    """Allocate, schedule and order the first supply, in one decision."""

    participant: str


# -- visits, forms, doses -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveForm(Command):
    """Save a form, part-filled or whole.

    `performed_on` is the day of the visit (default: today at the site). `based_on` is the number of
    saves of this form that the person had seen; a form saved meanwhile by another is refused.
    `reason` is needed for changing a value already saved.
    """

    participant: str
    address: Address
    values: Mapping[str, str]
    performed_on: date | None = None
    based_on: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDiaryDay(Command):
    """One day of a diary, by the participant or (`assisted`) by staff on the participant's word."""

    participant: str
    diary: str
    day: date
    values: Mapping[str, str]
    assisted: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDose(Command):
    """One administration seen by staff."""

    participant: str
    intervention: str
    day: date
    occasion: int
    taken: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissVisit(Command):
    """State that a visit did not take place."""

    participant: str
    visit: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveValues(Command):
    """A form entered for the wrong participant: moved to the right one, both trails kept."""

    participant: str
    address: Address
    to_participant: str
    to_address: Address | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignForm(Command):
    """Sign what a form says now; a later change makes the signature void."""

    participant: str
    address: Address
    meaning: str = "reviewed and correct"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySource(Command):
    """Values of a form agree with the source documents, as the form stood after save `based_on`.

    `items` are those compared; empty means every value of the form that can be compared.
    """

    participant: str
    address: Address
    based_on: int
    items: tuple[str, ...] = ()


# -- freezing and locking -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeForm(Command):
    """Stop changes of data that are taken for clean; they can still be queried, verified and signed.

    What is held is one form (`address`) of a participant, all data of a participant, or those of a site.
    """

    participant: str | None = None
    address: Address | None = None
    site: str = ""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockForm(Command):
    """Stop every change of data, queries, marks and signatures included; of the same things as freezing."""

    participant: str | None = None
    address: Address | None = None
    site: str = ""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockForm(Command):
    """Open again what was frozen or locked, at the level at which it was."""

    participant: str | None = None
    address: Address | None = None
    site: str = ""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTrial(Command):
    """The database lock: no data of any participant change from now on."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockTrial(Command):
    """Open the database again, for a reason that stays on record."""

    reason: str


# -- supply ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DispenseSupply(Command):
    """Units handed out."""

    participant: str
    intervention: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSupply(Command):
    """Units brought back: unused, and used (empty)."""

    participant: str
    intervention: str
    unused: int
    used: int


# -- safety ---------------------------------------------------------------------------------------

Seriousness = Literal[
    "death", "life_threatening", "hospitalization", "disability", "congenital_anomaly", "important_medical_event"
]  # fmt: skip
Causality = Literal["not_related", "unlikely", "possible", "probable", "definite"]
Outcome = Literal["recovered", "recovering", "not_recovered", "sequelae", "fatal", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAdverseEvent(Command):
    """An adverse event. With `seriousness` it is an SAE and its clocks start at the first report."""

    participant: str
    term: str
    """Id of a protocol term, or free text (sealed)."""
    grade: int
    started_on: date
    ended_on: date | None = None
    seriousness: tuple[Seriousness, ...] = ()
    causality: Mapping[str, Causality] = field(default_factory=dict)
    outcome: Outcome = "unknown"
    action: str = "none"
    narrative: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAdverseEvent(Command):
    """Change what is known of an adverse event; only the fields given change."""

    participant: str
    number: int
    grade: int | None = None
    ended_on: date | None = None
    seriousness: tuple[Seriousness, ...] | None = None
    causality: Mapping[str, Causality] | None = None
    outcome: Outcome | None = None
    action: str | None = None
    narrative: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitSafetyReport(Command):
    """A report on an SAE was sent; stops the named clock."""

    participant: str
    number: int
    clock: str
    sent_to: str


# -- queries and deviations -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseQuery(Command):
    """A question about a value (or, with an empty item, about a form)."""

    participant: str
    address: Address
    item: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerQuery(Command):
    """The site's answer."""

    participant: str
    query: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseQuery(Command):
    """The question is settled."""

    participant: str
    query: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenQuery(Command):
    """The answer does not settle the question, or a closed one was not settled after all: ask again."""

    participant: str
    query: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDeviation(Command):
    """A departure from the protocol."""

    participant: str
    kind: str
    severity: Literal["minor", "major"]
    text: str
    occurred_on: date


# -- unblinding -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class UnblindParticipant(Command):
    """Tell the allocation of one participant to the person who asks; answers with `arm`.

    `emergency`: the care of this participant depends on it (ICH E6(R3) 2.8, 3.16). `planned`: as the
    protocol provides, for instance when the participant has ended.
    """

    participant: str
    kind: Literal["emergency", "planned"]
    reason: str


# -- leaving --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Command):
    """Leave treatment (visits go on), follow-up (nothing more is collected), or withdraw data use."""

    participant: str
    scope: Literal["treatment", "follow_up", "data_use"]
    reason: str
    on: date
    category: Literal[
        "participant_decision", "adverse_event", "investigator_decision", "lost_to_follow_up", "death", "other"
    ] = "participant_decision"  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferParticipant(Command):
    """Another site takes over the participant's care; the number stays."""

    participant: str
    to_site: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteParticipant(Command):
    """The participant reached the end of the study."""

    participant: str
    on: date
