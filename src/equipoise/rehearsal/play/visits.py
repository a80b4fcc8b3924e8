"""Visits and what belongs to them: forms, diaries, logs, supply, plans that change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import ParticipantState
from equipoise.conduct.values import Address
from equipoise.protocol.document import Supply, Visit

from ..columns import kind_of
from ..generate import NEVER, Replicate
from .calendar import TrueVisit, true_diary_window, working_day
from .entries import mistyped

if TYPE_CHECKING:
    from .person import VirtualPerson

DIARY_LOOKBACK_DAYS = 14
"""Diary days older than this are not asked for any more."""
VISIT_GRACE_DAYS = 7
"""A visit is still made up for this long after its window or its day."""
LOG_EVERY_DAYS = 12


# -- visits ----------------------------------------------------------------------------------------


def attend(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """Come to the visits of the day; state those that were missed."""
    wanted = NEVER
    if not person.open_visits:
        return wanted
    settled = settled_visits(state)
    person.open_visits = [
        planned for planned in person.open_visits if planned.visit.id not in settled
    ]
    for planned in person.open_visits:
        if today < planned.day and not planned.missed:
            wanted = min(wanted, planned.day)
            continue
        last = working_day(max(planned.closes, planned.day) + VISIT_GRACE_DAYS)
        begins = working_day(planned.closes + 1) if planned.missed else planned.day
        if today < begins:
            wanted = min(wanted, begins)
        elif planned.missed or today > last:
            _miss(person, planned, today)
        else:
            _come(person, planned, today)
            state = person.state()
    return wanted


def settled_visits(state: ParticipantState) -> set[str]:
    """Visits of which a form has been saved, or which are stated to be missed."""
    return {address.visit for address in state.forms}.union(state.missed)


def all_settled(person: VirtualPerson, state: ParticipantState) -> bool:
    """Whether every visit has been done or stated to be missed."""
    settled = settled_visits(state)
    return all(planned.visit.id in settled for planned in person.visits)


def _miss(person: VirtualPerson, planned: TrueVisit, today: int) -> None:
    texts = person.stage.replicate.assumptions.staff.missed_reasons
    command = c.MissVisit(
        participant=person.pid or "",
        visit=planned.visit.id,
        reason=texts[(person.index + planned.index) % len(texts)],
    )
    person.do(command, f"miss/{planned.visit.id}", today)


def _come(person: VirtualPerson, planned: TrueVisit, today: int) -> None:
    visit = planned.visit
    fill_visit(person, planned.index, visit, today)
    _supply(person, planned, today)
    staff = person.stage.replicate.assumptions.staff
    if person.stage.replicate.staff.deviation[person.index, planned.index] < staff.deviation:
        texts = staff.deviation_texts
        command = c.LogDeviation(
            participant=person.pid or "",
            kind="other",
            severity="minor",
            text=texts[(person.index + planned.index) % len(texts)],
            occurred_on=date.fromordinal(today),
        )
        person.do(command, f"deviation/{visit.id}", today)


def fill_visit(
    person: VirtualPerson,
    index: int,
    visit: Visit,
    today: int,
    *,
    instead: Mapping[str, str] | None = None,
) -> None:
    """Fill the visit's forms, with the mistakes staff make at this visit; sign what is to be signed."""
    desk, replicate = person.stage.desk, person.stage.replicate
    mistake = _mistake(person, index, visit, today)
    swapped = _swapped_form(person, index, visit)
    signs = replicate.assumptions.staff.signs
    for form in visit.forms:
        address = Address(visit.id, form)
        state = person.state()
        if address in state.forms:
            continue
        arm = person.arm_index(state)
        typed = desk.fill(
            form, person.index, arm, today, state, cured=person.cured, instead=instead
        )
        if not typed:
            continue
        if form == swapped and _into_wrong_record(person, address, typed, today):
            continue
        wrong = {name: text for name, text in mistake.items() if name in typed}
        outcome = person.save(address, {**typed, **wrong}, today, "save")
        if isinstance(outcome, Refusal) and wrong:
            # the form says at once that this cannot be: it is typed again
            outcome = person.save(address, typed, today, "save")
        if outcome and form in signs and person.state().forms[address].complete:
            command = c.SignForm(participant=person.pid or "", address=address)
            person.do(command, f"sign/{address}", today)


def _mistake(person: VirtualPerson, index: int, visit: Visit, today: int) -> dict[str, str]:
    """The number mistyped at this visit, by item; empty for most visits."""
    replicate = person.stage.replicate
    staff = replicate.staff
    if staff.typing[person.index, index] >= replicate.assumptions.staff.typing_error:
        return {}
    numbers = [
        item
        for form in visit.forms
        for _, item in person.stage.desk.plans[form].entries
        if kind_of(item) == "number"
    ]
    if not numbers:
        return {}
    item = numbers[int(staff.typing_item[person.index, index] * len(numbers))]
    text = person.truth(item.id, today, person.state())
    if text is None:
        return {}
    wrong = mistyped(item, text, float(staff.typing_kind[person.index, index]))
    return {item.id: wrong} if wrong is not None else {}


