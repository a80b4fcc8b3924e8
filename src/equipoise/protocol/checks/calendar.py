"""The calendar: anchors, epochs, visits and their windows, diaries, regimens."""

from __future__ import annotations

from itertools import combinations

from equipoise.protocol.document import Epoch, Offset, Visit

from .collection import BEFORE_RANDOMIZATION, backwards
from .examination import Examination


def check_calendar(examination: Examination) -> None:
    """Everything about days that can be judged before the trial."""
    _check_anchors(examination)
    _check_epochs(examination)
    _check_visits(examination)
    _check_overlaps(examination)
    _check_diaries(examination)
    _check_regimens(examination)
    _check_log_forms(examination)


def _check_anchors(examination: Examination) -> None:
    items = examination.protocol.item_by_id
    for index, anchor in enumerate(examination.protocol.schedule.anchors):
        place = f"schedule.anchors[{index}]"
        if (anchor.event is None) == (anchor.item is None):
            both = anchor.event is not None
            examination.error(
                "anchor-source",
                anchor.id,
                place,
                (
                    f"the anchor {anchor.id!r} has {'two sources' if both else 'no source'}",
                    f"时间锚点 {anchor.id!r} {'有两个来源' if both else '没有来源'}",
                ),
                (
                    "give it either an `event` or an `item`",
                    "请指定 `event` 或 `item` 之一",
                ),
            )
        for key in ("item", "planned"):
            item = items.get(getattr(anchor, key) or "")
            if item is not None and item.type not in ("date", "partial_date"):
                examination.error(
                    "anchor-not-a-date",
                    f"{anchor.id}.{key}",
                    f"{place}.{key}",
                    (
                        f"the anchor {anchor.id!r} rests on {item.id!r}, which is no date",
                        f"时间锚点 {anchor.id!r} 依据的 {item.id!r} 不是日期",
                    ),
                    ("name an item of type date", "请指定日期类型的数据项"),
                )
            if (
                item is not None
                and item.derived is None
                and not examination.collection.collected(item.id)
                and not examination.lost
            ):
                examination.error(
                    "never-collected",
                    f"anchor.{anchor.id}.{item.id}",
                    f"{place}.{key}",
                    (
                        f"the anchor {anchor.id!r} rests on {item.id!r}, which nothing collects",
                        f"时间锚点 {anchor.id!r} 依据的 {item.id!r} 未被任何表单采集",
                    ),
                    ("put the item on a form of a visit", "请将该数据项放入访视表单"),
                )


def _stretch(
    examination: Examination,
    code: str,
    name: str,
    place: str,
    start: Offset | None,
    end: Offset | None,
    words: tuple[str, str],
) -> None:
    if backwards(start, end) and start is not None and end is not None:
        examination.error(
            code,
            name,
            place,
            (
                f"{words[0]} ends on day {end.day}, before it starts on day {start.day}",
                f"{words[1]}的结束日（第 {end.day} 天）早于开始日（第 {start.day} 天）",
            ),
            ("exchange the two, or mend the days", "请对调或更正日期"),
        )


def _check_epochs(examination: Examination) -> None:
    for index, epoch in enumerate(examination.protocol.schedule.epochs):
        place = f"schedule.epochs[{index}].end"
        words = (f"the epoch {epoch.id!r}", f"阶段 {epoch.id!r} ")
        _stretch(
            examination,
            "stretch-backwards",
            f"epoch.{epoch.id}",
            place,
            epoch.start,
            epoch.end,
            words,
        )
    safety = examination.protocol.safety
    _stretch(
        examination,
        "stretch-backwards",
        "safety",
        "safety.collect_until",
        safety.collect_from,
        safety.collect_until,
        ("the collection of adverse events", "不良事件采集期"),
    )


def _outside(visit: Visit, epoch: Epoch) -> bool:
    start, end = epoch.start, epoch.end
    if start is not None and start.anchor == visit.anchor and visit.day < start.day:
        return True
    return end is not None and end.anchor == visit.anchor and visit.day > end.day


