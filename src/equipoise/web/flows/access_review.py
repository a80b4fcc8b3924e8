"""The periodic review of access: who has an account, which roles, and when they last signed in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.decide.people import REVIEW_MEANING
from equipoise.web.factors.proof import drop_factors, end_sessions, keep_session
from equipoise.web.labels import role_label, site_label
from equipoise.web.models import Account, Authenticator, Passkey
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import local_time, text_said

from .sheet import Field, Sheet, Typed, serve_sheet

DUE_DAYS = 90
"""After so many days without a review the page says that one is due."""


@dataclass(frozen=True, slots=True)
class Access:
    """What one name can do: of an account, of a grant without one, or of an account without a grant."""

    name: str
    account: bool
    active: bool
    last_sign_in: str
    """The day (UTC); empty for who never signed in."""
    second_factor: bool
    identity: bool
    """Whether an identity from outside opens the account."""
    grants: tuple[tuple[str, str], ...]


def accesses(request: TrialRequest) -> list[Access]:
    """Everybody with an account or a grant, by name."""
    accounts = {one.username: one for one in Account.objects.all()}
    granted: dict[str, list[tuple[str, str]]] = {}
    for person, role, site in sorted(request.trial.state.grants):
        granted.setdefault(person, []).append((role, site))
    with_factor = {*Authenticator.objects.values_list("account__username", flat=True)}
    with_factor |= {*Passkey.objects.values_list("account__username", flat=True)}
    found = []
    for name in sorted(accounts.keys() | granted.keys()):
        account = accounts.get(name)
        last = account.last_login if account else None
        found.append(
            Access(
                name,
                account is not None,
                account is not None and account.is_active,
                f"{last:%Y-%m-%d}" if last else "",
                name in with_factor,
                name in request.trial.state.identities,
                tuple(granted.get(name, ())),
            )
        )
    return found


def digest_of(found: list[Access]) -> str:
    """SHA-256 (hex) of the list: what the review's signature is bound to."""
    text = json.dumps([asdict(one) for one in found], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def access_review(request: TrialRequest) -> HttpResponse:
    """The list as it stands now, and the reviews signed so far."""
    trial, language = request.trial, request.language
    found = accesses(request)
    zone = zone_of(trial.protocol, trial.protocol.identity.sites[0].id)
    reviews = trial.state.access_reviews
    due = True
    if reviews:
        due = (trial.clock_peek() - datetime.fromisoformat(reviews[-1].signed_at)).days >= DUE_DAYS
    context = {
        "lines": [
            (
                one,
                [
                    f"{role_label(role)} · {site_label(trial.protocol, site, language)}"
                    for role, site in one.grants
                ],
            )
            for one in found
        ],
        "digest": digest_of(found),
        "resets": [
            (one, local_time(one.at, zone), text_said(one.reason))
            for one in reversed(trial.state.factor_resets)
        ],
        "identities": [
            (one, local_time(one.at, zone), text_said(one.reason) if one.reason else "")
            for one in reversed(trial.state.identity_changes)
        ],
        "reviews": [(one, local_time(one.signed_at, zone)) for one in reversed(reviews)],
        "due": due,
        "days": DUE_DAYS,
        "may_sign": request.someone.role == "administrator",
    }
    return render(request, "access_review.html", context)


def sign_access_review(request: TrialRequest, digest: str) -> HttpResponseBase:
    """Sign the list that was looked at; a list that has changed since is looked at again first."""
    found = accesses(request)
    if digest != digest_of(found):
        messages.warning(
            request, _("The list has changed. Go through it again."), extra_tags="warn"
        )
        return HttpResponseRedirect(reverse("access_review"))
    return serve_sheet(
        request,
        Sheet(
            title=_("Sign the access review"),
            facts=[
                (_("You sign"), REVIEW_MEANING),
                (_("Persons on the list"), str(len(found))),
                ("SHA-256", digest),
            ],
            fields=[],
            submit=_("Sign the review"),
            command=lambda typed: c.ReviewAccess(list_hash=digest, accounts=len(found)),
            then=lambda done: (reverse("access_review"), _("The review is signed.")),
            back=reverse("access_review"),
            signed=True,
        ),
    )


def reset_second_factor(request: TrialRequest) -> HttpResponseBase:
    """Take the second factor back from who has lost it: they set up a new one at the next sign-in.

    One's own is reset by somebody else. The ledger says so before anything is taken away.
    """
    held = [
        (one.name, one.name)
        for one in accesses(request)
        if one.second_factor and one.name != request.someone.username
    ]
    back = reverse("access_review")

    def command(typed: Typed) -> c.ResetSecondFactor:
        return c.ResetSecondFactor(person=typed["who"], reason=typed["reason"])

    def then(done: object) -> tuple[str, str]:
        drop_factors(Account.objects.get(username=request.POST["who"].strip()))
        return back, _("The second factor is taken back; the person's sessions have ended.")

    return serve_sheet(
        request,
        Sheet(
            title=_("Take back a second factor"),
            lead=_(
                "For who has lost the device and the recovery codes. Make sure who is asking, not only by "
                "telephone or mail: whoever knows the password can set up a new one afterwards."
            ),
            fields=[
                Field(
                    "who",
                    _("Person"),
                    "code",
                    choices=held,
                    long=True,
                    hint="" if held else _("Nobody else has a second factor."),
                ),
                Field(
                    "reason",
                    _("Reason"),
                    "longtext",
                    hint=_("And how you made sure who is asking."),
                ),
            ],
            submit=_("Take it back"),
            command=command,
            then=then,
            back=back,
            signed=True,
            grave=True,
        ),
    )


def unlink_identity(request: TrialRequest) -> HttpResponseBase:
    """End one's own link with the issuer, where there is another way to sign in."""
    person, account = request.someone.username, request.account
    linked = request.trial.state.identities.get(person)
    back = reverse("second_factors")
    lead = _("From then on that identity opens nothing here. Your other sessions end.")
    if linked is None:
        lead = _("No identity is linked with your account.")
    elif account is None or not account.has_usable_password():
        lead = _("Set a password first: without one you could not sign in any more.")
        linked = None

    def then(done: object) -> tuple[str, str]:
        if account is not None:
            end_sessions(account)
            keep_session(request, account)
        return back, _("The identity is unlinked.")

    return serve_sheet(
        request,
        Sheet(
            title=_("Unlink the identity"),
            lead=lead,
            facts=[(_("Issuer"), linked.issuer)] if linked else [],
            fields=[Field("reason", _("Reason"), "longtext")] if linked else [],
            submit=_("Unlink") if linked else "",
            command=lambda typed: c.UnlinkIdentity(person=person, reason=typed["reason"]),
            then=then,
            back=back,
            signed=linked is not None,
            grave=True,
        ),
    )


def unlink_another(request: TrialRequest) -> HttpResponseBase:
    """End the link of who has left, or whose account at the issuer is no longer theirs alone."""
    linked = sorted(request.trial.state.identities.keys() - {request.someone.username})
    back = reverse("access_review")

    def then(done: object) -> tuple[str, str]:
        found = Account.objects.filter(username=request.POST["who"].strip()).first()
        if found is not None:
            end_sessions(found)
        return back, _("The identity is unlinked; the person's sessions have ended.")

    return serve_sheet(
        request,
        Sheet(
            title=_("Unlink an identity"),
            lead=_(
                "For who has left, or whose account at the issuer is no longer theirs alone. A password here "
                "stays good: invite the person anew to end it."
            ),
            fields=[
                Field(
                    "who",
                    _("Person"),
                    "code",
                    choices=[(one, one) for one in linked],
                    long=True,
                    hint="" if linked else _("Nobody else has linked an identity."),
                ),
                Field("reason", _("Reason"), "longtext"),
            ],
            submit=_("Unlink"),
            command=lambda typed: c.UnlinkIdentity(person=typed["who"], reason=typed["reason"]),
            then=then,
            back=back,
            signed=True,
            grave=True,
        ),
    )
