"""Releasing results: from then on the public record shows participant flow, outcomes and safety by group."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.web.pages.results import released_results
from equipoise.web.request import TrialRequest

from .sheet import Field, Sheet, serve_sheet


def release_results(request: TrialRequest) -> HttpResponseBase:
    """Release the results, or release them anew; shows which ones are public."""
    trial, protocol = request.trial, request.trial.protocol
    state, masking = trial.state, protocol.design.masking
    masked = masking is not None and masking.level != "none"
    facts = [
        (_("Randomized"), str(state.randomized)),
        (_("State of recruitment"), _("under way") if state.recruitment_open else _("ended")),
        (_("Database of the trial"), _("locked") if state.locked else _("not locked")),
    ]
    if masked:
        standing = _("unblinded") if state.unblinding is not None else _("masked")
        facts.append((_("Masking"), standing))
    lead = _(
        "Anybody will be able to read the results by group in the public record: who took part, every "
        "declared analysis, adverse events by term. Nothing tells of one participant. It cannot be taken back."
    )
    released = released_results(trial)
    if released is not None:
        facts.append(
            (
                _("Public now"),
                _("results of %(day)s, ledger position %(seq)s")
                % {"day": released.position.on, "seq": released.position.seq},
            )
        )
        lead = _(
            "The results are released: the public record shows them as they were then. Released again, "
            "those of today's data take their place."
        )
    asks = not trial.permission("ReleaseResults", request.someone.actor)
    if not asks:
        lead = _("The protocol gives this to another role.")
    confirm = Field(
        "confirm",
        _("Write the trial's name %(name)s") % {"name": protocol.id},
        must_be=protocol.id,
    )
    return serve_sheet(
        request,
        Sheet(
            title=_("Release the results"),
            lead=lead,
            facts=facts,
            fields=[confirm] if asks else [],
            submit=_("Release for everybody") if asks else "",
            command=lambda typed: c.ReleaseResults(),
            then=lambda done: (reverse("release_results"), _("The results are released.")),
            back=reverse("results"),
            signed=asks,
            grave=asks,
        ),
    )