def _check_visits(examination: Examination) -> None:
    schedule = examination.protocol.schedule
    epochs = {epoch.id: epoch for epoch in schedule.epochs}
    allocation = {anchor.id for anchor in schedule.anchors if anchor.event == "randomization"}
    earliest = {
        anchor.id for anchor in schedule.anchors if anchor.event in ("screening", "consent")
    }
    for index, visit in enumerate(schedule.visits):
        place = f"schedule.visits[{index}]"
        epoch = epochs.get(visit.epoch)
        if epoch is not None and _outside(visit, epoch):
            examination.error(
                "visit-outside-epoch",
                visit.id,
                f"{place}.day",
                (
                    f"day {visit.day} of the visit {visit.id!r} lies outside its epoch {epoch.id!r}"
                    f" ({_days(epoch)})",
                    f"访视 {visit.id!r} 的第 {visit.day} 天不在阶段 {epoch.id!r}（{_days(epoch)}）之内",
                ),
                (
                    "mend the day, or give the visit another epoch",
                    "请更正日期，或改为其他阶段",
                ),
            )
        before = visit.phase in BEFORE_RANDOMIZATION
        if (before and visit.anchor in allocation and visit.day > 0) or (
            not before and visit.anchor in allocation and visit.day < 0
        ):
            examination.error(
                "visit-phase",
                visit.id,
                f"{place}.phase" if before else f"{place}.day",
                (
                    f"the visit {visit.id!r} is of the phase {visit.phase!r} and planned"
                    f" {abs(visit.day)} days {'after' if before else 'before'} randomization",
                    f"访视 {visit.id!r} 属于 {visit.phase!r}，却计划在随机化"
                    f"{'之后' if before else '之前'} {abs(visit.day)} 天",
                ),
                ("mend the phase or the day", "请更正访视阶段或日期"),
            )
        if before and visit.until is not None and visit.until in earliest | allocation:
            examination.warning(
                "visit-never-due",
                visit.id,
                f"{place}.until",
                (
                    f"the visit {visit.id!r} is not due once {visit.until!r} has come",
                    f"访视 {visit.id!r} 在 {visit.until!r} 之后不再到期",
                ),
                ("remove `until` from visits before randomization", "请删除随机化前访视的 `until`"),
            )
        if not visit.forms:
            examination.note(
                "visit-without-forms",
                visit.id,
                f"{place}.id",
                (
                    f"nothing is recorded at the visit {visit.id!r}",
                    f"访视 {visit.id!r} 不采集任何数据",
                ),
                ("list its forms, or remove it", "请列出表单，或删除该访视"),
            )


def _days(epoch: Epoch) -> str:
    def shown(offset: Offset | None) -> str:
        return "…" if offset is None else f"{offset.anchor} {offset.day:+d}"

    return f"{shown(epoch.start)} – {shown(epoch.end)}"


def _check_overlaps(examination: Examination) -> None:
    """Two visits of one anchor that may fall on the same day and ask for the same form."""
    visits = list(enumerate(examination.protocol.schedule.visits))
    for (_, first), (index, second) in combinations(visits, 2):
        if first.anchor != second.anchor or first.only_when != second.only_when:
            continue
        early, late = sorted((first, second), key=lambda visit: visit.day)
        shared = [form for form in first.forms if form in second.forms]
        if shared and early.day + early.after >= late.day - late.before:
            examination.note(
                "windows-overlap",
                f"{first.id}.{second.id}",
                f"schedule.visits[{index}]",
                (
                    f"the windows of {first.id!r} and {second.id!r} overlap, and both ask for {shared[0]!r}",
                    f"访视 {first.id!r} 与 {second.id!r} 的时间窗重叠，且均需填写 {shared[0]!r}",
                ),
                (
                    "narrow a window, so that one day belongs to one visit",
                    "请缩小时间窗，使每一天只属于一个访视",
                ),
            )


