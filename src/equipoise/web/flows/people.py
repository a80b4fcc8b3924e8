"""Delegating tasks, ending a delegation, recording training."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.decide.people import GCP, MEANING
from equipoise.conduct.decide.permission import works_by_delegation
from equipoise.web.labels import role_label, site_label
from equipoise.web.pages.people import training_label
from equipoise.web.request import TrialRequest

from .sheet import Field, Sheet, Typed, serve_sheet


def delegate(request: TrialRequest) -> HttpResponseBase:
    """The investigator signs who has a role's tasks at the site, and for which days."""
    here = request.someone.site
    delegable = {one.role for one in request.protocol.roles if works_by_delegation(one)}
    held = [
        (f"{role}/{person}", f"{person} ({role_label(role)})")
        for person, role, site in sorted(request.trial.state.grants)
        if role in delegable and (not here or site in ("", here))
    ]
    sites = [
        (site.id, site_label(request.protocol, site.id, request.language))
        for site in request.protocol.identity.sites
    ]
    fields = [Field("who", _("Person and role"), "code", choices=held, long=True)]
    if not here:
        fields.append(Field("site", _("Site"), "code", choices=sites, long=True))

    def command(typed: Typed) -> c.DelegateTasks:
        role, _slash, person = typed["who"].partition("/")
        return c.DelegateTasks(
            site=here or typed["site"],
            person=person,
            role=role,
            since=typed["since"],
            until=typed["until"],
        )

    return serve_sheet(
        request,
        Sheet(
            title=_("Delegate tasks"),
            lead=_(
                "The person may do what the protocol gives the role, at this site, in these days."
            ),
            facts=[(_("You sign"), MEANING)],
            fields=[
                *fields,
                Field("since", _("First day"), "date", value=str(request.today())),
                Field("until", _("Last day"), "date", required=False),
            ],
            submit=_("Sign the delegation"),
            command=command,
            then=_to_people(_("The tasks are delegated.")),
            back=reverse("people"),
            signed=True,
        ),
    )


def end_delegation(request: TrialRequest, site: str, number: int) -> HttpResponseBase:
    """From now on the person has the tasks no more."""
    found = next(
        (one for one in request.trial.state.site(site).delegations if one.number == number), None
    )
    if found is None or not request.someone.covers(site):
        raise Http404
    return serve_sheet(
        request,
        Sheet(
            title=_("End a delegation"),
            facts=[
                (_("Person"), found.person),
                (_("Tasks of"), role_label(found.role)),
                (_("Site"), site_label(request.protocol, site, request.language)),
            ],
            fields=[Field("reason", _("Why does it end?"), "longtext")],
            submit=_("End it now"),
            command=lambda typed: c.EndDelegation(site=site, number=number, reason=typed["reason"]),
            then=_to_people(_("The delegation has ended.")),
            back=reverse("people"),
            signed=True,
        ),
    )


def record_training(request: TrialRequest) -> HttpResponseBase:
    """Somebody was trained in good clinical practice, or in a version of the protocol."""
    state, here = request.trial.state, request.someone.site
    persons = sorted(
        {person for person, _role, site in state.grants if not here or site in ("", here)}
    )
    subjects = [*reversed(state.versions), GCP]
    return serve_sheet(
        request,
        Sheet(
            title=_("Record training"),
            fields=[
                Field(
                    "person",
                    _("Person"),
                    "code",
                    choices=[(one, one) for one in persons],
                    long=True,
                ),
                Field(
                    "subject",
                    _("Trained in"),
                    "code",
                    choices=[(one, training_label(one, request.trial)) for one in subjects],
                    long=True,
                ),
                Field("trained_on", _("Day of the training"), "date", value=str(request.today())),
            ],
            submit=_("Record"),
            command=lambda typed: c.RecordTraining(
                person=typed["person"], subject=typed["subject"], trained_on=typed["trained_on"]
            ),
            then=_to_people(_("The training is recorded.")),
            back=reverse("people"),
        ),
    )


def _to_people(words: str) -> Any:
    return lambda done: (reverse("people"), words)
