"""Units of measure in UCUM's case-sensitive code, converted with exact rational factors.

The grammar is that of the Unified Code for Units of Measure, version 2.1 (https://ucum.org/ucum):
products with `.`, quotients with `/`, exponents written after the unit (`m2`), powers of ten
(`10*9/L`), annotations in braces (`{score}`). The table holds the units that clinical trials use.

Deliberately stricter than UCUM, because a wrong conversion harms and a refused one does not:

- arbitrary units such as `[IU]` convert only to multiples of themselves (as UCUM asks);
- `mol`, `eq`, `osm` and `Sv` are dimensions of their own: molar amounts are not pure numbers,
  equivalents depend on the valence, sieverts on the radiation;
- units that differ in an annotation do not convert: `mL/min/{1.73_m2}` is not `mL/min`;
- only `Cel` and `[degF]` have a zero point of their own; they stand alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from .closest import closest

ARITHMETIC = Context(prec=34, rounding=ROUND_HALF_EVEN)
"""Decimal arithmetic on quantities: 34 significant digits (IEEE 754 decimal128), whatever the caller's."""

_EXACT = Context(prec=120, rounding=ROUND_HALF_EVEN)

Dimension = tuple[tuple[str, int], ...]
"""Exponents of base dimensions, sorted by name, without zeros."""


class UnitError(ValueError):
    """A unit that is not UCUM, or two units that do not convert. `remedy` says what to write."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message if not remedy else f"{message}: {remedy}")
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit understood: `value_in_base = value * factor + offset`.

    `annotations` are kept, sorted: they say what is counted and are part of the meaning.
    """

    code: str
    factor: Fraction
    dimension: Dimension
    annotations: tuple[str, ...] = ()
    offset: Fraction = Fraction(0)

    @property
    def dimensionless(self) -> bool:
        """Whether it is a pure number (`1`, `%`, `{score}`)."""
        return not self.dimension

    @property
    def countable(self) -> bool:
        """Whether a bare number may stand for a number of it: pure numbers, days, weeks, months, years."""
        return not self.dimension or self.code in ("d", "wk", "mo", "a")

    @property
    def affine(self) -> bool:
        """Whether its zero is not the zero of its dimension (degrees Celsius and Fahrenheit)."""
        return self.offset != 0

    def commensurable(self, other: Unit) -> bool:
        """Whether values convert between the two."""
        return self.dimension == other.dimension and self.annotations == other.annotations

    def times(self, other: Unit, sign: int = 1) -> Unit:
        """The product (`sign` 1) or the quotient (`sign` -1). UnitError for temperatures with a zero."""
        if self.affine or other.affine:
            raise UnitError(
                f"{(self if self.affine else other).code!r} has a zero of its own",
                "temperatures in degrees are compared, never multiplied or divided; use 'K'",
            )
        exponents = dict(self.dimension)
        for name, power in other.dimension:
            exponents[name] = exponents.get(name, 0) + sign * power
        joint = "." if sign == 1 else "/"
        code = (
            self.code
            if other.code == "1"
            else other.code
            if self.code == "1" and sign == 1
            else f"{'' if self.code == '1' else self.code}{joint}{_grouped(other.code)}"
        )
        marks = [
            *self.annotations,
            *(f"/{mark}" if sign < 0 else mark for mark in other.annotations),
        ]
        return Unit(
            code,
            self.factor * (other.factor if sign == 1 else 1 / other.factor),
            tuple(sorted((name, power) for name, power in exponents.items() if power)),
            tuple(sorted(_cancelled(marks))),
        )


def _grouped(code: str) -> str:
    return f"({code})" if "/" in code or "." in code else code


def _cancelled(marks: list[str]) -> list[str]:
    """Annotations of a quotient of equals drop out: `{cell}/{cell}` says nothing."""
    kept: list[str] = []
    for mark in marks:
        inverse = mark[1:] if mark.startswith("/") else f"/{mark}"
        if inverse in kept:
            kept.remove(inverse)
        else:
            kept.append(mark)
    return kept


PURE = Unit("1", Fraction(1), ())
"""The unit one."""

