"""One participant on one page: where the person stands, the timeline, forms, events, the trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.decide.privacy import ENDED
from equipoise.conduct.schedule import PlannedVisit, participant_anchors, plan_visits
from equipoise.conduct.state import AdverseEvent, ParticipantState, Query
from equipoise.conduct.values import Address
from equipoise.conduct.verification import form_marks
from equipoise.protocol.document import Protocol

from ..access import may_open
from ..figures.lanes import Teller, participant_timelines
from ..figures.matrix import FormCell, VisitColumn, form_matrix
from ..figures.timeline import timeline_figure
from ..labels import (
    OUTCOME_LABELS,
    QUERY_STATUS_LABELS,
    SCOPE_LABELS,
    SERIOUSNESS_LABELS,
    said,
    site_label,
    status_label,
)
from ..request import Person, TrialRequest
from ..sight import sees_arm, sees_identity
from ..signatures import signature_of
from ..vocabulary import (
    DEVIATION,
    deviation_words,
    local_time,
    planned_day,
    text_said,
    unbroken,
    weekdays,
)
from .trail import Trail, trail_lines

SHOWN_ENTRIES = 40
"""Lines of the audit trail shown at once; the rest is one link away."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something about the participant that must not be overlooked."""

    level: str
    words: str
    due_at: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """An adverse event as a row."""

    number: int
    words: str
    grade: str
    days: str
    serious: str
    outcome: str
    clocks: Sequence[tuple[str, str, str, str]]
    """Rule, to whom, due (ISO instant), state: running, in_time, late."""


def participant(request: TrialRequest, participant: str) -> HttpResponse:
    """The page of one participant, for those who may see it."""
    state, person, language = request.someone_studied, request.someone, request.language
    trial, protocol = request.trial, request.protocol
    zone = zone_of(protocol, state.site)
    today = trial.today(state.site)
    now = trial.clock_peek()
    plan = plan_visits(protocol, state)
    sees = sees_arm(request, state)
    terms = {term.id: term.term.in_language(language) for term in protocol.safety.terms}

    def event_words(number: int) -> str:
        event = state.adverse_events[number]
        return terms.get(event.term) or text_said(event.verbatim) or _("other event")

    say = cache(_)
    teller = Teller(language, say, weekdays(), event_words, zone, sees)
    main, further = participant_timelines(state, plan, today, teller)
    address = reverse("participant", args=[state.id])
    everything = request.GET.get("trail") == "all"
    trail = Trail(
        protocol,
        language,
        zone,
        sees_allocation=sees,
        sees_identity=sees_identity(protocol, person.role),
    )
    stream = trial.events(stream=f"participant/{state.id}")
    entries, told_of = trail.latest(stream, None if everything else SHOWN_ENTRIES)
    arm = protocol.arm_by_id.get(state.arm) if sees and state.arm else None
    tone, answer = _answer(state, plan, today, language)
    actions = _actions(state, plan, today, person, address, language)
    masked = state.randomized is not None and not sees
    if masked and not trial.permission("UnblindParticipant", person.actor):
        actions.append((_("Unblind"), address + "unblind/", False))
    context = {
        "participant": state,
        "signatures": [
            (
                protocol.form_by_id[one.form].title.in_language(language),
                reverse("form", args=[state.id, one.visit, one.form, one.repeat]),
                signature_of(form, zone),
            )
            for one, form in state.forms.items()
            if form.signed_by is not None
        ],
        "address": address,
        "site": site_label(protocol, state.site, language),
        "status": status_label(state.status),
        "arm": arm.label.in_language(language) if arm else "",
        "arm_hidden": masked,
        "unblinded": [
            (one.kind == "emergency", local_time(one.stamp.at, zone)) for one in state.unblindings
        ],
        "day": _day_of_treatment(state, today, language),
        "alerts": _alerts(state, plan, today, zone, language),
        "now": now.isoformat(),
        "tone": tone,
        "answer": unbroken(answer),
        "actions": actions,
        "figure": _safe(timeline_figure(main, say)),
        "further": _safe(timeline_figure(further, say)) if further else "",
        "matrix": _safe(_matrix(protocol, state, plan, person, address, language)),
        "logs": _logs(protocol, state, person, address, language),
        "events": [
            _event_row(event, protocol, event_words, zone, language) for event in _ordered(state)
        ],
        "supply": _supply(protocol, state, address, language, person),
        "queries": [_query_row(query, protocol, zone, language) for query in _by_openness(state)],
        "deviations": [
            (
                one.occurred_on,
                one.severity,
                said(DEVIATION, one.kind),
                deviation_words(protocol, one.text, language)
                if one.automatic
                else text_said(one.text),
            )
            for one in state.deviations
        ],
        "withdrawals": [
            (w.on, said(SCOPE_LABELS, w.scope), text_said(w.reason)) for w in state.withdrawals
        ],
        "trail": _safe(trail_lines(entries)),
        "trail_total": told_of,
        "trail_cut": len(entries) < told_of,
        "may_report_event": may_open("report_adverse_event", person.role, "POST"),
    }
    return render(request, "participant.html", context)


