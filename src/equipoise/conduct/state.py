"""What a trial and a participant have become: folds over their events.

A state is replaced, never mutated under a reader: `Trial` applies events to a shallow copy, and
every `apply` here puts a new container in place of the one it changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from equipoise.protocol.document import Protocol
from equipoise.protocol.expression import Datum

from . import events as e
from .values import Address, Value


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who did something, when, at which position of the ledger."""

    seq: int
    actor: str
    role: str
    at: str


@dataclass(frozen=True, slots=True)
class Captured:
    """A value as it stands: with the day it holds for and the save that brought it."""

    value: Value
    datum: Datum | None
    on: date
    address: Address
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class FormInstance:
    """A form at one address. `signed_save` is the save a signature covers; later saves void it."""

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

    @property
    def signed(self) -> bool:
        """Whether a signature stands on what the form says now."""
        return self.signed_save == self.saves


@dataclass(frozen=True, slots=True)
class DiaryDay:
    """One day of a diary."""

    diary: str
    day: date
    values: Mapping[str, Captured]
    saves: int
    assisted: bool
    last: Stamp


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A consent form signed."""

    version: str
    signed_on: date
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class AssessmentRecord:
    """An eligibility assessment as it entered the ledger."""

    number: int
    eligible: bool | None
    criteria: tuple[dict[str, Any], ...]
    stamp: Stamp
    signed_by: str | None = None
    signed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A reporting deadline running for a serious adverse event."""

    clock: str
    due_at: str
    to: str
    submitted_at: str | None = None
    on_time: bool | None = None


@dataclass(frozen=True, slots=True)
class AdverseEvent:
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


@dataclass(frozen=True, slots=True)
class Query:
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


@dataclass(frozen=True, slots=True)
class Deviation:
    """A departure from the protocol."""

    kind: str
    severity: str
    occurred_on: date
    text: str
    automatic: bool
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Leaving treatment, follow-up or the use of data."""

    scope: str
    category: str
    on: date
    reason: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class SupplyBalance:
    """Units of an intervention's product, by what became of them."""

    ordered: int = 0
    dispensed: int = 0
    returned_unused: int = 0
    returned_used: int = 0


def _datum(value: Value, kind: str, unit: str | None, on: date, source: str) -> Datum | None:
    if value.value is None:
        return None
    content: Any = value.value
    if kind in ("decimal", "integer"):
        content = Decimal(value.value)
    elif kind == "boolean":
        content = value.value == "true"
    elif kind == "date":
        content = date.fromisoformat(value.value)
    return Datum(content, unit, on, source)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@dataclass(slots=True)
