"""The two protocols that ship, and a bedside on which their expressions are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from equipoise.protocol.document import Protocol
from equipoise.protocol.expression import Datum, compile_expression
from equipoise.protocol.reading import load_protocol

TRIALS = Path(__file__).parents[3] / "trials"
Plain = Decimal | date | bool | str | int | None


@dataclass(frozen=True)
class Bedside:
    """One person's values by item, and the limits of the laboratory; what is absent is unknown."""

    protocol: Protocol
    values: Mapping[str, Plain]
    limits: Mapping[tuple[str, str], Decimal]

    def value(self, name: str) -> Datum | None:
        """The value given for a name, numbers in the item's own unit."""
        found = self.values.get(name)
        if found is None:
            return None
        item = self.protocol.item_by_id.get(name)
        if isinstance(found, int) and not isinstance(found, bool):
            found = Decimal(found)
        return Datum(found, item.unit if item else None)

    def reference(self, item: str, bound: str) -> Datum | None:
        """The laboratory's limit, in the item's own unit."""
        limit = self.limits.get((item, bound))
        return None if limit is None else Datum(limit, self.protocol.item_by_id[item].unit)


Decide = Callable[..., Plain]


@pytest.fixture(scope="session")
def first() -> Protocol:
    """The exosome spray trial."""
    return load_protocol(TRIALS / "nct07312656" / "protocol.yaml")


@pytest.fixture(scope="session")
def second() -> Protocol:
    """The hypertension example."""
    return load_protocol(TRIALS / "example-hypertension" / "protocol.yaml")


@pytest.fixture(scope="session")
def decide() -> Decide:
    """Evaluate an expression of a protocol on values, with laboratory limits by (item, bound)."""

    def evaluate(
        protocol: Protocol,
        expression: str,
        values: Mapping[str, Plain],
        limits: Mapping[tuple[str, str], Decimal] | None = None,
    ) -> Plain:
        bedside = Bedside(protocol, values, limits or {})
        return compile_expression(expression, protocol).evaluate(bedside).value

    return evaluate
