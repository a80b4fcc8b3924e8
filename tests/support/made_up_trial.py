"""A small made-up trial as decoded events, written without the trial's door.

What the analysis says about it can be counted again straight from the events. Two arms (`active` with
a spray, `plain` with nothing to take), two sites, one stratum factor beside the site.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from equipoise.conduct import events as e
from equipoise.conduct.values import Value
from equipoise.ledger.envelope import Event
from equipoise.protocol.document import Protocol

VISITS = {"w1": 7, "w2": 14, "w3": 21, "w4": 28}
START = date(2026, 3, 2)


def _text(en: str, zh: str | None = None) -> dict[str, str]:
    return {"en": en, **({"zh-Hans": zh} if zh else {})}


@cache
def protocol() -> Protocol:
    """The made-up trial's protocol."""
    window = {"start": {"anchor": "day0", "day": 0}, "end": {"anchor": "day0", "day": 28}}
    document: dict[str, Any] = {
        "schema": "equipoise/protocol/1",
        "id": "made-up",
        "readiness": "complete",
        "identity": {
            "titles": {"brief": _text("A made-up spray trial", "虚构喷雾试验")},
            "sites": [
                {"id": "01", "key": "nanning", "name": "Nanning", "city": _text("Nanning", "南宁"),
                 "country": "China"},
                {"id": "02", "key": "liuzhou", "name": "Liuzhou", "city": _text("Liuzhou", "柳州"),
                 "country": "China"},
            ],
        },
        "arms": [
            {"id": "active", "label": _text("Spray", "喷雾组"), "interventions": ["spray"]},
            {"id": "plain", "label": _text("Control", "对照组")},
        ],
        "interventions": [
            {"id": "spray", "name": _text("Spray", "喷雾"),
             "regimen": {"dose": 1, "dose_unit": "mL", "times_a_day": 2,
                         "start": {"anchor": "day0", "day": 0}, "stop": {"anchor": "day0", "day": 28}}},
        ],
        "eligibility": {
            "criteria": [
                {"id": "adult", "kind": "inclusion", "text": _text("18 years or older", "年满 18 岁"),
                 "met_when": "age >= 18"},
                {"id": "ulcer", "kind": "exclusion", "text": _text("Oral ulcer", "口腔溃疡"),
                 "judgement": True},
            ]
        },
        "codelists": [
            {"id": "grades", "label": _text("WHO grade"), "scale": "WHO", "version": "1979",
             "codes": [{"code": str(k), "label": _text(f"Grade {k}", f"{k} 级")} for k in range(5)]},
            {"id": "sexes", "label": _text("Sex"),
             "codes": [{"code": "female", "label": _text("Female", "女")},
                       {"code": "male", "label": _text("Male", "男")}]},
        ],
        "items": [
            {"id": "age", "label": _text("Age", "年龄"), "type": "integer", "unit": "a"},
            {"id": "sex", "label": _text("Sex", "性别"), "type": "code", "codelist": "sexes"},
            {"id": "chemo", "label": _text("Chemotherapy", "同期化疗"), "type": "boolean"},
            {"id": "consented", "label": _text("Consent explained"), "type": "boolean"},
            {"id": "weight", "label": _text("Weight", "体重"), "type": "decimal", "unit": "kg", "decimals": 1},
            {"id": "grade", "label": _text("WHO grade", "WHO 分级"), "type": "code", "codelist": "grades"},
            {"id": "day0_date", "label": _text("First day"), "type": "date"},
            {"id": "day0_planned", "label": _text("First day planned"), "type": "date"},
            {"id": "remark", "label": _text("Remark"), "type": "text"},
            {"id": "dose_am", "label": _text("Morning"), "type": "boolean"},
            {"id": "dose_pm", "label": _text("Evening"), "type": "boolean"},
        ],
        "forms": [
            {"id": "entry", "title": _text("Entry"),
             "items": [{"item": i} for i in ("age", "sex", "chemo", "consented", "weight", "day0_planned")]},
            {"id": "check", "title": _text("Check"),
             "items": [{"item": i} for i in ("grade", "weight", "day0_date", "remark")]},
            {"id": "day", "title": _text("Day"), "items": [{"item": "dose_am"}, {"item": "dose_pm"}]},
        ],
        "schedule": {
            "anchors": [
                {"id": "randomization", "label": _text("Randomization"), "event": "randomization"},
                {"id": "day0", "label": _text("First day"), "item": "day0_date", "planned": "day0_planned"},
            ],
            "epochs": [{"id": "all", "label": _text("All")}],
            "visits": [
                {"id": "entry", "label": _text("Entry"), "epoch": "all", "anchor": "day0", "day": -7,
                 "forms": ["entry"], "phase": "screening"},
                *({"id": name, "label": _text(name.upper()), "epoch": "all", "anchor": "day0", "day": day,
                   "forms": ["check"]} for name, day in VISITS.items()),
            ],
            "diaries": [
                {"id": "spray_diary", "label": _text("Diary"), "form": "day", "arms": ["active"],
                 "intervention": "spray", "dose_items": ["dose_am", "dose_pm"]},
            ],
        },
        "randomization": {
            "ratio": {"active": 1, "plain": 1},
            "scheme": {"type": "permuted_blocks", "sizes": [2, 4]},
            "strata": [
                {"id": "site", "source": "site", "levels": ["01", "02"]},
                {"id": "chemo", "item": "chemo", "levels": ["true", "false"]},
            ],
        },
        "analysis_sets": [
            {"id": "itt", "label": _text("All randomized", "所有随机受试者"), "rule": "randomized"},
            {"id": "safety", "label": _text("Treated", "安全性分析集"), "rule": "treated"},
            {"id": "graded", "label": _text("Graded"), "rule": "evaluable", "endpoint": "severe"},
        ],
        "endpoints": [
            {"id": "severe", "label": _text("Severe mucositis", "重度黏膜炎"), "role": "primary",
             "time_frame": _text("28 days", "28 天"),
             "variable": {"kind": "occurs", "item": "grade", "at_least": 3, "window": window}},
            {"id": "onset", "label": _text("Time to severe mucositis", "至重度黏膜炎时间"),
             "role": "secondary", "time_frame": _text("28 days", "28 天"),
             "variable": {"kind": "time_to", "item": "grade", "at_least": 3, "window": window,
                          "origin": {"anchor": "day0", "day": 0}}},
            {"id": "worst", "label": _text("Worst grade", "最重分级"), "role": "secondary",
             "time_frame": _text("28 days"), "variable": {"kind": "worst", "item": "grade", "window": window}},
            {"id": "days", "label": _text("Days severe"), "role": "secondary", "time_frame": _text("28 days"),
             "variable": {"kind": "days_at_least", "item": "grade", "at_least": 3, "window": window}},
            {"id": "weight_w4", "label": _text("Weight at week 4"), "role": "secondary",
             "time_frame": _text("Week 4"), "variable": {"kind": "value_at", "item": "weight", "visit": "w4"}},
            {"id": "weight_change", "label": _text("Change of weight", "体重变化"), "role": "secondary",
             "time_frame": _text("Week 4", "第 4 周"),
             "variable": {"kind": "change_at", "item": "weight", "visit": "w4", "baseline": "entry"}},
            {"id": "grades", "label": _text("Grade by week", "各周分级"), "role": "secondary",
             "time_frame": _text("Weeks 1 to 4", "第 1~4 周"),
             "variable": {"kind": "repeated", "item": "grade", "visits": ["w1", "w2", "w3", "w4"]}},
        ],
        "analyses": [
            {"id": name, "endpoint": endpoint, "method": method, "role": role,
             "comparisons": [["active", "plain"]], **more}
            for name, endpoint, method, role, more in (
                ("primary", "severe", "risk_difference_mn", "primary", {"confidence": "0.95"}),
                ("stratified", "severe", "risk_difference_mn", "sensitivity",
                 {"stratified_by": ["site", "chemo"], "population": "graded"}),
                ("cmh", "severe", "cmh", "secondary", {"stratified_by": ["site", "chemo"]}),
                ("curves", "onset", "kaplan_meier", "secondary", {}),
                ("log_rank", "onset", "log_rank", "secondary", {"stratified_by": ["chemo"]}),
                ("ranks", "worst", "wilcoxon", "secondary", {}),
                ("days", "days", "wilcoxon", "secondary", {}),
                ("weight", "weight_w4", "mean_difference_welch", "secondary", {"confidence": "0.9"}),
                ("ancova", "weight_change", "linear_model", "secondary", {"stratified_by": ["chemo"]}),
                ("by_factor", "severe", "risk_difference_mn", "exploratory", {"subgroups": ["site", "chemo"]}),
                ("unseen", "severe", "tipping_point", "sensitivity", {}),
                ("by_week", "grades", "mmrm", "secondary", {"stratified_by": ["chemo"]}),
                ("shifted", "grades", "tipping_point", "sensitivity",
                 {"imputation": {"strategy": "J2R", "imputations": 5, "step": "0.5"}}),
            )
        ],
        "safety": {
            "terms": [
                {"id": "nausea", "term": _text("Nausea", "恶心"),
                 "system_organ_class": _text("Gastrointestinal disorders", "胃肠系统疾病")},
                {"id": "dry_mouth", "term": _text("Dry mouth", "口干"),
                 "system_organ_class": _text("Gastrointestinal disorders", "胃肠系统疾病")},
                {"id": "fatigue", "term": _text("Fatigue", "疲乏"),
                 "system_organ_class": _text("General disorders", "全身性疾病")},
            ]
        },
        "decisions": [
            {"finding": "no-sample-size-rationale", "choice": _text("Forty will do"),
             "reason": _text("Made up"), "by": "lead", "on": "2026-01-01", "status": "assumed"},
        ],
    }  # fmt: skip
    return Protocol.model_validate(document)


