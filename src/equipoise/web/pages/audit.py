"""The audit trail of the trial: filtered, told in plain words, page by page, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import events as e
from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.oversight import last_trail_review
from equipoise.conduct.state import TrailReview
from equipoise.home.trail import TrailFilter, TrailIndex, place_of
from equipoise.ledger.envelope import Event
from equipoise.quantity.cells import harmless

from .. import serving
from ..access import may_open
from ..labels import ROLE_LABELS, choices_of, role_label, said, site_label
from ..request import TrialRequest
from ..sight import sees_arm, sees_identity
from .monitoring import covered_sites
from .trail import Entry, Trail, capitalized
from .trial_words import KINDS, types_of

PAGE_SIZE = 50
COUNTED = 10_000
"""Counting stops here."""
_NEAR = 300
"""Entries no farther apart than this are read in one go."""
_AT_ONCE = 5000
"""A longer file is sent while it is made."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: the names and values of the form, and the filter they mean."""

    said: Mapping[str, str]
    filter: TrailFilter
    before: int


def asked_for(request: TrialRequest) -> Asked:
    """Read the filter from the address. What cannot be understood, or is not to be seen, is left out."""
    given = {name: request.GET.get(name, "").strip()[:100] for name in _NAMES}
    sites = covered_sites(request)
    narrowed = bool(request.someone.site) and len(sites) == 1
    if given["site"] not in request.protocol.site_by_id or given["site"] not in sites:
        given["site"] = ""
    if given["kind"] not in KINDS:
        given["kind"] = ""
    if given["role"] not in ROLE_LABELS:
        given["role"] = ""
    item = request.protocol.item_by_id.get(given["item"])
    given["item"] = item.id if item else ""
    form = request.protocol.form_by_id.get(given["form"])
    given["form"] = form.id if form else ""
    zone = zone_of(request.protocol, request.clock_site())

    def instant(name: str, later: int) -> str:
        try:
            day = date.fromisoformat(given[name])
            start = datetime.combine(day + timedelta(days=later), time.min, zone)
            return start.astimezone(UTC).isoformat(timespec="microseconds")
        except (ValueError, OverflowError):
            given[name] = ""
            return ""

    wanted = TrailFilter(
        sites=(given["site"],) if given["site"] else tuple(sites) if narrowed else (),
        actor=given["actor"],
        role=given["role"],
        participant=given["participant"],
        forms=(given["form"],) if given["form"] else (),
        item=given["item"],
        types=types_of(given["kind"]) if given["kind"] else (),
        reason=given["reason"] == "1",
        after_lock=given["lock"] == "1",
        after=instant("from", 0),
        before=instant("to", 1),
        since=_number(given["since"]),
    )
    kept = {name: value for name, value in given.items() if value}
    return Asked(kept, wanted, _number(request.GET.get("before", "")))


_NAMES = (
    "site", "actor", "role", "participant", "form", "item", "kind", "reason", "lock", "from", "to",
    "since",
)  # fmt: skip


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


class Teller:
    """Tells entries of the whole trial, each with what stood before it at its own place."""

    def __init__(self, request: TrialRequest, index: TrailIndex) -> None:
        self._request = request
        self._index = index
        protocol, language = request.protocol, request.language
        identity = sees_identity(protocol, request.someone.role)
        zone = zone_of(protocol, request.clock_site())
        self._trails = {
            sees: Trail(protocol, language, zone, sees_allocation=sees, sees_identity=identity)
            for sees in (True, False)
        }

    def entries(self, seqs: Sequence[int]) -> Iterator[tuple[Event, Entry]]:
        """The entries at these positions (falling), told."""
        for run in _runs(seqs):
            wanted = set(run)
            found = self._request.trial.events(after=run[-1] - 1, upto=run[0], descending=True)
            for event, happening in found:
                if event.seq in wanted:
                    yield event, self._told(event, happening)

    def _told(self, event: Event, happening: e.Happening) -> Entry:
        kind, _slash, participant = event.stream.partition("/")
        sees = False
        if isinstance(happening, e.ParticipantRandomized) and kind == "participant":
            state = self._request.trial.participant(participant)
            sees = state is not None and sees_arm(self._request, state)
        trail = self._trails[sees]
        trail.forget()
        place, _form = place_of(event.payload)
        if place and "values" in event.payload and kind == "participant":
            for seq in reversed(list(self._index.earlier(participant, place, event.seq))):
                for _earlier, before in self._request.trial.events(after=seq - 1, upto=seq):
                    trail.remember(before)
        return trail.entry(event, happening)


def _runs(seqs: Sequence[int]) -> Iterator[list[int]]:
    """Falling positions in runs without wide gaps."""
    run: list[int] = []
    for seq in seqs:
        if run and run[-1] - seq > _NEAR:
            yield run
            run = []
        run.append(seq)
    if run:
        yield run


