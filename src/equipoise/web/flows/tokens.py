"""The tokens of machines: the list, issuing one, taking one back."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.state import Token
from equipoise.web import sign_in_policy
from equipoise.web.access import may_open
from equipoise.web.factors.proof import has_factor
from equipoise.web.labels import role_label, site_label
from equipoise.web.models import Account, Credential
from equipoise.web.request import TrialRequest
from equipoise.web.tokens import make_secret, new_name
from equipoise.web.vocabulary import local_time

from .sheet import Field, Sheet, Typed, serve_sheet


def tokens(request: TrialRequest) -> HttpResponse:
    """Every token ever issued, those that hold first."""
    trial, language = request.trial, request.language
    zone = zone_of(trial.protocol, request.clock_site())
    used = dict(Credential.objects.values_list("token", "last_used"))

    def line(token: Token) -> dict[str, Any]:
        if token.revoked_at is not None:
            tone, status = "plain", _("revoked")
        elif not token.holds(trial.today(token.site)):
            tone, status = "plain", _("expired")
        else:
            tone, status = "good", _("holds")
        ended = local_time(token.revoked_at, zone) if token.revoked_at else ""
        return {
            "token": token,
            "role": f"{role_label(token.role)} · {site_label(trial.protocol, token.site, language)}",
            "issued": local_time(token.issued_at, zone),
            "status": status,
            "tone": tone,
            "ended": f"{ended}, {token.revoked_by}" if ended else "",
            "used": used.get(token.id),
            "may_revoke": tone == "good" and may_open("revoke_token", request.someone.role),
        }

    lines = [line(token) for token in trial.state.tokens.values()]
    lines.sort(key=lambda one: (one["tone"] != "good", one["token"].until))
    context = {
        "lines": lines,
        "holding": sum(1 for one in lines if one["tone"] == "good"),
        "may_issue": may_open("issue_token", request.someone.role),
    }
    return render(request, "tokens.html", context)


def _machines(request: TrialRequest) -> list[tuple[str, str]]:
    """Grants of names nobody signs in with. What a person did must not look like what a machine did."""
    people = set(Account.objects.values_list("username", flat=True))
    return [
        (
            f"{role}/{site}/{name}",
            f"{name} ({role_label(role)}, {site_label(request.protocol, site, request.language)})",
        )
        for name, role, site in sorted(request.trial.state.grants)
        if name not in people
    ]


def _owes_factor(request: TrialRequest, role: str) -> bool:
    """Whether this installation wants a second factor for the role, and who issues the token has none."""
    trial, account = request.trial, request.account
    return sign_in_policy().demands_factor(trial.protocol, role, live=trial.state.live) and not (
        account is not None and has_factor(account)
    )


def issue_token(request: TrialRequest) -> HttpResponseBase:
    """Give a machine a token; its secret is shown on the answer to this request and never again."""
    made: dict[str, str] = {}

    def command(typed: Typed) -> c.IssueToken:
        role, site, name = typed["machine"].split("/", 2)
        made["token"] = new_name()
        return c.IssueToken(
            token=made["token"], person=name, role=role, site=site, until=typed["until"]
        )

    def then(done: Any) -> tuple[str, str]:
        if done.repeated:
            made.clear()
            return reverse("tokens"), _("This token was issued already. Its secret is shown once.")
        made["secret"] = make_secret(made["token"])
        return reverse("tokens"), ""

    machines = _machines(request)
    owing = [one for one in machines if _owes_factor(request, one[0].split("/", 1)[0])]
    machines = [one for one in machines if one not in owing]
    lead = _(
        "For a machine that a role has been granted to and nobody signs in as. What it does is "
        "recorded under its own name."
    )
    if owing:
        lead += " " + _(
            "Some roles may not be used here without a second factor (%(machines)s): set up one of your own "
            "before you issue a token for them."
        ) % {"machines": ", ".join(label for _value, label in owing)}
    answer = serve_sheet(
        request,
        Sheet(
            title=_("Issue a token"),
            lead=lead,
            fields=[
                Field("machine", _("Machine"), "code", choices=machines, long=True),
                Field("until", _("Last day"), "date", hint=_("Within a year from today.")),
            ],
            submit=_("Issue"),
            command=command,
            then=then,
            back=reverse("tokens"),
            signed=True,
            # a token opens the interface for a year, without asking for anything more
            grave=True,
        ),
    )
    if "secret" not in made:
        return answer
    context = {
        "token": request.trial.state.tokens[made["token"]],
        "secret": made["secret"],
    }
    return render(request, "token_made.html", context)


def revoke_token(request: TrialRequest, token: str) -> HttpResponseBase:
    """Take a token back; the next request with it is nobody's."""
    found = request.trial.state.tokens.get(token)
    if found is None:
        raise Http404
    return serve_sheet(
        request,
        Sheet(
            title=_("Revoke a token"),
            facts=[
                (_("Machine"), found.person),
                (_("Role"), role_label(found.role)),
                (_("Last day"), str(found.until)),
            ],
            fields=[Field("reason", _("Why is it taken back?"), "longtext")],
            submit=_("Revoke it now"),
            command=lambda typed: c.RevokeToken(token=token, reason=typed["reason"]),
            then=lambda done: (reverse("tokens"), _("The token opens nothing any more.")),
            back=reverse("tokens"),
            signed=True,
        ),
    )
