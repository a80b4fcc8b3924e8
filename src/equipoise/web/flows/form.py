"""Data forms: what a visit asks for, saved part-filled or whole, signed, moved."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from equipoise.conduct import commands as c
from equipoise.conduct.capture import FormReading
from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.refusal import Reason, Refusal
from equipoise.conduct.schedule import plan_visits
from equipoise.conduct.state import FormInstance, ParticipantState
from equipoise.conduct.values import Address
from equipoise.protocol.document import Form
from equipoise.web.access import may_open
from equipoise.web.request import TrialRequest
from equipoise.web.sight import sees_identity
from equipoise.web.signatures import signature_of
from equipoise.web.vocabulary import text_said

from .acting import act, fresh_client_id, shown_reasons
from .fields import PREFIX, DataField, data_fields, field_id, typed_values
from .posted import strange, text_error
from .sheet import Field, Sheet, serve_sheet

LOG = "log"
UNSCHEDULED = "unscheduled"
EDITING_SECONDS = 300

_editing: dict[tuple[str, str], dict[str, float]] = {}
"""Who opened which form and when; of this process only, and only a courtesy."""


# -- a form at a visit --------------------------------------------------------------------------


def visit(request: TrialRequest, participant: str, visit: str) -> HttpResponseBase:
    """To the first form of the visit that is not complete."""
    planned = request.protocol.visit_by_id.get(visit)
    if planned is None or not planned.forms:
        raise Http404
    form = _next_form(request.someone_studied, visit, planned.forms) or planned.forms[0]
    return HttpResponseRedirect(reverse("form", args=[participant, visit, form, "1"]))


def _next_form(state: ParticipantState, visit: str, forms: Sequence[str]) -> str | None:
    for form in forms:
        instance = state.forms.get(Address(visit, form, "1"))
        if instance is None or not instance.complete:
            return form
    return None


def address_and_form(
    request: TrialRequest, visit: str, form: str, repeat: str
) -> tuple[Address, Form]:
    """The form at a place; `Http404` where the protocol has none there."""
    protocol = request.protocol
    found = protocol.form_by_id.get(form)
    planned = protocol.visit_by_id.get(visit)
    belongs = (
        (planned is not None and form in planned.forms and repeat == "1")
        or (visit == LOG and form in protocol.schedule.log_forms)
        or (visit == UNSCHEDULED and found is not None and not found.log)
    )
    sound = repeat.isascii() and repeat.isdigit() and 1 <= len(repeat) <= 4 and repeat[0] != "0"
    if found is None or not belongs or not sound:
        raise Http404
    return Address(visit, form, repeat), found


def saved_form(
    request: TrialRequest, visit: str, form: str, repeat: str
) -> tuple[Address, Form, FormInstance]:
    """The form at a place and what it holds; `Http404` where nothing has been saved there."""
    address, found = address_and_form(request, visit, form, repeat)
    instance = request.someone_studied.forms.get(address)
    if instance is None:
        raise Http404
    return address, found, instance


def form(
    request: TrialRequest, participant: str, visit: str, form: str, repeat: str
) -> HttpResponseBase:
    """Show the form, or save it."""
    address, found = address_and_form(request, visit, form, repeat)
    if request.method == "POST":
        return _save(request, participant, address, found)
    return _show(request, address, found)


def _save(
    request: TrialRequest, participant: str, address: Address, form: Form
) -> HttpResponseBase:
    typed = own_values(request)
    performed_on, wrong_date = _performed_on(request)
    based_on = request.POST.get("based_on", "")
    errors = objections(request, form, {"performed_on": _("Performed on"), "based_on": ""})
    if wrong_date:
        errors["performed_on"] = wrong_date
    if based_on and not (based_on.isascii() and based_on.isdigit() and len(based_on) <= 9):
        errors["based_on"] = _("What this page was made from is not known. Open it again.")
    if errors:
        return _show(request, address, form, typed=typed, errors=errors, status=422)
    command = c.SaveForm(
        participant=participant,
        address=address,
        values=typed,
        performed_on=performed_on,
        based_on=int(based_on) if based_on else None,
        reason=request.POST.get("reason", "").strip(),
    )
    outcome = act(request, command)
    if isinstance(outcome, Refusal):
        # the state may have moved on since the guard looked
        request.participant = request.trial.participant(participant)
        return _refused(request, address, form, typed, outcome)
    return _saved(request, participant, address, outcome.answer)


def own_values(request: TrialRequest, prefix: str = "") -> dict[str, str]:
    """What was typed, without identifying fields that the role sees only as masked."""
    protocol = request.protocol
    typed = typed_values(request.POST, prefix)
    if sees_identity(protocol, request.someone.role):
        return typed
    hidden = {item.id for item in protocol.items if item.type == "identity"}
    return {item: text for item, text in typed.items() if item not in hidden}


def objections(request: TrialRequest, form: Form, further: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the request apart from its values: item or name to words."""
    items = request.protocol.item_by_id
    labels = {
        PREFIX + one.item: items[one.item].label.in_language(request.language) for one in form.items
    }
    wrong = strange(request, {**labels, "reason": _("Reason"), **further})
    reason = text_error(request.POST.get("reason", "").strip())
    if reason:
        wrong["reason"] = reason
    return {name.removeprefix(PREFIX): words for name, words in wrong.items()}