def _index(request: TrialRequest) -> tuple[TrailIndex, int]:
    """The index, brought up to date, and how many entries it still lacks."""
    index, ledger = serving().trail, request.trial.ledger
    reached = index.catch_up(ledger)
    return index, ledger.head().seq - reached


def trail(request: TrialRequest) -> HttpResponse:
    """The page: filter, entries newest first, what changed since the last review."""
    index, behind = _index(request)
    asked = asked_for(request)
    seqs = index.find(asked.filter, asked.before, PAGE_SIZE + 1)
    more, seqs = len(seqs) > PAGE_SIZE, seqs[:PAGE_SIZE]
    lines = [
        {
            "seq": entry.seq,
            "at": entry.at,
            "who": entry.who,
            "words": capitalized(entry.words),
            "reason": entry.reason,
            "participant": event.stream[12:] if event.stream.startswith("participant/") else "",
        }
        for event, entry in Teller(request, index).entries(seqs)
    ]
    protocol, language = request.protocol, request.language
    last = _last_review(request, asked.said.get("site", ""))
    context = {
        "said": asked.said,
        "lines": lines,
        "behind": behind,
        "count": index.count(asked.filter, COUNTED),
        "counted": COUNTED,
        "sites": [(one, site_label(protocol, one, language)) for one in covered_sites(request)],
        "roles": [(one, role_label(one)) for one in ROLE_LABELS],
        "actors": index.actors() if not request.someone.site else [],
        "forms": [(one.id, one.title.in_language(language)) for one in protocol.forms],
        "items": [(one.id, one.label.in_language(language)) for one in protocol.items],
        "kinds": choices_of(KINDS),
        "next_url": f"?{urlencode({**asked.said, 'before': seqs[-1]})}" if more else None,
        "csv_url": f"{reverse('trail_csv')}?{urlencode(asked.said)}",
        "last": last,
        "changed": _changed(request, index, asked, last) if last else [],
        "may_redact": may_open("trial_texts", request.someone.role),
        "may_review": may_open("review_trail", request.someone.role, "POST"),
        "may_open": may_open("participant", request.someone.role),
        "review_url": f"{reverse('review_trail')}?{urlencode(asked.said)}",
    }
    return render(request, "trail.html", context)


def _last_review(request: TrialRequest, site: str) -> TrailReview | None:
    """The last review of the site looked at; with no site, the last of the whole trial."""
    state = request.trial.state
    place = site or request.someone.site
    if place:
        return last_trail_review(state, place)
    return max(
        (one for one in state.trail_reviews if not one.site), key=lambda one: one.upto, default=None
    )


def _changed(
    request: TrialRequest, index: TrailIndex, asked: Asked, last: TrailReview
) -> list[tuple[str, int, str]]:
    """Kind, number of entries since the last review, and where they are shown."""
    site = asked.said.get("site", "") or request.someone.site
    counts = index.counts(TrailFilter(sites=(site,) if site else (), since=last.upto))
    lines = []
    for kind in KINDS:
        number = sum(counts.get(one, 0) for one in types_of(kind))
        if number:
            query = {"kind": kind, "since": str(last.upto), **({"site": site} if site else {})}
            lines.append((said(KINDS, kind), number, f"?{urlencode(query)}"))
    return lines


# -- as a file ------------------------------------------------------------------------------------


def trail_csv(request: TrialRequest) -> HttpResponseBase:
    """Everything the filter finds, newest first, as CSV in UTF-8."""
    index, _behind = _index(request)
    asked = asked_for(request)
    request.trial.checkpoint("export")
    short = index.count(asked.filter, _AT_ONCE + 1) <= _AT_ONCE
    lines = _csv_lines(request, index, asked.filter)
    kind = "text/csv; charset=utf-8"
    response: HttpResponseBase = (
        HttpResponse("".join(lines), content_type=kind)
        if short
        else StreamingHttpResponse(lines, content_type=kind)
    )
    response["Content-Disposition"] = 'attachment; filename="audit-trail.csv"'
    return response


def _csv_lines(request: TrialRequest, index: TrailIndex, wanted: TrailFilter) -> Iterator[str]:
    yield "\ufeff" + _csv_line(
        [
            _("Entry"), _("Time (UTC)"), _("Time at the site"), _("Who"), _("Role"), _("Site"),
            _("Participant"), _("What"), _("Reason"),
        ]
    )  # fmt: skip
    teller, before = Teller(request, index), 0
    while seqs := index.find(wanted, before, 500):
        for event, entry in teller.entries(seqs):
            person = event.stream[12:] if event.stream.startswith("participant/") else ""
            yield _csv_line(
                [
                    str(event.seq), event.server_time, entry.at, event.actor, event.role, event.site,
                    person, capitalized(entry.words), entry.reason,
                ]
            )  # fmt: skip
        before = seqs[-1]


def _csv_line(cells: Sequence[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([harmless(str(cell)) for cell in cells])
    return out.getvalue()