def _check_diaries(examination: Examination) -> None:
    protocol = examination.protocol
    for index, diary in enumerate(protocol.schedule.diaries):
        place = f"schedule.diaries[{index}]"
        intervention = protocol.intervention_by_id.get(diary.intervention or "")
        regimen = intervention.regimen if intervention is not None else None
        words = (f"the diary {diary.id!r}", f"日记 {diary.id!r} ")
        _stretch(
            examination,
            "stretch-backwards",
            f"diary.{diary.id}",
            f"{place}.stop",
            diary.start,
            diary.stop,
            words,
        )
        known = diary.intervention is None or intervention is not None
        if regimen is None and (diary.start is None or diary.stop is None) and known:
            examination.error(
                "diary-without-days",
                diary.id,
                place,
                (
                    f"nothing says on which days the diary {diary.id!r} is kept",
                    f"未说明日记 {diary.id!r} 在哪些天填写",
                ),
                (
                    "give it `start` and `stop`, or an `intervention` with a regimen",
                    "请指定 `start` 与 `stop`，或带给药方案的 `intervention`",
                ),
            )
        form = protocol.form_by_id.get(diary.form)
        on_form = [entry.item for entry in form.items] if form is not None else None
        for at, name in enumerate(diary.dose_items):
            item = protocol.item_by_id.get(name)
            if item is None or on_form is None:
                continue
            if item.type != "boolean" or name not in on_form:
                examination.error(
                    "diary-dose-item",
                    f"{diary.id}.{name}",
                    f"{place}.dose_items[{at}]",
                    (
                        f"{name!r} counts doses and is no yes/no item of the form {diary.form!r}",
                        f"{name!r} 用于计数给药，但不是表单 {diary.form!r} 的是/否型数据项",
                    ),
                    ("name boolean items of the diary's form", "请使用日记表单中的布尔型数据项"),
                )
        if (
            regimen is not None
            and diary.dose_items
            and len(diary.dose_items) != regimen.times_a_day
        ):
            examination.error(
                "diary-dose-count",
                diary.id,
                f"{place}.dose_items",
                (
                    f"the diary counts {len(diary.dose_items)} doses a day, the regimen"
                    f" has {regimen.times_a_day}",
                    f"日记每日计 {len(diary.dose_items)} 次给药，而方案为每日 {regimen.times_a_day} 次",
                ),
                ("list one dose item for each occasion", "请为每次给药列出一个数据项"),
            )
        for at, name in enumerate(diary.arms):
            arm = protocol.arm_by_id.get(name)
            if (
                arm is not None
                and intervention is not None
                and intervention.id not in arm.interventions
            ):
                examination.error(
                    "diary-arm",
                    f"{diary.id}.{name}",
                    f"{place}.arms[{at}]",
                    (
                        f"the diary of {intervention.id!r} is kept in the arm {name!r}, which does not get it",
                        f"{intervention.id!r} 的日记安排在未接受该干预的组别 {name!r}",
                    ),
                    (
                        "remove the arm, or give it the intervention",
                        "请删除该组别，或为其添加该干预",
                    ),
                )


def _check_regimens(examination: Examination) -> None:
    for index, intervention in enumerate(examination.protocol.interventions):
        regimen = intervention.regimen
        if regimen is None:
            continue
        place = f"interventions[{index}].regimen"
        words = (f"the regimen of {intervention.id!r}", f"{intervention.id!r} 的给药方案")
        _stretch(
            examination,
            "stretch-backwards",
            f"intervention.{intervention.id}",
            f"{place}.stop",
            regimen.start,
            regimen.stop,
            words,
        )
        if regimen.occasions and len(regimen.occasions) != regimen.times_a_day:
            examination.error(
                "occasions-count",
                intervention.id,
                f"{place}.occasions",
                (
                    f"{len(regimen.occasions)} occasions are named for {regimen.times_a_day} doses a day",
                    f"列出了 {len(regimen.occasions)} 个给药时点，而每日给药 {regimen.times_a_day} 次",
                ),
                ("name one occasion for each dose", "请为每次给药指定一个时点"),
            )
        if regimen.dose <= 0:
            examination.error(
                "dose-not-positive",
                intervention.id,
                f"{place}.dose",
                (f"a dose of {regimen.dose} is no dose", f"剂量 {regimen.dose} 无效"),
                ("write the dose of one administration", "请填写单次给药剂量"),
            )


def _check_log_forms(examination: Examination) -> None:
    protocol = examination.protocol
    at_visits = {form for visit in protocol.schedule.visits for form in visit.forms}
    for index, form in enumerate(protocol.forms):
        if form.log and form.id in at_visits:
            examination.error(
                "log-form-at-visit",
                form.id,
                f"forms[{index}].log",
                (
                    f"{form.id!r} is a log, filled at any time, and asked for at a visit as well",
                    f"{form.id!r} 是随时填写的日志，却又安排在访视中",
                ),
                (
                    "remove `log: true`, or take it off the visit",
                    "请删除 `log: true`，或从访视中移除",
                ),
            )
    for index, name in enumerate(protocol.schedule.log_forms):
        listed = protocol.form_by_id.get(name)
        if listed is not None and not listed.log:
            examination.error(
                "log-form-unmarked",
                name,
                f"schedule.log_forms[{index}]",
                (
                    f"{name!r} is listed as a log, and the form does not say so",
                    f"{name!r} 列为日志，但表单未标明",
                ),
                ("give the form `log: true`", "请为表单设置 `log: true`"),
            )