def _performed_on(request: TrialRequest) -> tuple[date | None, str]:
    text = request.POST.get("performed_on", "").strip()
    if not text:
        return None, ""
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text), ""
    except ValueError:
        return None, _("Write the date as YYYY-MM-DD, for example 2026-03-14.")


def _refused(
    request: TrialRequest,
    address: Address,
    form: Form,
    typed: Mapping[str, str],
    refusal: Refusal,
) -> HttpResponse:
    stale = "stale" in refusal.codes
    errors = field_errors(refusal.reasons, request.language)
    return _show(
        request,
        address,
        form,
        typed=typed,
        errors=errors,
        reasons=refusal.reasons,
        stale=stale,
        status=409 if stale else 422,
    )


def field_errors(reasons: Sequence[Reason], language: str) -> dict[str, str]:
    """What is wrong with each field: the reason's message and its remedy."""
    errors: dict[str, str] = {}
    for reason in reasons:
        if reason.field and reason.field not in errors:
            message = reason.message.in_language(language)
            then = "；" if language == "zh-Hans" else "; "
            errors[reason.field] = f"{message}{then}{reason.remedy.in_language(language)}"
    return errors


def listed_errors(
    errors: Mapping[str, str], reasons: Sequence[Reason], places: Mapping[str, str]
) -> list[tuple[str, str]]:
    """The list on top of a form: each error with its field's id, where the page has that field.

    A reason of the trial that has no field on the page is told as a refusal and not repeated here.
    """
    elsewhere = {reason.field for reason in reasons} - places.keys()
    return [
        (places.get(name, ""), words) for name, words in errors.items() if name not in elsewhere
    ]


def _saved(
    request: TrialRequest, participant: str, address: Address, answer: Mapping[str, Any]
) -> HttpResponseRedirect:
    protocol = request.protocol
    title = protocol.form_by_id[address.form].title.in_language(request.language)
    missing = [
        protocol.item_by_id[item].label.in_language(request.language)
        for item in answer.get("missing", ())
    ]
    words = _("%(form)s is saved.") % {"form": title}
    if missing:
        words += " " + _("Still missing: %(items)s.") % {"items": ", ".join(missing)}
    messages.success(request, words, extra_tags="good")
    raised = len(answer.get("queries", ()))
    if raised:
        words = ngettext(
            "%(n)s value is unusual: a query asks you to check it.",
            "%(n)s values are unusual: queries ask you to check them.",
            raised,
        ) % {"n": raised}
        messages.warning(request, words, extra_tags="warn")
    planned = protocol.visit_by_id.get(address.visit)
    state = request.trial.participant(participant)
    if planned is not None and state is not None and not missing:
        following = _next_form(state, address.visit, planned.forms)
        if following is not None:
            return HttpResponseRedirect(
                reverse("form", args=[participant, address.visit, following, "1"])
            )
    return HttpResponseRedirect(reverse("participant", args=[participant]))