def _swapped_form(person: VirtualPerson, index: int, visit: Visit) -> str | None:
    """The form typed into another participant's record at this visit, or None."""
    replicate = person.stage.replicate
    if replicate.staff.swap[person.index, index] >= replicate.assumptions.staff.wrong_participant:
        return None
    if visit.phase in ("screening", "baseline"):
        return None
    dates = replicate.course.dates
    for form in reversed(visit.forms):
        plan = person.stage.desk.plans[form]
        if not plan.conditional and not any(item.id in dates for _, item in plan.entries):
            return form
    return None


def _into_wrong_record(
    person: VirtualPerson, address: Address, typed: Mapping[str, str], today: int
) -> bool:
    """Save the form under a neighbor's number, notice it, and move it to where it belongs."""
    neighbor = _neighbor(person, address)
    if neighbor is None:
        return False
    wrong = c.SaveForm(
        participant=neighbor,
        address=address,
        values=typed,
        performed_on=date.fromordinal(today),
    )
    if not person.do(wrong, f"misplace/{address}", today):
        return False
    move = c.MoveValues(
        participant=neighbor,
        address=address,
        to_participant=person.pid or "",
        reason="entered under the wrong number",
    )
    return bool(person.do(move, f"move/{address}", today))


def _neighbor(person: VirtualPerson, address: Address) -> str | None:
    """The first in the site's list under treatment or follow-up in whose record there is room for the form."""
    trial = person.stage.trial
    # the list of the site's staff, and not everybody who was ever screened: most have left by the end
    for listed in trial.listed(person.site, "randomized"):
        other = trial.participant(listed)
        if (
            other is not None
            and other.id != person.pid
            and address not in other.forms
            and address.visit not in other.missed
        ):
            return other.id
    return None


