"""Freezing, locking and unlocking: one form, a participant, a site, the trial."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.conduct import commands as c
from equipoise.conduct.state import Hold
from equipoise.web.labels import said
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment

from .form import place_words, saved_form
from .sheet import Field, Sheet, Typed, serve_sheet

HOLD_LABELS = {"": noop("open"), "frozen": noop("frozen"), "locked": noop("locked")}
_ACTS: dict[str, type[c.FreezeForm] | type[c.LockForm] | type[c.UnlockForm]] = {
    "freeze": c.FreezeForm,
    "lock": c.LockForm,
    "unlock": c.UnlockForm,
}


def _acts(held: str) -> list[tuple[str, str]]:
    acts = [
        ("freeze", _("Freeze: no value changes; queries, marks and signatures go on")),
        ("lock", _("Lock: nothing changes")),
        ("unlock", _("Unlock: open it again")),
    ]
    offered = {"": ("freeze", "lock"), "frozen": ("lock", "unlock"), "locked": ("unlock",)}
    return [(code, words) for code, words in acts if code in offered[held]]


def _fields(acts: list[tuple[str, str]]) -> list[Field]:
    return [
        Field("act", _("What do you do?"), "code", choices=acts, long=True),
        Field("reason", _("Reason"), "longtext"),
    ]


def _state(hold: Hold | None) -> tuple[str, str]:
    words = said(HOLD_LABELS, hold.kind if hold else "")
    if hold is not None:
        words += f" ({hold.stamp.actor}, {moment(hold.stamp.at)})"
    return _("State"), words


def form_hold(
    request: TrialRequest, participant: str, visit: str, form: str, repeat: str
) -> HttpResponseBase:
    """One form: freeze it, lock it, open it."""
    address, found, instance = saved_form(request, visit, form, repeat)
    back = reverse("form", args=[participant, visit, form, repeat])

    def command(typed: Typed) -> c.Command:
        return _ACTS[typed["act"]](participant=participant, address=address, reason=typed["reason"])

    return serve_sheet(
        request,
        Sheet(
            title=_("Freeze or lock: %(form)s")
            % {"form": found.title.in_language(request.language)},
            facts=[(_("Where"), place_words(request, visit, form)), _state(instance.hold)],
            fields=_fields(_acts(instance.hold.kind if instance.hold else "")),
            submit=_("Record"),
            command=command,
            then=lambda done: (back, _("Recorded.")),
            back=back,
            signed=True,
            grave=True,
        ),
    )


def participant_hold(request: TrialRequest, participant: str) -> HttpResponseBase:
    """All data of one participant: freeze, lock, open."""
    hold = request.someone_studied.hold
    back = reverse("participant", args=[participant])

    def command(typed: Typed) -> c.Command:
        return _ACTS[typed["act"]](participant=participant, reason=typed["reason"])

    return serve_sheet(
        request,
        Sheet(
            title=_("Freeze or lock all data of the participant"),
            lead=_(
                "Possible when the participation has ended, every form is complete and every query is "
                "closed; whatever still stands against it is listed."
            ),
            facts=[_state(hold)],
            fields=_fields(_acts(hold.kind if hold else "")),
            submit=_("Record"),
            command=command,
            then=lambda done: (back, _("Recorded.")),
            back=back,
            signed=True,
            grave=True,
        ),
    )


def data_lock(request: TrialRequest) -> HttpResponseBase:
    """The sites and the trial: what is held, and holding or opening it."""
    trial, actor = request.trial, request.someone.actor
    language = request.language
    places: list[tuple[str, str]] = []
    facts = [(_("Database of the trial"), _("locked") if trial.state.locked else _("open"))]
    for site in request.protocol.identity.sites:
        if request.someone.site in ("", site.id):
            name = f"{site.id} {site.city.in_language(language)}"
            facts.append((name, said(HOLD_LABELS, trial.state.site(site.id).hold)))
            if not trial.permission("LockForm", actor):
                places.append((site.id, name))
    acts = [*_acts(""), *_acts("locked")] if places else []
    if not trial.permission("LockTrial", actor):
        places.append(("trial", _("The whole trial: the database lock")))
        acts = acts or [
            ("lock", _("Lock: nothing changes")),
            ("unlock", _("Unlock: open it again")),
        ]

    def command(typed: Typed) -> c.Command:
        if typed["where"] != "trial":
            return _ACTS[typed["act"]](site=typed["where"], reason=typed["reason"])
        if typed["act"] == "unlock":
            return c.UnlockTrial(reason=typed["reason"])
        return c.LockTrial(reason=typed["reason"])

    return serve_sheet(
        request,
        Sheet(
            title=_("Data lock"),
            lead=_(
                "Possible when recruitment has ended, every form is complete and every query is "
                "closed; whatever still stands against it is listed."
            ),
            facts=facts,
            fields=[
                Field("where", _("Which data?"), "code", choices=places, long=True),
                *_fields(acts),
            ],
            submit=_("Record"),
            signed=True,
            grave=True,
            command=command,
            then=lambda done: (reverse("data_lock"), _("Recorded.")),
        ),
    )


__all__ = ["data_lock", "form_hold", "participant_hold"]