def _show(
    request: TrialRequest,
    address: Address,
    form: Form,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    reasons: Sequence[Reason] = (),
    stale: bool = False,
    status: int = 200,
) -> HttpResponse:
    state = request.someone_studied
    person = request.someone
    language = request.language
    instance = state.forms.get(address)
    may_write = may_open("form", person.role, "POST") and _may_fill(form, person.role)
    reading, hindrances = request.trial.preview_form(
        state.id, address, typed or {}, person.actor, _preview_day(request, instance)
    )
    errors = dict(errors or {})
    fields = data_fields(
        request.protocol,
        form,
        instance,
        language,
        typed=typed,
        errors=errors,
        asked=reading.asked if reading else None,
        derived=_derived(reading, request),
        readonly=not may_write,
    )
    if not stale:
        fields = [replace(one, meanwhile="") for one in fields]
    fields = masked(fields, request)
    places = {one.item: one.id for one in fields}
    places.update(performed_on="f-performed_on", reason="f-reason")
    general = [reason for reason in reasons if (reason.field or "") not in places]
    context = {
        "title": form.title.in_language(language),
        "note": form.note.in_language(language) if form.note else "",
        "participant": state,
        "address": address,
        "visit": _visit_facts(request, state, address),
        "instance": instance,
        "signature": signature_of(instance, zone_of(request.protocol, state.site)),
        "fields": fields,
        "errors": listed_errors(errors, reasons, places),
        "reasons": shown_reasons(general, language),
        "hindrances": shown_reasons(hindrances, language) if status == 200 else [],
        "stale": stale,
        "client_id": fresh_client_id()
        if not _keeps_id(request, stale)
        else request.POST["client_id"],
        "based_on": instance.saves if instance else 0,
        "performed_on": request.POST.get("performed_on")
        or str(instance.performed_on if instance else request.trial.today(state.site)),
        "performed_on_error": errors.get("performed_on", ""),
        "reason": request.POST.get("reason", ""),
        "reason_error": errors.get("reason", ""),
        "may_write": may_write,
        "may_sign": may_open("form_sign", person.role)
        and instance is not None
        and instance.complete
        and not instance.signed,
        "may_query": may_open("raise_query", person.role) and instance is not None,
        "may_hold": may_open("form_hold", person.role) and instance is not None,
        "may_verify": may_open("form_verify", person.role) and instance is not None,
        "may_move": may_open("form_move", person.role) and instance is not None,
        "queries": [
            query
            for query in state.queries.values()
            if query.address == address and query.status != "closed"
        ],
        "others": _others_editing(request, address),
        "prefix": PREFIX,
        "check_url": reverse(
            "form_check", args=[state.id, address.visit, address.form, address.repeat]
        ),
        "place": (address.visit, address.form, address.repeat),
    }
    return render(request, "form.html", context, status=status)


def _keeps_id(request: TrialRequest, stale: bool) -> bool:
    # a refused form changed nothing, so its id is still unused
    return request.method == "POST" and 0 < len(request.POST.get("client_id", "")) <= 36


def _preview_day(request: TrialRequest, instance: FormInstance | None) -> date | None:
    if request.method == "POST":
        return _performed_on(request)[0]
    return instance.performed_on if instance else None


def _may_fill(form: Form, role: str) -> bool:
    return not form.roles or role in form.roles


def _derived(reading: FormReading | None, request: TrialRequest) -> dict[str, str]:
    if reading is None:
        return {}
    items = request.protocol.item_by_id
    return {
        value.item: value.value or ""
        for value in reading.changed
        if items[value.item].derived is not None
    }


def masked(fields: list[DataField], request: TrialRequest) -> list[DataField]:
    """Identifying values are shown only to roles that may see them."""
    protocol = request.protocol
    if sees_identity(protocol, request.someone.role):
        return fields
    return [
        replace(one, value=_("not shown to your role") if one.value else "", readonly=True)
        if protocol.item_by_id[one.item].type == "identity"
        else one
        for one in fields
    ]


def _visit_facts(
    request: TrialRequest, state: ParticipantState, address: Address
) -> dict[str, Any]:
    for planned in plan_visits(request.protocol, state):
        if planned.visit.id == address.visit:
            return {
                "label": planned.visit.label.in_language(request.language),
                "target": planned.target,
                "opens": planned.opens,
                "closes": planned.closes,
                "provisional": planned.provisional,
                "forms": [
                    {
                        "id": one,
                        "title": request.protocol.form_by_id[one].title.in_language(
                            request.language
                        ),
                        "here": one == address.form,
                        "complete": (held := state.forms.get(Address(address.visit, one, "1")))
                        is not None
                        and held.complete,
                    }
                    for one in planned.visit.forms
                ],
            }
    label = _("Log") if address.visit == LOG else _("Unscheduled visit")
    return {"label": f"{label} {address.repeat}", "forms": []}


def _others_editing(request: TrialRequest, address: Address) -> list[str]:
    if not may_open("form", request.someone.role, "POST"):
        return []
    now = time.monotonic()
    key = (request.someone_studied.id, str(address))
    if len(_editing) > 2000:
        _editing.clear()
    known = _editing.setdefault(key, {})
    others = [
        name
        for name, seen in list(known.items())
        if name != request.someone.username and now - seen < EDITING_SECONDS
    ]
    known[request.someone.username] = now
    return sorted(others)


def form_check(
    request: TrialRequest, participant: str, visit: str, form: str, repeat: str
) -> HttpResponseBase:
    """What is asked, computed, wrong or unusual, given what is typed: for the page's script."""
    address, _form = address_and_form(request, visit, form, repeat)
    typed = typed_values(request.POST)
    reading, _hindrances = request.trial.preview_form(
        participant, address, typed, request.someone.actor, _performed_on(request)[0]
    )
    return JsonResponse(check_answer(request, reading))