def _safe(html: str) -> SafeString:
    # figures escape every text they are given
    return mark_safe(html)


# -- the head of the page -------------------------------------------------------------------------


def _day_of_treatment(
    state: ParticipantState, today: date, language: str
) -> tuple[str, str] | None:
    """The latest anchor that has passed, and how many days ago: `first fraction`, `day 38`."""
    labels = {
        anchor.id: anchor.label.in_language(language) for anchor in state.protocol.schedule.anchors
    }
    passed = [
        (anchor.day, name)
        for name, anchor in participant_anchors(state.protocol, state).items()
        if anchor.day <= today
    ]
    if not passed:
        return None
    day, name = max(passed)
    return labels[name], _("+%(n)s d") % {"n": (today - day).days}


def _late(plan: Sequence[PlannedVisit], today: date) -> list[PlannedVisit]:
    return [
        planned
        for planned in plan
        if planned.status in ("due", "part")
        and planned.closes is not None
        and planned.closes < today
    ]


def _alerts(
    state: ParticipantState, plan: Sequence[PlannedVisit], today: date, zone: tzinfo, language: str
) -> list[Alert]:
    alerts = []
    for event in state.adverse_events.values():
        for clock in event.clocks:
            if clock.submitted_at is None:
                words = _("SAE %(number)s: report due %(when)s") % {
                    "number": event.number, "when": local_time(clock.due_at, zone),
                }  # fmt: skip
                alerts.append(Alert("bad", words, clock.due_at))
    late = _late(plan, today)
    if late:
        labels = ", ".join(planned.visit.label.in_language(language) for planned in late[:2])
        alerts.append(
            Alert("bad", _("late: %(visits)s") % {"visits": labels})
            if len(late) <= 2
            else Alert("bad", _("%(n)s visits late") % {"n": len(late)})
        )
    if state.erased is not None:
        words = _("identity erased %(day)s") % {"day": state.erased.at[:10]}
        alerts.append(Alert("", words))
    waiting = sum(1 for one in state.redactions.values() if one.status == "open")
    if waiting:
        alerts.append(Alert("warn", _("redactions to approve: %(n)s") % {"n": waiting}))
    hold = state.hold
    if hold is not None:
        words = _("data locked") if hold.kind == "locked" else _("data frozen")
        alerts.append(Alert("warn", words))
    if state.data_use_withdrawn:
        alerts.append(Alert("bad", _("data may not be used")))
    if state.open_queries:
        alerts.append(Alert("warn", _("open queries: %(n)s") % {"n": state.open_queries}))
    if state.strata_true != state.strata_used:
        alerts.append(Alert("warn", _("allocated in another stratum than the true one")))
    return alerts


