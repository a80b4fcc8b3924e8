"""Unblinding: one participant, in two steps (why; and then that it is meant), or the whole trial at its end."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment, text_said

from .sheet import Field, Sheet, Typed, read_fields, serve_sheet, show_sheet


def unblind(request: TrialRequest, participant: str) -> HttpResponseBase:
    """The first post asks whether it is meant; the second one does it."""
    kinds = [
        ("emergency", _("Emergency: the care of this participant depends on it")),
        ("planned", _("Planned: the protocol provides for it now")),
    ]
    asked = [
        Field("kind", _("Which kind"), "code", choices=kinds, long=True),
        Field(
            "reason", _("Why"), "longtext",
            hint=_("Everyone who follows this participant will read it. Do not write the group."),
        ),
    ]  # fmt: skip
    address = reverse("participant", args=[participant])

    def command(typed: Typed) -> c.UnblindParticipant:
        return c.UnblindParticipant(
            participant=participant, kind=typed["kind"], reason=typed["reason"]
        )

    def then(done: Any) -> tuple[str, str]:
        return address, _("Unblinded: the group stands at the top of this page, for you alone.")

    first = Sheet(
        title=_("Unblind"),
        lead=_(
            "You will be told the group. The participant counts as unblinded from then on, and monitor and "
            "sponsor will see that, when, by whom and why, but not the group."
        ),
        fields=asked,
        submit=_("Go on"),
        command=command,
        then=then,
        back=address,
    )
    if request.method != "POST":
        return show_sheet(request, first, asked)
    answers, typed = read_fields(request, asked)
    if any(one.error for one in typed):
        return show_sheet(request, first, typed, status=422)
    second = Sheet(
        title=_("Unblind: is it meant?"),
        lead=first.lead,
        fields=[
            Field(
                "kind", _("Which kind"), "kept", answers["kind"], unit=dict(kinds)[answers["kind"]]
            ),
            Field("reason", _("Why"), "kept", answers["reason"]),
            Field(
                "confirm",
                _("Write the participant's number %(number)s") % {"number": participant},
                must_be=participant,
            ),
        ],
        submit=_("Unblind and show the group"),
        command=command,
        then=then,
        back=address,
        signed=True,
        grave=True,
    )
    if "confirm" not in request.POST:
        return show_sheet(request, second, second.fields)
    return serve_sheet(request, second)


def unblind_trial(request: TrialRequest) -> HttpResponseBase:
    """End the masking for everybody; shows what stands against it, or that it was done."""
    trial, protocol = request.trial, request.trial.protocol
    state, masking = trial.state, protocol.design.masking
    back = reverse("safety")
    masked = masking is not None and masking.level != "none"
    facts = [
        (_("State of recruitment"), _("under way") if state.recruitment_open else _("ended")),
        (_("Database of the trial"), _("locked") if state.locked else _("not locked")),
    ]
    lead = _(
        "Every role will see every allocation, for good. Lock the database first: what is corrected "
        "afterwards is corrected by somebody who knows the groups."
    )
    if not masked:
        lead = _("This trial is open label: there is nothing to unblind.")
    elif state.unblinding is not None:
        lead = _("The trial is unblinded: every role sees the allocations.")
        facts.append((_("Unblinded"), f"{moment(state.unblinding.at)}, {state.unblinding.by}"))
        facts.append((_("Why"), text_said(state.unblinding.reason)))
    elif trial.permission("UnblindTrial", request.someone.actor):
        lead = _("The protocol gives this to another role.")
        masked = False
    asks = masked and state.unblinding is None
    fields = [
        Field("reason", _("Why now"), "longtext", hint=_("For instance: the database is locked.")),
        Field(
            "confirm",
            _("Write the trial's name %(name)s") % {"name": protocol.id},
            must_be=protocol.id,
        ),
    ]
    return serve_sheet(
        request,
        Sheet(
            title=_("Unblind the trial"),
            lead=lead,
            facts=facts,
            fields=fields if asks else [],
            submit=_("Unblind for everybody") if asks else "",
            command=lambda typed: c.UnblindTrial(reason=typed.get("reason", "")),
            then=lambda done: (reverse("unblind_trial"), _("The trial is unblinded.")),
            back=back,
            signed=asks,
            grave=asks,
        ),
    )
