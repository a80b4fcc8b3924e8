"""From what was typed to what is stored: parsing, ranges, skip logic, edit checks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct, field

from equipoise.protocol.document import EditCheck, Form, Item, PartialDate, Protocol
from equipoise.protocol.expression import Compiled, Datum, compile_derived, compile_expression
from equipoise.protocol.once import once_for_each_protocol
from equipoise.quantity.text import Text
from equipoise.quantity.units import UnitError, convert

from .environment import ParticipantEnvironment
from .reasons import reason
from .refusal import Reason, words
from .sealed import GONE
from .state import Captured, FormInstance, LaboratoryRange, ParticipantState
from .values import Value, is_readable

MISSING_CODES = {"ND": "not done", "UNK": "unknown", "NA": "not applicable"}
"""What may be typed instead of a value to state that there is none (HL7 null flavors in short)."""

_MORE_OF_A_NUMBER = re.compile(r"[,，．。、·']?\s*\d+")
"""What is typed after a number where a comma stands for the point (62,5), or a space is too much (6 2)."""
_NUMBER = re.compile(r"([+-]?(?:\d{1,12}(?:\.\d{0,8})?|\.\d{1,8}))\s*(.*)", re.DOTALL)
_TRUE = {"true", "yes", "1", "是"}
_FALSE = {"false", "no", "0", "否"}
_RAW_LIMIT = 8000


class UnreadableValueError(ValueError):
    """What was typed is no value of the item; `reason` says why."""

    def __init__(self, item: Item, code: str, **names: object) -> None:
        self.reason = reason(code, item.id, label=item.label, item=item.id, **names)
        super().__init__(self.reason.message.en)


def read_value(item: Item, raw: str, protocol: Protocol) -> Value:
    """Understand what was typed for an item.

    Raises `UnreadableValueError`, naming the item, the rule and the way out.
    """
    if len(raw) > 200 and (len(raw) > _RAW_LIMIT or len(raw) > item.max_length):
        raise UnreadableValueError(item, "too-long", length=len(raw), limit=item.max_length)
    text = (raw if raw.isascii() else unicodedata.normalize("NFC", raw)).strip()
    if not is_readable(text):
        raise UnreadableValueError(item, "control-character")
    if text in MISSING_CODES and item.type not in ("text", "identity"):
        return Value(item.id, text, None, code="missing")
    return _READERS[item.type](item, text, protocol)


def unreadable_reason(item: Item, raw: str, protocol: Protocol) -> Reason | None:
    """Why `raw` cannot be read as a value of `item`, or None where it can."""
    try:
        read_value(item, raw, protocol)
    except UnreadableValueError as unreadable:
        return unreadable.reason
    return None


def _read_number(item: Item, text: str, protocol: Protocol) -> Value:
    match = _NUMBER.fullmatch(text.replace("\u2212", "-"))
    if match is None:
        raise UnreadableValueError(item, "not-a-number", typed=_short(text), unit=_unit_hint(item))
    digits, unit = match[1], match[2].strip()
    number = Decimal(digits)
    decimals = len(digits.partition(".")[2])
    if _MORE_OF_A_NUMBER.fullmatch(unit):
        raise UnreadableValueError(item, "not-a-number", typed=_short(text), unit=_unit_hint(item))
    if unit and unit != item.unit:
        number = _converted(item, number, unit)
    elif item.decimals is not None and decimals > item.decimals:
        raise UnreadableValueError(
            item, "too-precise", typed=digits, given=decimals, limit=item.decimals
        )
    if item.type == "integer" and number != number.to_integral_value():
        raise UnreadableValueError(item, "not-an-integer", typed=digits)
    if item.minimum is not None and number < item.minimum:
        raise _out_of_range(item, number)
    if item.maximum is not None and number > item.maximum:
        raise _out_of_range(item, number)
    canonical = format(number.quantize(Decimal(1)) if item.type == "integer" else number, "f")
    return Value(item.id, text, canonical, unit or item.unit, None, str(decimals))


def _converted(item: Item, number: Decimal, unit: str) -> Decimal:
    if item.unit is None or (item.units and unit not in item.units):
        raise _wrong_unit(item, unit)
    try:
        converted = convert(number, unit, item.unit)
    except UnitError as error:
        raise _wrong_unit(item, unit) from error
    if item.decimals is not None:
        converted = converted.quantize(Decimal(1).scaleb(-item.decimals))
    return converted


def _wrong_unit(item: Item, unit: str) -> UnreadableValueError:
    usable = [item.unit, *item.units] if item.unit else []
    return UnreadableValueError(
        item, "wrong-unit", typed=_short(unit), units=", ".join(usable) or "—"
    )


def _out_of_range(item: Item, number: Decimal) -> UnreadableValueError:
    unit = f" {item.unit}" if item.unit else ""
    if item.minimum is None:
        span = f"≤ {item.maximum}{unit}"
    elif item.maximum is None:
        span = f"≥ {item.minimum}{unit}"
    else:
        span = f"{item.minimum} – {item.maximum}{unit}"
    return UnreadableValueError(item, "out-of-range", typed=f"{number}{unit}", span=span)


def _read_boolean(item: Item, text: str, protocol: Protocol) -> Value:
    word = text.lower()
    if word in _TRUE or word in _FALSE:
        return Value(item.id, text, "true" if word in _TRUE else "false")
    raise UnreadableValueError(item, "not-yes-or-no", typed=_short(text))


def _read_date(item: Item, text: str, protocol: Protocol) -> Value:
    try:
        day = PartialDate.parse(text)
    except ValueError as error:
        raise UnreadableValueError(item, "not-a-date", typed=_short(text)) from error
    if item.type == "date" and day.precision != "day":
        raise UnreadableValueError(item, "day-missing", typed=_short(text))
    return Value(item.id, text, str(day), None, None, day.precision)


def _read_time(item: Item, text: str, protocol: Protocol) -> Value:
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) is None:
        raise UnreadableValueError(item, "not-a-time", typed=_short(text))
    return Value(item.id, text, text)


def _read_code(item: Item, text: str, protocol: Protocol) -> Value:
    codelist = protocol.codelist_by_id[item.codelist or ""]
    if all(code.code != text for code in codelist.codes):
        known = ", ".join(code.code for code in codelist.codes)
        raise UnreadableValueError(item, "unknown-code", typed=_short(text), codes=known)
    scale = " ".join(part for part in (codelist.scale, codelist.version) if part)
    return Value(item.id, text, text, None, scale or codelist.id)


def _read_text(item: Item, text: str, protocol: Protocol) -> Value:
    if text in GONE:
        raise UnreadableValueError(item, "means-gone", name=item.label, typed=text)
    return Value(item.id, text, text)


_READERS = {
    "integer": _read_number,
    "decimal": _read_number,
    "boolean": _read_boolean,
    "date": _read_date,
    "partial_date": _read_date,
    "time": _read_time,
    "code": _read_code,
    "text": _read_text,
    "identity": _read_text,
}


def _short(text: str) -> str:
    return f"“{text if len(text) <= 40 else text[:37] + '…'}”"


def _unit_hint(item: Item) -> str:
    return f" ({item.unit})" if item.unit else ""


def datum_of(item: Item, value: Value, on: date | None, source: str = "") -> Datum | None:
    """A freshly read value as the expression language sees it."""
    if value.value is None:
        return None
    if item.type in ("decimal", "integer"):
        return Datum(Decimal(value.value), item.unit, on, source)
    if item.type == "boolean":
        return Datum(value.value == "true", None, on, source)
    if item.type == "date":
        return Datum(date.fromisoformat(value.value), None, on, source)
    return Datum(value.value, None, on, source)


class Doubt(Struct, frozen=True):
    """An edit check that fails: what an automatic query asks. `check` is its id."""

    check: str
    item: str
    message: Text


_FEW_ANSWERS = frozenset({"boolean", "code", "integer", "decimal"})
_SHORT_ANSWER = 24
_MOST_ANSWERS = 4096


class _Layout(Struct, frozen=True):
    """What reading a form asks of its items, sorted out once for a protocol."""

    items: Mapping[str, Item]
    always: frozenset[str]
    """Asked whatever was answered."""
    conditional: tuple[tuple[str, Compiled], ...]
    """Items with skip logic, and what has to hold for each to be asked."""
    derived: tuple[Item, ...]
    expected: tuple[tuple[str, Item], ...]
    """Items with an expected range, each after the name of the check it makes."""
    required: tuple[str, ...]
    checks: tuple[tuple[EditCheck, Compiled], ...]
    _answers: dict[tuple[str, str], Value] = field(default_factory=dict)
    """Short answers that have been read before: most are among a few that everybody gives."""

    def read(self, item: Item, raw: str, protocol: Protocol) -> Value:
        """As `read_value`. Nothing that a participant or a member of staff has worded is kept here."""
        answer = self._answers.get((item.id, raw))
        if answer is None:
            answer = read_value(item, raw, protocol)
            if item.type in _FEW_ANSWERS and len(raw) <= _SHORT_ANSWER:
                if len(self._answers) >= _MOST_ANSWERS:
                    self._answers.clear()
                self._answers[item.id, raw] = answer
        return answer

    @classmethod
    def of(cls, form: Form, protocol: Protocol) -> _Layout:
        items = {entry.item: protocol.item_by_id[entry.item] for entry in form.items}
        return cls(
            items,
            frozenset(entry.item for entry in form.items if entry.only_when is None),
            tuple(
                (entry.item, compile_expression(entry.only_when, protocol))
                for entry in form.items
                if entry.only_when is not None
            ),
            tuple(item for item in items.values() if item.derived is not None),
            tuple(
                (f"range_{item.id}", item)
                for item in items.values()
                if item.expected_minimum is not None or item.expected_maximum is not None
            ),
            tuple(entry.item for entry in form.items if entry.required),
            tuple((rule, compile_expression(rule.expression, protocol)) for rule in form.checks),
        )


@once_for_each_protocol
def _layout(protocol: Protocol, form: str) -> _Layout:
    """A form's layout."""
    return _Layout.of(protocol.form_by_id[form], protocol)


