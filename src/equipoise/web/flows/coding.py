"""Coding: what is to be coded, one term with what the dictionary offers, a new version, synonyms."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.conduct import commands as c
from equipoise.conduct.coding import Dictionary, Target, named, normalized, target_of
from equipoise.conduct.events import CodingPurpose
from equipoise.conduct.sealed import GONE
from equipoise.conduct.state import ParticipantState
from equipoise.exchange.dictionaries import Matcher, Suggestion, compared
from equipoise.web.access import may_open, site_seen
from equipoise.web.labels import choices_of, said, site_label
from equipoise.web.models import CodingRow
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment, text_said

from .bulk import MOST, act_on_each, tell
from .coded import coded_fact, coded_words
from .form import place_words
from .safety import term_words
from .sheet import Field, Sheet, Typed, serve_sheet

PAGE_SIZE = 50
_ALIKE = 200
"""Lines of the worklist that are looked through for the same words."""

PURPOSES: dict[str, str] = {
    "events": noop("Adverse events and diagnoses"),
    "drugs": noop("Drugs"),
}
STATES = {
    "todo": noop("to be coded"),
    "outdated": noop("coded with an older version"),
    "coded": noop("coded"),
}
_STATUS = {
    "open": (noop("not coded"), "warn"),
    "void": (noop("void: the words have changed"), "bad"),
    "outdated": (noop("coded with an older version"), "warn"),
    "coded": (noop("coded"), "good"),
}
_HOW = {
    "exact": noop("the same words"),
    "synonym": noop("by a synonym"),
    "normalized": noop("the same but for spelling"),
    "similar": noop("similar"),
}
_CHANGES = {
    "same": (noop("nothing changes"), "good"),
    "renamed": (noop("other names"), "plain"),
    "moved": (noop("another preferred term or class"), "warn"),
    "not_current": (noop("not current any more: choose another"), "bad"),
    "gone": (noop("not in this version: choose another"), "bad"),
}


@lru_cache(maxsize=2)
def _matcher(dictionary: Dictionary) -> Matcher:
    return Matcher(dictionary)


def _purpose(request: TrialRequest) -> CodingPurpose:
    return "drugs" if request.GET.get("purpose") == "drugs" else "events"


def _in_use(request: TrialRequest, purpose: str) -> Dictionary | None:
    """The dictionary to code with; None where none was registered, or its file is not kept here."""
    current = request.trial.state.coding.current(purpose)
    return request.trial.dictionary(current.sha256) if current else None


def _url_key(target: str) -> str:
    return target.replace("/", "~")


def words_of(request: TrialRequest, state: ParticipantState, target: Target) -> str:
    """What was written, or the protocol's term."""
    if target.key.startswith("ae/"):
        return term_words(request, state.adverse_events[int(target.key[3:])])
    return text_said(target.words)


def _where(request: TrialRequest, target: str) -> str:
    if target.startswith("ae/"):
        return _("adverse event %(number)s") % {"number": target[3:]}
    visit, form, _repeat, _item = target.split("/")
    return place_words(request, visit, form)


def _rows(request: TrialRequest, purpose: str, state: str) -> QuerySet[CodingRow]:
    rows = CodingRow.objects.filter(purpose=purpose)
    current = request.trial.state.coding.current(purpose)
    sha256 = current.sha256 if current else ""
    if state == "todo":
        rows = rows.filter(status__in=("open", "void"))
    elif state == "outdated":
        rows = rows.filter(status="coded").exclude(dictionary=sha256)
    else:
        rows = rows.filter(status="coded", dictionary=sha256)
    only = site_seen("coding", request.someone)
    return rows.filter(site=only) if only else rows


def _beyond(rows: QuerySet[CodingRow], after: str) -> QuerySet[CodingRow]:
    """What follows a place of the list, as its address gives it (participant, a space, the target)."""
    participant, _space, target = after[:200].partition(" ")
    if not target:
        return rows
    return rows.filter(
        Q(participant__gt=participant) | Q(participant=participant, target__gt=target)
    )


