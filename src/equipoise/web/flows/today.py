"""Today: what is late, due and open, sorted by what harms most if missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.web.access import may_open
from equipoise.web.addresses import address_of
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import day_words, days_late, moment

from .oversight.duties import duties
from .worklist import COUNTED, PAGES, SHOWN, Found, Task, worklist

KIND_WORDS = {
    "safety": noop("Safety report"),
    "randomize": noop("Randomize"),
    "sign": noop("Eligibility to be signed"),
    "eligibility": noop("Eligibility to be decided"),
    "consent": noop("Consent to be recorded"),
    "diary": noop("Diary"),
    "query": noop("Query"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One task in words, with what to press."""

    participant: str
    what: str
    action: str
    address: str
    page: str
    due: str
    closes: str | SafeString
    days: int
    provisional: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under a heading as rows of a table, and how many there are in all."""

    name: str
    title: str
    rows: SafeString
    count: str
    empty: str
    pager: dict[str, Any] | None = None


_ROW = (
    '<tr{tone}><th scope="row"><a href="{page}">{participant}</a></th>'
    '<td data-name="{what_label}">{what}{provisional}</td>'
    '<td data-name="{due_label}">{due}</td><td data-name="{closes_label}">{closes}{late}</td>'
    '<td class="act"><a class="button plain small" href="{address}">{action}'
    '<span class="said"> {participant} {what}</span></a></td></tr>'
)
_TONES = {"late": mark_safe(' class="late"'), "due": mark_safe(' class="soon"')}


def today(request: TrialRequest) -> HttpResponseBase:
    """The worklist of the person's site."""
    person = request.someone
    day = request.today()
    sites = [person.site] if person.site else list(request.protocol.site_by_id)
    pages = {name: _number(request.GET.get(name, "")) for name in ("late", "due", "window", "open")}
    found = worklist(request.protocol, sites, day, request.trial.clock_peek(), pages)
    words = {
        "late": (_("Late"), _("Nothing is late.")),
        "due": (_("Due today"), _("Nothing is due today.")),
        "window": (_("Window open"), _("No other visit can be made now.")),
        "open": (_("Open"), _("Nothing is open.")),
    }
    groups = [
        Group(
            name,
            title,
            _rows(name, [_line(request, task, day) for task in found[name].tasks]),
            _count(found[name].count),
            empty if pages[name] == 1 else _("No more here."),
            _pager(name, found[name], pages),
        )
        for name, (title, empty) in words.items()
    ]
    following = [_line(request, task, day) for task in found["next"].tasks]
    tone, answer = _answer(groups)
    context = {
        "groups": groups,
        "tone": tone,
        "answer": answer,
        "day": day,
        "next": following[0] if following else None,
        "may_screen": may_open("screen", person.role),
        "duties": duties(request, sites),
    }
    return render(request, "today.html", context)


def _number(text: str) -> int:
    """The page asked for; the first where it is no number a list can be turned to."""
    return (
        int(text)
        if text.isascii() and text.isdigit() and len(text) <= 2 and 0 < int(text) <= PAGES
        else 1
    )


def _pager(name: str, found: Found, pages: Mapping[str, int]) -> dict[str, Any] | None:
    """Leads through one list and leaves the others where they are."""
    if found.page == 1 and not found.more:
        return None

    def address(page: int) -> str:
        turned = {one: n for one, n in {**pages, name: page}.items() if n > 1}
        return f"{reverse('today')}?{urlencode(turned)}#{name}"

    before = (found.page - 1) * SHOWN
    return {
        "first": before + 1 if found.tasks else before,
        "last": before + len(found.tasks),
        "total": _count(found.count),
        "previous_url": address(found.page - 1) if found.page > 1 else "",
        "next_url": address(found.page + 1) if found.more else "",
    }


def _answer(groups: Sequence[Group]) -> tuple[str, str]:
    """What must not be missed today in one sentence, with its tone."""
    late, due = (next(one for one in groups if one.name == name) for name in ("late", "due"))
    if late.count != "0":
        return "bad", _("Late: %(late)s. Due today: %(due)s.") % {
            "late": late.count, "due": due.count,
        }  # fmt: skip
    if due.count != "0":
        return "warn", _("Due today: %(due)s. Nothing is late.") % {"due": due.count}
    return "good", _("Nothing is late, and nothing is due today.")


