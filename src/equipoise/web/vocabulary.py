"""Days, times and deviations in words."""

from __future__ import annotations

import re
from datetime import date, datetime, tzinfo
from functools import lru_cache

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from equipoise.conduct.sealed import ERASED, REDACTED
from equipoise.protocol.document import Protocol

DEVIATION = {
    "visit_missed": noop("visit missed"),
    "visit_out_of_window": noop("visit outside its window"),
    "late_safety_report": noop("safety report sent late"),
}
"""Deviations the trial logs by itself."""
LOGGED_DEVIATION = {
    "procedure": noop("A procedure was left out or done otherwise"),
    "eligibility": noop("Eligibility"),
    "consent": noop("Consent"),
    "treatment": noop("Treatment or dose"),
    "other": noop("Other"),
}
"""Kinds offered to people who log one; what happened they say in their own words."""
_OUTSIDE = re.compile(r"performed (\S+), window (\S+) to (\S+)")


def deviation_words(protocol: Protocol, text: str, language: str) -> str:
    """A deviation the trial logged by itself, in the language of the page.

    The ledger keeps `visit id: what happened`, in English; the reader is shown the visit's name.
    """
    if text in _GONE:
        return text_said(text)
    name, colon, rest = text.partition(": ")
    visit = protocol.visit_by_id.get(name)
    if not colon or visit is None:
        return text
    outside = _OUTSIDE.fullmatch(rest)
    if outside:
        rest = _("performed %(on)s, window %(opens)s to %(closes)s") % {
            "on": outside[1], "opens": outside[2], "closes": outside[3],
        }  # fmt: skip
    return f"{visit.label.in_language(language)}: {rest}"


FIELD_LABELS = {
    "reason": noop("Reason"),
    "text": noop("Text of a query or deviation"),
    "narrative": noop("Narrative of an adverse event"),
    "verbatim": noop("Adverse event in the reporter's words"),
    "given_to": noop("Who was given a copy"),
    "location": noop("Where it is filed"),
    "action": noop("What is to be done"),
    "comment": noop("Comment"),
    "attendees": noop("Who was present"),
    "reviewed": noop("What was reviewed"),
    "conclusion": noop("Conclusion"),
    "looked_at": noop("What was looked at"),
    "findings": noop("Findings"),
}
"""Texts that are no item of the protocol."""
_GONE = {ERASED: noop("(erased)"), REDACTED: noop("(redacted)")}


def text_said(text: str) -> str:
    """What somebody wrote; or, where it can be read no more, that it was erased or redacted."""
    return _(_GONE[text]) if text in _GONE else text


_WEEKDAYS = (
    noop("Mon"),
    noop("Tue"),
    noop("Wed"),
    noop("Thu"),
    noop("Fri"),
    noop("Sat"),
    noop("Sun"),
)


def weekdays() -> tuple[str, ...]:
    """Monday to Sunday, short."""
    return tuple(_(name) for name in _WEEKDAYS)


def planned_day(day: date) -> str:
    """A day on which somebody plans: with its weekday."""
    return f"{_(_WEEKDAYS[day.weekday()])} {day}"


def days_late(days: int) -> str:
    """How many days ago the last day was."""
    return ngettext("%(n)s day late", "%(n)s days late", days) % {"n": days}


@lru_cache(maxsize=4096)
def day_words(day: str | None, language: str) -> str:
    """An ISO day with its weekday, in the language that is active; empty for none."""
    return date_format(date.fromisoformat(day), "D Y-m-d") if day else ""


_DAY = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d)?")


def unbroken(text: str) -> SafeString:
    """The text, escaped, with its dates held together at the end of a line."""
    return mark_safe(_DAY.sub(lambda day: f"<time>{day[0]}</time>", escape(text)))


def local_time(instant: str, zone: tzinfo) -> str:
    """A ledger's instant (ISO 8601, UTC) on the clock of a site: `2026-03-14 09:12`."""
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d %H:%M}"


def moment(instant: str | None) -> str:
    """A ledger's instant on the clock that counts for this page: the guard has chosen the site's."""
    return local_time(instant, timezone.get_current_timezone()) if instant else ""
