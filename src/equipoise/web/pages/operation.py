"""How this installation is doing: one word for a proxy, one page for its administrator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from equipoise.home.health import Health, examine, failing

from ..labels import CHECKPOINT_LABELS, MODE_LABELS, said
from ..request import TrialRequest
from ..vocabulary import moment

TROUBLES = {
    "database": noop("The database does not answer: nothing can be shown or recorded."),
    "damaged": noop("The ledger does not agree with its signed head: it can be read, and takes no more entries."),
    "disk": noop("The disk is nearly full."),
    "checkpoint": noop("No checkpoint has been kept for more than two hours, although events were added."),
    "keeper": noop("The keeper of the randomization seed does not answer as it should: nobody can be randomized."),
    "clock": noop("The machine's clock is not kept by a time service, or was set while this server ran."),
}  # fmt: skip
"""What each trouble means for the work."""

KEEPER = {
    "answers": (noop("answers, and is the one committed to"), "good"),
    "silent": (noop("does not answer"), "bad"),
    "other": (noop("is not the one committed to"), "bad"),
    "none": (noop("not needed: the protocol declares no randomization"), ""),
    "early": (noop("nothing has been committed to yet"), "warn"),
}
_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at: what it is, how it stands, and the particulars."""

    name: str
    tone: str
    word: str
    more: str = ""


def health(request: TrialRequest) -> JsonResponse:
    """200 `{"status": "ok"}`, or 503 with the reasons in single words. Nothing about the trial."""
    why = failing(request.home)
    if why:
        return JsonResponse({"status": "failing", "why": list(why)}, status=503)
    return JsonResponse({"status": "ok"})


def operation(request: TrialRequest) -> HttpResponse:
    """Everything an administrator looks after, the troubles first."""
    found = examine(request.home)
    troubles = [_(TROUBLES[trouble]) for trouble in found.troubles]
    tone = "bad" if found.failing else "warn" if troubles else "good"
    answer = (
        ngettext("%(n)s thing needs you.", "%(n)s things need you.", len(troubles))
        % {"n": len(troubles)}
        if troubles
        else _("Everything that can be looked at from here is in order.")
    )
    context = {"answer": answer, "tone": tone, "troubles": troubles, "lines": _lines(found)}
    return render(request, "operation.html", context)


def _lines(found: Health) -> list[Line]:
    return [
        Line(_("Version"), "", found.version, _(MODE_LABELS[found.mode])),
        _database(found),
        _checkpoint(found),
        Line(
            _("Events no checkpoint covers"),
            "warn" if "checkpoint" in found.troubles else "",
            str(found.backlog),
            _("An hour's work at most, where checkpoints are kept."),
        ),
        _disk(found),
        _clock(found),
        Line(
            _("Keeper of the seed"),
            KEEPER[found.keeper][1],
            _(KEEPER[found.keeper][0]),
            found.keeper_problem,
        ),
    ]


def _database(found: Health) -> Line:
    if found.answered_ms is None:
        return Line(_("Database"), "bad", _("does not answer"), found.database_problem)
    words = _("%(kind)s, answered in %(ms)s ms; %(n)s events") % {
        "kind": found.database, "ms": found.answered_ms, "n": found.events,
    }  # fmt: skip
    if found.damage:
        return Line(_("Database"), "bad", _("read only"), f"{words}. {found.damage}")
    return Line(_("Database"), "good", _("answers"), words)


def _checkpoint(found: Health) -> Line:
    name = _("Last checkpoint")
    if found.checkpoint is None or found.checkpoint_age is None:
        return Line(name, "warn", _("None has been taken yet."), found.checkpoint_problem)
    words = _("%(when)s (%(reason)s), short code %(code)s") % {
        "when": moment(found.checkpoint.time), "reason": said(CHECKPOINT_LABELS, found.checkpoint.reason),
        "code": found.checkpoint.code,
    }  # fmt: skip
    bad = "checkpoint" in found.troubles
    if found.checkpoint_problem:
        words = f"{words}. {found.checkpoint_problem}"
    return Line(name, "warn" if bad else "good", age_words(found.checkpoint_age), words)


def _disk(found: Health) -> Line:
    tone = "bad" if "disk" in found.failing else "warn" if "disk" in found.troubles else "good"
    words = _("%(free)s GiB free of %(total)s GiB, on the disk of this home") % {
        "free": f"{found.disk.free / _GIB:.1f}", "total": f"{found.disk.total / _GIB:.0f}",
    }  # fmt: skip
    return Line(_("Disk"), tone, _("room") if tone == "good" else _("nearly full"), words)


def _clock(found: Health) -> Line:
    name = _("Clock of the machine")
    kept = {
        True: _("kept by a time service (NTP)"),
        False: _("not kept by a time service (NTP), as far as the system knows"),
        None: _("whether a time service keeps it cannot be asked here"),
    }[found.synchronized]
    if found.steps:
        last = found.steps[-1]
        words = _("last at %(when)s, by %(seconds)s s") % {
            "when": moment(last.at.isoformat()), "seconds": f"{last.seconds:+.1f}",
        }  # fmt: skip
        count = ngettext("set %(n)s time", "set %(n)s times", len(found.steps))
        return Line(name, "warn", count % {"n": len(found.steps)}, f"{words}; {kept}")
    tone = "warn" if "clock" in found.troubles else "good"
    return Line(name, tone, _("not set since this server was started"), kept)


def age_words(age: timedelta) -> str:
    """How long ago, in the largest unit that tells it."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        hours = minutes // 60
        return ngettext("%(n)s hour ago", "%(n)s hours ago", hours) % {"n": hours}
    days = minutes // (24 * 60)
    return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": days}