class FormReading(Struct, frozen=True):
    """What a save would do: the changed values, whether the form is then complete, and the faults.

    `asked` holds the items whose skip logic shows them; `passed` the edit checks that now hold (open
    automatic queries on them close).
    """

    changed: tuple[Value, ...]
    overwrites: tuple[str, ...]
    complete: bool
    faults: tuple[Reason, ...]
    doubts: tuple[Doubt, ...]
    passed: tuple[str, ...]
    asked: frozenset[str]
    missing: tuple[str, ...]


def read_form(
    form: Form,
    typed: Mapping[str, str],
    participant: ParticipantState,
    before: FormInstance | None,
    performed_on: date,
    ranges: Sequence[LaboratoryRange] = (),
    today: date | None = None,
) -> FormReading:
    """Read a form as typed over what it already holds, without changing anything.

    An empty string clears a value that was there, unless it was redacted or erased. Every fault of every item is collected.
    """
    protocol = participant.protocol
    layout = _layout(protocol, form.id)
    items = layout.items
    kept: Mapping[str, Captured] = before.values if before else {}
    faults: list[Reason] = []
    values: dict[str, Value] = {}
    for name, raw in typed.items():
        item = items.get(name)
        if item is None:
            faults.append(reason("unknown-item", name, name=_short(name), form=form.id))
            continue
        if item.derived is not None:
            continue
        held = kept.get(name)
        if not raw.strip():
            # what can be read no more stays as it is: there is nothing left to clear
            if (
                held is not None
                and held.value.raw not in GONE
                and (held.value.value is not None or held.value.raw)
            ):
                values[name] = Value(name, "", None)
            continue
        try:
            values[name] = layout.read(item, raw, protocol)
        except UnreadableValueError as unreadable:
            if held is None or held.value.raw not in GONE or raw.strip() not in GONE:
                faults.append(unreadable.reason)
    overlay: dict[str, Datum | None] = {
        name: captured.datum for name, captured in kept.items() if name in items
    }
    for name, value in values.items():
        overlay[name] = datum_of(items[name], value, performed_on)
    environment = ParticipantEnvironment(participant, ranges, overlay, today)
    asked = layout.always
    if layout.conditional:
        asked |= {
            name for name, when in layout.conditional if when.evaluate(environment).value is True
        }
        for name, value in values.items():
            if name not in asked and value.value is not None:
                faults.append(_not_asked(items[name], form))
    for item in layout.derived:
        computed = _computed(item, environment)
        if computed is not None:
            values[item.id] = computed
            overlay[item.id] = datum_of(item, computed, performed_on)
    changed = []
    overwrites = []
    for name, value in values.items():
        held = kept.get(name)
        if held is None:
            changed.append(value)
        elif _differs(items[name], held.value, value):
            changed.append(value)
            if items[name].derived is None and (held.value.value is not None or held.value.raw):
                overwrites.append(name)
    doubts, passed = _doubts(form, layout, overlay, environment, faults)
    missing = tuple(
        name for name in layout.required if name in asked and not _answered(name, values, kept)
    )
    return FormReading(
        tuple(changed),
        tuple(overwrites),
        not missing and not faults,
        tuple(faults),
        tuple(doubts),
        tuple(passed),
        asked,
        missing,
    )


