"""How many events of each type a virtual person's participation asks for, counted by hand.

From the protocol, the replicate's arrays and, as the only things taken from the trial itself, the day of
allocation, the arm and the day of screening. Nothing of the play or of the conduct room is used: calendar,
schedule, clocks and the rules of leaving are written here a second time, to be held against them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from equipoise.protocol.document import Protocol, Visit
from equipoise.rehearsal import Replicate

FOREVER = 9_000_000
DIARY_LOOKBACK = 14
GRACE = 7
LOG_EVERY = 12
RELATED = {"possible", "probable", "definite"}
CAUSED = {"serious": lambda grave, related: True,
          "fatal_or_life_threatening": lambda grave, related: grave,
          "susar": lambda grave, related: related}  # fmt: skip


def working(day: int) -> int:
    """The day, or the Monday after it."""
    return day + max(0, 7 - (day - 1) % 7) if (day - 1) % 7 > 4 else day


def working_before(day: int) -> int:
    """The last working day before a day."""
    day -= 1
    while (day - 1) % 7 > 4:
        day -= 1
    return day


@dataclass
class Expected:
    """What one person's participation asks for after, and with, the allocation."""

    replicate: Replicate
    person: int
    arm_name: str
    allocated: int
    screened: int
    visits_done: dict[str, int] = field(default_factory=dict)

    @property
    def protocol(self) -> Protocol:
        return self.replicate.protocol

    @cached_property
    def arm(self) -> int:
        return self.replicate.arms.index(self.arm_name)

    @cached_property
    def products(self) -> list[str]:
        return list(self.protocol.arm_by_id[self.arm_name].interventions)

    @cached_property
    def first_act(self) -> int:
        """The first day after allocation on which anything can be done."""
        return working(self.allocated + 1)

    # -- days ------------------------------------------------------------------------------------

    @cached_property
    def anchors(self) -> dict[str, int]:
        """Every anchor's true day."""
        events = {
            "screening": self.screened,
            "consent": self.screened,
            "randomization": self.allocated,
        }
        found = {}
        for anchor in self.protocol.schedule.anchors:
            if anchor.event is not None:
                found[anchor.id] = events[anchor.event]
                continue
            for item in (anchor.item, anchor.planned):
                if item in self.replicate.course.dates and anchor.id not in found:
                    history = self.replicate.course.dates[item]
                    found[anchor.id] = int(history.values[self.person][-1])
        return found

    @cached_property
    def unmissable(self) -> set[str]:
        items = {anchor.item for anchor in self.protocol.schedule.anchors if anchor.item}
        return {
            visit.id
            for visit in self.protocol.schedule.visits
            if any(e.item in items for f in visit.forms for e in self.protocol.form_by_id[f].items)
        }

    @cached_property
    def asked(self) -> list[dict[str, Any]]:
        """Visits after allocation, by their targets, each with its window and the day of coming."""
        found = []
        for index, visit in enumerate(self.protocol.schedule.visits):
            if visit.phase in ("screening", "baseline"):
                continue
            assert visit.only_when is None
            target = self.anchors[visit.anchor] + visit.day
            if visit.until and target >= self.anchors[visit.until]:
                continue
            opens, closes = target - visit.before, target + visit.after
            late = int(self.replicate.staff.late[self.person, index])
            day = target + late
            if not late and (target - 1) % 7 == 5 and target - 1 >= opens:
                day = target - 1
            missed = bool(self.replicate.staff.missed[self.person, index])
            found.append({
                "visit": visit, "target": target, "opens": opens, "closes": closes,
                "day": working(day), "missed": missed and visit.id not in self.unmissable,
                "index": index,
            })  # fmt: skip
        found.sort(key=lambda one: (one["target"], one["index"]))
        planned = [one["day"] for one in found]
        for one, following in zip(found, planned[1:], strict=False):
            if one["day"] >= following:
                day = max(min(one["day"], following - 1), one["opens"])
                while (day - 1) % 7 > 4:
                    day -= 1
                one["day"] = day
        for one in found:
            one["acts"] = max(one["day"], self.first_act)
            one["last"] = working(max(one["closes"], one["day"]) + GRACE)
            one["stated"] = max(working(one["closes"] + 1), self.first_act)
        return found

    @cached_property
    def death(self) -> int:
        return min(
            (int(e.started[self.person]) for e in self.replicate.events
             if e.has(self.person, self.arm) and int(e.grade[self.person]) == 5),
            default=FOREVER,
        )  # fmt: skip

    @cached_property
    def leaving(self) -> tuple[int, str]:
        """The day and scope of the withdrawal that attrition brings."""
        day = int(self.replicate.attrition.day[self.arm, self.person])
        scope = str(self.replicate.attrition.scope[self.person])
        return day, "follow_up" if scope == "treatment" and not self.products else scope

    @cached_property
    def off_treatment(self) -> int:
        """The day from which no treatment is taken, as it is recorded (not the day of recording)."""
        day, _ = self.leaving
        return min(day if day < FOREVER else FOREVER, self.death)

    @cached_property
    def left(self) -> int:
        """The working day on which the participant is off study before anything else happens."""
        day, scope = self.leaving
        days = [self.death] + ([day] if scope != "treatment" else [])
        soonest = min(days)
        return max(working(soonest), self.first_act) if soonest < FOREVER else FOREVER

    @cached_property
    def completed(self) -> int:
        """The day on which all visits are behind the participant."""
        settled = [one["stated"] if one["missed"] else one["acts"] for one in self.asked]
        return max(working(max(one["day"] for one in self.asked) + 1), *settled)

    @cached_property
    def ends(self) -> int:
        """The last day on which the ordinary work of the study is done."""
        return self.completed if self.left > self.completed else self.left - 1

    # -- counts ----------------------------------------------------------------------------------

    def counts(self) -> Counter[str]:
        """Events by type."""
        found: Counter[str] = Counter(
            ParticipantScreened=1, ConsentRecorded=1, EligibilitySigned=1, ParticipantRandomized=1
        )
        # the day after screening, and again once a visit before allocation has brought what was lacking
        found["EligibilityAssessed"] = 1 + any(
            visit.phase == "baseline" for visit in self.protocol.schedule.visits
        )
        found["VisitsScheduled"] = 1
        found["SupplyOrdered"] = sum(s.intervention in self.products for s in self.protocol.supply)
        self._withdrawals(found)
        self._visits(found)
        found["DiaryDayRecorded"] = sum(
            self._diary(diary) for diary in self.protocol.schedule.diaries
        )
        self._logs(found)
        self._changed_plans(found)
        self._adverse_events(found)
        for supply in self.protocol.supply:
            if supply.intervention in self.products:
                self._supply(found, supply)
        return +found

    def _withdrawals(self, found: Counter[str]) -> None:
        day, scope = self.leaving
        if self.left > self.completed:
            found["ParticipantCompleted"] = 1
        else:
            found["ParticipantWithdrawn"] = 1
        if scope == "treatment" and max(working(day), self.first_act) < min(
            self.left, self.completed + 1
        ):
            found["ParticipantWithdrawn"] += 1

    def _visits(self, found: Counter[str]) -> None:
        signs = set(self.replicate.assumptions.staff.signs)
        for visit in self.protocol.schedule.visits:
            if visit.phase in ("screening", "baseline"):
                self._forms(found, visit, signs)
        for one in self.asked:
            if one["missed"] or one["acts"] > one["last"]:
                stated = one["stated"] if one["missed"] else one["acts"]
                found["VisitMissed"] += stated <= self.ends
                found["DeviationLogged"] += stated <= self.ends
            elif one["acts"] <= self.ends:
                self.visits_done[one["visit"].id] = one["acts"]
                found["DeviationLogged"] += not one["opens"] <= one["acts"] <= one["closes"]
                self._forms(found, one["visit"], signs)

    def _forms(self, found: Counter[str], visit: Visit, signs: set[str]) -> None:
        for form in visit.forms:
            if self._anything_asked(form):
                found["FormSaved"] += 1
                found["FormSigned"] += form in signs

    def _anything_asked(self, form: str) -> bool:
        """Whether a form asks this person anything: all its questions may depend on another answer."""
        entries = [
            entry for entry in self.protocol.form_by_id[form].items
            if self.protocol.item_by_id[entry.item].derived is None
            and self.protocol.item_by_id[entry.item].type != "identity"
        ]  # fmt: skip
        if any(entry.only_when is None for entry in entries):
            return True
        for entry in entries:
            condition = re.fullmatch(r"(\w+) == '(\w+)'", entry.only_when or "")
            assert condition, f"{form}: cannot read {entry.only_when!r}"
            if (
                self.replicate.typed(condition[1], self.person, self.arm, self.allocated)
                == condition[2]
            ):
                return True
        return False

    def _diary(self, diary: Any) -> int:
        if diary.arms and self.arm_name not in diary.arms:
            return 0
        start, stop, until = diary.start, diary.stop, self.left
        if diary.intervention is not None:
            if diary.intervention not in self.products:
                return 0
            regimen = self.protocol.intervention_by_id[diary.intervention].regimen
            start, stop = start or regimen.start, stop or regimen.stop
            until = self.off_treatment
        first = max(self.anchors[start.anchor] + start.day, self.allocated)
        last = self.anchors[stop.anchor] + stop.day
        early, late = self.replicate.assumptions.adherence.diary_missed
        draws = self.replicate.staff.diary[self.person]
        told = 0
        # what a day's turn comes to is reckoned over the diary as it stood on the day of telling
        for day in range(first, last + 1):
            written = max(working(day + 1), self.first_act)
            if day >= until or written > self.ends or written - day > DIARY_LOOKBACK:
                continue
            end = last if written < working(until) or until == FOREVER else min(last, until - 1)
            chance = early + (late - early) * ((day - first) / max(end - first, 1))
            told += bool(draws[(day - first) % len(draws)] >= chance)
        return told

    def _logs(self, found: Counter[str]) -> None:
        begins = int(self.replicate.course.first[self.person])
        for rows in self.replicate.log_rows.values():
            for row in range(int(rows[self.person])):
                day = max(working(begins + 3 + LOG_EVERY * row), self.first_act)
                found["FormSaved"] += day <= self.ends

    def _changed_plans(self, found: Counter[str]) -> None:
        """A planned day that changes after allocation is corrected where it was written, and plans anew."""
        planned = {a.planned for a in self.protocol.schedule.anchors if a.planned}
        days = set()
        for item in planned & set(self.replicate.course.dates):
            history = self.replicate.course.dates[item]
            known = history.at(self.person, self.screened)
            for day in sorted(
                {self.first_act, *map(working, map(int, history.known_on[self.person]))}
            ):
                now = history.at(self.person, day)
                if day >= self.first_act and now != known:
                    known = now
                    days.add(day)
        changed = sum(day <= self.ends for day in days)
        found["FormSaved"] += changed
        found["VisitsScheduled"] += changed

    def _adverse_events(self, found: Counter[str]) -> None:
        died = self.left if self.death < FOREVER and self.left == max(
            working(self.death), self.first_act
        ) else None  # fmt: skip
        until = self.ends if died is None else died
        reports = []
        for event in self.replicate.events:
            if not event.has(self.person, self.arm):
                continue
            started, duration = int(event.started[self.person]), int(event.duration[self.person])
            grade, serious = int(event.grade[self.person]), bool(event.serious[self.person])
            if started <= self.allocated:
                continue
            spread = 0 if grade == 5 else (started * 31 + duration * 7) % (2 if serious else 5)
            reported = max(working(started + spread), self.first_act)
            if reported > until:
                continue
            reports.append((reported, event))
            found["AdverseEventReported"] += 1
            if grade == 5:
                continue
            over = max(working(started + duration), working(reported + 1))
            resolved = not event.lasting[self.person] and over <= until
            found["AdverseEventUpdated"] += resolved or self.left > self.completed
        # numbered as they are reported, those of one day in the order of the assumptions
        reports.sort(key=lambda one: one[0])
        for number, (reported, event) in enumerate(reports, start=1):
            if event.serious[self.person]:
                self._clocks(found, event, reported, number)

    def _clocks(self, found: Counter[str], event: Any, reported: int, number: int) -> None:
        late = self.replicate.staff.query[self.person][-1 - number % 16]
        is_late = late < self.replicate.assumptions.staff.report_late
        causality = list(event.spec.causality)[int(event.causality[self.person])]
        grave = event.spec.seriousness in ("death", "life_threatening")
        related = bool(self.products) and causality in RELATED
        for clock in self.protocol.safety.clocks:
            begins = clock.in_force_from.earliest.toordinal()
            ends = clock.in_force_until.latest.toordinal() if clock.in_force_until else FOREVER
            if begins <= reported <= ends and CAUSED[clock.applies_when](grave, related):
                found["SafetyClockStarted"] += 1
                found["SafetyReportSubmitted"] += 1
                found["DeviationLogged"] += bool(is_late)

    def _supply(self, found: Counter[str], supply: Any) -> None:
        dispensing = set(supply.dispensing_visits)
        early = {
            v.id for v in self.protocol.schedule.visits if v.phase in ("screening", "baseline")
        }
        out = bool(early & dispensing)
        found["SupplyDispensed"] += out
        stop = self.protocol.intervention_by_id[supply.intervention].regimen.stop
        ends = self.anchors[stop.anchor] + stop.day
        for visit, day in sorted(self.visits_done.items(), key=lambda one: one[1]):
            final = day > ends or working(self.off_treatment) <= day
            if out and (visit in dispensing or final):
                found["SupplyReturned"] += 1
                out = False
            if visit in dispensing and not final:
                found["SupplyDispensed"] += 1
                out = True