_PREFIXES: Mapping[str, Fraction] = {
    symbol: Fraction(10) ** power
    for symbol, power in {
        "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
        "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18,
    }.items()
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Atom:
    factor: Fraction
    dimension: Mapping[str, int] = field(default_factory=dict)
    metric: bool = False
    offset: Fraction = Fraction(0)


# Built once at import, before a mutant could be switched on.
def _atoms() -> dict[str, _Atom]:  # pragma: no mutate function
    def of(factor: str, metric: bool = False, **dimension: int) -> _Atom:
        return _Atom(Fraction(factor), dimension, metric)

    table = {
        # Base units; the gram is UCUM's base unit of mass.
        "m": of("1", True, length=1),
        "s": of("1", True, time=1),
        "g": of("1", True, mass=1),
        "K": of("1", True, temperature=1),
        "A": of("1", True, current=1),
        "cd": of("1", True, luminosity=1),
        "mol": of("1", True, substance=1),
        "rad": of("1", True, angle=1),
        # Pure numbers.
        "10*": of("10"),
        "10^": of("10"),
        "%": of("1/100"),
        "[ppth]": of("1/1000"),
        "[ppm]": of("1/1000000"),
        "[ppb]": of("1/1000000000"),
        # Time. The month and the year are the Julian ones, as UCUM has it.
        "min": of("60", time=1),
        "h": of("3600", time=1),
        "d": of("86400", time=1),
        "wk": of("604800", time=1),
        "mo": of("2629800", time=1),
        "mo_j": of("2629800", time=1),
        "a": of("31557600", time=1),
        "a_j": of("31557600", time=1),
        "Hz": of("1", True, time=-1),
        # Volume, length, area, mass.
        "L": of("1/1000", True, length=3),
        "l": of("1/1000", True, length=3),
        "ar": of("100", True, length=2),
        "t": of("1000000", True, mass=1),
        "u": of("1.66053906660e-24", True, mass=1),
        "[drp]": of("1/20000000", length=3),
        "[in_i]": of("0.0254", length=1),
        "[ft_i]": of("0.3048", length=1),
        "[lb_av]": of("453.59237", mass=1),
        "[oz_av]": of("28.349523125", mass=1),
        # Amounts that are no pure numbers and do not convert to moles.
        "eq": of("1", True, equivalents=1),
        "osm": of("1", True, osmoles=1),
        # Catalytic activity: U is defined as micromole per minute.
        "kat": of("1", True, substance=1, time=-1),
        "U": of("1/60000000", True, substance=1, time=-1),
        # Mechanics, energy, pressure.
        "N": of("1000", True, mass=1, length=1, time=-2),
        "Pa": of("1000", True, mass=1, length=-1, time=-2),
        "bar": of("100000000", True, mass=1, length=-1, time=-2),
        "atm": of("101325000", mass=1, length=-1, time=-2),
        "m[Hg]": of("133322000", True, mass=1, length=-1, time=-2),
        "m[H2O]": of("9806650", True, mass=1, length=-1, time=-2),
        "J": of("1000", True, mass=1, length=2, time=-2),
        "W": of("1000", True, mass=1, length=2, time=-3),
        "cal": of("4184", True, mass=1, length=2, time=-2),
        "[Cal]": of("4184000", mass=1, length=2, time=-2),
        "dyn": of("1/100", True, mass=1, length=1, time=-2),
        # Electricity and light.
        "C": of("1", True, current=1, time=1),
        "V": of("1000", True, mass=1, length=2, time=-3, current=-1),
        "Ohm": of("1000", True, mass=1, length=2, time=-3, current=-2),
        "lm": of("1", True, luminosity=1),
        "lx": of("1", True, luminosity=1, length=-2),
        # Radiation. The sievert weighs by the kind of radiation: a dimension of its own.
        "Gy": of("1", True, length=2, time=-2),
        "RAD": of("1/100", True, length=2, time=-2),
        "Sv": of("1", True, equivalent_dose=1),
        "REM": of("1/100", True, equivalent_dose=1),
        "Bq": of("1", True, decays=1, time=-1),
        "Ci": of("37000000000", True, decays=1, time=-1),
        # Angle.
        "deg": of("0.017453292519943295769236907685", angle=1),
        "[diop]": of("1", length=-1),
    }  # fmt: skip
    # Arbitrary units: each compares only with itself. [iU] and [IU] are one unit in UCUM.
    for code in (
        "[IU]", "[CFU]", "[PFU]", "[FFU]", "[arb'U]", "[USP'U]", "[EU]", "[ELU]", "[AU]", "[BAU]",
        "[CCID_50]", "[TCID_50]", "[EID_50]", "[HPF]", "[LPF]", "[pH]", "[GPL'U]", "[MPL'U]", "[APL'U]",
        "[anti'Xa'U]", "[todd'U]", "[dye'U]", "[mclg'U]", "[bdsk'U]", "[knk'U]", "[ka'U]", "[smgy'U]",
    ):  # fmt: skip
        table[code] = _Atom(Fraction(1), {code: 1}, code in ("[IU]", "[CFU]", "[PFU]", "[EU]"))
    table["[iU]"] = table["[IU]"]
    table["[RAD]"] = table.pop("RAD")
    table["[REM]"] = table.pop("REM")
    table["Cel"] = _Atom(Fraction(1), {"temperature": 1}, False, Fraction("273.15"))
    table["[degF]"] = _Atom(Fraction(5, 9), {"temperature": 1}, False, Fraction("459.67") * 5 / 9)
    return table


_ATOMS = _atoms()

_HABITS: Mapping[str, str] = {
    "IU": "[IU]", "iu": "[IU]", "IU/L": "[IU]/L", "U/l": "U/L", "mmHg": "mm[Hg]", "cmH2O": "cm[H2O]",
    "mcg": "ug", "µg": "ug", "μg": "ug", "µL": "uL", "μL": "uL", "µmol/L": "umol/L", "μmol/L": "umol/L",
    "cc": "mL", "ML": "mL", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
    "week": "wk", "weeks": "wk", "month": "mo", "months": "mo", "year": "a", "years": "a", "yr": "a",
    "y": "a", "sec": "s", "mins": "min", "minutes": "min", "°C": "Cel", "℃": "Cel", "degC": "Cel",
    "°F": "[degF]", "lb": "[lb_av]", "lbs": "[lb_av]", "oz": "[oz_av]", "inch": "[in_i]", "in": "[in_i]",
    "ft": "[ft_i]", "bpm": "/min", "percent": "%", "drops": "[drp]", "drop": "[drp]", "kcal": "kcal",
    "gy": "Gy", "GY": "Gy", "KG": "kg", "Kg": "kg", "kilogram": "kg", "gram": "g", "grams": "g",
    "liter": "L", "litre": "L", "mgs": "mg", "mEq/L": "meq/L", "mEq": "meq", "tablet": "{tablet}",
    "tablets": "{tablet}", "puff": "{puff}", "puffs": "{puff}", "points": "{score}", "score": "{score}",
}  # fmt: skip
"""What people write, and the UCUM code for it."""

_TOKEN = re.compile(
    r"(?P<annotation>\{[\x21-\x7a|\x7e]*\})"
    r"|(?P<symbol>(?:10[*^]|[A-Za-z%'_]|\[[^\[\]\s{}]*\])(?:[A-Za-z%'_]|\[[^\[\]\s{}]*\])*)"
    r"|(?P<number>[+-]?[0-9]+)"
    r"|(?P<mark>[./()])"
)


@lru_cache(maxsize=4096)
def unit(code: str) -> Unit:
    """The unit written `code`. UnitError where it is not UCUM or not in the table, with a remedy."""
    if not code or len(code) > 80:
        raise UnitError("a unit is missing" if not code else "a unit is at most 80 characters long")
    if code in _HABITS and _HABITS[code] != code and not _parses(code):
        raise UnitError(f"{code!r} is not a UCUM unit", f"write {_HABITS[code]!r}")
    parsed = _Parser(code).parse()
    return Unit(code, parsed.factor, parsed.dimension, parsed.annotations, parsed.offset)


def _parses(code: str) -> bool:
    try:
        _Parser(code).parse()
    except UnitError:
        return False
    return True


class _Parser:
    """Recursive descent over UCUM's grammar of terms."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(code):
            match = _TOKEN.match(code, position)
            if match is None:
                raise self._fault(code[position])
            self.tokens.append((match.lastgroup or "", match.group()))
            position = match.end()
        self.at = 0
        self.depth = 0

    def _fault(self, what: str) -> UnitError:
        plain = re.sub(r"[×xX]\s*10\s*[\^*]?", "10*", self.code.translate(_SUPERSCRIPTS))
        plain = plain.replace("µ", "u").replace("μ", "u").replace(" ", "").replace("²", "2")
        if plain != self.code and plain and _parses(plain):
            return UnitError(f"{self.code!r} is not a UCUM unit", f"write {plain!r}")
        guess = closest(what, [*_ATOMS, *_HABITS])
        remedy = f"did you mean {_HABITS.get(guess, guess)!r}?" if guess else "see ucum.org"
        return UnitError(f"{self.code!r} is not a UCUM unit ({what!r} is not understood)", remedy)

    def parse(self) -> Unit:
        if not self.tokens:
            raise self._fault(self.code)
        parsed = self._term()
        if self.at < len(self.tokens):
            raise self._fault(self.tokens[self.at][1])
        return parsed

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def _term(self) -> Unit:
        result = PURE
        if self._peek()[1] == "/":
            self.at += 1
            result = PURE.times(self._component(), -1)
        else:
            result = self._component()
        while self._peek()[1] in (".", "/"):
            sign = 1 if self._peek()[1] == "." else -1
            self.at += 1
            result = result.times(self._component(), sign)
        return result

    def _component(self) -> Unit:
        kind, word = self._peek()
        if not kind or word in ("/", ".", ")"):
            raise self._fault(word or "the end of the unit")
        self.at += 1
        if word == "(":
            self.depth += 1
            if self.depth > 8:
                raise UnitError(f"{self.code!r} has too many parentheses")
            inner = self._term()
            if self._peek()[1] != ")":
                raise UnitError(f"{self.code!r} lacks a closing parenthesis")
            self.at += 1
            self.depth -= 1
            return self._annotated(inner)
        if kind == "annotation":
            return Unit(word, Fraction(1), (), () if word == "{}" else (word,))
        if kind == "number":
            if word[0] in "+-" or len(word) > 30 or int(word) == 0:
                raise self._fault(word)
            return self._annotated(Unit(word, Fraction(int(word)), ()))
        atom = self._symbol(word)
        power = 1
        if self._peek()[0] == "number":
            power = int(self._peek()[1][:4])
            if abs(power) > 40 or power == 0:
                raise UnitError(f"{self.code!r} has an exponent outside -40 to 40, or zero")
            self.at += 1
        if atom.affine and (power != 1 or len(self.tokens) > 1):
            raise UnitError(
                f"{word!r} has a zero of its own and stands alone",
                "write K where degrees are differences",
            )
        return self._annotated(
            Unit(
                word,
                atom.factor**power,
                tuple((name, exponent * power) for name, exponent in atom.dimension),
                (),
                atom.offset,
            )
        )

    def _annotated(self, inner: Unit) -> Unit:
        kind, word = self._peek()
        if kind != "annotation":
            return inner
        self.at += 1
        if word == "{}":
            return inner
        return Unit(
            inner.code,
            inner.factor,
            inner.dimension,
            tuple(sorted((*inner.annotations, word))),
            inner.offset,
        )

    def _symbol(self, word: str) -> Unit:
        found = _ATOMS.get(word)
        factor = Fraction(1)
        if found is None:
            for length in (1, 2):
                atom = _ATOMS.get(word[length:])
                prefix = _PREFIXES.get(word[:length])
                if atom is not None and prefix is not None and atom.metric:
                    found, factor = atom, prefix
                    break
        if found is None:
            raise self._fault(word)
        return Unit(
            word,
            factor * found.factor,
            tuple(sorted(found.dimension.items())),
            (),
            found.offset,
        )


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def check_unit(code: str) -> None:
    """Pass, or UnitError saying what is wrong with `code` and what to write."""
    unit(code)


def commensurable(first: str, second: str) -> bool:
    """Whether values convert between two units. UnitError where either is not UCUM."""
    return unit(first).commensurable(unit(second))


@dataclass(frozen=True, slots=True)
class Conversion:
    """`value * numerator / denominator + shift`, exact where that has finitely many decimals."""

    multiplier: Decimal | None
    numerator: Fraction
    shift: Fraction

    def __call__(self, value: Decimal) -> Decimal:
        """`value` in the other unit, exactly where the result has at most 120 digits, else to 34."""
        if self.multiplier is not None:
            return _EXACT.multiply(value, self.multiplier)
        return as_decimal(Fraction(value) * self.numerator + self.shift)


def as_decimal(number: Fraction) -> Decimal:
    """The fraction as a decimal: exactly where it has finitely many places, else to 34 digits."""
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    context = _EXACT if rest == 1 else ARITHMETIC
    return context.divide(Decimal(number.numerator), Decimal(number.denominator))


@lru_cache(maxsize=4096)
def conversion(from_unit: str, to_unit: str) -> Conversion:
    """The conversion between two units by code. UnitError where they do not convert."""
    return conversion_between(unit(from_unit), unit(to_unit))


def conversion_between(source: Unit, target: Unit) -> Conversion:
    """The conversion between two units. UnitError where they measure different things."""
    if not source.commensurable(target):
        raise UnitError(
            f"{source.code!r} does not convert to {target.code!r}",
            _why_not(source, target),
        )
    factor = source.factor / target.factor
    shift = (source.offset - target.offset) / target.factor
    exact = as_decimal(factor)
    finite = shift == 0 and Fraction(exact) == factor
    return Conversion(exact if finite else None, factor, shift)


def _why_not(source: Unit, target: Unit) -> str:
    names = {name for name, _ in (*source.dimension, *target.dimension)}
    arbitrary = sorted(name for name in names if name.startswith("["))
    if arbitrary:
        return f"{arbitrary[0]} is an arbitrary unit, which converts to nothing else"
    if source.dimension == target.dimension:
        return "they count different things (their annotations differ)"
    if {"substance", "mass"} <= names:
        return "mass and molar amount convert only with the substance's molar mass; give the value in one of them"
    return "they measure different things"


def convert(value: Decimal, from_unit: str, to_unit: str) -> Decimal:
    """`value` in `to_unit`; exact where the factor has finitely many decimals, else to 34 digits.

    UnitError where either is not a UCUM unit or they do not convert.
    """
    if from_unit == to_unit:
        check_unit(from_unit)
        return value
    return conversion(from_unit, to_unit)(value)
