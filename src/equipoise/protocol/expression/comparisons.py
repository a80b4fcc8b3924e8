"""What may be compared with what, and the closure that does it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from equipoise.quantity.closest import closest

from . import closures
from .closures import Run, constant
from .conversions import conversion_of
from .errors import Faults
from .scope import Codes
from .tree import Comparison, ComparisonSign, Membership, Node, unparse
from .typed import Typed, shown

_COMPARE: Mapping[ComparisonSign, Callable[[Any, Any], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "==": eq,
    "!=": ne,
}

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def comparison(faults: Faults, node: Comparison, left: Typed, right: Typed) -> Run | None:
    """The closure of a comparison; None after a fault."""
    return _compared(faults, node, node.sign, left, right, node.left, node.right)


def membership(
    faults: Faults, node: Membership, operand: Typed, choices: Sequence[Typed]
) -> Run | None:
    """The closure of a membership: equal to one of the choices, or to none; None after a fault."""
    runs: list[Run] = []
    for choice, typed in zip(node.choices, choices, strict=True):
        run = _compared(faults, choice, "==", operand, typed, node.operand, choice)
        if run is None:
            return None
        runs.append(run)
    run = closures.disjunction(runs)
    return closures.negation(run) if node.negated else run


def _compared(
    faults: Faults,
    node: Node,
    sign: ComparisonSign,
    left: Typed,
    right: Typed,
    left_node: Node,
    right_node: Node,
) -> Run | None:
    kinds = (left.kind, right.kind)
    if "unknown" in kinds:
        return None
    for side, part in ((left, left_node), (right, right_node)):
        if side.kind == "identity":
            faults.note(
                "type",
                node,
                f"{unparse(part)!r} identifies a person and is never compared",
                "use known(…)",
            )
            return None
    compare = _COMPARE[sign]
    equality = sign in ("==", "!=")
    if kinds == ("number", "number"):
        return _compared_numbers(faults, node, sign, left, right)
    if kinds == ("date", "date") or (kinds == ("time", "time")):
        return closures.plain_comparison(sign, compare, left.run, right.run)
    if kinds == ("boolean", "boolean") and equality:
        return closures.plain_comparison(sign, compare, left.run, right.run)
    if "code" in kinds:
        return _compared_codes(faults, node, sign, left, right)
    if "time" in kinds and "text" in kinds:
        words = left.constant if left.kind == "text" else right.constant
        if words is None or _TIME.fullmatch(words) is None:
            faults.note("type", node, "a time is compared with a time", "write it as '08:30'")
            return None
        return closures.plain_comparison(sign, compare, left.run, right.run)
    if kinds == ("text", "text") and equality:
        return closures.plain_comparison(sign, compare, left.run, right.run)
    remedy = ""
    if "date" in kinds and "text" in kinds:
        remedy = "write date('YYYY-MM-DD')"
    elif "number" in kinds and "text" in kinds:
        remedy = "write the number without quotes"
    elif "date" in kinds and "number" in kinds:
        remedy = "use days_between(earlier, later)"
    elif "boolean" in kinds:
        remedy = "a yes/no item is compared with true or false, or stands alone"
    elif not equality:
        remedy = "texts are compared with == and != only"
    faults.note("type", node, f"a {shown(left)} is not compared with a {shown(right)}", remedy)
    return None


def _compared_numbers(
    faults: Faults, node: Node, sign: ComparisonSign, left: Typed, right: Typed
) -> Run | None:
    conversion = conversion_of(faults, node, left, right)
    if conversion is None:
        return None
    compare = _COMPARE[sign]
    if isinstance(conversion, str):
        return closures.plain_comparison(sign, compare, left.run, right.run, right.constant)
    if conversion.multiplier is not None:
        if right.constant is not None:
            value = conversion(right.constant)
            return closures.plain_comparison(sign, compare, left.run, constant(value), value)
        return closures.plain_comparison(
            sign, compare, left.run, closures.mapped(right.run, conversion)
        )
    # The factor has no finite decimals: both sides are compared as fractions, without rounding.
    return closures.fraction_comparison(sign, compare, left.run, right.run, conversion)


def _compared_codes(
    faults: Faults, node: Node, sign: ComparisonSign, left: Typed, right: Typed
) -> Run | None:
    coded, other = (left, right) if left.kind == "code" else (right, left)
    codes = coded.codes
    compare = _COMPARE[sign]
    equality = sign in ("==", "!=")
    if other.kind == "number":
        if codes is None:
            return None
        numbers = codes.numbers
        if numbers is None:
            faults.note(
                "type",
                node,
                f"the codes of {codes.name!r} are not numbers",
                f"write a code in quotes: {', '.join(repr(code) for code in codes.codes[:4])}",
            )
            return None
        if not other.bare and (other.unit is None or not other.unit.dimensionless):
            faults.note("unit", node, "a code has no unit", "write the bare number")
            return None
        sides = [
            closures.translated(side.run, numbers) if side is coded else side.run
            for side in (left, right)
        ]
        return closures.plain_comparison(sign, compare, sides[0], sides[1])
    if other.kind == "text" and other.constant is not None:
        if codes is None:
            return None
        if not _is_code(faults, node, codes, other.constant):
            return None
    elif other.kind != "code":
        faults.note(
            "type",
            node,
            f"a code is not compared with a {shown(other)}",
            "write a code in quotes",
        )
        return None
    elif codes is not None and other.codes is not None and codes.name != other.codes.name:
        faults.note("type", node, f"codes of {codes.name!r} and {other.codes.name!r} differ")
        return None
    if equality:
        return closures.plain_comparison(sign, compare, left.run, right.run)
    if codes is None:
        return None
    if not codes.ordered:
        faults.note("type", node, f"{codes.name} have no order", "use == or in")
        return None
    ranks = {code: Decimal(rank) for rank, code in enumerate(codes.codes)}
    return closures.plain_comparison(
        sign,
        compare,
        closures.translated(left.run, ranks),
        closures.translated(right.run, ranks),
    )


def _is_code(faults: Faults, node: Node, codes: Codes, word: str) -> bool:
    if word in codes.codes:
        return True
    guess = closest(word, codes.codes)
    listed = ", ".join(codes.codes[:8])
    faults.note(
        "unknown-name",
        node,
        f"{word!r} is no code of {codes.name!r}",
        f"did you mean {guess!r}?" if guess else f"its codes are {listed}",
    )
    return False