def _differs(item: Item, held: Value, typed: Value) -> bool:
    """Whether another value is meant. One of a few answers is the same however it was spelled (yes,
    true); of a number or a day what was typed counts, since it tells the precision."""
    if item.type in ("boolean", "code") and held.value is not None and held.value == typed.value:
        return False
    return (held.value, held.raw, held.unit) != (typed.value, typed.raw, typed.unit)


def _answered(name: str, values: Mapping[str, Value], kept: Mapping[str, Captured]) -> bool:
    value = values.get(name)
    if value is None and name in kept:
        value = kept[name].value
    return value is not None and (value.value is not None or value.raw != "")


def _not_asked(item: Item, form: Form) -> Reason:
    return reason("not-asked", item.id, label=item.label, form=form.id)


def _computed(item: Item, environment: ParticipantEnvironment) -> Value | None:
    """A derived item's value, computed from what is known and typed."""
    answer = compile_derived(item, environment.protocol).evaluate(environment)
    content = answer.value
    if content is None:
        return None
    if isinstance(content, bool):
        text = "true" if content else "false"
    elif isinstance(content, Decimal):
        if item.decimals is not None or item.type == "integer":
            content = content.quantize(Decimal(1).scaleb(-(item.decimals or 0)))
        text = format(content, "f")
    else:
        text = str(content)
    return Value(item.id, "", text, item.unit, "derived")


