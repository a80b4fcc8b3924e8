"""Unblinding one participant, in two steps: why, and then, with the password, that it is meant."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.web.request import TrialRequest

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
