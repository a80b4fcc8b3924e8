"""What staff type into a form: the arrays' values, and the mistakes they make in typing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from equipoise.conduct.capture import datum_of, read_value
from equipoise.conduct.environment import ParticipantEnvironment
from equipoise.conduct.state import ParticipantState
from equipoise.protocol.document import Form, FormItem, Item
from equipoise.protocol.expression import Datum, compile_expression
from equipoise.quantity.units import convert

from ..columns import decimals_of
from ..generate import Replicate, in_site_unit


@dataclass(frozen=True, slots=True)
class FormPlan:
    """A form as it is filled: the items that are typed, and whether any is asked conditionally."""

    form: Form
    entries: tuple[tuple[FormItem, Item], ...]
    conditional: bool


class Desk:
    """Fills forms for the persons of one replicate."""

    def __init__(self, replicate: Replicate) -> None:
        self._replicate = replicate
        protocol = replicate.protocol
        self._foreign_units = {
            site: frozenset(laboratory.units)
            for site, laboratory in replicate.assumptions.laboratory.sites.items()
        }
        self.plans: dict[str, FormPlan] = {}
        for form in protocol.forms:
            entries = tuple(
                (entry, protocol.item_by_id[entry.item])
                for entry in form.items
                if protocol.item_by_id[entry.item].derived is None
                and protocol.item_by_id[entry.item].type != "identity"
            )
            conditional = any(entry.only_when is not None for entry, _ in entries)
            self.plans[form.id] = FormPlan(form, entries, conditional)

    def truth(
        self,
        item: str,
        person: int,
        arm: int | None,
        day: int,
        site: str,
        *,
        cured: bool = False,
    ) -> str | None:
        """What ought to be typed, in the site laboratory's unit where it has one of its own."""
        return self.truth_on(person, arm, day, site, cured=cured)(item)

    def truth_on(
        self, person: int, arm: int | None, day: int, site: str, *, cured: bool = False
    ) -> Callable[[str], str | None]:
        """As `truth`, for any number of items of one person and day."""
        typed = self._replicate.typed_on(person, arm, day, cured=cured)
        foreign = self._foreign_units.get(site, frozenset())

        def truth(item: str) -> str | None:
            text = typed(item)
            if text is not None and item in foreign:
                return in_site_unit(self._replicate, site, item, text)
            return text

        return truth

    def fill(
        self,
        form: str,
        person: int,
        arm: int | None,
        day: int,
        state: ParticipantState,
        *,
        cured: bool = False,
        instead: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Every value of the form that is asked and known on the day. `instead` wins over the truth."""
        plan = self.plans[form]
        typed: dict[str, str] = {}
        replaced = instead or {}
        truth = self.truth_on(person, arm, day, state.site, cured=cured)
        for entry, item in plan.entries:
            text = replaced.get(item.id)
            if text is None:
                text = truth(item.id)
            if text is None or text == "":
                continue
            if entry.only_when is not None and not self._asked(entry, typed, state):
                continue
            typed[item.id] = text
        return typed

    def _asked(self, entry: FormItem, typed: Mapping[str, str], state: ParticipantState) -> bool:
        protocol = self._replicate.protocol
        compiled = compile_expression(entry.only_when or "true", protocol)
        overlay: dict[str, Datum | None] = {}
        for name in compiled.names:
            if name in typed:
                item = protocol.item_by_id[name]
                overlay[name] = datum_of(item, read_value(item, typed[name], protocol), None)
        return compiled.evaluate(ParticipantEnvironment(state, (), overlay)).value is True


def mistyped(item: Item, text: str, kind: float) -> str | None:
    """A number as it is mistyped: a shifted decimal point, a forgotten unit, exchanged digits.

    `kind` in (0, 1) chooses. None where this number cannot be mistyped in a way that shows.
    """
    number, _, unit = text.partition(" ")
    value = Decimal(number)
    decimals = decimals_of(item)
    if value == 0:
        return None
    if kind < 0.35:
        wrong = value * 10
    elif kind < 0.6:
        wrong = value / 10
    elif kind < 0.8 and item.unit is not None and item.units:
        # the report's number in another unit, typed as if it were the item's own
        other = unit or item.units[0]
        wrong = value if unit else convert(value, item.unit, other)
        unit = ""
    else:
        digits = number.replace(".", "")
        if len(digits) < 2 or digits[0] == digits[1]:
            wrong = value * 10
        else:
            exchanged = digits[1] + digits[0] + digits[2:]
            wrong = Decimal(exchanged).scaleb(-len(number.partition(".")[2]))
    places = max(decimals, len(number.partition(".")[2])) if unit else decimals
    shown = f"{wrong.quantize(Decimal(1).scaleb(-places)):f}"
    if Decimal(shown) == value and not (text.partition(" ")[2] and not unit):
        return None
    return f"{shown} {unit}" if unit else shown


def other_level(item: Item, text: str, codes: tuple[str, ...]) -> str | None:
    """Another level of a coded or yes/no item: what is ticked by mistake."""
    if item.type == "boolean":
        return "false" if text == "true" else "true"
    others = [code for code in codes if code != text]
    return others[0] if others else None