@dataclass
class Log:
    """Events in the order of a ledger, with made-up hashes."""

    pairs: list[tuple[Event, e.Happening]] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)

    def say(self, stream: str, happening: e.Happening, day: date, site: str = "01") -> Event:
        """Append what happened on a day."""
        seq = len(self.pairs) + 1
        self.versions[stream] = self.versions.get(stream, 0) + 1
        event = Event(
            seq=seq,
            trial="made-up",
            stream=stream,
            version=self.versions[stream],
            type=type(happening).__name__,
            schema=1,
            protocol=protocol().version,
            payload={},
            actor="coordinator",
            role="coordinator",
            site=site,
            client_id="",
            client_index=0,
            device_time=None,
            server_time=datetime(day.year, day.month, day.day, 4, tzinfo=UTC).isoformat(),
            previous="0" * 64,
            hash=hashlib.sha256(f"{seq}|{happening}".encode()).hexdigest(),
        )
        self.pairs.append((event, happening))
        return event


class Person:
    """Writes one participant's events."""

    def __init__(
        self, log: Log, site: str, number: int, day: date, previous: str | None = None
    ) -> None:
        self.log, self.site, self.day = log, site, day
        self.id = f"{site}-{number:04d}"
        self.saves: dict[tuple[str, str], int] = {}
        self.say(
            e.ParticipantScreened(
                number=number, identity="", previous=previous, screened_on=day.isoformat()
            )
        )

    def say(self, happening: e.Happening, day: date | None = None) -> None:
        self.log.say(f"participant/{self.id}", happening, day or self.day, self.site)

    def consent(self) -> None:
        self.say(e.ConsentRecorded(version="1", signed_on=self.day.isoformat()))

    def save(self, visit: str, form: str, day: date, **values: object) -> None:
        """Save a form; `None` states that a value is missing."""
        count = self.saves[visit, form] = self.saves.get((visit, form), 0) + 1
        written = tuple(
            Value(
                item,
                "" if value is None else str(value),
                None if value is None else _canonical(value),
            )
            for item, value in values.items()
        )
        self.say(
            e.FormSaved(
                visit=visit, form=form, repeat="1", performed_on=day.isoformat(), save=count,
                complete=True, values=written, reason="",
            ),
            day,
        )  # fmt: skip

    def randomize(self, arm: str, number: int, day: date, strata: dict[str, str]) -> None:
        self.say(
            e.ParticipantRandomized(
                number=number,
                strata=strata,
                arm=arm,
                request=self.id,
                randomized_on=day.isoformat(),
            ),
            day,
        )

    def dose(self, day: date, am: bool, pm: bool) -> None:
        self.say(
            e.DiaryDayRecorded(
                diary="spray_diary", day=day.isoformat(), save=1, assisted=False, reason="",
                values=(Value("dose_am", "", _canonical(am)), Value("dose_pm", "", _canonical(pm))),
            ),
            day,
        )  # fmt: skip

    def adverse(self, number: int, term: str, grade: int, day: date, serious: bool = False) -> None:
        self.say(
            e.AdverseEventReported(
                number=number, term=term, verbatim="burning" if term == "other" else "", grade=grade,
                scale="CTCAE v5.0", started_on=day.isoformat(), ended_on=None,
                seriousness=("hospitalization",) if serious else (),
                causality={"spray": "possible"}, outcome="recovering", action="none", narrative="",
            ),
            day,
        )  # fmt: skip

    def withdraw(self, scope: str, category: str, day: date) -> None:
        self.say(
            e.ParticipantWithdrawn(scope=scope, category=category, on=day.isoformat(), reason=""),
            day,
        )