def _answer(
    state: ParticipantState, plan: Sequence[PlannedVisit], today: date, language: str
) -> tuple[str, str]:
    """One sentence on where the participant stands and what comes next, with its tone."""
    status = state.status
    if status == "screening":
        return "", _("On the screening log; consent has not been recorded.")
    if status == "consented":
        return "", _("Consent was given; eligibility is not yet decided and signed.")
    if status == "eligible":
        return "", _("Eligible and signed: can be randomized now.")
    if status == "consent_refused":
        return "", _("Declined to take part.")
    if status == "screen_failed":
        return "", _("Not eligible: the screening has ended.")
    if status == "completed":
        return "good", _("Completed the study on %(day)s.") % {"day": state.completed_on}
    if status == "withdrawn":
        return "warn", _("Left the study on %(day)s; nothing more is collected.") % {
            "day": state.off_study_on
        }
    late = _late(plan, today)
    if late:
        first = late[0]
        return "bad", _("%(visit)s is late: its window closed on %(day)s.") % {
            "visit": first.visit.label.in_language(language), "day": planned_day(first.closes or today),
        }  # fmt: skip
    coming = [p for p in plan if p.status in ("due", "part") and p.target is not None]
    if not coming:
        return "", _("No further visit is planned.")
    following = min(coming, key=lambda planned: planned.target or today)
    return "", _("Next: %(visit)s on %(day)s, between %(opens)s and %(closes)s.") % {
        "visit": following.visit.label.in_language(language),
        "day": planned_day(following.target or today),
        "opens": following.opens, "closes": following.closes,
    }  # fmt: skip


def _due_now(plan: Sequence[PlannedVisit], today: date) -> PlannedVisit | None:
    """The earliest visit whose window has opened and that is not yet entered."""
    return min(
        (
            planned
            for planned in plan
            if planned.status in ("due", "part")
            and planned.target is not None
            and planned.opens is not None
            and planned.opens <= today
            and planned.visit.forms
        ),
        key=lambda planned: planned.target or today,
        default=None,
    )


def _actions(
    state: ParticipantState,
    plan: Sequence[PlannedVisit],
    today: date,
    person: Person,
    address: str,
    language: str,
) -> list[tuple[str, str, bool]]:
    """What may be done next: words, address, and whether it is the main thing."""
    status = state.status
    role = person.role
    offered: list[tuple[str, str, str, bool]] = []
    if status == "screening":
        offered.append(("consent", _("Record consent"), "consent/", True))
    if status in ("screening", "consented", "eligible"):
        offered.append(("screening", _("Screening"), "screening/", status == "consented"))
    if status == "consented" and state.assessments and state.assessments[-1].eligible:
        offered.append(("sign_eligibility", _("Sign eligibility"), "eligibility/sign/", True))
    if status == "eligible":
        offered.append(("randomize", _("Randomize"), "randomize/", True))
    visit = _due_now(plan, today) if status == "randomized" else None
    if visit is not None:
        words = _("Enter %(visit)s") % {"visit": visit.visit.label.in_language(language)}
        offered.append(("form", words, f"visits/{visit.visit.id}/", True))
    if status in ("randomized", "consented", "eligible"):
        offered.append(
            ("report_adverse_event", _("Report an adverse event"), "adverse-events/new/", False)
        )
    if status == "randomized":
        offered.append(("deviation", _("Log a deviation"), "deviations/new/", False))
        offered.append(("withdraw", _("Withdraw"), "withdraw/", False))
        offered.append(("transfer", _("Transfer"), "transfer/", False))
        offered.append(("complete", _("End of study"), "complete/", False))
    if status in ENDED and state.erased is None:
        offered.append(("erase", _("Erase identity"), "erase/", False))
    offered.append(("own_copy", _("Copy for the participant"), "copy/", False))
    offered.append(("texts", _("Texts and redaction"), "texts/", False))
    offered.append(("participant_hold", _("Freeze or lock"), "hold/", False))
    return [
        (words, address + path, main)
        for page, words, path, main in offered
        if may_open(page, role, "POST" if page != "texts" else "GET")
    ]


# -- forms ----------------------------------------------------------------------------------------


