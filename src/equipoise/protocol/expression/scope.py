"""The names an expression may use, with their types: taken from the protocol's own parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from equipoise.protocol.document import Item, Protocol
from equipoise.protocol.once import once_for_each_protocol
from equipoise.quantity.text import Text
from equipoise.quantity.units import PURE, Unit, UnitError, unit

Kind = Literal["number", "boolean", "date", "code", "text", "time", "identity", "unknown"]
"""Kinds of values. `unknown` stands for what another fault leaves open; nothing is said about it twice."""

RESERVED: Mapping[str, Text] = {
    "arm": Text({"en": "arm allocated", "zh-Hans": "分配组别"}),
    "site": Text({"en": "study site", "zh-Hans": "研究中心"}),
}
"""Names that stand for the participant's own arm and site."""

_KIND_BY_ITEM_TYPE: Mapping[str, Kind] = {
    "integer": "number",
    "decimal": "number",
    "boolean": "boolean",
    "date": "date",
    "partial_date": "date",
    "time": "time",
    "code": "code",
    "text": "text",
    "identity": "identity",
}


@dataclass(frozen=True, slots=True)
class Type:
    """The type of an expression. `unit` is UCUM for numbers; `codelist` names the list of a code."""

    kind: Kind
    unit: str | None = None
    codelist: str | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of a list, in order; `ordered` where their order means something."""

    name: str
    codes: tuple[str, ...]
    ordered: bool = True

    @property
    def numbers(self) -> dict[str, Decimal] | None:
        """The codes as numbers (`0` to `4` of a grading scale), or None where one is not a number."""
        if all(code.isascii() and code.isdigit() for code in self.codes):
            return {code: Decimal(code) for code in self.codes}
        return None


@dataclass(frozen=True, slots=True)
class Known:
    """A name with what is known about it. `unit` and `codes` are None where the protocol is at fault."""

    name: str
    kind: Kind
    label: Text
    unit: Unit | None = None
    codes: Codes | None = None
    laboratory: bool = False


class Scope:
    """The names of one protocol."""

    def __init__(self, names: Mapping[str, Known]) -> None:
        self.names = dict(names)

    @classmethod
    def of(cls, protocol: Protocol) -> Scope:
        """Items, anchors, `arm` and `site` of the protocol; an item goes before an anchor of its name."""
        names: dict[str, Known] = {}
        for anchor in protocol.schedule.anchors:
            names[anchor.id] = Known(anchor.id, "date", anchor.label)
        for item in protocol.items:
            names[item.id] = _known_item(item, protocol)
        arms = Codes("arms", tuple(arm.id for arm in protocol.arms), ordered=False)
        sites = Codes("sites", tuple(site.id for site in protocol.identity.sites), ordered=False)
        names["arm"] = Known("arm", "code", RESERVED["arm"], codes=arms)
        names["site"] = Known("site", "code", RESERVED["site"], codes=sites)
        return cls(names)


def _known_item(item: Item, protocol: Protocol) -> Known:
    kind = _KIND_BY_ITEM_TYPE[item.type]
    if kind == "number":
        try:
            measured = unit(item.unit) if item.unit is not None else PURE
        except UnitError:
            measured = None
        return Known(item.id, kind, item.label, measured, laboratory=item.laboratory)
    if kind == "code":
        codelist = protocol.codelist_by_id.get(item.codelist or "")
        codes = (
            None
            if codelist is None
            else Codes(codelist.id, tuple(code.code for code in codelist.codes))
        )
        return Known(item.id, kind, item.label, codes=codes)
    return Known(item.id, kind, item.label)


@once_for_each_protocol
def scope_of(protocol: Protocol) -> Scope:
    """The scope of a protocol."""
    return Scope.of(protocol)
