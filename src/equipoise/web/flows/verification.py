"""Source data verification: what is to be compared, by participant, and marking the values of a form."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.conduct.verification import comparable, form_verification
from equipoise.web.models import ParticipantRow
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment

from .form import address_and_form, place_words, told_values
from .sheet import Field, Sheet, serve_sheet

PAGE_SIZE = 50


def verification(request: TrialRequest) -> HttpResponseBase:
    """Participants with what the plan asks to be verified, what is, and what a change has voided.

    `open` names a participant whose forms with something to do are listed as well.
    """
    rows = ParticipantRow.objects.all()
    sites = request.protocol.site_by_id
    asked = request.GET.get("site", "")
    site = request.someone.site or (asked if asked in sites else "")
    if site:
        rows = rows.filter(site=site)
    after = request.GET.get("after", "")
    if 0 < len(after) <= 20:
        rows = rows.filter(id__gt=after)
    found = list(rows.order_by("id")[: PAGE_SIZE + 1])
    more, found = found[PAGE_SIZE:], found[:PAGE_SIZE]
    language = request.language
    place = {"site": site, "after": found[-1].id} if more else {}
    context = {
        "rules": [
            (rule.label.in_language(language), rule.share)
            for rule in request.protocol.monitoring.source_verification
        ],
        "rows": found,
        "opened": _opened(request),
        "site": site,
        "sites": []
        if request.someone.site
        else [(one.id, one.city.in_language(language)) for one in sites.values()],
        "next_url": f"{reverse('verification')}?{urlencode(place)}" if place else None,
    }
    return render(request, "verification.html", context)


def _opened(request: TrialRequest) -> dict[str, Any] | None:
    """The forms of one participant that still ask for something."""
    number = request.GET.get("open", "")
    state = request.trial.participant(number) if 0 < len(number) <= 20 else None
    if state is None or not request.someone.covers(state.site):
        return None
    forms = []
    for address, instance in state.forms.items():
        if address.form not in state.protocol.form_by_id:
            continue
        found = form_verification(state.protocol, state, instance)
        if found.outstanding or found.void:
            forms.append(
                {
                    "words": place_words(request, address.visit, address.form),
                    "address": _page("form", state.id, address),
                    "void": bool(found.void),
                }
            )
    return {"id": state.id, "forms": forms}


def _page(name: str, participant: str, address: Address) -> str:
    return reverse(name, args=[participant, address.visit, address.form, address.repeat])


def form_verify(
    request: TrialRequest, participant: str, visit: str, form: str, repeat: str
) -> HttpResponseBase:
    """Mark values of a form as found the same in the source documents."""
    address, found = address_and_form(request, visit, form, repeat)
    state = request.someone_studied
    instance = state.forms.get(address)
    if instance is None:
        raise Http404
    told = dict(told_values(request, instance))
    here = [item for item in comparable(state.protocol, found) if item in instance.values]
    marks = instance.verified
    left = [item for item in here if item not in marks or marks[item].void is not None]
    planned = form_verification(state.protocol, state, instance).outstanding
    labels = {
        item: state.protocol.item_by_id[item].label.in_language(request.language) for item in here
    }
    choices = []
    for item in left:
        label, words = told[item]
        if item in marks:
            words += f" ({_('changed since it was verified')})"
        choices.append((item, f"{label}: {words}"))
    facts = [(_("Where"), place_words(request, visit, form))]
    facts += [
        (labels[item], f"{told[item][1]} ({verified_words(marks[item].stamp)})")
        for item in here
        if item not in left
    ]
    back = reverse("form", args=[participant, visit, form, repeat])
    return serve_sheet(
        request,
        Sheet(
            title=_("Verify against the source: %(form)s")
            % {"form": found.title.in_language(request.language)},
            lead=_(
                "Mark what you have compared with the source documents and found the same. What "
                "differs is asked about in a query instead."
            ),
            facts=facts,
            fields=[
                Field("based_on", "", "hidden", value=str(instance.saves)),
                Field(
                    "items",
                    _("Compared and found the same"),
                    "many",
                    value=planned,
                    choices=choices,
                    hint=_(
                        "What the plan asks for is chosen already; take away what you have not seen."
                    ),
                ),
            ]
            if left
            else [],
            submit=_("Mark as verified") if left else "",
            command=lambda typed: c.VerifySource(
                participant=participant,
                address=address,
                based_on=typed["based_on"],
                items=tuple(typed["items"]),
            ),
            then=lambda done: (
                back,
                _("Marked as verified. A later change of a value makes its mark void."),
            ),
            back=back,
        ),
    )


def verified_words(stamp: Any) -> str:
    """Who verified a value and when."""
    return _("verified by %(who)s, %(when)s") % {"who": stamp.actor, "when": moment(stamp.at)}


__all__ = ["form_verify", "verification"]