def coding(request: TrialRequest) -> HttpResponseBase:
    """What is to be coded, with what is coded so far; nothing is coded by itself."""
    purpose = _purpose(request)
    state = request.GET.get("state", "todo")
    state = state if state in STATES else "todo"
    counts = {name: _rows(request, purpose, name).count() for name in STATES}
    rows = _beyond(_rows(request, purpose, state), request.GET.get("after", ""))
    found = list(rows.order_by("participant", "target")[: PAGE_SIZE + 1])
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    current = request.trial.state.coding.current(purpose)
    query = {"purpose": purpose, "state": state}
    context = {
        "purpose": purpose,
        "purposes": choices_of(PURPOSES),
        "state": state,
        "states": [(name, said(STATES, name), counts[name]) for name in STATES],
        "todo": counts["todo"],
        "outdated": counts["outdated"],
        "dictionary": current,
        "kept": _in_use(request, purpose) is not None,
        "lines": [line for row in found if (line := _line(request, row)) is not None],
        "recode_url": f"{reverse('recode')}?{urlencode({'purpose': purpose})}",
        "next_url": "?"
        + urlencode({**query, "after": f"{found[-1].participant} {found[-1].target}"})
        if more
        else None,
    }
    return render(request, "coding.html", context)


def _line(request: TrialRequest, row: CodingRow) -> dict[str, Any] | None:
    person = request.trial.participant(row.participant)
    target = target_of(person, row.target) if person else None
    if person is None or target is None:
        return None
    current = request.trial.state.coding.current(row.purpose)
    status = row.status
    if status == "coded" and (current is None or current.sha256 != row.dictionary):
        status = "outdated"
    words, tone = _STATUS[status]
    coded = person.codings.get(row.target)
    return {
        "participant": row.participant,
        "url": reverse("code_term", args=[row.participant, _url_key(row.target)]),
        "words": words_of(request, person, target),
        "where": _where(request, row.target),
        "status": _(words),
        "tone": tone,
        "coded": coded_words(coded, request.language) if coded else "",
        "since": row.since[:10],
    }


def _choice(one: Suggestion, language: str) -> tuple[str, str]:
    entry = one.entry
    words = (
        f"{named(entry.term, language)} → {named(entry.preferred, language)}, "
        f"{named(entry.group, language)} ({entry.code}; {said(_HOW, one.how)})"
    )
    return entry.code, words


def code_term(request: TrialRequest, participant: str, target: str) -> HttpResponseBase:
    """One term: what was written, what the dictionary offers, and a person's choice."""
    state = request.someone_studied
    found = target_of(state, target.replace("~", "/"))
    if found is None:
        raise Http404
    current = request.trial.state.coding.current(found.purpose)
    dictionary = _in_use(request, found.purpose)
    words = words_of(request, state, found)
    search = request.GET.get("q", "").strip()[:200]
    synonyms = [
        (one.text, one.code) for one in request.trial.state.coding.synonyms_for(found.purpose)
    ]
    offered: list[Suggestion] = []
    if dictionary is not None:
        offered = _matcher(dictionary).suggest(search or words, synonyms)
    coded = state.codings.get(found.key)
    replaces = (
        coded is not None and coded.void is None
        and current is not None and coded.sha256 == current.sha256
    )  # fmt: skip
    alike = _alike(request, found, words) if dictionary is not None else []
    writes = may_open("code_term", request.someone.role, "POST") and bool(offered)
    sha256 = current.sha256 if current else ""
    back = f"{reverse('coding')}?{urlencode({'purpose': found.purpose})}"
    fields = [
        Field(
            "code", _("Which term stands for it?"), "code",
            choices=[_choice(one, request.language) for one in offered], long=True,
        ),
    ]  # fmt: skip
    if replaces:
        fields.append(Field("reason", _("Why it is coded otherwise now"), max_length=400))
    if alike:
        fields.append(
            Field(
                "others", _("These say the same. Code them alike?"), "many", required=False,
                choices=[(key, f"{one}, {_where(request, place)}") for key, one, place in alike],
            )
        )  # fmt: skip
    fields.append(
        Field(
            "remember", _("Synonym"), "many", required=False,
            choices=[("yes", _("Offer this term for these words from now on"))],
            hint=_("Only where the words name no person."),
        )
    )  # fmt: skip

    def command(typed: Typed) -> c.CodeTerm:
        return c.CodeTerm(
            participant=participant, target=found.key, sha256=sha256, code=typed["code"],
            words=found.term or found.words, reason=typed.get("reason") or "",
        )  # fmt: skip

    def then(done: Any) -> tuple[str, str]:
        code = done.happenings[0].code
        wanted = set(request.POST.getlist("others"))
        further: list[tuple[str, c.Command]] = [
            (one, c.CodeTerm(participant=one, target=place, sha256=sha256, code=code))
            for key, one, place in alike
            if key in wanted
        ]
        if request.POST.get("remember") == "yes":
            remember = c.AddSynonym(purpose=found.purpose, text=words, sha256=sha256, code=code)
            further.append((_("the synonym"), remember))
        tell(request, act_on_each(request, further))
        return back, _("%(id)s is coded.") % {"id": participant}

    facts = [
        (_("Words"), words),
        (_("Where"), f"{participant}, {_where(request, found.key)}"),
        *coded_fact(request, state, found.key),
        (_("Dictionary"), f"{current.name} {current.version}" if current else _("none yet")),
    ]
    return serve_sheet(
        request,
        Sheet(
            title=_("Code a term"),
            facts=facts,
            fields=fields if writes else [],
            submit=_("Code it") if writes else "",
            command=command,
            then=then,
            back=back,
            template="code_term.html",
            extra={"search": search, "kept": dictionary is not None, "offered": len(offered)},
        ),
    )


