"""One day of a participant's diary, entered by staff on the participant's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Reason, Refusal
from equipoise.conduct.state import DiaryDay, FormInstance
from equipoise.conduct.values import Address
from equipoise.protocol.document import Diary
from equipoise.web.access import may_open
from equipoise.web.request import TrialRequest

from .acting import act, fresh_client_id, shown_reasons
from .fields import PREFIX, data_fields
from .form import field_errors, listed_errors, objections, own_values


def diary_day(request: TrialRequest, participant: str, diary: str, day: str) -> HttpResponseBase:
    """One day of a diary, entered by staff on the participant's word."""
    kept = next((one for one in request.protocol.schedule.diaries if one.id == diary), None)
    try:
        on = date.fromisoformat(day) if len(day) == 10 else None
    except ValueError:
        on = None
    if kept is None or on is None:
        raise Http404
    if request.method != "POST":
        return _show_day(request, kept, on)
    form = request.protocol.form_by_id[kept.form]
    typed = own_values(request)
    wrong = objections(request, form, {})
    if wrong:
        return _show_day(request, kept, on, typed, errors=wrong, status=422)
    outcome = act(
        request,
        c.RecordDiaryDay(
            participant=participant,
            diary=diary,
            day=on,
            values=typed,
            assisted=True,
            reason=request.POST.get("reason", "").strip(),
        ),
    )
    if isinstance(outcome, Refusal):
        request.participant = request.trial.participant(participant)
        return _show_day(request, kept, on, typed, outcome.reasons, status=422)
    messages.success(request, _("The day is saved."), extra_tags="good")
    return HttpResponseRedirect(reverse("participant", args=[participant]))


def _show_day(
    request: TrialRequest,
    diary: Diary,
    day: date,
    typed: Mapping[str, str] | None = None,
    reasons: Sequence[Reason] = (),
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    state = request.someone_studied
    protocol = request.protocol
    language = request.language
    recorded = state.diary.get((diary.id, day))
    form = protocol.form_by_id[diary.form]
    may_write = may_open("diary_day", request.someone.role, "POST")
    errors = {**field_errors(reasons, language), **(errors or {})}
    fields = data_fields(
        protocol,
        form,
        _day_as_form(recorded),
        language,
        typed=typed,
        errors=errors,
        asked={entry.item for entry in form.items},
        readonly=not may_write,
    )
    fields = [replace(one, meanwhile="") for one in fields]
    places = {one.item: one.id for one in fields} | {"reason": "f-reason"}
    general = [reason for reason in reasons if (reason.field or "") not in places]
    context = {
        "title": f"{diary.label.in_language(language)}, {day}",
        "participant": state,
        "fields": fields,
        "errors": listed_errors(errors, reasons, places),
        "reasons": shown_reasons(general, language),
        "instance": recorded,
        "client_id": request.POST.get("client_id", "")[:36] or fresh_client_id(),
        "reason": request.POST.get("reason", ""),
        "reason_error": errors.get("reason", ""),
        "may_write": may_write,
        "prefix": PREFIX,
    }
    return render(request, "diary_day.html", context, status=status)


def _day_as_form(day: DiaryDay | None) -> FormInstance | None:
    if day is None:
        return None
    address = Address("diary", day.diary, str(day.day))
    return FormInstance(address, day.values, day.day, day.saves, True, day.last, (day.last.seq,))
