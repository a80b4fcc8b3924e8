"""A participant who has lived through radiotherapy, event by event: what the participant page must show.

Week 3 is missed, one laboratory value is mistyped and queried, one event is serious and its clock runs.
"""

from __future__ import annotations

import random
from datetime import timedelta

from equipoise.conduct import commands as c
from equipoise.trial import Trial
from support.story import RT_START, Person, expect

GRADES = {
    "baseline": 0, "w1": 0, "w2": 1, "w3b": 1, "w4b": 2, "w4": 2, "w5b": 3, "w5": 3, "w6b": 3,
}  # fmt: skip
"""WHO grade at each visit done; week 3 is missed and week 6 still to come."""
DAYS = {"baseline": -7, "w1": 4, "w2": 11, "w3b": 15, "w3": 18, "w4b": 22, "w4": 25, "w5b": 29,
        "w5": 32, "w6b": 36}  # fmt: skip
PAIN = {"baseline": 0, "w1": 1, "w2": 2, "w4": 4, "w5": 6}


def spray_participant(trial: Trial) -> Person:
    """The first one allocated to the spray."""
    for _ in range(12):
        person = Person(trial).enroll()
        if person.state.arm == "spray":
            return person
    raise AssertionError("twelve allocations without a spray participant")


def lived_through(trial: Trial) -> Person:
    """Six weeks of radiotherapy, in order of days; the story stops in week 6."""
    person = spray_participant(trial)
    draw = random.Random(7)
    visits = {day: visit for visit, day in DAYS.items()}
    for day in range(-7, 38):
        person.wait_until(RT_START + timedelta(days=day))
        if day in visits:
            _visit(person, visits[day], day)
        if day == 13:
            _event(person, "nausea", 2, ended=True)
        if day == 17:
            _event(person, "dermatitis_radiation", 2)
        if day == 37:
            _event(person, "fatigue", 3, seriousness=("hospitalization",))
        values = {
            item: "yes" if draw.random() < 0.92 else "no"
            for item in ("dose_breakfast", "dose_lunch", "dose_dinner")
        }
        diary = c.RecordDiaryDay(
            participant=person.id, diary="spray_diary", day=person.at.date(), values=values
        )
        expect(person.do(diary))
    return person


def _event(
    person: Person, term: str, grade: int, seriousness: tuple[str, ...] = (), ended: bool = False
) -> None:
    started = person.at.date() - timedelta(days=5 if ended else 0)
    expect(
        person.do(
            c.ReportAdverseEvent(
                participant=person.id, term=term, grade=grade, started_on=started,
                ended_on=person.at.date() if ended else None, seriousness=seriousness,
                outcome="recovered" if ended else "not_recovered",
            )
        )
    )  # fmt: skip


def _visit(person: Person, visit: str, day: int) -> None:
    if visit == "w3":
        expect(person.do(c.MissVisit(participant=person.id, visit="w3", reason="fever at home")))
        return
    grade = str(GRADES[visit])
    if visit == "w1":
        expect(person.save(visit, "radiotherapy_start", rt_first_date=str(RT_START)))
    omas = "1" if int(grade) >= 2 else "0"
    expect(
        person.save(
            visit, "mucositis_assessment", who_grade=grade, rtog_grade=grade, ctcae_om_grade=grade,
            omas_ulceration=omas, omas_erythema=grade if int(grade) < 3 else "2", photo_taken="yes",
        )
    )  # fmt: skip
    if visit.endswith("b"):
        return
    weight = 62.0 - max(day, 0) * 0.11
    expect(
        person.save(
            visit, "symptoms", weight=f"{weight:.1f}", pain_nrs=str(PAIN[visit]), opioid_use="no",
            diet_texture="solid" if int(grade) < 2 else "soft", tube_feeding="no",
        )
    )  # fmt: skip
    laboratory = {
        "wbc": f"{6 - max(day, 0) * 0.05:.1f}", "anc": f"{3.4 - max(day, 0) * 0.03:.1f}",
        "hemoglobin": str(130 - max(day, 0) // 2), "platelets": str(210 - max(day, 0)),
        "alt": "24", "ast": "22", "bilirubin_total": "11.0", "creatinine": "74",
    }  # fmt: skip
    if visit == "w2":
        laboratory["anc"] = "9.9"
    expect(person.save(visit, "laboratory", **laboratory))
    if visit == "w2":
        expect(person.save(visit, "laboratory", reason="typed twice", hemoglobin="120"))
    if visit != "baseline":
        fractions = (day + 3) // 7 * 5
        expect(
            person.save(
                visit, "radiotherapy_record", rt_fractions_done=str(fractions),
                rt_dose_done=f"{fractions * 2.12:.2f}", rt_break_days="0", chemo_given="yes",
            )
        )  # fmt: skip
