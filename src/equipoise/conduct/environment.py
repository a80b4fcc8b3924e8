"""A participant's data as the expression language sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from equipoise.protocol.document import Item, Protocol
from equipoise.protocol.expression import Datum, compile_derived
from equipoise.quantity.units import convert

from .state import LaboratoryRange, ParticipantState

EVENT_NAMES = ("screening", "consent", "randomization")
"""Names that stand for the date of an event rather than for an item."""


class ParticipantEnvironment:
    """Answers names with the participant's latest values.

    `overlay` holds values being typed, which come first; an item mapped to None is unknown there.
    `ranges` are the laboratory ranges of the participant's site.
    """

    __slots__ = ("_deriving", "_overlay", "_participant", "_protocol", "_ranges", "_today")

    def __init__(
        self,
        participant: ParticipantState,
        ranges: Sequence[LaboratoryRange] = (),
        overlay: Mapping[str, Datum | None] | None = None,
        today: date | None = None,
    ) -> None:
        self._participant = participant
        self._protocol = participant.protocol
        self._ranges = ranges
        self._overlay = overlay or {}
        self._today = today
        self._deriving: set[str] = set()

    @property
    def protocol(self) -> Protocol:
        """The protocol whose names are answered."""
        return self._protocol

    def value(self, name: str) -> Datum | None:
        """The latest value of an item, the day of an anchor or event, the arm; None if unknown."""
        if name in self._overlay:
            return self._overlay[name]
        item = self._protocol.item_by_id.get(name)
        if item is not None:
            captured = self._participant.latest.get(name)
            if captured is not None:
                return captured.datum
            return self._derive(item) if item.derived else None
        if name == "arm":
            arm = self._participant.arm
            return (
                Datum(arm, None, self._participant.randomized_on, "randomization") if arm else None
            )
        return self._day(name)

    def _derive(self, item: Item) -> Datum | None:
        if item.id in self._deriving:
            return None
        self._deriving.add(item.id)
        try:
            answer = compile_derived(item, self._protocol).evaluate(self)
        finally:
            self._deriving.discard(item.id)
        if answer.value is None:
            return None
        days = [used.on for used in answer.used.values() if used is not None and used.on]
        return Datum(answer.value, item.unit, max(days, default=None), "derived")

    def _day(self, name: str) -> Datum | None:
        participant = self._participant
        day: date | None
        if name == "consent":
            day = participant.consents[0].signed_on if participant.consents else None
        elif name == "randomization":
            day = participant.randomized_on
        elif name == "screening":
            day = participant.screened_on
        elif name == "today":
            day = self._today
        else:
            for anchor in self._protocol.schedule.anchors:
                if anchor.id == name:
                    return self._anchor(anchor.event, anchor.item, anchor.planned)
            return None
        return Datum(day, None, day, name) if day else None

    def _anchor(self, event: str | None, item: str | None, planned: str | None) -> Datum | None:
        if event is not None:
            return self._day(event)
        actual = self.value(item) if item else None
        if actual is not None:
            return actual
        return self.value(planned) if planned else None

    def reference(self, item: str, bound: str) -> Datum | None:
        """The site laboratory's limit valid on the item's day, in the item's own unit."""
        datum = self.value(item)
        definition = self._protocol.item_by_id.get(item)
        if datum is None or definition is None:
            return None
        sex = self.value("sex")
        best = range_on(
            self._ranges, item, datum.on or self._today, None if sex is None else sex.value
        )
        limit = None if best is None else best.upper if bound == "upper" else best.lower
        if best is None or limit is None:
            return None
        if definition.unit and best.unit != definition.unit:
            limit = convert(limit, best.unit, definition.unit)
        return Datum(limit, definition.unit, best.valid_from, "site laboratory")


def range_on(
    ranges: Sequence[LaboratoryRange], item: str, on: date | None, sex: object
) -> LaboratoryRange | None:
    """The laboratory's range for an item on a day (None: the newest), for this sex where it has one of its own."""
    best: LaboratoryRange | None = None
    for entry in ranges:
        if entry.item != item or (on is not None and entry.valid_from > on):
            continue
        if entry.sex is not None and sex != entry.sex:
            continue
        if best is None or (entry.valid_from, entry.sex is not None) >= (
            best.valid_from,
            best.sex is not None,
        ):
            best = entry
    return best
