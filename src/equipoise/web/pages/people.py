"""The delegation log of the sites, and who was trained in what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.decide.people import GCP
from equipoise.conduct.decide.permission import SELF_REPORTING, works_by_delegation
from equipoise.conduct.state import Delegation
from equipoise.trial import Trial

from ..access import may_open, site_seen
from ..labels import role_label, site_label
from ..request import TrialRequest
from ..vocabulary import local_time


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a delegation log as it is shown. `end` is the address at which it is ended."""

    delegation: Delegation
    role: str
    signed: str
    ended: str
    status: str
    tone: str
    trained: str
    end: str


def people(request: TrialRequest) -> HttpResponse:
    """Delegations by site, and training, for the person's sites."""
    trial, person, language = request.trial, request.someone, request.language
    everywhere = not site_seen("people", person)
    sites = [
        site.id
        for site in trial.protocol.identity.sites
        if everywhere or site.id == person.site
    ]  # fmt: skip
    logs = [
        (
            site,
            site_label(trial.protocol, site, language),
            _log(request, site),
            _missing(trial, site),
        )
        for site in sites
    ]
    zone = zone_of(trial.protocol, sites[0])
    here = {
        name
        for name, _role, site in trial.state.grants
        if everywhere or site in ("", person.site)
    }  # fmt: skip
    trainings = [
        (
            one.person,
            training_label(one.subject, trial),
            one.trained_on,
            one.recorded_by,
            local_time(one.recorded_at, zone),
        )
        for one in sorted(trial.state.trainings, key=lambda one: (one.person, one.trained_on))
        if one.person in here
    ]
    context = {
        "logs": logs,
        "trainings": trainings,
        "live": trial.state.live,
        "may_delegate": may_open("delegate", person.role, "POST"),
        "may_review": may_open("access_review", person.role),
        "may_train": may_open("record_training", person.role, "POST"),
    }
    return render(request, "people.html", context)


def training_label(subject: str, trial: Trial) -> str:
    """A subject of training in words; a protocol version by its place and the start of its hash."""
    if subject == GCP:
        return _("Good clinical practice")
    number = trial.state.versions.index(subject) + 1
    return _("Protocol version %(n)s (%(hash)s)") % {"n": number, "hash": subject[:12]}


def _log(request: TrialRequest, site: str) -> list[Line]:
    trial = request.trial
    zone, today = zone_of(trial.protocol, site), trial.today(site)
    version = trial.protocol_at(site).version
    own = may_open("end_delegation", request.someone.role, "POST") and request.someone.covers(site)
    lines = []
    for one in trial.state.site(site).delegations:
        status, tone = _status(one, today)
        lines.append(
            Line(
                one,
                role_label(one.role),
                local_time(one.signed_at, zone),
                local_time(one.ended, zone) if one.ended else "",
                status,
                tone,
                _("trained") if trial.state.trained(one.person, version) else _("not trained"),
                reverse("end_delegation", args=[site, one.number])
                if own and one.ended is None
                else "",
            )
        )
    return lines


def _status(one: Delegation, today: date) -> tuple[str, str]:
    if one.ended is not None:
        return _("ended"), "plain"
    if one.since > today:
        return _("begins later"), "warn"
    if one.until is not None and one.until < today:
        return _("over"), "plain"
    return _("in force"), "good"


def _missing(trial: Trial, site: str) -> list[tuple[str, str, list[str]]]:
    """Who holds a role at the site and cannot act there today, with what is missing."""
    document, today = trial.protocol_at(site), trial.today(site)
    roles = {one.role: one for one in document.roles}
    missing: list[tuple[str, str, list[str]]] = []
    for person, role, at in sorted(trial.state.grants):
        grant: Any = roles.get(role)
        if at not in ("", site) or grant is None or SELF_REPORTING.issuperset(grant.may):
            continue
        lacks = []
        if works_by_delegation(grant) and not trial.state.delegated(person, role, site, today):
            lacks.append(_("delegation"))
        if not trial.state.trained(person, document.version):
            lacks.append(_("training on the protocol version in force"))
        if lacks:
            missing.append((person, role_label(role), lacks))
    return missing