class ParticipantState:
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

    # -- questions -------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """Where the participant stands: one of `STATUSES`."""
        if any(withdrawal.scope != "treatment" for withdrawal in self.withdrawals):
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
        return any(withdrawal.scope == "data_use" for withdrawal in self.withdrawals)

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

    # -- fold ------------------------------------------------------------------------------------

    def applied(self, happening: e.Happening, stamp: Stamp, site: str) -> ParticipantState:
        """The state after one more event of this participant's stream."""
        new: ParticipantState = object.__new__(ParticipantState)
        for name in _SLOTS:
            setattr(new, name, getattr(self, name))
        new.apply(happening, stamp, site)
        return new

    def apply(self, happening: e.Happening, stamp: Stamp, site: str) -> None:
        """Fold one event in. Only `Trial` calls this, on a copy nobody else sees yet."""
        handler = _PARTICIPANT_FOLDS.get(type(happening))
        if handler is None:
            raise TypeError(f"{type(happening).__name__} is no event of a participant")
        handler(self, happening, stamp, site)
        self.version += 1
        self.seq = stamp.seq

    def _capture(
        self, values: tuple[Value, ...], on: date, address: Address, stamp: Stamp
    ) -> dict[str, Captured]:
        items = self.protocol.item_by_id
        source = str(address)
        captured = {}
        for value in values:
            item = items.get(value.item)
            kind, unit = (item.type, item.unit) if item else ("text", None)
            datum = _datum(value, kind, unit, on, source)
            captured[value.item] = Captured(value, datum, on, address, stamp)
        return captured

    def _remember(self, captured: Mapping[str, Captured]) -> None:
        """Keep the latest value of each item right after these have been stored."""
        latest = dict(self.latest)
        for item, one in captured.items():
            before = latest.get(item)
            if one.datum is not None and (before is None or before.on <= one.on):
                latest[item] = one
            elif before is not None and before.address == one.address:
                # what stood at this address was the latest value, and is no longer what it was
                series = self.series(item)
                if series:
                    latest[item] = series[-1]
                else:
                    del latest[item]
        self.latest = latest

    def _save_form(
        self,
        address: Address,
        performed_on: date,
        values: tuple[Value, ...],
        complete: bool,
        stamp: Stamp,
    ) -> None:
        before = self.forms.get(address)
        changed: Mapping[str, Captured] = self._capture(values, performed_on, address, stamp)
        if before is not None:
            kept = dict(before.values)
            if before.performed_on != performed_on:
                kept = {name: replace(one, on=performed_on) for name, one in kept.items()}
                changed = kept
            kept.update(self._capture(values, performed_on, address, stamp))
            form = replace(
                before,
                values=kept,
                performed_on=performed_on,
                saves=before.saves + 1,
                complete=complete,
                last=stamp,
                seqs=(*before.seqs, stamp.seq),
            )
        else:
            form = FormInstance(address, changed, performed_on, 1, complete, stamp, (stamp.seq,))
        self.forms = {**self.forms, address: form}
        self._remember(changed)


_SLOTS = tuple(one.name for one in fields(ParticipantState))

_Fold = Callable[[ParticipantState, Any, Stamp, str], None]


def _screened(s: ParticipantState, h: e.ParticipantScreened, stamp: Stamp, site: str) -> None:
    s.site = site
    s.number = h.number
    s.identity = json.loads(h.identity) if h.identity else {}
    s.previous = h.previous
    s.screened_on = date.fromisoformat(h.screened_on)


def _consented(s: ParticipantState, h: e.ConsentRecorded, stamp: Stamp, site: str) -> None:
    s.consents = (*s.consents, ConsentRecord(h.version, date.fromisoformat(h.signed_on), stamp))


def _refused(s: ParticipantState, h: e.ConsentRefused, stamp: Stamp, site: str) -> None:
    s.refused_on = date.fromisoformat(h.on)


def _assessed(s: ParticipantState, h: e.EligibilityAssessed, stamp: Stamp, site: str) -> None:
    record = AssessmentRecord(h.assessment, h.eligible, tuple(h.criteria), stamp)
    s.assessments = (*s.assessments, record)


def _eligibility_signed(
    s: ParticipantState, h: e.EligibilitySigned, stamp: Stamp, site: str
) -> None:
    s.assessments = tuple(
        replace(record, signed_by=stamp.actor, signed_at=stamp.at)
        if record.number == h.assessment
        else record
        for record in s.assessments
    )


def _failed(s: ParticipantState, h: e.ScreeningFailed, stamp: Stamp, site: str) -> None:
    s.failed = tuple(h.criteria)
    s.failed_reason = h.reason
    s.failed_at = stamp


def _randomized(s: ParticipantState, h: e.ParticipantRandomized, stamp: Stamp, site: str) -> None:
    s.randomized = stamp
    s.randomized_on = date.fromisoformat(h.randomized_on)
    s.randomization_number = h.number
    s.arm = h.arm
    s.strata_used = dict(h.strata)
    s.strata_true = dict(h.strata)


def _stratum_corrected(s: ParticipantState, h: e.StratumCorrected, stamp: Stamp, site: str) -> None:
    s.strata_true = dict(h.strata)


