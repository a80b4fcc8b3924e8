"""A sheet: a short page with a few fields that becomes one command.

Most acts of daily work (consent, a missed visit, a withdrawal …) are sheets. Reading what was typed,
showing every fault beside its field, keeping what was typed, refusals and sending twice are the
same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from equipoise.conduct.commands import Command
from equipoise.conduct.refusal import Refusal
from equipoise.web.factors.proof import FIELDS, Proof, asked_of, prove
from equipoise.web.request import TrialRequest

from .acting import act, client_id, fresh_client_id, shown_reasons
from .posted import MAX_TEXT, strange, text_error


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a page, as `_field.html` draws it.

    `must_be` is what has to be typed, to the letter. `kind` is `text`, `longtext`, `number` (a whole
    number from `low` to `high`), `date`, `code` (one of `choices`), `many` (any of `choices`), `shown`
    (text that is not asked), `kept` (an answer of an earlier step, shown and sent along) or `hidden` (a
    whole number that the page carries).
    """

    name: str
    label: str
    kind: str = "text"
    value: Any = ""
    choices: Sequence[tuple[str, str]] = ()
    hint: str = ""
    unit: str = ""
    range: str = ""
    error: str = ""
    required: bool = True
    readonly: bool = False
    long: bool = False
    low: int = 0
    high: int = 9999
    max_length: int = MAX_TEXT
    must_be: str = ""

    @property
    def id(self) -> str:
        """The field's id on the page."""
        return f"f-{self.name}"


Typed = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page asks and what it does with the answers.

    `command` makes the command from the answers (dates as `date`, whole numbers as `int`, `many`
    as a tuple, everything else as text; None where nothing was typed in an optional field).
    `then` gives the address to go to, and the words to say there.
    """

    title: str
    fields: Sequence[Field]
    submit: str
    command: Callable[[Typed], Command]
    then: Callable[[Any], tuple[str, str]]
    lead: str = ""
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)
    back: str = ""
    signed: bool = False
    """A signature: the password is asked for once more (21 CFR 11.200), and the second factor."""
    grave: bool = False
    """It cannot be taken back: the second factor is asked for however lately it was given."""
    extra: dict[str, Any] = field(default_factory=dict)
    template: str = "sheet.html"
    answer: Callable[[Any], HttpResponseBase] | None = None
    """The answer to what was done, where it is a file: the browser then stays on the page."""


def serve_sheet(request: TrialRequest, sheet: Sheet) -> HttpResponseBase:
    """Show the sheet, or do what it says."""
    if request.method != "POST":
        return show_sheet(request, sheet, sheet.fields)
    answers, fields = read_fields(request, sheet.fields)
    unknown = _unknown_names(request, sheet)
    if not sheet.submit:
        # a page that offers nothing to do now takes nothing either
        unknown = unknown or [_("There is nothing to do here now. Open the page again.")]
    fine = not unknown and not any(one.error for one in fields)
    proof = prove(request, grave=sheet.grave, otherwise_fine=fine) if sheet.signed else None
    if not fine or (proof is not None and proof.wrong):
        return show_sheet(request, sheet, fields, proof=proof, unknown=unknown, status=422)
    command = sheet.command(answers)
    if command.binds and proof is None:
        raise ImproperlyConfigured(f"{type(command).__name__} binds: its sheet has to be signed")
    outcome = act(request, command)
    if isinstance(outcome, Refusal):
        places = {one.name: one.id for one in fields}
        reasons = shown_reasons(outcome.reasons, request.language, places)
        at_fault = {
            reason.field: reason.remedy.in_language(request.language)
            for reason in outcome.reasons
            if reason.field
        }
        fields = [replace(one, error=at_fault.get(one.name, "")) for one in fields]
        return show_sheet(request, sheet, fields, reasons=reasons, status=422)
    if sheet.answer is not None:
        return sheet.answer(outcome)
    address, words = sheet.then(outcome)
    if words:
        messages.success(request, words, extra_tags="good")
    return HttpResponseRedirect(address)


def show_sheet(
    request: TrialRequest,
    sheet: Sheet,
    fields: Sequence[Field],
    *,
    reasons: Sequence[Any] = (),
    proof: Proof | None = None,
    unknown: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    """The sheet with these fields, and what is wrong with them."""
    typed_id = request.POST.get("client_id") if request.method == "POST" else None
    errors = [(one.id, f"{one.label}: {one.error}") for one in fields if one.error]
    errors += [("", words) for words in unknown]
    if sheet.signed and proof is None:
        proof = asked_of(request, grave=sheet.grave)
    if proof is not None and proof.wrong:
        errors.append((f"f-{proof.wrong}", proof.words))
    context = {
        "sheet": sheet,
        "fields": fields,
        "errors": [] if reasons else errors,
        "proof": proof,
        "reasons": reasons,
        "client_id": typed_id if typed_id and len(typed_id) <= 36 else fresh_client_id(),
        "participant": request.participant,
        **sheet.extra,
    }
    return render(request, sheet.template, context, status=status)


def _unknown_names(request: TrialRequest, sheet: Sheet) -> list[str]:
    """Objections to names that are no field of the sheet; those to its fields stand beside them."""
    known = {one.name: one.label for one in sheet.fields} | dict.fromkeys(
        FIELDS if sheet.signed else (), ""
    )
    wrong = strange(request, known, [*known])
    return [*wrong.values()]


def read_fields(request: TrialRequest, fields: Sequence[Field]) -> tuple[Typed, list[Field]]:
    """What was typed, understood; and the fields with what was typed and what is wrong with it."""
    answers: Typed = {}
    shown = []
    for one in fields:
        if one.kind == "shown" or one.readonly:
            shown.append(one)
            continue
        raw: Any = request.POST.get(one.name, "").strip()
        if one.kind == "many":
            raw = tuple(request.POST.getlist(one.name))
        if one.kind != "many" and len(request.POST.getlist(one.name)) > 1:
            answer, error = None, _("Two answers were sent. Give one.")
        else:
            answer, error = _understand(one, raw)
        answers[one.name] = answer
        shown.append(replace(one, value=raw, error=error))
    return answers, shown


def _understand(one: Field, raw: Any) -> tuple[Any, str]:
    if not raw:
        if one.required:
            return None, _("Choose one.") if one.kind in ("code", "many") else _("Fill this in.")
        return (() if one.kind == "many" else None), ""
    if one.kind == "many":
        known = {value for value, _label in one.choices}
        return (raw, "") if set(raw) <= known else (None, _("Choose from the list."))
    wrong = text_error(raw, one.max_length)
    if wrong:
        return None, wrong
    if one.must_be and raw != one.must_be:
        return None, _("It is not the same.")
    if one.kind == "code":
        known = {value for value, _label in one.choices}
        return (raw, "") if raw in known else (None, _("Choose from the list."))
    if one.kind == "date":
        return _date(raw)
    if one.kind in ("number", "hidden"):
        return _number(one, raw)
    return raw, ""


def _date(raw: str) -> tuple[date | None, str]:
    try:
        if len(raw) != 10:
            raise ValueError
        return date.fromisoformat(raw), ""
    except ValueError:
        return None, _("Write the date as YYYY-MM-DD, for example 2026-03-14.")


def _number(one: Field, raw: str) -> tuple[int | None, str]:
    words = _("Give a whole number from %(low)s to %(high)s.") % {"low": one.low, "high": one.high}
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 9):
        return None, words
    number = int(raw)
    return (number, "") if one.low <= number <= one.high else (None, words)


__all__ = [
    "Field", "Sheet", "Typed", "client_id", "read_fields", "serve_sheet", "show_sheet",
]  # fmt: skip
