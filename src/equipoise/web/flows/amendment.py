"""A protocol version takes force at a site, with its ethics committee's approval."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from equipoise.conduct import commands as c
from equipoise.protocol.comparison import compare_protocols
from equipoise.web.labels import site_label
from equipoise.web.request import TrialRequest

from .sheet import Field, Sheet, Typed, serve_sheet

SHOWN = 12
"""Digits of a version's hash that are shown."""


def adopt_protocol(request: TrialRequest) -> HttpResponseBase:
    """Which version is in force where, and letting a newer one take force at a site.

    A version becomes known to the trial by `equipoise amend`; here it is adopted, site by site.
    """
    trial, language = request.trial, request.language
    versions = trial.state.versions
    facts: list[tuple[str, str]] = []
    choices: list[tuple[str, str]] = []
    for site in trial.protocol.identity.sites:
        here = trial.state.site(site.id).version
        name = f"{site.id} {site_label(trial.protocol, site.id, language)}"
        facts.append((name, here[:SHOWN] if here else _("never opened")))
        if not here:
            continue
        for version in versions[versions.index(here) + 1 :]:
            changes = compare_protocols(trial.documents[here], trial.documents[version])
            heavy = sum(change.substantial for change in changes)
            words = _("%(site)s: from %(old)s to %(new)s") % {
                "site": name, "old": here[:SHOWN], "new": version[:SHOWN],
            }  # fmt: skip
            count = ngettext(
                "%(n)s change, %(heavy)s substantial",
                "%(n)s changes, %(heavy)s substantial",
                len(changes),
            ) % {"n": len(changes), "heavy": heavy}
            choices.append((f"{site.id}/{version}", f"{words} ({count})"))

    def command(typed: Typed) -> c.AdoptProtocol:
        site, _slash, version = typed["what"].partition("/")
        return c.AdoptProtocol(
            site=site,
            version=version,
            ethics_approval=typed["ethics_approval"] or "",
            approved_on=typed["approved_on"],
        )

    fields = [
        Field("what", _("Site and version"), "code", choices=choices, long=True),
        Field(
            "ethics_approval", _("Number of the ethics approval"), required=False, max_length=200,
            hint=_("Of this site's committee; needed where a change is substantial."),
        ),
        Field("approved_on", _("Day of the approval"), "date", required=False),
    ]  # fmt: skip
    return serve_sheet(
        request,
        Sheet(
            title=_("Let a version take force"),
            lead=_(
                "From then on visits, forms, windows and criteria of the site's participants follow the new "
                "version, and who signed an older consent form is asked to sign again. A site never goes back."
            )
            if choices
            else _(
                "Every site follows the newest version the trial knows. equipoise amend makes a new one known."
            ),
            facts=facts,
            fields=fields if choices else [],
            submit=_("Let it take force") if choices else "",
            command=command,
            then=lambda done: (
                reverse("adopt_protocol"),
                _("The version is in force at the site."),
            ),
            back=reverse("protocol"),
            signed=bool(choices),
            grave=bool(choices),
        ),
    )


__all__ = ["adopt_protocol"]