def follow_plan_changes(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """Correct planned dates in the record when it becomes known that they have changed."""
    dates = person.stage.replicate.course.dates
    wanted = NEVER
    corrections: dict[Address, dict[str, str]] = {}
    for name, history in dates.items():
        for known_on in history.known_on[person.index]:
            day = working_day(int(known_on))
            if day > today:
                wanted = min(wanted, day)
        captured = state.latest.get(name)
        if captured is None:
            continue
        text = history.typed(person.index, today)
        if text is not None and captured.value.value != text:
            corrections.setdefault(captured.address, {})[name] = text
    for address, values in corrections.items():
        form = state.forms[address]
        person.save(
            address,
            values,
            form.performed_on.toordinal(),
            f"replan/{form.saves}",
            today=today,
            reason="the plan has changed",
        )
    return wanted


# -- diaries and logs ------------------------------------------------------------------------------


def keep_diary(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """Days up to yesterday are told by the participant and written down by the coordinator."""
    replicate = person.stage.replicate
    arm = person.arm_index(state)
    wanted = NEVER
    for diary in replicate.protocol.schedule.diaries:
        window = true_diary_window(replicate.protocol, diary, state, person.anchors)
        if window is None or arm is None:
            continue
        first, last = window
        told = person.diary_told.get(diary.id)
        if told is None or told[:2] != window:
            told = (first, last, first - 1)
        through = told[2]
        for day in range(max(through + 1, today - DIARY_LOOKBACK_DAYS), min(last, today - 1) + 1):
            when = date.fromordinal(day)
            if (diary.id, when) in state.diary or forgotten_day(
                replicate, person.index, day - first, last - first
            ):
                if through == day - 1:
                    through = day
                continue
            index = replicate.course.index(person.index, day)
            taken = replicate.course.taken[arm, person.index, index].tolist()
            values = {
                item: "true" if taken[turn] else "false"
                for turn, item in enumerate(diary.dose_items)
            }
            truth = person.truth_on(day, state)
            for _, item in person.stage.desk.plans[diary.form].entries:
                if item.id not in values:
                    text = truth(item.id)
                    if text is not None:
                        values[item.id] = text
            command = c.RecordDiaryDay(
                participant=person.pid or "", diary=diary.id, day=when, values=values
            )
            # a diary day asks for nothing tomorrow: it is not counted as something done
            person.stage.do(command, state.site, person.client(f"diary/{diary.id}", day))
        person.diary_told[diary.id] = (first, last, through)
        if today <= last:
            wanted = min(wanted, working_day(max(today, first) + 1))
    return wanted


def forgotten_day(replicate: Replicate, person: int, day: int, length: int) -> bool:
    """Whether this day of the diary is never reported; it becomes likelier toward the end."""
    early, late = replicate.assumptions.adherence.diary_missed
    draws = replicate.staff.diary[person]
    chance = early + (late - early) * (day / max(length, 1))
    return bool(draws[day % len(draws)] < chance)


class LogEntry(NamedTuple):
    """A row of a log form: the working day on which it is written down, and which row it is."""

    day: int
    address: Address
    row: int


def log_entries(replicate: Replicate, person: int) -> tuple[LogEntry, ...]:
    """Rows of log forms that are written for a person, one every twelve days of the course."""
    begins = int(replicate.course.first[person])
    return tuple(
        LogEntry(
            working_day(begins + 3 + LOG_EVERY_DAYS * row), Address("log", form, str(row + 1)), row
        )
        for form, counts in replicate.log_rows.items()
        for row in range(int(counts[person]))
    )


def fill_logs(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """Write the rows of log forms whose day has come."""
    wanted = NEVER
    for day, address, row in person.log_entries:
        if address in state.forms:
            continue
        if today < day:
            wanted = min(wanted, day)
            continue
        columns = person.stage.replicate.log_columns[address.form]
        values = {}
        for entry, item in person.stage.desk.plans[address.form].entries:
            if kind_of(item) == "date":
                if entry.required:
                    values[item.id] = date.fromordinal(day - 1).isoformat()
            elif item.id in columns:
                values[item.id] = columns[item.id][row].typed(person.index)
        person.save(address, values, today, "log")
    return wanted


# -- supply ----------------------------------------------------------------------------------------


def _supply(person: VirtualPerson, planned: TrueVisit, today: int) -> None:
    """Bring back what was handed out, and be handed what lasts until the next dispensing visit."""
    state = person.state()
    protocol = person.stage.protocol
    given = protocol.arm_by_id[state.arm].interventions if state.arm else []
    for supply in protocol.supply:
        if supply.intervention not in given:
            continue
        balance = state.supply.get(supply.intervention)
        out = 0
        if balance is not None:
            out = balance.dispensed - balance.returned_unused - balance.returned_used
        dispensing = planned.visit.id in supply.dispensing_visits
        ended = state.off_treatment_on is not None
        final = ended or today > _treatment_ends(person, supply, state)
        if out > 0 and (dispensing or final):
            used = min(out, _units_used(person, supply, state, planned.visit.id, today))
            command = c.ReturnSupply(
                participant=person.pid or "",
                intervention=supply.intervention,
                unused=out - used,
                used=used,
            )
            person.do(command, f"return/{supply.intervention}", today)
        if dispensing and not final:
            _dispense(person, supply, state, today)


def first_supply(person: VirtualPerson, today: int) -> None:
    """Hand out on the day of allocation what a visit before it was to hand out."""
    state = person.state()
    protocol = person.stage.protocol
    person.take_up_calendar(state)
    given = protocol.arm_by_id[state.arm].interventions if state.arm else []
    early = {
        visit.id for visit in protocol.schedule.visits if visit.phase in ("screening", "baseline")
    }
    for supply in protocol.supply:
        if supply.intervention in given and early & set(supply.dispensing_visits):
            _dispense(person, supply, state, today)


def _dispense(person: VirtualPerson, supply: Supply, state: ParticipantState, today: int) -> None:
    until = _next_dispensing(person, supply, state, today)
    units = math.ceil(supply.units_per_day * (until - today + supply.overage_days))
    if units > 0:
        command = c.DispenseSupply(
            participant=person.pid or "", intervention=supply.intervention, units=units
        )
        person.do(command, f"dispense/{supply.intervention}", today)


def _treatment_ends(person: VirtualPerson, supply: Supply, state: ParticipantState) -> int:
    protocol = person.stage.protocol
    regimen = protocol.intervention_by_id[supply.intervention].regimen
    if regimen is None or regimen.stop.anchor not in person.anchors:
        return NEVER
    return person.anchors[regimen.stop.anchor] + regimen.stop.day


def _next_dispensing(
    person: VirtualPerson, supply: Supply, state: ParticipantState, today: int
) -> int:
    """The day until which the units must last."""
    later = [
        entry.day
        for entry in person.visits
        if entry.visit.id in supply.dispensing_visits and entry.day > today and not entry.missed
    ]
    ends = _treatment_ends(person, supply, state)
    soonest = min(later, default=ends + 1)
    return min(soonest, ends + 1) if ends < NEVER else min(soonest, today + 28)


def _units_used(
    person: VirtualPerson, supply: Supply, state: ParticipantState, visit: str, today: int
) -> int:
    """Units opened since the last dispensing: one day's units for each day with a dose taken."""
    arm = person.arm_index(state)
    since = max(
        (
            form.performed_on.toordinal()
            for address, form in state.forms.items()
            if address.visit in supply.dispensing_visits and address.visit != visit
        ),
        default=today,
    )
    course = person.stage.replicate.course
    if arm is None:
        return 0
    places = [course.index(person.index, day) for day in range(since, today)]
    days = int(course.taken[arm, person.index, places].any(axis=1).sum())
    return math.ceil(days * supply.units_per_day)