def check_answer(request: TrialRequest, reading: FormReading | None) -> dict[str, Any]:
    """The reading of a form as the page's script takes it."""
    if reading is None:
        return {"asked": [], "faults": {}, "doubts": {}, "derived": {}}
    language = request.language
    return {
        "asked": sorted(reading.asked),
        "faults": field_errors(reading.faults, language),
        "doubts": {doubt.item: doubt.message.in_language(language) for doubt in reading.doubts},
        "derived": _derived(reading, request),
    }


# -- signing and moving -------------------------------------------------------------------------


def place_words(request: TrialRequest, visit: str, form: str) -> str:
    """A form at a visit as it is said."""
    protocol = request.protocol
    planned, found = protocol.visit_by_id.get(visit), protocol.form_by_id.get(form)
    place = planned.label.in_language(request.language) if planned else visit
    return f"{place} · {found.title.in_language(request.language) if found else form}"


def _told(request: TrialRequest, instance: FormInstance) -> list[tuple[str, str]]:
    told = [(_("Performed on"), str(instance.performed_on))]
    return told + [words for _item, words in told_values(request, instance)]


def told_values(request: TrialRequest, instance: FormInstance) -> list[tuple[str, tuple[str, str]]]:
    """What a form holds: item, with its label and its value in words."""
    protocol = request.protocol
    told = []
    seen = sees_identity(protocol, request.someone.role)
    for item, captured in instance.values.items():
        known = protocol.item_by_id.get(item)
        if known is None:
            continue
        words = text_said(captured.value.raw) or captured.value.value or "–"
        if known.codelist and captured.value.value:
            codes = protocol.codelist_by_id[known.codelist].codes
            words = next(
                (
                    one.label.in_language(request.language)
                    for one in codes
                    if one.code == captured.value.value
                ),
                words,
            )
        if known.type == "boolean" and captured.value.value:
            words = _("Yes") if captured.value.value == "true" else _("No")
        if known.type == "identity" and not seen:
            words = _("not shown to your role")
        told.append((item, (known.label.in_language(request.language), words)))
    return told


def form_sign(
    request: TrialRequest, participant: str, visit: str, form: str, repeat: str
) -> HttpResponseBase:
    """The investigator's signature under what a form says now."""
    address, found, instance = saved_form(request, visit, form, repeat)
    back = reverse("form", args=[participant, visit, form, repeat])
    meaning = "reviewed and correct"
    return serve_sheet(
        request,
        Sheet(
            title=_("Sign: %(form)s") % {"form": found.title.in_language(request.language)},
            lead=_("Your signature says: I have reviewed this form and it is correct."),
            facts=_told(request, instance),
            fields=[],
            submit=_("Sign"),
            signed=True,
            command=lambda typed: c.SignForm(
                participant=participant, address=address, meaning=meaning
            ),
            then=lambda done: (
                reverse("participant", args=[participant]),
                _("The form is signed. A later change makes the signature void."),
            ),
            back=back,
        ),
    )


def form_move(
    request: TrialRequest, participant: str, visit: str, form: str, repeat: str
) -> HttpResponseBase:
    """A form entered for the wrong participant goes to the right one; both trails stay."""
    address, found, instance = saved_form(request, visit, form, repeat)

    def then(done: Any) -> tuple[str, str]:
        to_participant = request.POST.get("to_participant", "").strip()
        return (
            reverse("participant", args=[to_participant]),
            _("The values are now with %(id)s; both trails tell of the move.")
            % {"id": to_participant},
        )

    return serve_sheet(
        request,
        Sheet(
            title=_("Move to the right participant"),
            lead=_(
                "For a form that was filled in for the wrong person. Nothing is erased: both "
                "participants' trails keep what was here and where it went."
            ),
            facts=[
                (_("Form"), found.title.in_language(request.language)),
                *_told(request, instance),
            ],
            fields=[
                Field("to_participant", _("Number of the right participant"), max_length=20),
                Field("reason", _("How did the mistake come about?"), "longtext"),
            ],
            submit=_("Move"),
            command=lambda typed: c.MoveValues(
                participant=participant,
                address=address,
                to_participant=typed["to_participant"],
                reason=typed["reason"],
            ),
            then=then,
            back=reverse("form", args=[participant, visit, form, repeat]),
        ),
    )


__all__ = [
    "check_answer", "field_errors", "field_id", "form", "form_check", "form_move",
    "form_sign", "listed_errors", "masked", "objections", "own_values", "visit",
]  # fmt: skip