def _doubts(
    form: Form,
    layout: _Layout,
    overlay: Mapping[str, Datum | None],
    environment: ParticipantEnvironment,
    faults: list[Reason],
) -> tuple[list[Doubt], list[str]]:
    doubts: list[Doubt] = []
    passed: list[str] = []
    for check, item in layout.expected:
        datum = overlay.get(item.id)
        if datum is None or not isinstance(datum.value, Decimal):
            continue
        low, high = item.expected_minimum, item.expected_maximum
        if (low is not None and datum.value < low) or (high is not None and datum.value > high):
            doubts.append(Doubt(check, item.id, _unusual(item, datum.value)))
        else:
            passed.append(check)
    for rule, holds in layout.checks:
        truth = holds.evaluate(environment).value
        if truth is True:
            passed.append(rule.id)
        elif truth is False and rule.action == "query":
            doubts.append(Doubt(rule.id, rule.item or "", rule.message))
        elif truth is False:
            faults.append(_check_refuses(rule, form))
    return doubts, passed


def _unusual(item: Item, value: Decimal) -> Text:
    unit = f" {item.unit}" if item.unit else ""
    low = item.expected_minimum if item.expected_minimum is not None else "…"
    high = item.expected_maximum if item.expected_maximum is not None else "…"
    return words(
        f"{item.label.in_language('en')} {value}{unit} is outside the expected "
        f"{low} to {high}{unit}: please check value and unit",
        f"{item.label.in_language('zh-Hans')} {value}{unit} 超出预期范围 {low} 至 {high}{unit}："
        "请核对数值和单位",
    )


def _check_refuses(rule: EditCheck, form: Form) -> Reason:
    return Reason(
        "edit-check",
        rule.message,
        f"forms.{form.id}.checks.{rule.id}",
        words("correct the values", "请更正数值"),
        rule.item,
    )
