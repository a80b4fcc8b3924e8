"""The list of participants: filtered, sorted, counted, a page at a time.

Pages are found by the sort key of their first or last row, never by counting rows from the start,
and counts are kept in the ledger's tallies: the twenty-thousandth participant is as near as the
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, Sum
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct.state import STATUSES
from equipoise.web.access import may_open
from equipoise.web.addresses import address_of
from equipoise.web.labels import status_label
from equipoise.web.models import ParticipantRow, TallyRow
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import day_words

PAGE_SIZE = 50
SORTS = {"id": "id", "next": "next_due", "randomized": "randomized_on"}
"""What a list may be sorted by, and the column behind it. Dates leave out who has none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The filter, order and place in the list, read from the address; anything unknown is ignored."""

    site: str
    status: str
    number: str
    sort: str
    descending: bool
    after: tuple[str, str] | None
    before: tuple[str, str] | None
    at: int
    last: bool

    @classmethod
    def of(cls, request: TrialRequest) -> Choice:
        """What the address asks for."""
        get = request.GET.get
        sites = request.protocol.site_by_id
        site = request.someone.site or (get("site", "") if get("site", "") in sites else "")
        at = get("at", "0")
        return cls(
            site=site,
            status=get("status", "") if get("status", "") in STATUSES else "",
            number=get("number", "").strip()[:20],
            sort=get("sort", "id") if get("sort", "id") in SORTS else "id",
            descending=get("order") == "down",
            after=_place(get("after")),
            before=_place(get("before")),
            at=int(at) if at.isascii() and at.isdigit() and len(at) < 9 else 0,
            last=get("last") == "1",
        )

    def address(self, **changes: str) -> str:
        """The list's address with this filter and order and the given changes."""
        asked = {
            "site": self.site,
            "status": self.status,
            "number": self.number,
            "sort": self.sort if self.sort != "id" else "",
            "order": "down" if self.descending else "",
            **changes,
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        address = reverse("participants")
        return f"{address}?{query}" if query else address


def _place(text: str | None) -> tuple[str, str] | None:
    if not text or len(text) > 60 or "~" not in text:
        return None
    key, _tilde, number = text.partition("~")
    return key, number


def participants(request: TrialRequest) -> HttpResponseBase:
    """One page of the list."""
    choice = Choice.of(request)
    counts = counts_of(choice.site)
    total = _total(choice, counts)
    rows = rows_of(choice)
    if choice.last:
        first = max(total - len(rows), 0)
    elif choice.before is not None:
        first = max(choice.at - len(rows), 0)
    else:
        first = choice.at if choice.after is not None else 0
    protocol = request.protocol
    visits = {
        visit.id: visit.label.in_language(request.language) for visit in protocol.schedule.visits
    }
    context = {
        "choice": choice,
        "rows": [
            {
                "row": row,
                "page": address_of("participant", row.id),
                "status": status_label(row.status),
                "due": day_words(row.next_due, request.LANGUAGE_CODE),
                "visit": visits.get(row.next_visit, row.next_visit),
            }
            for row in rows
        ],
        "total": total,
        "all": sum(counts.values()),
        "statuses": [
            (status, status_label(status), counts.get(status, 0))
            for status in STATUSES
            if counts.get(status)
        ],
        "sites": [
            (site.id, site.city.in_language(request.language)) for site in protocol.identity.sites
        ]
        if not request.someone.site
        else [],
        "columns": _columns(choice),
        "pager": _pager(choice, rows, first, total),
        "may_screen": may_open("screen", request.someone.role),
        "today": str(request.today()),
    }
    return render(request, "participants.html", context)


def counts_of(site: str) -> dict[str, int]:
    """How many participants have which status, at a site or (empty) at all."""
    tallies = TallyRow.objects.filter(name="status")
    if site:
        tallies = tallies.filter(site=site)
    return dict(tallies.values_list("value").annotate(Sum("n")).values_list("value", "n__sum"))


def _filtered(choice: Choice) -> QuerySet[ParticipantRow]:
    rows = ParticipantRow.objects.all()
    if choice.site:
        rows = rows.filter(site=choice.site)
    if choice.status:
        rows = rows.filter(status=choice.status)
    if choice.number:
        rows = rows.filter(id__gte=choice.number, id__lt=choice.number + "\U0010ffff")
    if choice.sort != "id":
        rows = rows.filter(**{f"{SORTS[choice.sort]}__gt": ""})
    return rows


def _total(choice: Choice, counts: dict[str, int]) -> int:
    if choice.number or choice.sort != "id":
        return _filtered(choice).count()
    return counts.get(choice.status, 0) if choice.status else sum(counts.values())


def rows_of(choice: Choice) -> list[ParticipantRow]:
    """One page of the list."""
    column = SORTS[choice.sort]
    rows = _filtered(choice)
    backward = choice.last or (choice.before is not None and choice.after is None)
    if choice.after is not None and not choice.last:
        rows = _beyond(rows, column, choice.after, up=not choice.descending)
    elif choice.before is not None and not choice.last:
        rows = _beyond(rows, column, choice.before, up=choice.descending)
    down = choice.descending != backward
    sign = "-" if down else ""
    order = [sign + column] if column == "id" else [sign + column, sign + "id"]
    found = list(rows.order_by(*order)[:PAGE_SIZE])
    return found[::-1] if backward else found


def _beyond(
    rows: QuerySet[ParticipantRow], column: str, place: tuple[str, str], *, up: bool
) -> QuerySet[ParticipantRow]:
    key, number = place
    side = "gt" if up else "lt"
    if column == "id":
        return rows.filter(**{f"id__{side}": number})
    # the first condition lets the index seek; the second is exact where keys are equal
    return rows.filter(**{f"{column}__{side}e": key}).filter(
        Q(**{f"{column}__{side}": key}) | Q(**{f"id__{side}": number})
    )


def _pager(
    choice: Choice, rows: Sequence[ParticipantRow], first: int, total: int
) -> dict[str, Any] | None:
    if not rows or total <= PAGE_SIZE:
        return None
    column = SORTS[choice.sort]

    def place(row: ParticipantRow) -> str:
        return f"{getattr(row, column)}~{row.id}"

    end = first + len(rows)
    return {
        "first": first + 1,
        "last": end,
        "total": total,
        "previous_url": choice.address(before=place(rows[0]), at=str(first)) if first else None,
        "next_url": choice.address(after=place(rows[-1]), at=str(end)) if end < total else None,
        "last_url": choice.address(last="1") if end < total else None,
    }


def _columns(choice: Choice) -> list[dict[str, str]]:
    columns = []
    for sort, label in (
        ("id", _("Participant")),
        ("randomized", _("Randomized")),
        ("next", _("Next visit")),
    ):
        here = choice.sort == sort
        turned = "" if here and choice.descending else "down" if here else ""
        columns.append(
            {
                "label": label,
                "address": choice.address(sort="" if sort == "id" else sort, order=turned),
                "sorted": ("descending" if choice.descending else "ascending") if here else "",
            }
        )
    return columns
