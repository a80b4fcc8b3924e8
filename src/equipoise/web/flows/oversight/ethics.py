"""The ethics committees' approvals by site, and the steps of their continuing review."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.oversight import approval_state, approval_until
from equipoise.web.access import may_open
from equipoise.web.flows.sheet import Field, Sheet, serve_sheet
from equipoise.web.labels import ETHICS_DECISION_LABELS, choices_of, said, site_label
from equipoise.web.pages.monitoring import covered_sites
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment


def ethics(request: TrialRequest) -> HttpResponseBase:
    """Until when each site's approval holds, with every step of its review."""
    state, language = request.trial.state, request.language
    words = {
        "lapsed": (_("ended: nobody is recruited"), "bad"),
        "ending": (_("ends soon"), "warn"),
        "in_force": (_("in force"), "good"),
    }
    rows = []
    for site in covered_sites(request):
        here = state.site(site)
        if here.approved_on is None:
            said_so = (_("not opened yet"), "plain")
        else:
            said_so = words[
                approval_state(request.protocol, state, site, request.trial.today(site))
            ]
        rows.append(
            {
                "name": f"{site} {site_label(request.protocol, site, language)}",
                "words": said_so[0],
                "tone": said_so[1],
                "approval": here.ethics_approval,
                "on": here.approved_on,
                "until": approval_until(request.protocol, state, site),
                "reviews": [
                    (one, said(ETHICS_DECISION_LABELS, one.decision), moment(one.at))
                    for one in reversed(state.oversight.ethics)
                    if one.site == site
                ],
            }
        )
    context = {
        "rows": rows,
        "lapsed": sum(1 for row in rows if row["tone"] == "bad"),
        "ending": sum(1 for row in rows if row["tone"] == "warn"),
        "plan": request.protocol.monitoring.continuing_review,
        "writes": may_open("record_ethics_review", request.someone.role, "POST"),
    }
    return render(request, "ethics.html", context)


def record_ethics_review(request: TrialRequest) -> HttpResponseBase:
    """What was sent to the committee, or what it decided."""
    here = request.someone.site
    plan = request.protocol.monitoring.continuing_review
    return serve_sheet(
        request,
        Sheet(
            title=_("Record a step of the ethics review"),
            facts=[(_("Interval of the reviews"), _("%(n)s months") % {"n": plan.months})]
            if plan
            else [],
            fields=[
                Field(
                    "site", _("Site"), "code", value=here,
                    choices=[
                        (one, site_label(request.protocol, one, request.language))
                        for one in covered_sites(request)
                    ],
                ),
                Field(
                    "decision", _("What happened?"), "code",
                    choices=choices_of(ETHICS_DECISION_LABELS), long=True,
                ),
                Field("on", _("Day"), "date"),
                Field("reference", _("Number of the letter or decision"), max_length=200),
                Field(
                    "valid_until", _("Last day of the approval"), "date", required=False,
                    hint=_("As the committee's letter says; without one the protocol's interval counts"),
                ),
            ],
            submit=_("Record"),
            command=lambda typed: c.RecordEthicsReview(
                site=typed["site"],
                decision=typed["decision"],
                on=typed["on"],
                reference=typed["reference"],
                valid_until=typed["valid_until"],
            ),
            then=lambda done: (reverse("ethics"), _("The step is recorded.")),
            back=reverse("ethics"),
        ),
    )  # fmt: skip


__all__ = ["ethics", "record_ethics_review"]
