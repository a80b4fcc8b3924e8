"""Order: nothing is used before it is collected."""

from __future__ import annotations

from collections.abc import Iterable

from equipoise.protocol.document import Anchor, Visit
from equipoise.protocol.expression.scope import RESERVED

from .collection import BEFORE_RANDOMIZATION
from .examination import Examination, PlacedExpression


def check_order(examination: Examination) -> None:
    """Items that criteria, randomization, checks and skip logic rest on."""
    anchors = {anchor.id: anchor for anchor in examination.protocol.schedule.anchors}
    for expression in examination.expressions:
        compiled = examination.compiled.get(expression.place)
        if compiled is None:
            continue
        names = examination.collection.sources(compiled.names | compiled.references)
        if expression.use in ("eligibility", "randomization"):
            for name in names:
                _check_before_allocation(examination, expression, name, anchors)
        elif expression.form is not None:
            _check_on_form(examination, expression, names)
        elif expression.use in ("derived", "analysis"):
            for name in names:
                _check_collected(examination, name, expression.place, expression.owner)
        else:
            _check_for_visit(examination, expression, names)
    for index, criterion in enumerate(examination.protocol.eligibility.criteria):
        for at, name in enumerate(criterion.needs):
            if name in examination.protocol.item_by_id:
                place = f"eligibility.criteria[{index}].needs[{at}]"
                needed = PlacedExpression(place, f"criterion.{criterion.id}", name, "eligibility")
                for source in examination.collection.sources([name]):
                    _check_before_allocation(examination, needed, source, anchors)
    _check_unused(examination)


def _check_collected(examination: Examination, name: str, place: str, owner: str) -> bool:
    """Write down an item that nothing collects; whether it is one."""
    item = examination.protocol.item_by_id.get(name)
    if item is None or item.derived is not None or examination.collection.collected(name):
        return False
    if examination.lost:
        return True
    examination.error(
        "never-collected",
        f"{owner}.{name}",
        place,
        (
            f"no form at a visit, in a diary or in a log collects {name!r}",
            f"没有任何访视表单、日记或日志采集 {name!r}",
        ),
        (
            "put it on a form, and the form on a visit of the schedule",
            "请将其放入表单，并将表单安排到访视中",
        ),
    )
    return True


def _check_before_allocation(
    examination: Examination, expression: PlacedExpression, name: str, anchors: dict[str, Anchor]
) -> None:
    if name in RESERVED:
        if name == "arm":
            examination.error(
                "arm-before-randomization",
                expression.owner,
                expression.place,
                (
                    "the arm is not known before randomization",
                    "随机化之前组别尚不可知",
                ),
                ("judge without the arm", "请勿以组别作为判断依据"),
            )
        return
    if name in examination.protocol.item_by_id:
        if _check_collected(examination, name, expression.place, expression.owner):
            return
        if not examination.collection.before_randomization(name):
            _early(examination, expression, name)
        return
    anchor = anchors.get(name)
    if anchor is None:
        return
    if anchor.event == "randomization" and expression.use == "eligibility":
        _early(examination, expression, name)
    if anchor.item is not None:
        days = [day for day in (anchor.item, anchor.planned) if day is not None]
        if not any(examination.collection.before_randomization(day) for day in days):
            _early(examination, expression, name)


def _early(examination: Examination, expression: PlacedExpression, name: str) -> None:
    examination.error(
        "used-before-collected",
        f"{expression.owner}.{name}",
        expression.place,
        (
            f"{name!r} is needed before randomization and first recorded after it",
            f"{name!r} 在随机化之前即需使用，但首次记录在随机化之后",
        ),
        (
            "collect it at a visit with phase screening or baseline, or judge by something else",
            "请在筛选期或基线访视采集，或改用其他依据",
        ),
    )


def _check_on_form(
    examination: Examination, expression: PlacedExpression, names: Iterable[str]
) -> None:
    """An edit check or skip logic uses items of its form, or of one filled before it or with it."""
    protocol = examination.protocol
    form = protocol.form_by_id.get(expression.form or "")
    if form is None:
        return
    own = {entry.item for entry in form.items}
    visits = [visit for visit in protocol.schedule.visits if form.id in visit.forms]
    for name in names:
        if name in own or name not in protocol.item_by_id:
            continue
        if _check_collected(examination, name, expression.place, expression.owner):
            continue
        if not visits:
            continue
        if not any(examination.collection.by_then(name, visit) for visit in visits):
            examination.error(
                "used-before-collected",
                f"{expression.owner}.{name}",
                expression.place,
                (
                    f"{name!r} is first recorded after every visit with the form {form.id!r}",
                    f"{name!r} 的首次记录晚于所有包含表单 {form.id!r} 的访视",
                ),
                (
                    "use an item of this form or of an earlier one",
                    "请使用本表单或更早表单中的数据项",
                ),
            )


def _check_for_visit(
    examination: Examination, expression: PlacedExpression, names: Iterable[str]
) -> None:
    """A condition of a visit rests on what is recorded before it."""
    visit_id = expression.owner.removeprefix("visit.")
    visit: Visit | None = examination.protocol.visit_by_id.get(visit_id)
    if visit is None:
        return
    for name in names:
        if name == "arm" and visit.phase in BEFORE_RANDOMIZATION:
            examination.error(
                "arm-before-randomization",
                expression.owner,
                expression.place,
                (
                    f"the visit {visit.id!r} comes before randomization, when no arm is known",
                    f"访视 {visit.id!r} 在随机化之前，此时组别尚不可知",
                ),
                (
                    "judge without the arm, or change the visit's phase",
                    "请勿以组别判断，或更改访视阶段",
                ),
            )
        if name not in examination.protocol.item_by_id:
            continue
        if _check_collected(examination, name, expression.place, expression.owner):
            continue
        if not examination.collection.by_then(name, visit):
            examination.error(
                "used-before-collected",
                f"{expression.owner}.{name}",
                expression.place,
                (
                    f"{name!r} is first recorded after the visit {visit.id!r} that depends on it",
                    f"{name!r} 的首次记录晚于依赖它的访视 {visit.id!r}",
                ),
                ("collect it earlier", "请提前采集"),
            )


def _check_unused(examination: Examination) -> None:
    """Items and forms that nobody will ever fill in."""
    protocol = examination.protocol
    if not protocol.schedule.visits:
        return
    for index, item in enumerate(protocol.items):
        if item.type == "identity":
            continue  # Names and telephone numbers are asked for at screening, on no form.
        if item.derived is None and not examination.collection.collected(item.id):
            examination.warning(
                "item-unused",
                item.id,
                f"items[{index}].id",
                (
                    f"no form at a visit, in a diary or in a log collects {item.id!r}",
                    f"没有任何访视表单、日记或日志采集 {item.id!r}",
                ),
                ("put it on a form, or remove it", "请放入表单，或删除该数据项"),
            )
    used = {form for visit in protocol.schedule.visits for form in visit.forms}
    used |= {diary.form for diary in protocol.schedule.diaries}
    used |= set(protocol.schedule.log_forms)
    for index, form in enumerate(protocol.forms):
        if form.id not in used and not form.log:
            examination.warning(
                "form-unused",
                form.id,
                f"forms[{index}].id",
                (
                    f"no visit, diary or log asks for the form {form.id!r}",
                    f"没有任何访视、日记或日志使用表单 {form.id!r}",
                ),
                ("put it on a visit, or remove it", "请安排到访视中，或删除该表单"),
            )
