"""Laws of the expression language: Kleene's logic, round trips, a second interpreter, units."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.protocol.expression import (
    Codes,
    Datum,
    Known,
    Scope,
    compile_in_scope,
    parse,
    unparse,
)
from equipoise.protocol.expression.tree import (
    And,
    Arithmetic,
    Call,
    Comparison,
    Day,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Or,
    String,
    Truth,
)
from equipoise.quantity.text import Text
from equipoise.quantity.truth import conjunction, disjunction, negation
from equipoise.quantity.units import PURE, convert, unit

DEEP = 20 if os.environ.get("EQUIPOISE_DEEP") else 1

TRUTHS = (True, False, None)


class Bed:
    """Values by name; None where nothing is known."""

    def __init__(self, values: Mapping[str, Datum]) -> None:
        self.values = values

    def value(self, name: str) -> Datum | None:
        return self.values.get(name)

    def reference(self, item: str, bound: str) -> Datum | None:
        return self.values.get(f"{bound} {item}")


SCOPE = Scope(
    {
        "pain": Known("pain", "number", Text("Pain"), PURE),
        "weight": Known("weight", "number", Text("Weight"), unit("kg")),
        "platelets": Known("platelets", "number", Text("Platelets"), unit("10*9/L"), laboratory=True),
        "ecog": Known("ecog", "code", Text("ECOG"), codes=Codes("ecog", ("0", "1", "2", "3", "4"))),
        "pregnant": Known("pregnant", "boolean", Text("Pregnant")),
        "smoker": Known("smoker", "boolean", Text("Smoker")),
        "drinker": Known("drinker", "boolean", Text("Drinker")),
        "consent": Known("consent", "date", Text("Consent")),
        "surgery": Known("surgery", "date", Text("Surgery")),
    }
)  # fmt: skip


# Kleene's logic


def test_the_connectives_are_kleenes() -> None:
    for a, b in product(TRUTHS, repeat=2):
        rank = {False: 0, None: 1, True: 2}
        assert rank[conjunction([a, b])] == min(rank[a], rank[b])
        assert rank[disjunction([a, b])] == max(rank[a], rank[b])
        assert rank[negation(a)] == 2 - rank[a]


def _truth(text: str, a: bool | None, b: bool | None, c: bool | None) -> bool | None:
    values = {
        name: Datum(value)
        for name, value in zip(("pregnant", "smoker", "drinker"), (a, b, c), strict=True)
        if value is not None
    }
    return compile_in_scope(text, SCOPE).evaluate(Bed(values)).value  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pregnant and smoker", "smoker and pregnant"),
        ("pregnant or smoker", "smoker or pregnant"),
        ("pregnant and (smoker and drinker)", "(pregnant and smoker) and drinker"),
        ("pregnant or (smoker or drinker)", "(pregnant or smoker) or drinker"),
        ("pregnant and (smoker or drinker)", "pregnant and smoker or pregnant and drinker"),
        ("pregnant or smoker and drinker", "(pregnant or smoker) and (pregnant or drinker)"),
        ("not (pregnant and smoker)", "not pregnant or not smoker"),
        ("not (pregnant or smoker)", "not pregnant and not smoker"),
        ("not not pregnant", "pregnant"),
        ("pregnant and pregnant", "pregnant"),
        ("pregnant or pregnant and smoker", "pregnant"),
        ("pregnant and true", "pregnant"),
        ("pregnant or false", "pregnant"),
        ("pregnant and false", "false"),
        ("pregnant or true", "true"),
        ("pregnant != true", "not pregnant"),
    ],
)
def test_laws_hold_for_true_false_and_unknown(one: str, other: str) -> None:
    for a, b, c in product(TRUTHS, repeat=3):
        assert _truth(one, a, b, c) is _truth(other, a, b, c)


def test_the_excluded_middle_is_unknown_where_the_part_is() -> None:
    assert _truth("pregnant or not pregnant", None, None, None) is None


# Trees of any kind, for the round trip

names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda word: word not in ("and", "or", "not", "in", "true", "false", "date")
)
texts = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=12)
amounts = st.decimals(0, 10_000, places=3, allow_nan=False, allow_infinity=False)
numbers = st.builds(Number, amounts, st.none() | texts)
days = st.builds(Day, st.dates(date(1900, 1, 1), date(2200, 1, 1)))
choices = numbers | st.builds(Negative, numbers) | st.builds(String, texts) | days
atoms = choices | st.builds(Name, names) | st.builds(Truth, st.booleans())


def _grown(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(below, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Call, names, st.lists(below, max_size=3).map(tuple)),
        st.builds(Negative, below),
        st.builds(Not, below),
        st.builds(Arithmetic, st.sampled_from("+-*/"), below, below),
        st.builds(Comparison, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), below, below),
        st.builds(
            Membership, below, st.lists(choices, min_size=1, max_size=3).map(tuple), st.booleans()
        ),
        st.builds(And, several),
        st.builds(Or, several),
    )


trees: st.SearchStrategy[Node] = st.recursive(atoms, _grown, max_leaves=14)


@given(trees)
@settings(max_examples=150 * DEEP, deadline=None)
def test_parsing_the_written_tree_gives_the_tree_again(tree: Node) -> None:
    text = unparse(tree)
    if len(text) <= 2000:
        assert parse(text) == tree
        assert unparse(parse(text)) == text


# Well-typed trees, for the second interpreter


def _quantities(
    leaf: st.SearchStrategy[Node], literal: st.SearchStrategy[Node]
) -> st.SearchStrategy[Node]:
    """Sums, scaled values, extremes of quantities of one kind."""
    factors = st.builds(Number, st.decimals(0, 9, places=1))

    def grown(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        return st.one_of(
            st.builds(Arithmetic, st.sampled_from("+-"), below, below),
            st.builds(Arithmetic, st.just("*"), below, factors),
            st.builds(Negative, below),
            st.builds(Call, st.just("abs"), below.map(lambda node: (node,))),
            st.builds(Call, st.sampled_from(["min", "max"]), st.tuples(below, below)),
        )

    return st.recursive(leaf | literal, grown, max_leaves=5)


small = st.decimals(0, 500, places=2)
masses = _quantities(
    st.just(Name("weight")), st.builds(Number, small, st.sampled_from(["kg", "g", "mg"]))
)
counts = _quantities(st.just(Name("pain")), st.builds(Number, small))
blood = _quantities(
    st.sampled_from([Name("platelets"), Call("uln", (Name("platelets"),))]),
    st.builds(Number, small, st.sampled_from(["10*9/L", "/uL", "10*3/uL"])),
)
moments = st.sampled_from([Name("consent"), Name("surgery")]) | st.builds(
    Day, st.dates(date(2025, 1, 1), date(2026, 12, 31))
)
spells = _quantities(
    st.builds(Call, st.just("days_between"), st.tuples(moments, moments)),
    st.builds(Number, small, st.sampled_from(["d", "wk"])),
)
relations = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def _compared(side: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(Comparison, relations, side, side)


conditions_without_known: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        _compared(masses),
        _compared(counts),
        _compared(blood),
        _compared(spells),
        _compared(moments),
        st.sampled_from([Name("pregnant"), Name("smoker")]),
        st.builds(Comparison, relations, st.just(Name("ecog")), st.integers(0, 5).map(lambda n: Number(Decimal(n)))),
        st.builds(
            Membership,
            st.just(Name("ecog")),
            st.lists(st.sampled_from("01234").map(String), min_size=1, max_size=3).map(tuple),
            st.booleans(),
        ),
    ),
    lambda below: st.one_of(
        st.builds(Not, below),
        st.builds(And, st.lists(below, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(below, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)  # fmt: skip

amount = st.decimals(0, 500, places=2)
values: dict[str, st.SearchStrategy[Datum]] = {
    "pain": amount.map(Datum),
    "weight": st.builds(Datum, amount, st.sampled_from([None, "kg", "g"])),
    "platelets": st.builds(Datum, amount, st.sampled_from([None, "10*9/L", "10*3/uL"])),
    "upper platelets": amount.map(Datum),
    "ecog": st.sampled_from("01234").map(Datum),
    "pregnant": st.booleans().map(Datum),
    "smoker": st.booleans().map(Datum),
    "consent": st.dates(date(2025, 1, 1), date(2026, 12, 31)).map(Datum),
    "surgery": st.dates(date(2025, 1, 1), date(2026, 12, 31)).map(Datum),
}
beds = st.fixed_dictionaries({}, optional=values)
full_beds = st.fixed_dictionaries(values)

COMPARE = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
CALCULATE = {"+": add, "-": sub, "*": mul}


def interpreted(node: Node, bed: Mapping[str, Datum]) -> Any:
    """The plainest reading of a tree: exact fractions in base units, dates as they are, None unknown."""
    match node:
        case Truth(value=truth):
            return truth
        case String(value=text):
            return text
        case Day(value=day):
            return day
        case Number(value=value, unit=code):
            return Fraction(value) * (unit(code).factor if code else 1)
        case Name(name=name):
            datum = bed.get(name)
            if datum is None:
                return None
            if isinstance(datum.value, Decimal):
                own = SCOPE.names[name].unit or PURE
                return Fraction(datum.value) * (
                    unit(datum.unit).factor if datum.unit else own.factor
                )
            return datum.value
        case Call(function="uln", arguments=(Name(name=name),)):
            datum = bed.get(f"upper {name}")
            return None if datum is None else Fraction(datum.value) * SCOPE.names[name].unit.factor  # type: ignore[arg-type,union-attr]
        case Call(function=function, arguments=arguments):
            found = [interpreted(argument, bed) for argument in arguments]
            if None in found:
                return None
            if function == "days_between":
                return Fraction((found[1] - found[0]).days) * 86400
            return {"abs": abs, "min": min, "max": max}[function](*found)
        case Negative(operand=operand):
            value = interpreted(operand, bed)
            return None if value is None else -value
        case Arithmetic(sign=sign, left=left, right=right):
            found = [interpreted(left, bed), interpreted(right, bed)]
            return None if None in found else CALCULATE[sign](*found)
        case Comparison(sign=sign, left=left, right=right):
            one, other = interpreted(left, bed), interpreted(right, bed)
            if one is None or other is None:
                return None
            if isinstance(one, str):
                one = Fraction(one)
            return COMPARE[sign](one, other)
        case Membership(operand=operand, choices=listed, negated=negated):
            value = interpreted(operand, bed)
            if value is None:
                return None
            return (value in [interpreted(choice, bed) for choice in listed]) != negated
        case Not(operand=operand):
            return negation(interpreted(operand, bed))
        case And(parts=parts):
            return conjunction(interpreted(part, bed) for part in parts)
        case Or(parts=parts):
            return disjunction(interpreted(part, bed) for part in parts)
        case _:
            raise AssertionError(node)


@given(conditions_without_known, beds)
@settings(max_examples=200 * DEEP, deadline=None)
def test_the_closures_answer_as_a_plain_reading_of_the_tree(
    tree: Node, bed: dict[str, Datum]
) -> None:
    compiled = compile_in_scope(unparse(tree), SCOPE)
    assert compiled.evaluate(Bed(bed)).value is interpreted(tree, bed)


@given(masses | counts | blood | spells, full_beds)
@settings(max_examples=200 * DEEP, deadline=None)
def test_quantities_come_out_as_a_plain_reading_of_the_tree(
    tree: Node, bed: dict[str, Datum]
) -> None:
    """Equal to 34 significant digits: a count of days in weeks has no finite decimals."""
    compiled = compile_in_scope(unparse(tree), SCOPE)
    value = compiled.evaluate(Bed(bed)).value
    assert isinstance(value, Decimal)
    assert compiled.type.unit is not None
    in_base = Fraction(value) * unit(compiled.type.unit).factor
    expected = interpreted(tree, bed)
    assert abs(in_base - expected) <= abs(expected) * Fraction(1, 10**25) + Fraction(1, 10**20)


@given(conditions_without_known, full_beds, st.data())
@settings(max_examples=60 * DEEP, deadline=None)
def test_what_is_decided_on_less_stays_decided_on_more(
    tree: Node, bed: dict[str, Datum], data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(sorted(bed))))
    compiled = compile_in_scope(unparse(tree), SCOPE)
    early = compiled.evaluate(Bed({name: bed[name] for name in kept})).value
    assert early is None or early is compiled.evaluate(Bed(bed)).value
    assert compiled.evaluate(Bed(bed)).value is not None


@given(
    conditions_without_known,
    full_beds,
    st.sampled_from(["g", "mg", "ug", "[lb_av]"]),
    st.sampled_from(["/uL", "10*6/mL", "10*12/L"]),
)
@settings(max_examples=60 * DEEP, deadline=None)
def test_the_unit_a_value_is_given_in_changes_no_answer(
    tree: Node, bed: dict[str, Datum], mass: str, concentration: str
) -> None:
    compiled = compile_in_scope(unparse(tree), SCOPE)
    converted = dict(bed)
    for name, own, other in (("weight", "kg", mass), ("platelets", "10*9/L", concentration)):
        value = convert(bed[name].value, bed[name].unit or own, own)  # type: ignore[arg-type]
        if (
            other == "[lb_av]"
        ):  # Not every kilogram is a finite number of pounds; start from pounds.
            pounds = Datum(value, other)
            converted[name] = pounds
            bed = {**bed, name: Datum(convert(value, other, own), own)}
        else:
            converted[name] = Datum(convert(value, own, other), other)
    assert compiled.evaluate(Bed(converted)).value is compiled.evaluate(Bed(bed)).value


@settings(max_examples=60 * DEEP, deadline=None)
@given(amount, st.sampled_from(["kg", "g", "mg", "ug"]), amount, relations)
def test_the_unit_a_limit_is_written_in_changes_no_answer(
    value: Decimal, code: str, limit: Decimal, relation: str
) -> None:
    bed = Bed({"weight": Datum(value)})
    written = format(convert(limit, "kg", code), "f")
    one = compile_in_scope(f"weight {relation} {limit:f} 'kg'", SCOPE)
    other = compile_in_scope(f"weight {relation} {written} '{code}'", SCOPE)
    mirrored = compile_in_scope(
        f"{written} '{code}' {relation.translate(str.maketrans('<>', '><'))} weight", SCOPE
    )
    answers = {one.evaluate(bed).value, other.evaluate(bed).value, mirrored.evaluate(bed).value}
    assert len(answers) == 1


@given(
    st.decimals(-1000, 1000, places=4),
    st.sampled_from([("kg", "g"), ("10*9/L", "/uL"), ("d", "wk"), ("mm[Hg]", "kPa"), ("Cel", "[degF]"), ("U/L", "nkat/L")]),
)  # fmt: skip
def test_converting_there_and_back_gives_the_value_again(
    value: Decimal, pair: tuple[str, str]
) -> None:
    there = convert(value, *pair)
    assert abs(convert(there, pair[1], pair[0]) - value) <= Decimal("1e-28")


def test_partial_dates_answer_as_every_day_they_may_mean() -> None:
    """A month-precision date decides a comparison only where each of its days decides it alike."""
    from equipoise.quantity.dates import PartialDate

    compiled = compile_in_scope("days_between(surgery, consent) >= 28", SCOPE)
    consent = date(2026, 3, 20)
    for month in range(1, 5):
        partial = PartialDate(2026, month)
        day, answers = partial.earliest, set()
        while day <= partial.latest:
            bed = Bed({"surgery": Datum(day), "consent": Datum(consent)})
            answers.add(compiled.evaluate(bed).value)
            day += timedelta(days=1)
        found = compiled.evaluate(Bed({"surgery": Datum(partial), "consent": Datum(consent)})).value
        assert found is (answers.pop() if len(answers) == 1 else None)
