"""What comes of mistakes and decisions: queries, source verification, leaving, moving, completing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from equipoise.conduct import commands as c
from equipoise.conduct.state import ParticipantState, Query

from ..generate import NEVER
from . import safety, visits
from .calendar import working_day

if TYPE_CHECKING:
    from .person import VirtualPerson

VERIFIED_AFTER_DAYS = (10, 24)
"""When a monitor reads a visit's records against the source."""


def _spread(span: tuple[int, int], draw: float) -> int:
    return span[0] + int(draw * (span[1] - span[0] + 1))


# -- queries ---------------------------------------------------------------------------------------


def answer_queries(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """The site answers its queries, correcting what was wrong; the monitor closes them."""
    if not state.open_queries or state.data_use_withdrawn:
        return NEVER
    replicate = person.stage.replicate
    plan, draws = replicate.assumptions.staff, replicate.staff.query[person.index]
    wanted = NEVER
    for number in list(state.queries):
        query = person.state().queries[number]
        if query.status == "closed":
            continue
        draw = float(draws[number % 48])
        if query.status == "open":
            raised = safety.local_day(person, query.raised.at, state.site)
            day = working_day(raised + _spread(plan.query_answer_days, draw))
            if today >= day:
                _answer(person, query, today)
            else:
                wanted = min(wanted, day)
        elif query.answered is not None:
            answered = safety.local_day(person, query.answered.at, state.site)
            day = working_day(answered + _spread(plan.query_close_days, draw))
            if today >= day:
                close = c.CloseQuery(participant=person.pid or "", query=number)
                person.do(close, f"close-query/{number}", today)
            else:
                wanted = min(wanted, day)
    return wanted


def _answer(person: VirtualPerson, query: Query, today: int) -> None:
    corrected = _correct(person, query, today)
    if person.state().queries[query.number].status != "open":
        return
    answer = c.AnswerQuery(
        participant=person.pid or "",
        query=query.number,
        text="corrected against the source" if corrected else "confirmed against the source",
    )
    person.do(answer, f"answer-query/{query.number}", today)


def _correct(person: VirtualPerson, query: Query, today: int) -> bool:
    """Put right what the queried form says wrongly; whether anything was."""
    state = person.state()
    form = state.forms.get(query.address)
    if form is None or query.address.visit == "log":
        return False
    day = form.performed_on.toordinal()
    dates = person.stage.replicate.course.dates
    ticked = person.ticked_wrongly
    wrong = {}
    for name, captured in form.values.items():
        if captured.value.code == "derived" or name in dates or name == ticked:
            continue
        text = person.truth(name, day, state)
        if text is not None and captured.value.raw not in ("", text):
            wrong[name] = text
    if not wrong:
        return False
    outcome = person.save(
        query.address,
        wrong,
        day,
        f"correct/{query.number}/{form.saves}",
        today=today,
        reason="typing error, corrected against the source",
    )
    return bool(outcome)


def verify_sources(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """A monitor finds what no edit check caught, and asks."""
    replicate = person.stage.replicate
    plan, staff = replicate.assumptions.staff, replicate.staff
    wanted = NEVER
    for index in person.verified:
        visit = replicate.protocol.schedule.visits[index]
        draw = float(staff.found[person.index, index])
        after = _spread(VERIFIED_AFTER_DAYS, draw / plan.source_verification)
        for address, form in state.forms.items():
            if address.visit != visit.id:
                continue
            done = form.performed_on.toordinal()
            day = working_day(done + after)
            if today < day:
                wanted = min(wanted, day)
                continue
            for name, captured in form.values.items():
                if captured.value.code == "derived" or name in replicate.course.dates:
                    continue
                text = person.truth(name, done, state)
                if text is None or captured.value.raw in ("", text):
                    continue
                asked = any(
                    query.address == address and query.item == name
                    for query in state.queries.values()
                )
                if asked or name == person.ticked_wrongly:
                    continue
                raised = c.RaiseQuery(
                    participant=person.pid or "",
                    address=address,
                    item=name,
                    text="The source says otherwise: please check.",
                )
                person.do(raised, f"verify/{address}/{name}", today)
    return wanted


def correct_stratum(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """A stratum ticked wrongly is found some time after the allocation that used it."""
    name = person.ticked_wrongly
    if name is None or state.randomized_on is None:
        return NEVER
    captured = state.latest.get(name)
    text = person.stage.replicate.typed(name, person.index, None, today)
    if captured is None or text is None or captured.value.value == text:
        return NEVER
    draw = float(person.stage.replicate.staff.wrong_stratum[person.index, 2])
    day = working_day(state.randomized_on.toordinal() + 5 + int(draw * 20))
    if today < day:
        return day
    form = state.forms[captured.address]
    person.save(
        captured.address,
        {name: text},
        form.performed_on.toordinal(),
        f"stratum/{form.saves}",
        today=today,
        reason="found wrong when the source was read again",
    )
    return NEVER


# -- leaving, moving, completing -------------------------------------------------------------------


def leave(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """Leave treatment, follow-up or the use of data; or die."""
    replicate = person.stage.replicate
    arm = person.arm_index(state)
    if arm is None:
        return NEVER
    death = _death(person, arm)
    day = int(replicate.attrition.day[arm, person.index])
    if state.withdrawals:
        day = NEVER
    if min(day, death) > today:
        return working_day(min(day, death)) if min(day, death) < NEVER else NEVER
    if death <= today:
        safety.report_events(person, state, today)
        _withdraw(person, "follow_up", death, "died", "death", today)
        return NEVER
    scope = str(replicate.attrition.scope[person.index])
    if scope == "treatment" and not replicate.protocol.arms[arm].interventions:
        scope = "follow_up"
    _withdraw(
        person,
        scope,
        day,
        str(replicate.attrition.reason[person.index]),
        str(replicate.attrition.category[person.index]),
        today,
    )
    return NEVER


def _death(person: VirtualPerson, arm: int) -> int:
    days = [mine.started for mine in person.events(arm) if mine.grade == 5]
    return min(days, default=NEVER)


def _withdraw(
    person: VirtualPerson, scope: str, day: int, reason: str, category: str, today: int
) -> None:
    command = c.Withdraw(
        participant=person.pid or "",
        scope=scope,  # type: ignore[arg-type]
        reason=reason,
        on=date.fromordinal(day),
        category=category,  # type: ignore[arg-type]
    )
    person.do(command, f"withdraw/{scope}", today)


def move_away(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """A few are looked after by another site during follow-up."""
    replicate = person.stage.replicate
    plan, draws = replicate.assumptions.staff, replicate.staff.transfer[person.index]
    if not person.may_move or state.site != person.home_site:
        return NEVER
    others = [site for site in replicate.sites if site != state.site]
    if not others:
        return NEVER
    day = working_day(int(replicate.course.last[person.index]) + 16 + int(draws[1] * 20))
    if today < day:
        return day
    target = others[int(draws[2] * len(others))]
    if person.stage.trial.state.site(target).opened_on is None:
        return NEVER
    texts = plan.transfer_reasons
    command = c.TransferParticipant(
        participant=person.pid or "", to_site=target, reason=texts[person.index % len(texts)]
    )
    person.do(command, "transfer", today)
    return NEVER


def complete(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """The day after the last visit has been done or missed, the participant has completed."""
    if not person.visits or state.off_study_on is not None:
        return NEVER
    last = max(entry.day for entry in person.visits)
    if today <= last:
        return working_day(last + 1)
    if not visits.all_settled(person, state):
        return today + 1
    safety.close_events(person, state, today)
    command = c.CompleteParticipant(participant=person.pid or "", on=date.fromordinal(today))
    person.do(command, "complete", today)
    return NEVER
