"""Signing the statistical analysis plan."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.web.request import TrialRequest

from .sheet import Sheet, serve_sheet


def sign_analysis_plan(request: TrialRequest, digest: str) -> HttpResponseBase:
    """The statistician signs the plan that was read, by the hash in the address; the trial refuses any other."""
    return serve_sheet(
        request,
        Sheet(
            title=_("Sign the analysis plan"),
            lead=_(
                "Your signature says that the plan of the protocol in force is how the trial will be analyzed. "
                "The report will name everything that departs from it."
            ),
            facts=[(_("Plan"), f"{digest[:16]}…"), (_("Protocol version"), request.trial.protocol.version[:12])],
            fields=[],
            submit=_("Sign the plan"),
            command=lambda typed: c.SignAnalysisPlan(plan_hash=digest),
            then=lambda done: (reverse("analysis_plan"), _("The plan is signed.")),
            back=reverse("analysis_plan"),
            signed=True,
        ),
    )  # fmt: skip