def _alike(request: TrialRequest, target: Target, words: str) -> list[tuple[str, str, str]]:
    """(key, participant, target) of further lines of the worklist that say the same."""
    rows = _rows(request, target.purpose, "todo").filter(term=target.term)
    plain = normalized(words)
    here = (request.someone_studied.id, target.key)
    alike: list[tuple[str, str, str]] = []
    for row in rows.order_by("participant", "target")[:_ALIKE]:
        state = request.trial.participant(row.participant)
        found = target_of(state, row.target) if state else None
        if state is None or found is None or (row.participant, row.target) == here:
            continue
        if target.term or normalized(words_of(request, state, found)) == plain:
            alike.append((f"{row.participant} {row.target}", row.participant, row.target))
        if len(alike) == PAGE_SIZE:
            break
    return alike


def recode(request: TrialRequest) -> HttpResponseBase:
    """Terms coded with an older version: what the version in use makes of them, and taking it over."""
    purpose = _purpose(request)
    dictionary = _in_use(request, purpose)
    current = request.trial.state.coding.current(purpose)
    rows = _beyond(_rows(request, purpose, "outdated"), request.GET.get("after", ""))
    shown = list(rows.order_by("participant", "target")[: MOST + 1])
    more, shown = len(shown) > MOST, shown[:MOST]
    lines = []
    for row in shown:
        state = request.trial.participant(row.participant)
        coded = state.codings.get(row.target) if state else None
        if state is None or coded is None or dictionary is None:
            continue
        change = compared(coded, dictionary)
        words, tone = _CHANGES[change.kind]
        after = change.after
        lines.append(
            {
                "key": f"{row.participant} {row.target}",
                "participant": row.participant,
                "target": row.target,
                "url": reverse("code_term", args=[row.participant, _url_key(row.target)]),
                "code": coded.code,
                "before": coded_words(coded, request.language),
                "after": f"{named(after.group, request.language)} / "
                f"{named(after.preferred, request.language)} / {named(after.term, request.language)}"
                if after and after.current
                else "–",
                "kept": change.kind in ("same", "renamed", "moved"),
                "words": _(words),
                "tone": tone,
            }
        )
    if request.method == "POST" and current is not None:
        chosen = set(request.POST.getlist("keep")[:MOST])
        commands = [
            (
                str(line["key"]),
                c.CodeTerm(
                    participant=str(line["participant"]), target=str(line["target"]),
                    sha256=current.sha256, code=str(line["code"]),
                ),
            )
            for line in lines
            if line["key"] in chosen and line["kept"]
        ]  # fmt: skip
        tell(request, act_on_each(request, commands))
        return HttpResponseRedirect(f"{reverse('recode')}?{urlencode({'purpose': purpose})}")
    context = {
        "purpose": purpose,
        "dictionary": current,
        "lines": lines,
        "writes": may_open("recode", request.someone.role, "POST"),
        "back": f"{reverse('coding')}?{urlencode({'purpose': purpose, 'state': 'outdated'})}",
        "next_url": "?"
        + urlencode({"purpose": purpose, "after": f"{shown[-1].participant} {shown[-1].target}"})
        if more
        else None,
    }
    return render(request, "recode.html", context)


