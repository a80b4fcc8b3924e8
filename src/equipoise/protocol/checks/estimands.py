"""Estimands: whether the rules for intercurrent events and analysis sets name what exists, and can be carried out."""

from __future__ import annotations

from equipoise.protocol.document import (
    Condition,
    DetectedEvent,
    Detector,
    DoseGap,
    Endpoint,
    IntercurrentEvent,
    Reported,
)
from equipoise.protocol.document.occurrences import (
    ConditionExclusion,
    EventExclusion,
    UnevaluableExclusion,
)

from .examination import Examination

_ARM = ("arm", "arm", "组别")
_TERM = ("term", "adverse event term", "不良事件术语")
_ENDPOINT = ("endpoint", "endpoint", "终点")
_INTERVENTION = ("intervention", "intervention", "干预措施")
_EVENT = ("intercurrent-event", "intercurrent event", "伴发事件")

_ALL_KINDS = (
    "occurs", "time_to", "worst", "value_at", "change_at", "days_at_least", "repeated", "average_over_time",
)  # fmt: skip
_CARRIED_OUT = {
    "composite": _ALL_KINDS,
    "while_on_treatment": _ALL_KINDS,
    "hypothetical": ("time_to", "value_at", "change_at", "repeated"),
    "principal_stratum": (),
}
"""The kinds of variable on which a strategy for a detected event can be carried out."""


def check_estimands(examination: Examination) -> None:
    """Intercurrent events, the strategies of endpoints, and the exclusions of analysis sets."""
    protocol = examination.protocol
    for index, event in enumerate(protocol.intercurrent_events):
        _check_event(examination, event, f"intercurrent_events[{index}]")
    for index, endpoint in enumerate(protocol.endpoints):
        for at, handled in enumerate(endpoint.intercurrent_events):
            if handled.detected is not None:
                place = f"endpoints[{index}].intercurrent_events[{at}]"
                _check_strategy(examination, endpoint, handled, place)
    for index, declared in enumerate(protocol.analysis_sets):
        owner = f"analysis-set.{declared.id}"
        for at, exclusion in enumerate(declared.exclusions):
            place = f"analysis_sets[{index}].exclusions[{at}]"
            if isinstance(exclusion, EventExclusion):
                known = protocol.intercurrent_by_id
                examination.unknown(_EVENT, exclusion.event, known, f"{place}.event", owner)
            elif isinstance(exclusion, UnevaluableExclusion):
                known_endpoints = protocol.endpoint_by_id
                examination.unknown(
                    _ENDPOINT, exclusion.endpoint, known_endpoints, f"{place}.endpoint", owner
                )
            elif isinstance(exclusion, ConditionExclusion):
                _check_condition(examination, f"{place}.when", owner)


def _check_event(examination: Examination, event: DetectedEvent, place: str) -> None:
    owner = f"intercurrent-event.{event.id}"
    for at, arm in enumerate(event.arms):
        examination.unknown(_ARM, arm, examination.protocol.arm_by_id, f"{place}.arms[{at}]", owner)
    for at, rule in enumerate(event.detect):
        _check_rule(examination, rule, f"{place}.detect[{at}]", owner)


def _check_rule(examination: Examination, rule: Detector, place: str, owner: str) -> None:
    protocol = examination.protocol
    if isinstance(rule, Condition):
        _check_condition(examination, f"{place}.when", owner)
    elif isinstance(rule, Reported):
        terms = {term.id for term in protocol.safety.terms}
        for at, term in enumerate(rule.events.terms):
            examination.unknown(_TERM, term, terms, f"{place}.events.terms[{at}]", owner)
    elif isinstance(rule, DoseGap):
        place = f"{place}.intervention"
        known = protocol.intervention_by_id
        if examination.unknown(_INTERVENTION, rule.intervention, known, place, owner):
            return
        regimen = known[rule.intervention].regimen if rule.intervention in known else None
        if regimen is not None and regimen.start is not None and regimen.stop is not None:
            return
        examination.error(
            "gap-without-regimen",
            f"{owner}.{rule.intervention}",
            place,
            (
                f"{rule.intervention!r} has no regimen with a start and a stop: no day without a dose is a gap",
                f"{rule.intervention!r} 的给药方案没有起止时间，无法判断用药间断",
            ),
            (
                "give its regimen `start` and `stop`, or detect the event in another way",
                "请为其给药方案填写 `start` 和 `stop`，或改用其他识别规则",
            ),
        )


def _check_condition(examination: Examination, place: str, owner: str) -> None:
    """A data cut holds neither texts nor laboratory limits."""
    compiled = examination.compiled.get(place)
    if compiled is None:
        return
    items = examination.protocol.item_by_id
    unseen = sorted(compiled.references)
    unseen += [
        name
        for name in sorted(examination.collection.sources(compiled.names))
        if name in items and items[name].type in ("text", "identity")
    ]
    for name in unseen:
        examination.error(
            "condition-unseen",
            f"{owner}.{name}",
            place,
            (
                f"the condition rests on {name!r}: texts and laboratory limits are not in a data cut",
                f"该条件依赖 {name!r}：数据截止中不含自由文本和实验室参考范围",
            ),
            (
                "use a coded or numeric item, and a limit of its own",
                "请改用编码型或数值型数据项及固定界限",
            ),
        )


def _check_strategy(
    examination: Examination, endpoint: Endpoint, handled: IntercurrentEvent, place: str
) -> None:
    owner = f"endpoint.{endpoint.id}"
    event = handled.detected or ""
    known = examination.protocol.intercurrent_by_id
    examination.unknown(_EVENT, event, known, f"{place}.detected", owner)
    kind = endpoint.variable.kind
    if handled.strategy == "treatment_policy":
        return
    if kind not in _CARRIED_OUT[handled.strategy]:
        examination.error(
            "strategy-unfit",
            f"{owner}.{event}",
            f"{place}.strategy",
            (
                f"the strategy {handled.strategy!r} cannot be carried out on {endpoint.id!r}, which is {kind!r}",
                f"策略 {handled.strategy!r} 无法用于 {kind!r} 型终点 {endpoint.id!r}",
            ),
            (
                "choose another strategy, or state the event in words with `event` instead of `detected`",
                "请选择其他策略，或用 `event` 以文字说明该事件，而不用 `detected`",
            ),
        )
        return
    needs_value = handled.strategy == "composite" and kind not in ("occurs", "time_to")
    if needs_value == (handled.counts_as is not None):
        return
    examination.error(
        "composite-value",
        f"{owner}.{event}",
        f"{place}.counts_as" if handled.counts_as is not None else place,
        (
            f"{endpoint.id!r} is {kind!r}: an event that becomes part of it needs a value"
            if needs_value
            else f"{endpoint.id!r} is {kind!r}: an event that becomes part of it is an event, not a value",
            f"终点 {endpoint.id!r} 为 {kind!r} 型：并入其中的事件"
            + ("须有取值" if needs_value else "按发生计，无需取值"),
        ),
        ("state `counts_as`", "请填写 `counts_as`")
        if needs_value
        else ("remove `counts_as`", "请删除 `counts_as`"),
    )
