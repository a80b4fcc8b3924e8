"""The trial as a whole and its sites: who may act, what is open, how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from equipoise.protocol.document import Protocol

from .. import events as e
from .coding import CODING_FOLDS, CodingState
from .oversight import OVERSIGHT_FOLDS, Oversight
from .redactions import REDACTION_FOLDS, Redactions


class LaboratoryRange(Struct, frozen=True):
    """A site laboratory's reference range for an item, from a day on."""

    item: str
    lower: Decimal | None
    upper: Decimal | None
    unit: str
    valid_from: date
    sex: str | None

    @classmethod
    def of(cls, happening: e.LaboratoryRangeSet) -> LaboratoryRange:
        """The range that was set."""
        return cls(
            happening.item,
            Decimal(happening.lower) if happening.lower else None,
            Decimal(happening.upper) if happening.upper else None,
            happening.unit,
            date.fromisoformat(happening.valid_from),
            happening.sex,
        )


class Delegation(Struct, frozen=True):
    """A line of a site's delegation log; `ended` is the instant from which it no longer holds."""

    number: int
    person: str
    role: str
    since: date
    until: date | None
    signed_by: str
    signed_at: str
    meaning: str
    content_hash: str
    ended: str | None = None
    ended_by: str = ""

    def meets(self, since: date, until: date | None) -> bool:
        """Whether it holds on any of these days."""
        if self.ended is not None:
            return False
        return (self.until is None or since <= self.until) and (
            until is None or self.since <= until
        )


class Training(Struct, frozen=True):
    """A training record: `subject` is `gcp` or a protocol version."""

    person: str
    subject: str
    trained_on: date
    recorded_by: str
    recorded_at: str


class AccessReview(Struct, frozen=True):
    """A signed review of who has access, by the hash of the list reviewed."""

    list_hash: str
    accounts: int
    signed_by: str
    signed_at: str


class SignedPlan(Struct, frozen=True):
    """A signature under the analysis plan of a protocol version, by the plan's hash."""

    number: int
    plan_hash: str
    plan_version: str
    signed_by: str
    signed_at: str


class TrailReview(Struct, frozen=True):
    """A signed review of the audit trail of a site, or (no site) of the trial, up to a ledger position."""

    number: int
    site: str
    since: date
    until: date
    upto: int
    conclusion: str
    looked_at: str
    findings: str
    content_hash: str
    signed_by: str
    signed_at: str


class Token(Struct, frozen=True):
    """What a machine signs in with: whose, for which role and site (empty: every site), and until when."""

    id: str
    person: str
    role: str
    site: str
    until: date
    """The last day, on the calendar of the site."""
    issued_by: str
    issued_at: str
    revoked_at: str | None = None
    revoked_by: str = ""

    def holds(self, day: date) -> bool:
        """Whether it opens anything on this day."""
        return self.revoked_at is None and day <= self.until


class Restoration(Struct, frozen=True):
    """The ledger went on from a backup of `backup_seq` events; `lost` others were no more."""

    backup_seq: int
    backup_root: str
    taken_at: str
    person: str
    lost: int | None
    reason: str
    at: str


class RevealedSeed(Struct, frozen=True):
    """What had been committed to, as it was revealed; `scheme` is JSON."""

    seed: str
    source: str
    scheme: str
    by: str
    at: str


class TrialUnblinding(Struct, frozen=True):
    """The masking was ended for everybody."""

    reason: str
    by: str
    at: str


class FactorReset(Struct, frozen=True):
    """Somebody's second factor was taken back."""

    person: str
    reason: str
    by: str
    at: str


class LinkedIdentity(Struct, frozen=True):
    """The identity at an outside issuer with which a person may sign in."""

    person: str
    issuer: str
    identity: str
    """SHA-256 (hex) of issuer and subject."""
    at: str


class IdentityChange(Struct, frozen=True):
    """An identity was linked, or (with the reason) unlinked."""

    person: str
    issuer: str
    linked: bool
    reason: str
    by: str
    at: str


class SiteState(Struct):
    """A site: open or not, its laboratory, how many it screened and randomized."""

    id: str
    open: bool = False
    opened_on: date | None = None
    ethics_approval: str = ""
    approved_on: date | None = None
    """The day of the approval with which the site was opened."""
    ranges: tuple[LaboratoryRange, ...] = ()
    screened: int = 0
    randomized: int = 0
    hold: str = ""
    """`frozen` or `locked` where the data of the whole site are held."""
    version: str = ""
    """The protocol version in force; empty until the site was opened for the first time."""
    delegations: tuple[Delegation, ...] = ()


