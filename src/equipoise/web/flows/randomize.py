"""Randomization: who is ready, what was checked, one button, and the allocation."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.eligibility import strata_of
from equipoise.conduct.refusal import Reason, Refusal
from equipoise.conduct.schedule import plan_visits
from equipoise.conduct.state import ParticipantState
from equipoise.web.labels import site_label
from equipoise.web.request import TrialRequest
from equipoise.web.sight import sees_arm
from equipoise.web.vocabulary import moment

from .acting import act, fresh_client_id, shown_reasons
from .worklist import waiting

LISTED = 100
_WAITING = ("randomize", "sign", "eligibility", "consent")

_CHECKS = (
    (("no-consent", "consent-outdated"), "consent"),
    (("not-assessed", "criterion-unknown", "not-eligible", "assessment-outdated"), "eligibility"),
    (("eligibility-not-signed",), "signature"),
    (("site-not-open",), "site"),
    (("recruitment-closed", "recruitment-halted"), "recruitment"),
    (("no-commitment", "no-randomization"), "commitment"),
    (("stratum-unknown",), "strata"),
    (("too-late", "anchor-unknown", "condition-not-met"), "timing"),
)
"""Which refusals speak against which line of the list of checks."""


def randomize_list(request: TrialRequest) -> HttpResponseBase:
    """Those who can be randomized now, and those who still lack something."""
    person = request.someone
    sites = [person.site] if person.site else list(request.protocol.site_by_id)
    found = [(task.participant, task.kind, task.opens) for task in waiting(sites, _WAITING, LISTED)]
    lacking = {
        "sign": (_("the investigator's signature"), "screening"),
        "eligibility": (_("data or the assessment"), "screening"),
        "consent": (_("consent"), "consent"),
    }
    context = {
        "ready": [
            (number, since, reverse("randomize", args=[number]))
            for number, kind, since in found
            if kind == "randomize"
        ],
        "waiting": [
            (number, since, lacking[kind][0], reverse(lacking[kind][1], args=[number]))
            for number, kind, since in found
            if kind != "randomize"
        ],
        "open": request.trial.state.recruitment_open,
        "randomized": request.trial.state.randomized,
        "target": _target(request),
    }
    return render(request, "randomize_list.html", context)


def _target(request: TrialRequest) -> int | None:
    size = request.protocol.design.sample_size
    return size.target if size else None


def randomize(request: TrialRequest, participant: str) -> HttpResponseBase:
    """All that is checked, one button; afterwards the allocation, however often it is asked for."""
    state = request.someone_studied
    here = reverse("randomize", args=[participant])
    if state.randomized is not None:
        # pressed twice, or opened again: the allocation that stands
        return HttpResponseRedirect(here) if request.method == "POST" else _allocation(request)
    if request.method == "POST":
        outcome = act(request, c.Randomize(participant=participant))
        if not isinstance(outcome, Refusal) or "already-randomized" in outcome.codes:
            return HttpResponseRedirect(here)
        request.participant = request.trial.participant(participant)
        return _checks(request, outcome.reasons, status=422)
    return _checks(request)


def _checks(
    request: TrialRequest, refused: tuple[Reason, ...] = (), status: int = 200
) -> HttpResponse:
    state = request.someone_studied
    reasons = request.trial.randomization_reasons(state.id, request.someone.actor)
    codes = {reason.code: reason for reason in reasons}
    facts = _facts(request, state)
    lines = []
    told: set[str] = set()
    for against, name in _CHECKS:
        found = [reason for reason in reasons if reason.code in against]
        told.update(reason.code for reason in found)
        label, evidence = facts[name]
        lines.append(
            {
                "label": label,
                "ok": not found,
                "evidence": evidence if not found else "",
                "reasons": shown_reasons(found, request.language),
            }
        )
    rest = [reason for code, reason in codes.items() if code not in told]
    context = {
        "participant": state,
        "lines": lines,
        "reasons": shown_reasons(refused or rest, request.language),
        "ready": not reasons,
        "client_id": request.POST.get("client_id", "")[:36] or fresh_client_id(),
    }
    return render(request, "randomize.html", context, status=status)


def _facts(request: TrialRequest, state: ParticipantState) -> dict[str, tuple[str, str]]:
    protocol = request.protocol
    consent = state.consent
    last = state.assessments[-1] if state.assessments else None
    levels, _unknown = strata_of(protocol, state)
    return {
        "consent": (
            _("Consent to the version in force"),
            _("version %(version)s, signed %(day)s")
            % {"version": consent.version, "day": consent.signed_on}
            if consent
            else "",
        ),
        "eligibility": (
            _("Every criterion decided, and the person is eligible"),
            _("assessment %(number)s by %(who)s, decided again on today's data")
            % {"number": last.number, "who": last.stamp.actor}
            if last
            else "",
        ),
        "signature": (
            _("Signed by the investigator"),
            f"{last.signed_by}, {moment(last.signed_at)}" if last and last.signed_by else "",
        ),
        "site": (_("The site is open"), site_label(protocol, state.site, request.language)),
        "recruitment": (
            _("Recruitment is open"),
            _progress(request),
        ),
        "commitment": (
            _("The randomization has been committed to"),
            (request.trial.state.commitment or "")[:16],
        ),
        "strata": (_("The strata are known"), _strata_words(request, levels)),
        "timing": (_("The treatment can start in time"), ""),
    }


def _progress(request: TrialRequest) -> str:
    randomized, target = request.trial.state.randomized, _target(request)
    if target is None:
        return _("%(n)s randomized") % {"n": randomized}
    return _("%(n)s of %(target)s randomized") % {"n": randomized, "target": target}


def _strata_words(request: TrialRequest, levels: dict[str, str]) -> str:
    protocol = request.protocol
    factors = protocol.randomization.strata if protocol.randomization else []
    words = []
    for factor in factors:
        level = levels.get(factor.id)
        if level is None:
            continue
        label = factor.labels.get(level)
        if label is not None:
            words.append(label.in_language(request.language))
        elif factor.source == "site" and level in protocol.site_by_id:
            words.append(protocol.site_by_id[level].city.in_language(request.language))
        else:
            words.append(f"{factor.id}: {level}")
    return " · ".join(words)


def _allocation(request: TrialRequest) -> HttpResponse:
    state = request.someone_studied
    protocol = request.protocol
    language = request.language
    seen = sees_arm(request, state)
    arm = protocol.arm_by_id.get(state.arm or "") if seen else None
    following = next(
        (
            planned
            for planned in plan_visits(protocol, state)
            if planned.status in ("due", "part") and planned.target
        ),
        None,
    )
    supplies: list[dict[str, Any]] = []
    if seen:
        for supply in protocol.supply:
            balance = state.supply.get(supply.intervention)
            if balance is None:
                continue
            supplies.append(
                {
                    "intervention": supply.intervention,
                    "name": protocol.intervention_by_id[supply.intervention].name.in_language(
                        language
                    ),
                    "units": balance.ordered,
                    "unit": supply.unit_label.in_language(language),
                }
            )
    stamp = state.randomized
    context = {
        "participant": state,
        "site": site_label(protocol, state.site, language),
        "arm": arm.label.in_language(language) if arm else "",
        "number": state.randomization_number,
        "at": moment(stamp.at) if stamp else "",
        "by": stamp.actor if stamp else "",
        "strata": _strata_words(request, dict(state.strata_used)),
        "next_visit": following,
        "next_label": following.visit.label.in_language(language) if following else "",
        "supplies": supplies,
    }
    return render(request, "allocation.html", context)