def _matrix(
    protocol: Protocol,
    state: ParticipantState,
    plan: Sequence[PlannedVisit],
    person: Person,
    address: str,
    language: str,
) -> str:
    shown = [
        planned for planned in plan if planned.status != "not_applicable" or planned.performed_on
    ]
    open_forms = may_open("form", person.role)
    may_fill = may_open("form", person.role, "POST")
    columns = [
        VisitColumn(
            planned.visit.id,
            planned.visit.label.in_language(language),
            planned.status,
            planned.performed_on or planned.target,
            planned.provisional,
        )
        for planned in shown
    ]
    cells: dict[tuple[str, str], FormCell] = {}
    used: set[str] = set()
    for planned in shown:
        for form in planned.visit.forms:
            place = Address(planned.visit.id, form)
            status, *also = form_marks(state, place)
            used.add(form)
            if status == "empty" and planned.status == "missed":
                continue
            reachable = open_forms and (
                status != "empty" or (may_fill and planned.status != "pending")
            )
            link = f"{address}forms/{planned.visit.id}/{form}/1/" if reachable else ""
            cells[planned.visit.id, form] = FormCell(
                status, link, tuple(one for one in also if one not in ("part", "done"))
            )
    forms = [
        (form.id, form.title.in_language(language)) for form in protocol.forms if form.id in used
    ]
    return form_matrix(columns, forms, cells, _)


def _logs(
    protocol: Protocol, state: ParticipantState, person: Person, address: str, language: str
) -> list[tuple[str, int, str]]:
    """Log forms: title, rows so far, and the address of the next row."""
    rows = []
    for form in protocol.schedule.log_forms:
        count = sum(1 for place in state.forms if place.visit == "log" and place.form == form)
        add = (
            f"{address}forms/log/{form}/{count + 1}/"
            if may_open("form", person.role, "POST")
            else ""
        )
        rows.append((protocol.form_by_id[form].title.in_language(language), count, add))
    return rows


# -- events, supply, queries ----------------------------------------------------------------------


def _ordered(state: ParticipantState) -> list[AdverseEvent]:
    return sorted(
        state.adverse_events.values(),
        key=lambda event: (not event.serious, event.ended_on is not None, -event.number),
    )


def _event_row(
    event: AdverseEvent, protocol: Protocol, words: Any, zone: tzinfo, language: str
) -> EventRow:
    rules = {clock.id: clock.label.in_language(language) for clock in protocol.safety.clocks}
    clocks = []
    for clock in event.clocks:
        kind = "running" if clock.submitted_at is None else "in_time" if clock.on_time else "late"
        clocks.append((rules.get(clock.clock, clock.clock), clock.to, clock.due_at, kind))
    end = str(event.ended_on) if event.ended_on else _("ongoing")
    return EventRow(
        event.number,
        words(event.number),
        f"{event.grade} ({event.scale})",
        f"{event.started_on} – {end}",
        ", ".join(said(SERIOUSNESS_LABELS, code) for code in event.seriousness),
        said(OUTCOME_LABELS, event.outcome),
        clocks,
    )


def _supply(
    protocol: Protocol, state: ParticipantState, address: str, language: str, person: Person
) -> list[dict[str, Any]]:
    rows = []
    for intervention, balance in state.supply.items():
        product = protocol.intervention_by_id.get(intervention)
        out = balance.dispensed - balance.returned_unused - balance.returned_used
        rows.append(
            {
                "name": product.name.in_language(language) if product else intervention,
                "balance": balance,
                "out": out,
                "address": f"{address}supply/{intervention}/"
                if may_open("supply", person.role)
                else "",
            }
        )
    return rows


def _by_openness(state: ParticipantState) -> list[Query]:
    order = {"open": 0, "answered": 1, "closed": 2}
    return sorted(state.queries.values(), key=lambda query: (order[query.status], -query.number))


def _query_row(query: Query, protocol: Protocol, zone: tzinfo, language: str) -> dict[str, Any]:
    visit = protocol.visit_by_id.get(query.address.visit)
    item = protocol.item_by_id.get(query.item)
    form = protocol.form_by_id.get(query.address.form)
    return {
        "number": query.number,
        "status": query.status,
        "status_words": said(QUERY_STATUS_LABELS, query.status),
        "visit": visit.label.in_language(language) if visit else query.address.visit,
        "about": item.label.in_language(language)
        if item
        else form.title.in_language(language)
        if form
        else query.address.form,
        "text": text_said(query.text),
        "answer": text_said(query.answer),
        "raised": local_time(query.raised.at, zone),
        "by": query.raised.actor,
    }
