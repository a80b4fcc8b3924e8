"""Handing out and taking back units of the study product."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.state import SupplyBalance
from equipoise.web.access import may_open
from equipoise.web.request import TrialRequest

from .sheet import Field, Sheet, Typed, serve_sheet


def supply(request: TrialRequest, participant: str, intervention: str) -> HttpResponseBase:
    """The balance of one product, and what is handed out or brought back today."""
    planned = next(
        (one for one in request.protocol.supply if one.intervention == intervention), None
    )
    if planned is None:
        raise Http404
    state = request.someone_studied
    balance = state.supply.get(intervention, SupplyBalance())
    out = balance.dispensed - balance.returned_unused - balance.returned_used
    product = request.protocol.intervention_by_id[intervention].name

    def command(typed: Typed) -> c.Command:
        if typed["act"] == "dispense":
            return c.DispenseSupply(
                participant=participant, intervention=intervention, units=typed["units"] or 0
            )
        return c.ReturnSupply(
            participant=participant,
            intervention=intervention,
            unused=typed["unused"] or 0,
            used=typed["used"] or 0,
        )

    def then(done: Any) -> tuple[str, str]:
        return reverse("participant", args=[participant]), _("The supply is recorded.")

    unit = planned.unit_label.in_language(request.language)

    def number(name: str, label: str) -> Field:
        return Field(name, label, "number", required=False, high=1000, unit=unit)

    writes = may_open("supply", request.someone.role, "POST")
    return serve_sheet(
        request,
        Sheet(
            title=product.in_language(request.language),
            facts=[
                (_("Ordered"), f"{balance.ordered} {unit}"),
                (_("Handed out"), f"{balance.dispensed} {unit}"),
                (
                    _("Brought back"),
                    _("%(unused)s unused, %(used)s used")
                    % {"unused": balance.returned_unused, "used": balance.returned_used},
                ),
                (_("With the participant"), f"{out} {unit}"),
            ],
            fields=[
                Field(
                    "act",
                    _("What happens"),
                    "code",
                    choices=[
                        ("dispense", _("Units are handed out")),
                        ("return", _("Units are brought back")),
                    ],
                ),
                number("units", _("Units handed out")),
                number("unused", _("Unused units brought back")),
                number("used", _("Used (empty) units brought back")),
            ]
            if writes
            else [],
            submit=_("Record") if writes else "",
            command=command,
            then=then,
            back=reverse("participant", args=[participant]),
        ),
    )
