"""The derived data sets of a cut: subject level, visit level, outcomes, times to event, adverse events, exposure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from equipoise.protocol.document import (
    ChangeAt,
    Condition,
    DoseGap,
    Endpoint,
    Repeated,
    TimeTo,
    ValueAt,
)
from equipoise.protocol.expression import compile_condition
from equipoise.quantity.text import Text

from ..cut import Administration, Adverse, DataCut, Observation, Subject
from ..endpoints import Handled, Outcome, endpoint_data, offset_day, strategies_of
from ..intercurrent import happened, sources
from .common import ARM, AS_RECORDED, PARTICIPANT, Building, text
from .common import variable as variable_of
from .frame import Column, Dataset, Seqs, Type, Value, dataset
from .subjects import SubjectLevel
from .trace import Trace, dose_key


def datasets(data: DataCut, trace: Trace) -> tuple[Dataset, ...]:
    """All data sets of a cut; `trace` is of the same events.

    With dummy arms neither doses nor what rests on them are in any: they would tell the true arms.
    """
    building = _Building(data, trace)
    return (
        SubjectLevel(data, trace).subjects(),
        building.visits(),
        building.outcomes(),
        building.times(),
        building.intercurrent(),
        building.adverse_events(),
        building.exposure(),
    )


@dataclass(frozen=True, slots=True)
class _Occurrence:
    subject: Subject
    event: str
    on: date


@dataclass(frozen=True, slots=True)
class _Result:
    subject: Subject
    endpoint: Endpoint
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Given:
    subject: Subject
    intervention: str
    dose: Administration


class _Building(Building):
    @cached_property
    def _strategies(self) -> dict[str, Callable[[str], Handled]]:
        """What each endpoint's strategies do, by endpoint."""
        return {one.id: strategies_of(self.data, one) for one in self.protocol.endpoints}

    @cached_property
    def _events(self) -> dict[str, list[Adverse]]:
        """Adverse events by participant."""
        found: dict[str, list[Adverse]] = {}
        for event in self.data.adverse_events:
            found.setdefault(event.participant, []).append(event)
        return found

    # -- values ------------------------------------------------------------------------------------

    def visits(self) -> Dataset:
        """One row a value of those randomized; doses stand in `exposure`."""
        doses = {item for diary in self.protocol.schedule.diaries for item in diary.dose_items}
        rows = [
            one
            for one in self.data.observations
            if one.item not in doses and self.subject[one.participant].arm is not None
        ]
        items = self.protocol.item_by_id

        def day(one: Observation) -> int | None:
            start = self.subject[one.participant].randomized_on
            return (one.on - start).days if start else None

        def column(name: str, en: str, zh: str, kind: Type, value: Callable[[Observation], Value], source: str = "FormSaved",
                   derivation: Text = AS_RECORDED) -> Column[Observation]:  # fmt: skip
            return Column(variable_of(name, text(en, zh), kind, source, derivation), value)

        columns = [
            column("participant", "Participant", "受试者", "text", lambda o: o.participant),
            column("item", "Item", "数据项", "text", lambda o: o.item),
            column("visit", "Visit", "访视", "text", lambda o: o.visit),
            column("form", "Form", "表单", "text", lambda o: o.form),
            column("repeat", "Repeat", "重复", "text", lambda o: o.repeat),
            column("arm", "Arm allocated", "分配组别", "text", lambda o: self.subject[o.participant].arm, "subjects.arm"),
            column("on", "Day", "日期", "date", lambda o: o.on),
            column("day", "Days from randomization", "距随机天数", "integer", day, "on, randomized_on"),
            column("value", "Value as a number", "数值", "float", lambda o: o.value,
                   derivation=text("booleans 1 and 0; codes that are numbers", "布尔值为 1/0；数值型编码取其数值")),
            column("text", "Value", "取值", "text", lambda o: o.text),
            column("unit", "Unit", "单位", "text", lambda o: items[o.item].unit, "items"),
            column("seq", "Position in the ledger", "账本位置", "integer", lambda o: o.seq),
        ]  # fmt: skip
        return dataset(
            "visits",
            text("Values by visit", "访视水平数据集"),
            text("one row per participant, item, visit, form and repeat", "每名受试者每数据项每访视一行"),
            ("participant", "item", "visit", "form", "repeat"),
            columns,
            rows,
            lambda one: (one.seq,),
        )  # fmt: skip

    # -- outcomes ----------------------------------------------------------------------------------

    def _results(self, kinds: type | tuple[type, ...] | None) -> Iterator[_Result]:
        for endpoint in self.protocol.endpoints:
            if kinds is not None and not isinstance(endpoint.variable, kinds):
                continue
            found = endpoint_data(self.data, endpoint).by_participant
            for subject in self.data.randomized:
                yield _Result(subject, endpoint, found[subject.id])

    def _evidence(self, one: _Result) -> Seqs:
        """The values an outcome rests on: those of the item in the window or at the visits, and what ended it."""
        variable, subject = one.endpoint.variable, one.subject
        series = self.data.series(variable.item, subject.id)
        handled = self._strategies[one.endpoint.id](subject.id)
        if isinstance(variable, ValueAt | ChangeAt | Repeated):
            visits: set[str | None] = (
                set(variable.visits) if isinstance(variable, Repeated) else {variable.visit}
            )
            visits |= {getattr(variable, "baseline", None)}
            found = {o.seq for o in series if o.visit in visits or one.outcome.counted}
        else:
            first = offset_day(subject, variable.window.start)
            last = offset_day(subject, variable.window.end)
            if last is not None and handled.until is not None:
                last = min(last, handled.until)
            found = {o.seq for o in series if first and last and first <= o.on <= last}
        if one.outcome.counted or one.outcome.missing:
            left = ("left/follow_up", "left/data_use", "randomized")
            found |= set(self.trace.of(subject.id, *left))
        for event in one.endpoint.intercurrent_events:
            day = happened(self.data, event.detected).get(subject.id) if event.detected else None
            if day is not None and event.strategy != "treatment_policy":
                found |= set(self._seen(_Occurrence(subject, event.detected or "", day)))
        return tuple(sorted(found))

    def outcomes(self) -> Dataset:
        """One row a randomized participant and endpoint."""
        columns = [
            *self._endpoint_columns(),
            Column(variable_of("value", text("Outcome", "结局值"), "float", "endpoints",
                             text("as the endpoint's variable and strategies say; empty where missing", "按终点变量及策略计算；缺失为空")),
                   lambda r: r.outcome.value),
            Column(variable_of("event", text("Event seen or counted", "是否发生"), "boolean", "endpoints"), lambda r: r.outcome.event),
            Column(variable_of("baseline", text("Baseline value of a change", "变化的基线值"), "float", "endpoints"), lambda r: r.outcome.baseline),
            Column(variable_of("missing", text("Why there is none", "缺失原因"), "text", "endpoints"), lambda r: r.outcome.missing or None),
            Column(variable_of("counted", text("Rule by which it was counted", "计数规则"), "text", "endpoints"), lambda r: r.outcome.counted or None),
        ]  # fmt: skip
        return dataset(
            "outcomes",
            text("Outcomes", "终点结局"),
            text("one row per randomized participant and endpoint", "每名随机受试者每终点一行"),
            ("participant", "endpoint"),
            columns,
            self._results(None),
            self._evidence,
        )

    def _endpoint_columns(self) -> Iterator[Column[_Result]]:
        yield Column(
            variable_of("participant", PARTICIPANT, "text", "subjects"), lambda r: r.subject.id
        )
        yield Column(
            variable_of("endpoint", text("Endpoint", "终点"), "text", "endpoints"),
            lambda r: r.endpoint.id,
        )
        yield Column(variable_of("arm", ARM, "text", "subjects.arm"), lambda r: r.subject.arm)

    def times(self) -> Dataset:
        """One row a randomized participant and endpoint that is a time."""

        def origin(one: _Result) -> date | None:
            variable = one.endpoint.variable
            return (
                offset_day(one.subject, variable.origin) if isinstance(variable, TimeTo) else None
            )

        days = text(
            "days from the origin to the event or to the last assessment",
            "自起点至事件或末次评估的天数",
        )
        columns = [
            *self._endpoint_columns(),
            Column(variable_of("origin_on", text("Origin", "起点日期"), "date", "anchors"), origin),
            Column(variable_of("time", text("Time", "时间"), "float", "endpoints", days, "d"), lambda r: r.outcome.value),
            Column(variable_of("event", text("Event (else censored)", "发生事件(否则删失)"), "boolean", "endpoints"), lambda r: r.outcome.event),
            Column(variable_of("missing", text("Why there is none", "缺失原因"), "text", "endpoints"), lambda r: r.outcome.missing or None),
        ]  # fmt: skip
        return dataset(
            "times",
            text("Times to event", "时间-事件数据集"),
            text(
                "one row per randomized participant and time endpoint",
                "每名随机受试者每时间终点一行",
            ),
            ("participant", "endpoint"),
            columns,
            self._results(TimeTo),
            self._evidence,
        )

    # -- what happened -----------------------------------------------------------------------------

    def intercurrent(self) -> Dataset:
        """One row a randomized participant and intercurrent event that happened."""
        rows = [
            _Occurrence(subject, event.id, found[subject.id])
            for event in self.protocol.intercurrent_events
            for found in [happened(self.data, event.id)]
            for subject in self.data.randomized
            if subject.id in found
        ]
        rule = text("by the rules of the protocol's intercurrent_events", "按方案伴发事件规则识别")
        columns: list[Column[_Occurrence]] = [
            Column(variable_of("participant", PARTICIPANT, "text", "subjects"), lambda o: o.subject.id),
            Column(variable_of("event", text("Intercurrent event", "伴发事件"), "text", "intercurrent_events"), lambda o: o.event),
            Column(variable_of("arm", ARM, "text", "subjects.arm"), lambda o: o.subject.arm),
            Column(variable_of("on", text("Day on which it first happened", "首次发生日期"), "date", "intercurrent_events", rule), lambda o: o.on),
            Column(variable_of("day", text("Days from randomization", "距随机天数"), "integer", "on, randomized_on"),
                   lambda o: (o.on - o.subject.randomized_on).days if o.subject.randomized_on else None),
        ]  # fmt: skip
        return dataset(
            "intercurrent",
            text("Intercurrent events", "伴发事件"),
            text(
                "one row per randomized participant and event that happened",
                "每名随机受试者每伴发事件一行",
            ),
            ("participant", "event"),
            columns,
            rows,
            self._seen,
        )

    def _seen(self, one: _Occurrence) -> Seqs:
        """The events by which an intercurrent event was seen on its day."""
        subject = one.subject
        found: set[int] = set()
        for rule in self.protocol.intercurrent_by_id[one.event].detect:
            if rule.kind == "leaving":
                names = ("left/treatment", "left/follow_up", "left/data_use")
                left = (
                    subject.left_treatment if rule.scope == "treatment" else subject.left_follow_up
                )
                if left is not None and left.on == one.on:
                    found |= set(self.trace.of(subject.id, *names))
            elif rule.kind == "death" and subject.died_on == one.on:
                found |= set(self.trace.of(subject.id, "died", "fatal"))
            elif isinstance(rule, Condition):
                for item in sources(self.protocol, compile_condition(rule.when, self.protocol)):
                    series = self.data.series(item, subject.id)
                    found |= {o.seq for o in series if o.on == one.on}
            elif isinstance(rule, DoseGap):
                given = subject.administrations.get(rule.intervention, ())
                found |= {
                    seq
                    for dose in given
                    if 0 <= (dose.on - one.on).days < rule.days
                    for seq in self.trace.of(
                        subject.id, dose_key(rule.intervention, str(dose.on), dose.occasion)
                    )
                }
            elif rule.kind == "adverse_event":
                for event in self._events.get(subject.id, ()):
                    if event.started_on == one.on:
                        found |= set(self.trace.of(subject.id, f"adverse/{event.number}"))
        return tuple(sorted(found))

    def adverse_events(self) -> Dataset:
        """One row an adverse event of those randomized; free text stays out."""
        terms = {term.id: term for term in self.protocol.safety.terms}
        rows = [a for a in self.data.adverse_events if self.subject[a.participant].arm is not None]

        def column(name: str, en: str, zh: str, kind: Type, value: Callable[[Adverse], Value],
                   derivation: Text = AS_RECORDED) -> Column[Adverse]:  # fmt: skip
            return Column(
                variable_of(name, text(en, zh), kind, "AdverseEventReported", derivation), value
            )

        def emergent(one: Adverse) -> bool | None:
            start = self.subject[one.participant].randomized_on
            return one.started_on >= start if start else None

        def declared_class(one: Adverse) -> str | None:
            if one.coding is not None:
                return one.coding.group_code
            return terms[one.term].system_organ_class.en if one.term in terms else None

        columns = [
            column("participant", "Participant", "受试者", "text", lambda a: a.participant),
            column("number", "Number", "编号", "integer", lambda a: a.number),
            column("arm", "Arm allocated", "分配组别", "text", lambda a: self.subject[a.participant].arm),
            column("term", "Term", "术语", "text", lambda a: a.term),
            column("preferred_code", "Preferred term, code", "首选术语编码", "text", lambda a: a.coding.preferred_code if a.coding else None),
            column("system_organ_class", "System organ class", "系统器官分类", "text", declared_class,
                   text("of the coding, else of the protocol's term", "取编码结果，否则取方案术语")),
            column("grade", "Grade", "级别", "integer", lambda a: a.grade),
            column("scale", "Scale of the grade", "分级标准", "text", lambda a: a.scale),
            column("started_on", "Start", "开始日期", "date", lambda a: a.started_on),
            column("ended_on", "End", "结束日期", "date", lambda a: a.ended_on),
            column("after_randomization", "Started on or after randomization", "随机当日及以后开始", "boolean", emergent),
            column("serious", "Serious", "严重", "boolean", lambda a: a.serious),
            column("seriousness", "Criteria of seriousness", "严重性标准", "text", lambda a: ";".join(a.seriousness) or None),
            *([] if self.data.dummy_arms else [
                column("causality", "Causality by intervention", "因果关系", "text",
                       lambda a: ";".join(f"{name}={said}" for name, said in sorted(a.causality.items())) or None),
            ]),
            column("outcome", "Outcome", "转归", "text", lambda a: a.outcome),
            column("action", "Action taken", "采取措施", "text", lambda a: a.action),
        ]  # fmt: skip
        return dataset(
            "adverse_events",
            text("Adverse events", "不良事件"),
            text("one row per adverse event", "每例不良事件一行"),
            ("participant", "number"),
            columns,
            rows,
            lambda a: self.trace.of(a.participant, f"adverse/{a.number}"),
        )

    def exposure(self) -> Dataset:
        """One row an occasion on which a dose was recorded, taken or not."""
        rows = [
            _Given(subject, name, dose)
            for subject in self.data.randomized
            for name, given in subject.administrations.items()
            for dose in given
            if not self.data.dummy_arms
        ]
        staff = text("staff's record before the diary's", "工作人员记录优先于日记")
        columns: list[Column[_Given]] = [
            Column(variable_of("participant", PARTICIPANT, "text", "subjects"), lambda g: g.subject.id),
            Column(variable_of("intervention", text("Intervention", "干预措施"), "text", "interventions"), lambda g: g.intervention),
            Column(variable_of("on", text("Day", "日期"), "date", "DiaryDayRecorded"), lambda g: g.dose.on),
            Column(variable_of("occasion", text("Occasion of the day", "当日次序"), "integer", "DiaryDayRecorded"), lambda g: g.dose.occasion),
            Column(variable_of("arm", ARM, "text", "subjects.arm"), lambda g: g.subject.arm),
            Column(variable_of("taken", text("Taken", "已用药"), "boolean", "DiaryDayRecorded, DoseRecorded", staff), lambda g: g.dose.taken),
        ]  # fmt: skip
        return dataset(
            "exposure",
            text("Exposure", "暴露"),
            text(
                "one row per participant, intervention, day and occasion",
                "每名受试者每干预每日每次一行",
            ),
            ("participant", "intervention", "on", "occasion"),
            columns,
            rows,
            lambda g: self.trace.of(
                g.subject.id, dose_key(g.intervention, str(g.dose.on), g.dose.occasion)
            ),
        )
