"""Days, times and deviations in words."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.protocol.document import Protocol

DEVIATION = {
    "visit_missed": noop("visit missed"),
    "visit_out_of_window": noop("visit outside its window"),
    "late_safety_report": noop("safety report sent late"),
}
"""Deviations the trial logs by itself; what people log is in their own words."""
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


_DAY = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d)?")


def unbroken(text: str) -> SafeString:
    """The text, escaped, with its dates held together at the end of a line."""
    return mark_safe(_DAY.sub(lambda day: f"<time>{day[0]}</time>", escape(text)))


def zone_of(protocol: Protocol, site: str) -> tzinfo:
    """The site's time zone."""
    found = protocol.site_by_id.get(site)
    return ZoneInfo(found.timezone) if found else UTC


def local_time(instant: str, zone: tzinfo) -> str:
    """A ledger's instant (ISO 8601, UTC) on the clock of a site: `2026-03-14 09:12`."""
    return f"{datetime.fromisoformat(instant).astimezone(zone):%Y-%m-%d %H:%M}"


def moment(instant: str | None) -> str:
    """A ledger's instant on the clock that counts for this page: the guard has chosen the site's."""
    return local_time(instant, timezone.get_current_timezone()) if instant else ""