def synonyms(request: TrialRequest) -> HttpResponseBase:
    """Words that are offered for a term, and those that are offered no more."""
    lines = [
        {
            "one": one,
            "text": text_said(one.text),
            "purpose": said(PURPOSES, one.purpose),
            "term": f"{named(one.term, request.language)} ({one.code})",
            "at": moment(one.at),
            "why": text_said(one.retired),
        }
        for one in reversed(request.trial.state.coding.synonyms)
    ]
    writes = may_open("retire_synonym", request.someone.role, "POST")
    return render(request, "synonyms.html", {"lines": lines, "writes": writes})


def retire_synonym(request: TrialRequest, number: int) -> HttpResponseBase:
    """Offer a synonym no more."""
    found = next((one for one in request.trial.state.coding.synonyms if one.number == number), None)
    standing = found is not None and not found.retired
    facts = []
    if found is not None:
        facts = [
            (_("Words"), text_said(found.text)),
            (_("Term"), f"{named(found.term, request.language)} ({found.code})"),
        ]
    return serve_sheet(
        request,
        Sheet(
            title=_("Retire a synonym"),
            facts=facts,
            lead="" if standing else _("No such synonym is in use."),
            fields=[Field("reason", _("Why?"), max_length=400)] if standing else [],
            submit=_("Retire it") if standing else "",
            command=lambda typed: c.RetireSynonym(number=number, reason=typed["reason"]),
            then=lambda done: (reverse("synonyms"), _("It is offered no more.")),
            back=reverse("synonyms"),
        ),
    )


def reword_adverse_event(request: TrialRequest, participant: str, number: int) -> HttpResponseBase:
    """Call an adverse event by its right name; what was coded for the wrong one is void."""
    state = request.someone_studied
    event = state.adverse_events.get(number)
    if event is None:
        raise Http404
    terms = [
        (term.id, term.term.in_language(request.language)) for term in request.protocol.safety.terms
    ]
    address = reverse("adverse_event", args=[participant, number])

    def command(typed: Typed) -> c.RewordAdverseEvent:
        term = typed["term"]
        return c.RewordAdverseEvent(
            participant=participant, number=number, reason=typed["reason"],
            term=typed["verbatim"] or "" if term == "other" else term,
        )  # fmt: skip

    return serve_sheet(
        request,
        Sheet(
            title=_("Correct what an adverse event is called"),
            facts=[
                (_("So far"), term_words(request, event)),
                *coded_fact(request, state, f"ae/{number}"),
                (_("Site"), site_label(request.protocol, state.site, request.language)),
            ],
            fields=[
                Field(
                    "term", _("Event"), "code", value=event.term, long=True,
                    choices=[*terms, ("other", _("Another event"))],
                ),
                Field(
                    "verbatim", _("The other event, in words"), required=False, max_length=200,
                    value="" if event.term != "other" or event.verbatim in GONE else event.verbatim,
                    hint=_("One diagnosis, not a list of symptoms."),
                ),
                Field("reason", _("Why it is changed"), max_length=400),
            ],
            submit=_("Correct it"),
            command=command,
            then=lambda done: (address, _("Corrected. It has to be coded anew.")),
            back=address,
        ),
    )  # fmt: skip
