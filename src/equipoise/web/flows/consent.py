"""Consent, or its refusal."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct.commands import RecordConsent
from equipoise.web.request import TrialRequest

from .sheet import Field, Sheet, Typed, serve_sheet


def consent(request: TrialRequest, participant: str) -> HttpResponseBase:
    """Which version was signed, and when; or that the person declined."""
    protocol = request.protocol
    versions = [(one.version, one.label.in_language(request.language)) for one in protocol.consents]
    signed = {record.version for record in request.someone_studied.consents}
    unsigned = [version for version, _label in versions if version not in signed]

    def command(typed: Typed) -> RecordConsent:
        return RecordConsent(
            participant=participant,
            version=typed["version"],
            signed_on=typed["signed_on"],
            given=typed["given"] == "yes",
            reason=typed["reason"] or "",
        )

    def then(done: Any) -> tuple[str, str]:
        if request.POST.get("given") == "yes":
            return reverse("screening", args=[participant]), _("Consent is recorded.")
        return reverse("participant", args=[participant]), _("The refusal is recorded.")

    return serve_sheet(
        request,
        Sheet(
            title=_("Consent"),
            lead=_(
                "Record what is on the signed paper. Screening procedures start after the signature."
            ),
            fields=[
                Field(
                    "version",
                    _("Version of the consent form"),
                    "code",
                    value=unsigned[-1] if unsigned else "",
                    choices=versions,
                    long=True,
                ),
                Field("signed_on", _("Day of the signature"), "date", value=str(request.today())),
                Field(
                    "given",
                    _("Does the person take part?"),
                    "code",
                    choices=[("yes", _("Yes, signed")), ("no", _("No, declined"))],
                ),
                Field(
                    "reason",
                    _("Reason for declining, if the person gives one"),
                    "longtext",
                    required=False,
                    hint=_("Nobody has to give a reason."),
                ),
            ],
            submit=_("Record"),
            command=command,
            then=then,
            back=reverse("participant", args=[participant]),
        ),
    )
