"""The subject level: one row a participant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

from equipoise.protocol.document import Item
from equipoise.protocol.expression import compile_derived
from equipoise.quantity.text import Text

from ..cut import Subject
from ..estimand_results import Reason
from ..intercurrent import sources
from ..sets import set_reasons
from .common import AS_RECORDED, Building, text
from .common import variable as variable_of
from .frame import Column, Dataset, Seqs, Type, Value, dataset
from .trace import dose_key


class SubjectLevel(Building):
    """Disposition, allocation, doses, analysis sets, baseline."""

    def subjects(self) -> Dataset:
        """One row a participant on the screening log whose data may be used."""
        columns = [
            *self._disposition(),
            *self._allocation(),
            *self._doses(),
            *self._sets(),
            *self._baseline(),
        ]
        return dataset(
            "subjects",
            text("Participants", "受试者水平数据集"),
            text("one row per participant on the screening log", "每名筛选受试者一行"),
            ("participant",),
            columns,
            self.data.subjects,
            lambda s: self.trace.of(s.id, "screened"),
        )

    def _told(self, *what: str) -> Callable[[Subject], Seqs]:
        return lambda subject: self.trace.of(subject.id, *what)

    def _disposition(self) -> Iterator[Column[Subject]]:
        def column(
            name: str,
            en: str,
            zh: str,
            kind: Type,
            source: str,
            value: Callable[[Subject], Value],
            *what: str,
            derivation: Text = AS_RECORDED,
        ) -> Column[Subject]:
            variable = variable_of(name, text(en, zh), kind, source, derivation)
            return Column(variable, value, self._told(*what) if what else None)

        yield column(
            "participant", "Participant", "受试者", "text", "ParticipantScreened", lambda s: s.id
        )
        yield column("site", "Site", "研究中心", "text", "ParticipantScreened", lambda s: s.site)
        yield column(
            "screened_on",
            "Day of screening",
            "筛选日期",
            "date",
            "ParticipantScreened",
            lambda s: s.screened_on,
        )
        yield column(
            "screening",
            "How screening ended",
            "筛选结局",
            "text",
            "screening",
            lambda s: s.screening,
            "failed",
            "refused",
            "randomized",
            "left/follow_up",
            "left/data_use",
            "screened",
            derivation=text(
                "randomized, consent_refused, not_eligible, other_reason, withdrawn or in_screening",
                "已随机、拒绝知情同意、不符合标准、其他原因、退出或筛选中",
            ),
        )
        yield column(
            "consented_on",
            "Day of consent",
            "知情同意日期",
            "date",
            "ConsentRecorded",
            lambda s: s.consented_on,
            "consented",
            derivation=text("the first consent signed", "首次签署"),
        )
        yield column(
            "randomized_on",
            "Day of randomization",
            "随机日期",
            "date",
            "ParticipantRandomized",
            lambda s: s.randomized_on,
            "randomized",
        )
        yield column(
            "number",
            "Randomization number",
            "随机号",
            "integer",
            "ParticipantRandomized",
            lambda s: s.number,
            "randomized",
        )
        yield column(
            "arm",
            "Arm allocated",
            "分配组别",
            "text",
            "ParticipantRandomized",
            lambda s: s.arm,
            "randomized",
        )
        scopes = ("left/treatment", "left/follow_up", "left/data_use")
        first = text("the first of all leavings", "首次退出")
        yield column(
            "left_treatment_on",
            "Day on which treatment was left",
            "停止治疗日期",
            "date",
            "ParticipantWithdrawn",
            lambda s: s.left_treatment.on if s.left_treatment else None,
            *scopes,
            derivation=first,
        )
        yield column(
            "left_treatment_reason",
            "Reason for leaving treatment",
            "停止治疗原因",
            "text",
            "ParticipantWithdrawn",
            lambda s: s.left_treatment.category if s.left_treatment else None,
            *scopes,
            derivation=first,
        )
        yield column(
            "left_follow_up_on",
            "Day on which follow-up was left",
            "退出随访日期",
            "date",
            "ParticipantWithdrawn",
            lambda s: s.left_follow_up.on if s.left_follow_up else None,
            *scopes[1:],
        )
        yield column(
            "left_follow_up_reason",
            "Reason for leaving follow-up",
            "退出随访原因",
            "text",
            "ParticipantWithdrawn",
            lambda s: s.left_follow_up.category if s.left_follow_up else None,
            *scopes[1:],
        )
        yield column(
            "died_on",
            "Day of death",
            "死亡日期",
            "date",
            "ParticipantWithdrawn",
            lambda s: s.died_on,
            "died",
            "fatal",
            derivation=text(
                "leaving follow-up for death, else a fatal adverse event",
                "因死亡退出随访，否则取致死性不良事件",
            ),
        )
        yield column(
            "completed_on",
            "Day of completion",
            "完成研究日期",
            "date",
            "ParticipantCompleted",
            lambda s: s.completed_on,
            "completed",
        )

    def _allocation(self) -> Iterator[Column[Subject]]:
        randomization = self.protocol.randomization
        for factor in randomization.strata if randomization else []:
            item = self.protocol.item_by_id.get(factor.item or "")
            label = item.label if item else text("Site", "研究中心")
            variable = variable_of(
                f"stratum_{factor.id}", label, "text", "ParticipantRandomized",
                text("the level used for allocation", "随机时使用的水平"),
            )  # fmt: skip
            yield Column(variable, _level(factor.id), self._told("randomized"))
        for anchor in self.protocol.schedule.anchors:
            variable = variable_of(
                f"anchor_{anchor.id}", anchor.label, "date", anchor.item or anchor.event or anchor.id,
                text("the actual day, else the planned one", "实际日期，否则取计划日期"),
            )  # fmt: skip
            yield Column(variable, _anchor(anchor.id), self._anchor_seqs(anchor.id))

    def _anchor_seqs(self, name: str) -> Callable[[Subject], Seqs]:
        anchor = next(one for one in self.protocol.schedule.anchors if one.id == name)
        told = {"screening": "screened", "consent": "consented", "randomization": "randomized"}

        def seqs(subject: Subject) -> Seqs:
            if anchor.event is not None:
                return self.trace.of(subject.id, told[anchor.event])
            for item in (anchor.item, anchor.planned):
                found = self.data.series(item, subject.id) if item else ()
                if found:
                    return (found[-1].seq,)
            return ()

        return seqs

    def _doses(self) -> Iterator[Column[Subject]]:
        if self.data.dummy_arms:
            return
        for one in self.protocol.interventions:
            if one.regimen is None:
                continue
            for name, en, zh, kind, take in (
                ("doses_recorded", "doses recorded", "记录次数", "integer", lambda d: d.recorded),
                ("doses_taken", "doses taken", "实际用药次数", "integer", lambda d: d.taken),
                ("first_dose_on", "first dose", "首次用药日期", "date", lambda d: d.first_on),
                ("last_dose_on", "last dose", "末次用药日期", "date", lambda d: d.last_on),
            ):
                label = text(f"{one.name.en}: {en}", f"{one.name.in_language('zh-Hans')}：{zh}")
                variable = variable_of(f"{name}_{one.id}", label, kind, "exposure")  # type: ignore[arg-type]
                yield Column(variable, _dose(one.id, take), self._dose_seqs(one.id))

    def _dose_seqs(self, intervention: str) -> Callable[[Subject], Seqs]:
        def seqs(subject: Subject) -> Seqs:
            given = subject.administrations.get(intervention, ())
            keys = [dose_key(intervention, str(one.on), one.occasion) for one in given]
            return self.trace.of(subject.id, *keys)

        return seqs

    def _sets(self) -> Iterator[Column[Subject]]:
        for declared in self.protocol.analysis_sets:
            reasons = set_reasons(self.data, declared.id)
            derivation = text(
                f"rule {declared.rule}, {len(declared.exclusions)} exclusions; empty where not randomized",
                f"规则 {declared.rule}，{len(declared.exclusions)} 项排除；未随机者为空",
            )
            member = variable_of(
                f"set_{declared.id}", declared.label, "boolean", "analysis_sets", derivation
            )
            why = variable_of(
                f"set_{declared.id}_reasons",
                text(f"{declared.label.en}: reasons of who is not in it", f"{declared.label.in_language('zh-Hans')}：未纳入原因"),
                "text", "analysis_sets", derivation,
            )  # fmt: skip
            yield Column(member, _member(reasons), self._told("randomized"))
            yield Column(why, _why(reasons), self._told("randomized"))

    def _baseline(self) -> Iterator[Column[Subject]]:
        present = {name for subject in self.data.randomized for name in subject.baseline}
        for item in self.protocol.items:
            if item.id not in present:
                continue
            known = [s.baseline[item.id] for s in self.data.randomized if item.id in s.baseline]
            numeric = all(isinstance(value, float) for value in known)
            derivation = (
                text(f"derived: {item.derived}", f"派生：{item.derived}")
                if item.derived
                else text("the last value up to randomization", "随机前(含当日)最后一次数值")
            )
            variable = variable_of(
                f"baseline_{item.id}", item.label, _kind(item, numeric), f"item {item.id}",
                derivation, item.unit, item.codelist,
            )  # fmt: skip
            yield Column(variable, _at_baseline(item, numeric), self._baseline_seqs(item))

    def _baseline_seqs(self, item: Item) -> Callable[[Subject], Seqs]:
        if item.derived is None:
            names: tuple[str, ...] = (item.id,)
        else:
            names = (item.id, *sorted(sources(self.protocol, compile_derived(item, self.protocol))))

        def seqs(subject: Subject) -> Seqs:
            found = []
            for name in names:
                before = [
                    one.seq
                    for one in self.data.series(name, subject.id)
                    if subject.randomized_on and one.on <= subject.randomized_on
                ]
                found += before[-1:]
            return tuple(sorted(set(found))) or self.trace.of(subject.id, "consented")

        return seqs


def _level(factor: str) -> Callable[[Subject], Value]:
    return lambda subject: subject.strata.get(factor)


def _anchor(name: str) -> Callable[[Subject], Value]:
    return lambda subject: subject.anchors.get(name)


def _dose(intervention: str, take: Callable[..., Value]) -> Callable[[Subject], Value]:
    def value(subject: Subject) -> Value:
        found = subject.doses.get(intervention)
        return take(found) if found is not None else None

    return value


Reasons = Mapping[str, tuple[Reason, ...]]


def _member(reasons: Reasons) -> Callable[[Subject], Value]:
    def value(subject: Subject) -> Value:
        found = reasons.get(subject.id)
        return None if found is None else not found

    return value


def _why(reasons: Reasons) -> Callable[[Subject], Value]:
    def value(subject: Subject) -> Value:
        found = reasons.get(subject.id) or ()
        return "; ".join(r.text.en if r.text else r.id for r in found) or None

    return value


def _kind(item: Item, numeric: bool) -> Type:
    return "float" if numeric else "date" if item.type == "date" else "text"


def _at_baseline(item: Item, numeric: bool) -> Callable[[Subject], Value]:
    def value(subject: Subject) -> Value:
        found = subject.baseline.get(item.id)
        if found is None or numeric:
            return found
        return date.fromisoformat(str(found)) if item.type == "date" else str(found)

    return value
