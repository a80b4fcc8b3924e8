"""What is known of the trial's oversight: halts of recruitment, documents on file, ethics reviews,
monitoring visits, signals.

A state is replaced, never changed: each fold answers a new one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from .. import events as e
from .visiting import VISIT_EVENTS, MonitoringVisit, visit_after


class Restart(Struct, frozen=True):
    """How a halt was lifted: on whose authorization, by which document."""

    authorized_by: str
    authorized_on: date
    reference: str
    reason: str
    at: str
    actor: str


class Halt(Struct, frozen=True):
    """A halt of recruitment at a site, or (empty) in the whole trial."""

    number: int
    site: str
    ordered_by: str
    ordered_on: date
    reason: str
    at: str
    actor: str
    restart: Restart | None = None


class FiledDocument(Struct, frozen=True):
    """A line of the essential-document log. `withdrawn` says why it should not have been filed."""

    number: int
    document: str
    site: str
    about: str
    version: str
    dated: date
    expires_on: date | None
    location: str
    sha256: str
    at: str
    actor: str
    withdrawn: str = ""

    @property
    def kind(self) -> tuple[str, str, str]:
        """Which record it is a version of: the newest one filed is in force."""
        return self.document, self.site, self.about


class EthicsReview(Struct, frozen=True):
    """A step of an ethics committee's continuing review at a site."""

    site: str
    decision: e.EthicsDecision
    on: date
    reference: str
    valid_until: date | None
    at: str
    actor: str


class Signal(Struct, frozen=True):
    """A site that differs in a statistic, as an issue. `assessments` are (words, instant, actor)."""

    number: int
    site: str
    statistic: str
    cut: int
    text: str
    at: str
    actor: str
    assessments: tuple[tuple[str, str, str], ...] = ()
    conclusion: e.SignalConclusion | None = None
    reason: str = ""
    closed_at: str = ""
    closed_by: str = ""


class Oversight(Struct, frozen=True):
    """Everything about the trial's oversight, in the order in which it happened."""

    halts: tuple[Halt, ...] = ()
    documents: tuple[FiledDocument, ...] = ()
    ethics: tuple[EthicsReview, ...] = ()
    visits: tuple[MonitoringVisit, ...] = ()
    signals: tuple[Signal, ...] = ()

    def standing_halts(self, site: str) -> tuple[Halt, ...]:
        """The halts that stop recruitment at a site now, the trial's own included."""
        return tuple(
            one for one in self.halts if one.restart is None and one.site in ("", site)
        )  # fmt: skip


def _halted(
    state: Oversight, h: e.RecruitmentHalted, site: str, at: str, actor: str
) -> Oversight:  # fmt: skip
    day = date.fromisoformat(h.ordered_on)
    halt = Halt(h.halt, site, h.ordered_by, day, h.reason, at, actor)
    return replace(state, halts=(*state.halts, halt))


def _restarted(
    state: Oversight, h: e.RecruitmentRestarted, site: str, at: str, actor: str
) -> Oversight:
    day = date.fromisoformat(h.authorized_on)
    restart = Restart(h.authorized_by, day, h.reference, h.reason, at, actor)
    halts = tuple(
        replace(one, restart=restart) if one.number == h.halt else one for one in state.halts
    )
    return replace(state, halts=halts)


def _filed(state: Oversight, h: e.DocumentFiled, site: str, at: str, actor: str) -> Oversight:
    filed = FiledDocument(
        h.number,
        h.document,
        site,
        h.about,
        h.version,
        date.fromisoformat(h.dated),
        _day(h.expires_on),
        h.location,
        h.sha256,
        at,
        actor,
    )
    return replace(state, documents=(*state.documents, filed))


def _document_withdrawn(
    state: Oversight, h: e.DocumentWithdrawn, site: str, at: str, actor: str
) -> Oversight:
    documents = tuple(
        replace(one, withdrawn=h.reason) if one.number == h.number else one
        for one in state.documents
    )
    return replace(state, documents=documents)


def _ethics(
    state: Oversight, h: e.EthicsReviewRecorded, site: str, at: str, actor: str
) -> Oversight:
    day = date.fromisoformat(h.on)
    review = EthicsReview(site, h.decision, day, h.reference, _day(h.valid_until), at, actor)
    return replace(state, ethics=(*state.ethics, review))


def _visit_planned(
    state: Oversight, h: e.MonitoringVisitPlanned, site: str, at: str, actor: str
) -> Oversight:
    day = date.fromisoformat(h.planned_on)
    return replace(
        state, visits=(*state.visits, MonitoringVisit(h.visit, site, h.kind, day, at, actor))
    )


def _visit_changed(state: Oversight, h: Any, site: str, at: str, actor: str) -> Oversight:
    visits = tuple(
        visit_after(one, h, at, actor) if one.number == h.visit else one for one in state.visits
    )
    return replace(state, visits=visits)


def _signal_opened(
    state: Oversight, h: e.SignalOpened, site: str, at: str, actor: str
) -> Oversight:
    signal = Signal(h.signal, site, h.statistic, h.cut, h.text, at, actor)
    return replace(state, signals=(*state.signals, signal))


def _signal_assessed(
    state: Oversight, h: e.SignalAssessed, site: str, at: str, actor: str
) -> Oversight:
    signals = tuple(
        replace(one, assessments=(*one.assessments, (h.text, at, actor)))
        if one.number == h.signal
        else one
        for one in state.signals
    )
    return replace(state, signals=signals)


def _signal_closed(
    state: Oversight, h: e.SignalClosed, site: str, at: str, actor: str
) -> Oversight:
    signals = tuple(
        replace(one, conclusion=h.conclusion, reason=h.reason, closed_at=at, closed_by=actor)
        if one.number == h.signal
        else one
        for one in state.signals
    )
    return replace(state, signals=signals)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


OVERSIGHT_FOLDS: dict[type[e.Happening], Callable[[Oversight, Any, str, str, str], Oversight]] = {
    e.RecruitmentHalted: _halted,
    e.RecruitmentRestarted: _restarted,
    e.DocumentFiled: _filed,
    e.DocumentWithdrawn: _document_withdrawn,
    e.EthicsReviewRecorded: _ethics,
    e.MonitoringVisitPlanned: _visit_planned,
    e.SignalOpened: _signal_opened,
    e.SignalAssessed: _signal_assessed,
    e.SignalClosed: _signal_closed,
    **dict.fromkeys(VISIT_EVENTS, _visit_changed),
}
"""How each of these events changes the state: (state, event, site, server time, actor)."""
