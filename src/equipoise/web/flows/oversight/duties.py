"""What oversight asks of the sites of a worklist, in a line for each kind, with where to do it."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from equipoise.conduct.oversight import Outstanding, outstanding
from equipoise.web.access import may_open
from equipoise.web.labels import site_label
from equipoise.web.request import TrialRequest


def duties(request: TrialRequest, sites: Sequence[str]) -> list[tuple[str, str, str]]:
    """(address, words, tone) of everything outstanding that this person may look at."""
    found = outstanding(request.protocol, request.trial.state, sites, request.today())
    lines = [(*_ethics(request, one), one.late) for one in found if one.kind == "ethics"]
    documents = [one for one in found if one.kind == "document"]
    if documents and may_open("documents", request.someone.role):
        words = ngettext(
            "%(n)s essential document is missing or expires",
            "%(n)s essential documents are missing or expire",
            len(documents),
        ) % {"n": len(documents)}
        lines.append((reverse("documents"), words, any(one.late for one in documents)))
    if may_open("trail", request.someone.role):
        lines += [(*_trail(request, one), one.late) for one in found if one.kind == "trail_review"]
    if may_open("monitoring_visits", request.someone.role):
        lines += [(*_visit(request, one), one.late) for one in found if one.kind in _VISIT_WORDS]
    if may_open("signal", request.someone.role):
        lines += [
            (
                reverse("signal", args=[one.ref]),
                _("Signal %(ref)s (%(place)s) to be settled")
                % {
                    "ref": one.ref,
                    "place": site_label(request.protocol, one.site, request.language),
                },
                one.late,
            )
            for one in found
            if one.kind == "signal"
        ]
    return [(url, words, "bad" if late else "warn") for url, words, late in lines]


_VISIT_WORDS = {
    "visit": noop("Monitoring visit %(ref)s (%(place)s), planned for %(day)s"),
    "report": noop("Monitoring report %(ref)s (%(place)s) to be acknowledged"),
    "action": noop("Action %(ref)s of a monitoring visit (%(place)s), until %(day)s"),
}


def _visit(request: TrialRequest, one: Outstanding) -> tuple[str, str]:
    number = one.ref.partition("/")[0]
    words = _(_VISIT_WORDS[one.kind]) % {
        "ref": one.ref,
        "place": site_label(request.protocol, one.site, request.language),
        "day": one.due,
    }
    return reverse("monitoring_visit", args=[number]), words


def _trail(request: TrialRequest, one: Outstanding) -> tuple[str, str]:
    words = _("Review of the audit trail (%(place)s), until %(day)s") % {
        "place": site_label(request.protocol, one.site, request.language), "day": one.due,
    }  # fmt: skip
    return f"{reverse('trail')}?site={one.site}", words


def _ethics(request: TrialRequest, one: Outstanding) -> tuple[str, str]:
    place = {"place": site_label(request.protocol, one.site, request.language), "day": one.due}
    words = _("Ethics approval (%(place)s) ended on %(day)s") if one.late else _(
        "Ethics approval (%(place)s) ends on %(day)s"
    )  # fmt: skip
    return reverse("ethics"), words % place