class TrialState(Struct):
    """The trial as a whole, at ledger position `seq`."""

    id: str
    protocol: Protocol
    seq: int = 0
    created: bool = False
    mode: e.Mode = "live"
    public_key: str = ""
    commitment: str | None = None
    source: str | None = None
    recruitment_open: bool = True
    locked: bool = False
    """The database lock."""
    results_released: bool = False
    unblinding: TrialUnblinding | None = None
    """The planned end of the masking; None while it stands."""
    revealed: RevealedSeed | None = None
    """The randomization's seed, once the trial is over."""
    sites: Mapping[str, SiteState] = field(default_factory=dict)
    grants: frozenset[tuple[str, str, str]] = frozenset()
    """(person, role, site); an empty site means every site."""
    versions: tuple[str, ...] = ()
    """Protocol versions the trial knows, in the order in which it came to know them."""

    trainings: tuple[Training, ...] = ()
    access_reviews: tuple[AccessReview, ...] = ()
    trail_reviews: tuple[TrailReview, ...] = ()
    analysis_plans: tuple[SignedPlan, ...] = ()
    restorations: tuple[Restoration, ...] = ()
    oversight: Oversight = field(default_factory=Oversight)
    coding: CodingState = field(default_factory=CodingState)
    tokens: Mapping[str, Token] = field(default_factory=dict)
    """Every token ever issued, by its name."""
    factor_resets: tuple[FactorReset, ...] = ()
    redactions: Redactions = field(default_factory=dict)
    """Of texts about no participant."""
    identities: Mapping[str, LinkedIdentity] = field(default_factory=dict)
    """By person, the identity with which they may sign in now."""
    identity_changes: tuple[IdentityChange, ...] = ()
    """Every linking and unlinking, in order."""

    def who_has(self, identity: str) -> str | None:
        """The person who signs in with this identity; None where it opens nobody's account."""
        return next(
            (one.person for one in self.identities.values() if one.identity == identity), None
        )

    @property
    def unblinded(self) -> bool:
        """Whether every role may see every allocation."""
        return self.unblinding is not None

    @property
    def live(self) -> bool:
        """Whether the participants are real: only then delegation and training are demanded."""
        return self.mode == "live"

    def delegated(self, person: str, role: str, site: str, day: date) -> bool:
        """Whether the role's tasks are delegated to the person on that day (no site: anywhere)."""
        sites = [self.site(site)] if site else self.sites.values()
        return any(
            one.person == person and one.role == role and one.meets(day, day)
            for state in sites
            for one in state.delegations
        )

    def trained(self, person: str, subject: str) -> bool:
        """Whether training of the person in the subject is on record."""
        return any(one.person == person and one.subject == subject for one in self.trainings)

    @property
    def screened(self) -> int:
        """Persons on the screening log, over all sites."""
        return sum(site.screened for site in self.sites.values())

    @property
    def randomized(self) -> int:
        """Participants randomized, over all sites."""
        return sum(site.randomized for site in self.sites.values())

    @property
    def newest_in_force(self) -> str:
        """The newest protocol version in force at any site; empty before a site was opened."""
        here = {site.version for site in self.sites.values()}
        return next((one for one in reversed(self.versions) if one in here), "")

    def site(self, site: str) -> SiteState:
        """The site's state; a site that was never opened is closed."""
        return self.sites.get(site) or SiteState(site)

    def may_act(self, person: str, role: str, site: str) -> bool:
        """Whether the person holds the role, at this site or at all."""
        return (person, role, "") in self.grants or (person, role, site) in self.grants

    def _site(self, site: str, **changes: Any) -> None:
        self.sites = {**self.sites, site: replace(self.site(site), **changes)}

    def _end(self, site: str, numbers: Set[int], at: str, actor: str) -> None:
        lines = tuple(
            replace(one, ended=at, ended_by=actor)
            if one.number in numbers and one.ended is None
            else one
            for one in self.site(site).delegations
        )
        self._site(site, delegations=lines)

    def _end_without_grant(self, person: str, role: str, at: str, actor: str) -> None:
        """A role taken back takes its delegations along: granted anew, they do not come back."""
        for site, state in self.sites.items():
            if not self.may_act(person, role, site):
                held = {
                    one.number
                    for one in state.delegations
                    if (one.person, one.role) == (person, role)
                }
                if held:
                    self._end(site, held, at, actor)

    def apply(self, happening: e.Happening, site: str, at: str, actor: str) -> None:
        """Fold one event in; events of participants only move the counts."""
        match happening:
            case e.TrialCreated():
                self.created = True
                self.mode = "rehearsal" if happening.rehearsal else "live"
                self.public_key = happening.public_key
                self.versions = (self.protocol.version,)
            case e.TrainingDeclared():
                self.mode = "training"
            case e.ProtocolAmended():
                self.versions = (*self.versions, happening.version)
            case e.ProtocolAdopted():
                self._site(site, version=happening.version)
            case e.RandomizationCommitted():
                self.commitment, self.source = happening.commitment, happening.source
            case e.RoleGranted():
                grant = (happening.person, happening.granted_role, happening.at_site)
                self.grants = self.grants | {grant}
            case e.RoleRevoked():
                grant = (happening.person, happening.granted_role, happening.at_site)
                self.grants = self.grants - {grant}
                self._end_without_grant(happening.person, happening.granted_role, at, actor)
            case e.TasksDelegated():
                line = Delegation(
                    happening.number,
                    happening.person,
                    happening.delegated_role,
                    date.fromisoformat(happening.since),
                    date.fromisoformat(happening.until) if happening.until else None,
                    actor,
                    at,
                    happening.meaning,
                    happening.content_hash,
                )
                self._site(site, delegations=(*self.site(site).delegations, line))
            case e.DelegationEnded():
                self._end(site, {happening.number}, at, actor)
            case e.AccessReviewed():
                review = AccessReview(happening.list_hash, happening.accounts, actor, at)
                self.access_reviews = (*self.access_reviews, review)
            case e.AnalysisPlanSigned():
                plan = SignedPlan(
                    happening.number, happening.plan_hash, happening.plan_version, actor, at
                )
                self.analysis_plans = (*self.analysis_plans, plan)
            case e.TrailReviewed():
                reviewed = TrailReview(
                    happening.number,
                    site,
                    date.fromisoformat(happening.since),
                    date.fromisoformat(happening.until),
                    happening.upto,
                    happening.conclusion,
                    happening.looked_at,
                    happening.findings,
                    happening.content_hash,
                    actor,
                    at,
                )
                self.trail_reviews = (*self.trail_reviews, reviewed)
            case e.TokenIssued():
                token = Token(
                    happening.token,
                    happening.person,
                    happening.granted_role,
                    happening.at_site,
                    date.fromisoformat(happening.until),
                    actor,
                    at,
                )
                self.tokens = {**self.tokens, token.id: token}
            case e.TokenRevoked():
                ended = replace(self.tokens[happening.token], revoked_at=at, revoked_by=actor)
                self.tokens = {**self.tokens, ended.id: ended}
            case e.SecondFactorReset():
                reset = FactorReset(happening.person, happening.reason, actor, at)
                self.factor_resets = (*self.factor_resets, reset)
            case e.IdentityLinked():
                linked = LinkedIdentity(happening.person, happening.issuer, happening.identity, at)
                self.identities = {**self.identities, linked.person: linked}
                change = IdentityChange(linked.person, linked.issuer, True, "", actor, at)
                self.identity_changes = (*self.identity_changes, change)
            case e.IdentityUnlinked():
                self.identities = {
                    person: one
                    for person, one in self.identities.items()
                    if person != happening.person
                }
                change = IdentityChange(
                    happening.person, happening.issuer, False, happening.reason, actor, at
                )
                self.identity_changes = (*self.identity_changes, change)
            case e.TrainingRecorded():
                record = Training(
                    happening.person,
                    happening.subject,
                    date.fromisoformat(happening.trained_on),
                    actor,
                    at,
                )
                self.trainings = (*self.trainings, record)
            case e.LedgerRestored():
                restored = Restoration(
                    happening.backup_seq,
                    happening.backup_root,
                    happening.taken_at,
                    happening.person,
                    happening.lost,
                    happening.reason,
                    at,
                )
                self.restorations = (*self.restorations, restored)
            case e.SiteOpened():
                self._site(
                    site,
                    open=True,
                    opened_on=date.fromisoformat(at[:10]),
                    ethics_approval=happening.ethics_approval,
                    approved_on=date.fromisoformat(happening.approved_on),
                    version=self.site(site).version or self.versions[-1],
                )
            case e.SiteClosed():
                self._site(site, open=False)
            case e.SiteHeld():
                self._site(site, hold="" if happening.hold == "open" else happening.hold)
            case e.TrialLocked():
                self.locked = True
            case e.TrialUnlocked():
                self.locked = False
            case e.RecruitmentClosed():
                self.recruitment_open = False
            case e.ResultsReleased():
                self.results_released = True
            case e.TrialUnblinded():
                self.unblinding = TrialUnblinding(happening.reason, actor, at)
            case e.SeedRevealed():
                self.revealed = RevealedSeed(
                    happening.seed, happening.source, happening.scheme, actor, at
                )
            case e.LaboratoryRangeSet():
                entry = LaboratoryRange.of(happening)
                self._site(site, ranges=(*self.site(site).ranges, entry))
            case e.ParticipantScreened():
                self._site(site, screened=self.site(site).screened + 1)
            case e.ParticipantRandomized():
                self._site(site, randomized=self.site(site).randomized + 1)
            case _ if (fold := OVERSIGHT_FOLDS.get(type(happening))) is not None:
                self.oversight = fold(self.oversight, happening, site, at, actor)
            case _ if (redacted := REDACTION_FOLDS.get(type(happening))) is not None:
                self.redactions = redacted(self.redactions, happening, site, at, actor)
            case _ if (coding := CODING_FOLDS.get(type(happening))) is not None:
                self.coding = coding(self.coding, happening, at, actor)