def _canonical(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def made_up_events(seed: int = 1, people: int = 60) -> list[tuple[Event, e.Happening]]:
    """A whole trial of `people` on the screening log, with everything that daily work brings."""
    draw = random.Random(seed)
    log = Log()
    log.say(
        "trial", e.TrialCreated(title="A made-up spray trial", public_key="", rehearsal=True), START
    )
    counters = {"01": 0, "02": 0}
    randomized = 0
    for index in range(people):
        site = draw.choice(("01", "01", "02"))
        counters[site] += 1
        day = START + timedelta(days=index)
        earlier = (
            f"{site}-{counters[site] - 1:04d}"
            if counters[site] > 1 and draw.random() < 0.05
            else None
        )
        person = Person(log, site, counters[site], day, earlier)
        fate = draw.random()
        if fate < 0.06:
            person.say(e.ConsentRefused(version="1", on=day.isoformat(), reason="no time"))
            continue
        person.consent()
        day0 = day + timedelta(days=14)
        chemo = draw.random() < 0.7
        person.save(
            "entry", "entry", day, age=draw.randint(20, 75), sex=draw.choice(("female", "male")),
            chemo=chemo, consented=True, weight=f"{draw.uniform(45, 90):.1f}",
            day0_planned=day0.isoformat(),
        )  # fmt: skip
        if fate < 0.2:
            failed = tuple(c for c in ("adult", "ulcer") if draw.random() < 0.5)
            person.say(e.ScreeningFailed(criteria=failed, reason="screening"))
            continue
        if fate < 0.23:
            if fate < 0.215:
                person.withdraw("follow_up", "participant_decision", day)
            continue
        arm = draw.choice(("active", "plain"))
        randomized += 1
        person.randomize(
            arm, randomized, day + timedelta(days=3),
            {"site": site, "chemo": "true" if chemo else "false"},
        )  # fmt: skip
        _follow(draw, person, arm, day0)
    return log.pairs


def _follow(draw: random.Random, person: Person, arm: str, planned: date) -> None:
    day0 = planned + timedelta(days=draw.choice((0, 0, 1, 3)))
    leave = draw.choice((None,) * 8 + (0, 1, 2))
    weight, grade = draw.uniform(50, 80), 0
    if draw.random() < 0.1:
        person.adverse(1, "nausea", 1, planned - timedelta(days=13))
    for number, (visit, offset) in enumerate(VISITS.items()):
        day = day0 + timedelta(days=offset + draw.choice((-1, 0, 0, 1)))
        if leave == number:
            scope = draw.choice(("treatment", "follow_up", "follow_up", "data_use"))
            person.withdraw(scope, draw.choice(("participant_decision", "lost_to_follow_up")), day)
            if scope != "treatment":
                return
        if draw.random() < 0.1:
            person.say(e.VisitMissed(visit=visit, reason="ill"), day)
            continue
        grade = min(
            4, max(0, grade + draw.choice((0, 0, 1, 1, 2) if arm == "plain" else (-1, 0, 0, 1, 1)))
        )
        weight -= draw.uniform(0, 2)
        first = {"day0_date": day0.isoformat()} if number == 0 else {}
        typed = grade if draw.random() < 0.95 else None
        person.save(
            visit, "check", day, grade=typed, weight=f"{weight:.1f}", remark="as told", **first
        )
        if draw.random() < 0.1:
            person.save(visit, "check", day, grade=grade, weight=f"{weight + 1:.1f}")
        if arm == "active":
            for back in range(6, 0, -1):
                person.dose(day - timedelta(days=back), draw.random() < 0.8, draw.random() < 0.7)
        if draw.random() < 0.4:
            term = draw.choice(("nausea", "nausea", "dry_mouth", "fatigue", "other"))
            person.adverse(
                10 + number, term, draw.choice((1, 1, 2, 2, 3, 4)), day, draw.random() < 0.1
            )
    if draw.random() < 0.9:
        person.say(
            e.ParticipantCompleted(on=(day0 + timedelta(days=35)).isoformat()),
            day0 + timedelta(days=35),
        )
