"""Recruitment by site; halting it, and starting it again."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.decide import local_day_of
from equipoise.conduct.state import Halt
from equipoise.design import DesignError
from equipoise.rehearsal import AssumptionError
from equipoise.rehearsal.outlook import Outlook, outlook
from equipoise.reporting.figures import forecast_figure
from equipoise.trial import Trial
from equipoise.web.access import may_open
from equipoise.web.flows.sheet import Field, Sheet, serve_sheet
from equipoise.web.labels import AUTHORITY_LABELS, choices_of, said, site_label
from equipoise.web.pages.monitoring import covered_sites, recruitment_words
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment

_lock = threading.Lock()
_made: WeakKeyDictionary[Trial, tuple[tuple[object, ...], Outlook]] = WeakKeyDictionary()


def current_outlook(trial: Trial) -> Outlook | None:
    """The forecast as recruitment stands today; made once for each change of what it rests on.

    None where the protocol does not say how many are wanted, or from when on.
    """
    state, today = trial.state, trial.today()
    sites = tuple(
        (here.opened_on, here.open, here.randomized, state.oversight.standing_halts(site.id))
        for site in trial.protocol.identity.sites
        for here in (state.site(site.id),)
    )
    rests_on = (trial.protocol.version, today, state.recruitment_open, sites)
    with _lock:
        made = _made.get(trial)
        if made is None or made[0] != rests_on:
            try:
                made = _made[trial] = (rests_on, outlook(trial.protocol, state, today))
            except (AssumptionError, DesignError):
                return None
        return made[1]


def _forecast(request: TrialRequest) -> dict[str, object] | None:
    """The forecast in words and as a figure, for those whose concern is the whole trial."""
    if request.someone.site:
        return None
    found = current_outlook(request.trial)
    if found is None:
        return {"figure": ""}
    randomized_on = [
        local_day_of(request.protocol, event.site, event.server_time)
        for event in request.trial.ledger.events(types=["ParticipantRandomized"])
    ]
    one = found.forecast
    done = sum(found.randomized.values())
    drawn = forecast_figure(one, request.language, randomized_on=randomized_on)
    return {
        "figure": mark_safe(drawn),  # nosec B308
        "full": done >= one.target,
        "target": one.target,
        "confidence": f"{100 * one.confidence:g}",
        "reached": one.reached,
        "finished": one.finished,
        "chance": None if one.chance is None else f"{100 * one.chance:.0f}",
        "completion": found.completion,
    }


def recruitment(request: TrialRequest) -> HttpResponseBase:
    """Each site's state and counts, what is forecast, and every halt with its restart."""
    state, language, role = request.trial.state, request.language, request.someone.role
    sites = covered_sites(request)
    rows = []
    for site in sites:
        words, tone = recruitment_words(request, site)
        here = state.site(site)
        rows.append(
            {
                "name": f"{site} {site_label(request.protocol, site, language)}",
                "words": words,
                "tone": tone,
                "since": here.opened_on,
                "screened": here.screened,
                "randomized": here.randomized,
            }
        )
    halts = [
        {
            "halt": one,
            "place": site_label(request.protocol, one.site, language),
            "who": said(AUTHORITY_LABELS, one.ordered_by),
            "at": moment(one.at),
            "authorized": said(AUTHORITY_LABELS, one.restart.authorized_by) if one.restart else "",
            "restarted": moment(one.restart.at) if one.restart else "",
        }
        for one in reversed(state.oversight.halts)
        if not one.site or one.site in sites
    ]
    context = {
        "rows": rows,
        "halts": halts,
        "standing": sum(not one["restarted"] for one in halts),
        "closed": not state.recruitment_open,
        "forecast": _forecast(request),
        "may_halt": may_open("halt_recruitment", role, "POST"),
        "may_restart": may_open("restart_recruitment", role, "POST"),
    }
    return render(request, "recruitment.html", context)


def halt_recruitment(request: TrialRequest) -> HttpResponseBase:
    """Stop recruitment for the time being."""
    here = request.someone.site
    places = [
        (site, f"{site} {site_label(request.protocol, site, request.language)}")
        for site in covered_sites(request)
        if request.trial.state.site(site).open
    ]
    if not here:
        places.append(("trial", _("The whole trial")))
    return serve_sheet(
        request,
        Sheet(
            title=_("Halt recruitment"),
            lead=_(
                "From the moment you sign, screening, consent and randomization are refused there, "
                "and the public record says so. Participants already enrolled go on."
            ),
            fields=[
                Field("where", _("Where?"), "code", choices=places, long=True),
                Field(
                    "ordered_by", _("Who ordered it?"), "code",
                    choices=choices_of(AUTHORITY_LABELS), long=True,
                ),
                Field("ordered_on", _("From which day on?"), "date", value=str(request.today())),
                Field("reason", _("Reason"), "longtext"),
            ],
            submit=_("Halt recruitment"),
            command=lambda typed: c.HaltRecruitment(
                site="" if typed["where"] == "trial" else typed["where"],
                ordered_by=typed["ordered_by"],
                ordered_on=typed["ordered_on"],
                reason=typed["reason"],
            ),
            then=lambda done: (reverse("recruitment"), _("Recruitment is halted.")),
            back=reverse("recruitment"),
            signed=True,
        ),
    )  # fmt: skip


def restart_recruitment(request: TrialRequest, number: int) -> HttpResponseBase:
    """Lift one halt, with the authorization of whoever had ordered it."""
    halt = next((one for one in request.trial.state.oversight.halts if one.number == number), None)
    if halt is None or not (not halt.site or request.someone.covers(halt.site)):
        raise Http404
    who = said(AUTHORITY_LABELS, halt.ordered_by)
    standing = halt.restart is None
    return serve_sheet(
        request,
        Sheet(
            title=_("Restart recruitment"),
            lead=_("Only who ordered the halt can authorize the restart: %(who)s.") % {"who": who}
            if standing
            else _("This halt has been lifted."),
            facts=_facts(request, halt),
            fields=[
                Field(
                    "authorized_by", _("Who authorizes the restart?"), "code",
                    choices=choices_of(AUTHORITY_LABELS), long=True,
                ),
                Field("authorized_on", _("Day of the authorization"), "date"),
                Field(
                    "reference", _("Document of the authorization"), max_length=200,
                    hint=_("Letter, minutes or decision, with its number"),
                ),
                Field("reason", _("Why can recruitment go on?"), "longtext"),
            ]
            if standing
            else [],
            submit=_("Restart recruitment") if standing else "",
            command=lambda typed: c.RestartRecruitment(
                halt=number,
                authorized_by=typed["authorized_by"],
                authorized_on=typed["authorized_on"],
                reference=typed["reference"],
                reason=typed["reason"],
            ),
            then=lambda done: (reverse("recruitment"), _("The halt is lifted.")),
            back=reverse("recruitment"),
            signed=standing,
        ),
    )  # fmt: skip


def _facts(request: TrialRequest, halt: Halt) -> list[tuple[str, str]]:
    return [
        (_("Where"), site_label(request.protocol, halt.site, request.language)),
        (_("Ordered by"), f"{said(AUTHORITY_LABELS, halt.ordered_by)}, {halt.ordered_on}"),
        (_("Reason"), halt.reason),
        (_("Recorded"), f"{moment(halt.at)}, {halt.actor}"),
    ]


__all__ = ["halt_recruitment", "recruitment", "restart_recruitment"]