def _scheduled(s: ParticipantState, h: e.VisitsScheduled, stamp: Stamp, site: str) -> None:
    s.targets = {visit: date.fromisoformat(day) for visit, day in h.targets.items()}


def _form_saved(s: ParticipantState, h: e.FormSaved, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    s._save_form(address, date.fromisoformat(h.performed_on), h.values, h.complete, stamp)


def _moved_in(s: ParticipantState, h: e.ValuesMovedIn, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    s._save_form(address, date.fromisoformat(h.performed_on), h.values, h.complete, stamp)


def _moved_away(s: ParticipantState, h: e.ValuesMovedAway, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    gone = s.forms[address]
    s.forms = {key: form for key, form in s.forms.items() if key != address}
    s._remember({name: replace(one, datum=None) for name, one in gone.values.items()})


def _diary_recorded(s: ParticipantState, h: e.DiaryDayRecorded, stamp: Stamp, site: str) -> None:
    day = date.fromisoformat(h.day)
    before = s.diary.get((h.diary, day))
    captured = s._capture(h.values, day, Address("diary", h.diary, h.day), stamp)
    values = {**before.values, **captured} if before else captured
    recorded = DiaryDay(h.diary, day, values, h.save, h.assisted, stamp)
    s.diary = {**s.diary, (h.diary, day): recorded}
    s._remember(captured)


def _dose_recorded(s: ParticipantState, h: e.DoseRecorded, stamp: Stamp, site: str) -> None:
    s.doses = {**s.doses, (h.intervention, date.fromisoformat(h.day), h.occasion): h.taken}


def _visit_missed(s: ParticipantState, h: e.VisitMissed, stamp: Stamp, site: str) -> None:
    s.missed = {**s.missed, h.visit: h.reason}


def _form_signed(s: ParticipantState, h: e.FormSigned, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    signed = replace(
        s.forms[address],
        signed_save=h.save,
        signed_by=stamp.actor,
        signed_meaning=h.meaning,
    )
    s.forms = {**s.forms, address: signed}


def _supply(
    s: ParticipantState, intervention: str, change: Callable[[SupplyBalance], SupplyBalance]
) -> None:
    balance = s.supply.get(intervention, SupplyBalance())
    s.supply = {**s.supply, intervention: change(balance)}


def _ordered(s: ParticipantState, h: e.SupplyOrdered, stamp: Stamp, site: str) -> None:
    _supply(s, h.intervention, lambda b: replace(b, ordered=b.ordered + h.units))


def _dispensed(s: ParticipantState, h: e.SupplyDispensed, stamp: Stamp, site: str) -> None:
    _supply(s, h.intervention, lambda b: replace(b, dispensed=b.dispensed + h.units))


def _returned(s: ParticipantState, h: e.SupplyReturned, stamp: Stamp, site: str) -> None:
    _supply(
        s,
        h.intervention,
        lambda b: replace(
            b,
            returned_unused=b.returned_unused + h.unused,
            returned_used=b.returned_used + h.used,
        ),
    )


def _ae_reported(s: ParticipantState, h: e.AdverseEventReported, stamp: Stamp, site: str) -> None:
    event = AdverseEvent(
        number=h.number,
        term=h.term,
        verbatim=h.verbatim,
        grade=h.grade,
        scale=h.scale,
        started_on=date.fromisoformat(h.started_on),
        ended_on=_day(h.ended_on),
        seriousness=tuple(h.seriousness),
        causality=dict(h.causality),
        outcome=h.outcome,
        action=h.action,
        narrative=h.narrative,
        reported=stamp,
    )
    s.adverse_events = {**s.adverse_events, h.number: event}


def _ae_updated(s: ParticipantState, h: e.AdverseEventUpdated, stamp: Stamp, site: str) -> None:
    event = replace(
        s.adverse_events[h.number],
        grade=h.grade,
        ended_on=_day(h.ended_on),
        seriousness=tuple(h.seriousness),
        causality=dict(h.causality),
        outcome=h.outcome,
        action=h.action,
        narrative=h.narrative,
    )
    s.adverse_events = {**s.adverse_events, h.number: event}


def _clock_started(s: ParticipantState, h: e.SafetyClockStarted, stamp: Stamp, site: str) -> None:
    event = s.adverse_events[h.number]
    clocks = (*event.clocks, Clock(h.clock, h.due_at, h.to))
    s.adverse_events = {**s.adverse_events, h.number: replace(event, clocks=clocks)}


def _report_submitted(
    s: ParticipantState, h: e.SafetyReportSubmitted, stamp: Stamp, site: str
) -> None:
    event = s.adverse_events[h.number]
    clocks = tuple(
        replace(clock, submitted_at=stamp.at, on_time=h.on_time)
        if clock.clock == h.clock
        else clock
        for clock in event.clocks
    )
    s.adverse_events = {**s.adverse_events, h.number: replace(event, clocks=clocks)}


def _query_raised(s: ParticipantState, h: e.QueryRaised, stamp: Stamp, site: str) -> None:
    query = Query(
        h.query, Address(h.visit, h.form, h.repeat), h.item, h.check, h.text, "open", stamp
    )
    s.queries = {**s.queries, h.query: query}


def _query_answered(s: ParticipantState, h: e.QueryAnswered, stamp: Stamp, site: str) -> None:
    query = replace(s.queries[h.query], status="answered", answer=h.text, answered=stamp)
    s.queries = {**s.queries, h.query: query}


def _query_closed(s: ParticipantState, h: e.QueryClosed, stamp: Stamp, site: str) -> None:
    s.queries = {**s.queries, h.query: replace(s.queries[h.query], status="closed", closed=stamp)}


def _deviation(s: ParticipantState, h: e.DeviationLogged, stamp: Stamp, site: str) -> None:
    deviation = Deviation(
        h.kind, h.severity, date.fromisoformat(h.occurred_on), h.text, h.automatic, stamp
    )
    s.deviations = (*s.deviations, deviation)


def _withdrawn(s: ParticipantState, h: e.ParticipantWithdrawn, stamp: Stamp, site: str) -> None:
    withdrawal = Withdrawal(h.scope, h.category, date.fromisoformat(h.on), h.reason, stamp)
    s.withdrawals = (*s.withdrawals, withdrawal)


def _transferred(s: ParticipantState, h: e.ParticipantTransferred, stamp: Stamp, site: str) -> None:
    s.site = h.to_site


def _completed(s: ParticipantState, h: e.ParticipantCompleted, stamp: Stamp, site: str) -> None:
    s.completed_on = date.fromisoformat(h.on)


_PARTICIPANT_FOLDS: dict[type[e.Happening], _Fold] = {
    e.ParticipantScreened: _screened,
    e.ConsentRecorded: _consented,
    e.ConsentRefused: _refused,
    e.EligibilityAssessed: _assessed,
    e.EligibilitySigned: _eligibility_signed,
    e.ScreeningFailed: _failed,
    e.ParticipantRandomized: _randomized,
    e.StratumCorrected: _stratum_corrected,
    e.VisitsScheduled: _scheduled,
    e.FormSaved: _form_saved,
    e.ValuesMovedIn: _moved_in,
    e.ValuesMovedAway: _moved_away,
    e.DiaryDayRecorded: _diary_recorded,
    e.DoseRecorded: _dose_recorded,
    e.VisitMissed: _visit_missed,
    e.FormSigned: _form_signed,
    e.SupplyOrdered: _ordered,
    e.SupplyDispensed: _dispensed,
    e.SupplyReturned: _returned,
    e.AdverseEventReported: _ae_reported,
    e.AdverseEventUpdated: _ae_updated,
    e.SafetyClockStarted: _clock_started,
    e.SafetyReportSubmitted: _report_submitted,
    e.QueryRaised: _query_raised,
    e.QueryAnswered: _query_answered,
    e.QueryClosed: _query_closed,
    e.DeviationLogged: _deviation,
    e.ParticipantWithdrawn: _withdrawn,
    e.ParticipantTransferred: _transferred,
    e.ParticipantCompleted: _completed,
}

STATUSES = (
    "screening", "consented", "eligible", "consent_refused", "screen_failed", "randomized",
    "withdrawn", "completed",
)  # fmt: skip
"""Every value of `ParticipantState.status`, in the order of a participant's life."""


@dataclass(frozen=True, slots=True)
class LaboratoryRange:
    """A site laboratory's reference range for an item, from a day on."""

    item: str
    lower: Decimal | None
    upper: Decimal | None
    unit: str
    valid_from: date
    sex: str | None


@dataclass(slots=True)
class SiteState:
    """A site: open or not, its laboratory, how many it screened and randomized."""

    id: str
    open: bool = False
    opened_on: date | None = None
    ethics_approval: str = ""
    ranges: tuple[LaboratoryRange, ...] = ()
    screened: int = 0
    randomized: int = 0


@dataclass(slots=True)
class TrialState:
    """The trial as a whole, at ledger position `seq`."""

    id: str
    protocol: Protocol
    seq: int = 0
    created: bool = False
    rehearsal: bool = False
    public_key: str = ""
    commitment: str | None = None
    source: str | None = None
    recruitment_open: bool = True
    results_released: bool = False
    sites: Mapping[str, SiteState] = field(default_factory=dict)
    grants: frozenset[tuple[str, str, str]] = frozenset()
    """(person, role, site); an empty site means every site."""

    @property
    def screened(self) -> int:
        """Persons on the screening log, over all sites."""
        return sum(site.screened for site in self.sites.values())

    @property
    def randomized(self) -> int:
        """Participants randomized, over all sites."""
        return sum(site.randomized for site in self.sites.values())

    def site(self, site: str) -> SiteState:
        """The site's state; a site that was never opened is closed."""
        return self.sites.get(site, SiteState(site))

    def may_act(self, person: str, role: str, site: str) -> bool:
        """Whether the person holds the role, at this site or at all."""
        return (person, role, "") in self.grants or (person, role, site) in self.grants

    def _site(self, site: str, **changes: Any) -> None:
        self.sites = {**self.sites, site: replace(self.site(site), **changes)}

    def apply(self, happening: e.Happening, site: str, at: str) -> None:
        """Fold one event in; events of participants only move the counts."""
        match happening:
            case e.TrialCreated():
                self.created = True
                self.rehearsal = happening.rehearsal
                self.public_key = happening.public_key
            case e.RandomizationCommitted():
                self.commitment, self.source = happening.commitment, happening.source
            case e.RoleGranted():
                grant = (happening.person, happening.granted_role, happening.at_site)
                self.grants = self.grants | {grant}
            case e.RoleRevoked():
                grant = (happening.person, happening.granted_role, happening.at_site)
                self.grants = self.grants - {grant}
            case e.SiteOpened():
                self._site(
                    site,
                    open=True,
                    opened_on=date.fromisoformat(at[:10]),
                    ethics_approval=happening.ethics_approval,
                )
            case e.SiteClosed():
                self._site(site, open=False)
            case e.RecruitmentClosed():
                self.recruitment_open = False
            case e.ResultsReleased():
                self.results_released = True
            case e.LaboratoryRangeSet():
                entry = LaboratoryRange(
                    happening.item,
                    Decimal(happening.lower) if happening.lower else None,
                    Decimal(happening.upper) if happening.upper else None,
                    happening.unit,
                    date.fromisoformat(happening.valid_from),
                    happening.sex,
                )
                self._site(site, ranges=(*self.site(site).ranges, entry))
            case e.ParticipantScreened():
                self._site(site, screened=self.site(site).screened + 1)
            case e.ParticipantRandomized():
                self._site(site, randomized=self.site(site).randomized + 1)
