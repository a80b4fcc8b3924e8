"""What a new protocol version does to one enrolled participant: the consequences of an amendment.

Nothing that has been collected changes: data keep the version they were entered under, an allocation
stands, and a visit that was done stays done. What changes lies ahead: visits and their windows, forms,
consent, dosing, diary and supply.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from equipoise.protocol.document import Item, Protocol

from .schedule import PlannedVisit, diary_window, dosing_window, plan_visits
from .state import ParticipantState

Days = tuple[date, date] | None
"""First and last day, or None where there are none (yet)."""

_OPEN = ("pending", "due", "part")
_LEFT = ("screen_failed", "consent_refused", "withdrawn", "completed")


@dataclass(frozen=True, slots=True)
class VisitEffect:
    """A visit still to come that is new, gone, moved, or asks for other forms.

    `before` and `after` are its windows. `overdue` says that its new window closed before `today`.
    """

    visit: str
    kind: str
    before: Days
    after: Days
    forms_added: tuple[str, ...] = ()
    forms_removed: tuple[str, ...] = ()
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class DiaryEffect:
    """The days of a diary under the old and the new version."""

    diary: str
    before: Days
    after: Days


@dataclass(frozen=True, slots=True)
class SupplyEffect:
    """Units of a product the participant still needs from today on, under both versions."""

    intervention: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ParticipantEffect:
    """All consequences for one participant; empty tuples where there are none.

    `reconsent` names the consent versions to be signed. `reassess` says that eligibility must be decided
    anew. `incomplete` are saved forms of open visits that now ask for more. `kept` are items with data that
    the new version no longer asks for, `reread` items with data whose meaning has changed.
    """

    participant: str
    site: str
    status: str
    reassess: bool
    reconsent: tuple[str, ...]
    treatment: tuple[str, ...]
    visits: tuple[VisitEffect, ...]
    incomplete: tuple[str, ...]
    diaries: tuple[DiaryEffect, ...]
    supply: tuple[SupplyEffect, ...]
    kept: tuple[str, ...]
    reread: tuple[str, ...]

    @property
    def touched(self) -> bool:
        """Whether anything has to be done for this participant, or has to be known."""
        return bool(
            self.reassess or self.reconsent or self.treatment or self.visits or self.incomplete
            or self.diaries or self.supply or self.kept or self.reread
        )  # fmt: skip


def amendment_effect(
    old: Protocol, new: Protocol, participant: ParticipantState, today: date
) -> ParticipantEffect:
    """What follows for the participant from replacing `old` by `new` on `today` (the site's day)."""
    now = replace(participant, protocol=old)
    then = replace(participant, protocol=new)
    here = participant.status not in _LEFT
    data = {
        item
        for form in participant.forms.values()
        for item, captured in form.values.items()
        if captured.value.raw
    }
    return ParticipantEffect(
        participant.id,
        participant.site,
        participant.status,
        here and participant.randomized is None and _eligibility_differs(old, new, participant),
        _consents_to_sign(old, new, participant) if here else (),
        _treatments(old, new, participant, today) if here else (),
        _visits(old, new, now, then, today) if here else (),
        _incomplete(new, participant) if here else (),
        _diaries(old, new, now, then, today) if here else (),
        _supplies(old, new, now, then, today) if here else (),
        tuple(sorted(item for item in data if item not in _asked(new) and item in _asked(old))),
        tuple(sorted(item for item in data if _means_another(old, new, item))),
    )


def _eligibility_differs(old: Protocol, new: Protocol, participant: ParticipantState) -> bool:
    if not participant.assessments:
        return False
    return [
        (one.id, one.kind, one.met_when, one.judgement) for one in old.eligibility.criteria
    ] != [(one.id, one.kind, one.met_when, one.judgement) for one in new.eligibility.criteria]


def _consents_to_sign(
    old: Protocol, new: Protocol, participant: ParticipantState
) -> tuple[str, ...]:
    if participant.consent is None:
        return ()
    known = {one.version for one in old.consents}
    signed = {one.version for one in participant.consents}
    return tuple(
        one.version
        for one in new.consents
        if one.version not in known and one.version not in signed
    )


def _treatments(
    old: Protocol, new: Protocol, participant: ParticipantState, today: date
) -> tuple[str, ...]:
    """Interventions the participant still takes whose regimen is another, or that come or go."""
    if participant.arm is None or participant.arm not in new.arm_by_id:
        return ()
    given = [
        *old.arm_by_id[participant.arm].interventions,
        *new.arm_by_id[participant.arm].interventions,
    ]
    found = []
    for name in dict.fromkeys(given):
        windows = (dosing_window(old, name, participant), dosing_window(new, name, participant))
        if all(window is None or window[1] < today for window in windows):
            continue
        before, after = (
            one.intervention_by_id[name].regimen
            if participant.arm is not None and name in one.arm_by_id[participant.arm].interventions
            else None
            for one in (old, new)
        )
        if before != after:
            found.append(name)
    return tuple(found)


def _visits(
    old: Protocol, new: Protocol, now: ParticipantState, then: ParticipantState, today: date
) -> tuple[VisitEffect, ...]:
    before = {one.visit.id: one for one in plan_visits(old, now)}
    after = {one.visit.id: one for one in plan_visits(new, then)}
    effects = (
        _visit(name, before.get(name), after.get(name), today)
        for name in dict.fromkeys((*after, *before))
    )
    return tuple(effect for effect in effects if effect is not None)


def _visit(
    name: str, before: PlannedVisit | None, after: PlannedVisit | None, today: date
) -> VisitEffect | None:
    was = before is not None and before.status in _OPEN
    will = after is not None and after.status in _OPEN
    if not was and not will:
        return None
    old, new = _window(before) if was else None, _window(after) if will else None
    overdue = bool(will and new is not None and new[1] < today)
    if not was:
        return VisitEffect(name, "added", None, new, _forms(after), (), overdue)
    if not will:
        return VisitEffect(name, "removed", old, None, (), _forms(before))
    asked, asks = _forms(before), _forms(after)
    added = tuple(form for form in asks if form not in asked)
    removed = tuple(form for form in asked if form not in asks)
    if old != new:
        return VisitEffect(name, "moved", old, new, added, removed, overdue)
    if added or removed:
        return VisitEffect(name, "forms", old, new, added, removed)
    return None


def _window(planned: PlannedVisit | None) -> Days:
    if planned is None or planned.opens is None or planned.closes is None:
        return None
    return planned.opens, planned.closes


def _forms(planned: PlannedVisit | None) -> tuple[str, ...]:
    return tuple(planned.visit.forms) if planned else ()


def _incomplete(new: Protocol, participant: ParticipantState) -> tuple[str, ...]:
    """Forms that were complete and lack an item that the new version requires without condition."""
    found = []
    for address, form in participant.forms.items():
        asked = new.form_by_id.get(address.form)
        if asked is None or not form.complete:
            continue
        lacking = [
            one.item
            for one in asked.items
            if one.required
            and one.only_when is None
            and one.item not in form.values
            and new.item_by_id[one.item].derived is None
        ]
        if lacking:
            found.append(f"{address}: {', '.join(lacking)}")
    return tuple(found)


def _diaries(
    old: Protocol, new: Protocol, now: ParticipantState, then: ParticipantState, today: date
) -> tuple[DiaryEffect, ...]:
    olds = {one.id: one for one in old.schedule.diaries}
    news = {one.id: one for one in new.schedule.diaries}
    effects = []
    for name in dict.fromkeys((*news, *olds)):
        before = diary_window(old, olds[name], now) if name in olds else None
        after = diary_window(new, news[name], then) if name in news else None
        over = all(window is None or window[1] < today for window in (before, after))
        if before != after and not over:
            effects.append(DiaryEffect(name, before, after))
    return tuple(effects)


def _supplies(
    old: Protocol, new: Protocol, now: ParticipantState, then: ParticipantState, today: date
) -> tuple[SupplyEffect, ...]:
    names = dict.fromkeys(supply.intervention for supply in (*new.supply, *old.supply))
    effects = []
    for name in names:
        before, after = _units(old, name, now, today), _units(new, name, then, today)
        if before != after:
            effects.append(SupplyEffect(name, before, after))
    return tuple(effects)


def _units(
    protocol: Protocol, intervention: str, participant: ParticipantState, today: date
) -> int:
    supply = next((one for one in protocol.supply if one.intervention == intervention), None)
    if supply is None or intervention not in protocol.intervention_by_id:
        return 0
    window = dosing_window(protocol, intervention, participant)
    if window is None or window[1] < today:
        return 0
    days = (window[1] - max(window[0], today)).days + 1
    return math.ceil(days * supply.units_per_day)


def _asked(protocol: Protocol) -> frozenset[str]:
    return frozenset(entry.item for form in protocol.forms for entry in form.items)


def _means_another(old: Protocol, new: Protocol, item: str) -> bool:
    before, after = old.item_by_id.get(item), new.item_by_id.get(item)
    if before is None or after is None:
        return False
    return _meaning(old, before) != _meaning(new, after)


def _meaning(protocol: Protocol, item: Item) -> tuple[object, ...]:
    codes = protocol.codelist_by_id[item.codelist] if item.codelist else None
    return (
        item.type,
        item.unit,
        item.derived,
        tuple(one.code for one in codes.codes) if codes else None,
        (codes.scale, codes.version) if codes else None,
    )