def _rows(group: str, lines: Sequence[Line]) -> SafeString:
    """The lines as rows of a table, drawn in one go: a template takes five times as long for each."""
    labels = {
        "what_label": escape(_("What")),
        "due_label": escape(_("Day")),
        "closes_label": escape(_("Last day")),
    }
    tone = _TONES.get(group, SafeString())
    provisional = format_html(' <span class="small soft">({})</span>', _("provisional"))
    rows = [
        format_html(
            _ROW,
            **labels,
            tone=tone,
            page=line.page,
            participant=line.participant,
            what=line.what,
            provisional=provisional if line.provisional else SafeString(),
            due=line.due,
            closes=line.closes,
            late=_late(line.days) if group == "late" and line.days > 0 else SafeString(),
            address=line.address,
            action=line.action,
        )
        for line in lines
    ]
    return mark_safe("".join(rows))


def _late(days: int) -> SafeString:
    return format_html(' <span class="nowrap">· {}</span>', days_late(days))


def _count(counted: int) -> str:
    return f"{COUNTED}+" if counted >= COUNTED else str(counted)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _line(request: TrialRequest, task: Task, today: date) -> Line:
    what, action, address = _words(request, task)
    closing = _day(task.closes)
    return Line(
        task.participant,
        what,
        action,
        address,
        address_of("participant", task.participant),
        day_words(task.due, request.LANGUAGE_CODE),
        _closes(request, task),
        (today - closing).days if closing and not task.until else 0,
        bool(task.provisional),
    )


def _closes(request: TrialRequest, task: Task) -> str | SafeString:
    """The last day, where it is another than the day itself; of a safety report the minute, and what is left."""
    if task.until:
        return format_html(
            '<time datetime="{0}">{1}</time> <span class="nowrap">· '
            '<time data-due="{0}" data-now="{2}" data-left="{3}" data-over="{4}"></time></span>',
            task.until,
            moment(task.until),
            request.trial.clock_peek().isoformat(),
            _("{h} h {m} min left"),
            _("{h} h {m} min over"),
        )
    return day_words(task.closes, request.LANGUAGE_CODE) if task.closes != task.due else ""


def _words(request: TrialRequest, task: Task) -> tuple[str, str, str]:
    """What it is, what to press, and where that leads."""
    participant, kind, ref = task.participant, task.kind, task.ref
    protocol = request.protocol
    page = address_of("participant", participant)
    writes = may_open("form", request.someone.role, "POST")
    if kind == "visit":
        visit = protocol.visit_by_id.get(ref)
        words = visit.label.in_language(request.language) if visit else ref
        if visit is None or not visit.forms:
            return words, _("Open"), page
        action = _("Enter") if writes else _("Open")
        return words, action, address_of("visit", participant, ref)
    what = _(KIND_WORDS[kind])
    if kind == "safety":
        number, _slash, clock = ref.partition("/")
        rule = next((one for one in protocol.safety.clocks if one.id == clock), None)
        words = rule.label.in_language(request.language) if rule else clock
        if not may_open("safety_report", request.someone.role):
            return (
                f"{what}: {words}",
                _("Open"),
                address_of("adverse_event", participant, number),
            )
        address = address_of("safety_report", participant, number, clock)
        return f"{what}: {words}", _("Report sent"), address
    if kind == "query":
        if may_open("query", request.someone.role):
            return f"{what} {ref}", _("Answer"), address_of("query", participant, ref)
        return f"{what} {ref}", _("Open"), page
    if kind == "diary":
        diary = next((one for one in protocol.schedule.diaries if one.id == ref), None)
        label = diary.label.in_language(request.language) if diary else ref
        words = _("%(diary)s: no entry for %(day)s") % {"diary": label, "day": task.due}
        action = _("Enter") if writes else _("Open")
        return words, action, address_of("diary_day", participant, ref, task.due)
    targets = {
        "randomize": ("randomize", _("Randomize")),
        "sign": ("sign_eligibility", _("Sign")),
        "eligibility": ("screening", _("Screen")),
        "consent": ("consent", _("Record")),
    }
    name, action = targets[kind]
    if not may_open(name, request.someone.role):
        return what, _("Open"), page
    return what, action, address_of(name, participant)
