"""What is answered: the trial's state and projections, as much of them as the pages would show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from msgspec import structs

from equipoise.conduct.decide.visits import content_hash
from equipoise.conduct.schedule import plan_visits
from equipoise.conduct.state import AdverseEvent, Captured, FormInstance, ParticipantState, Query
from equipoise.conduct.values import Address
from equipoise.ledger.envelope import Event
from equipoise.protocol.document import Diary
from equipoise.web.access import site_seen
from equipoise.web.flows.form import address_and_form
from equipoise.web.flows.participants import Choice, counts_of, rows_of
from equipoise.web.flows.queries import query_of
from equipoise.web.flows.query_list import beyond, place_after, place_in
from equipoise.web.models import AdverseEventRow, ParticipantRow, QueryRow
from equipoise.web.request import TrialRequest
from equipoise.web.sight import sees_arm, sees_identity

from . import bodies as b

PAGE_SIZE = 50


# -- the trial ------------------------------------------------------------------------------------


def trial(request: TrialRequest, given: None) -> b.TrialAnswer:
    """The trial as a whole."""
    trial, protocol, state = request.trial, request.protocol, request.trial.state
    head = trial.ledger.head()
    return b.TrialAnswer(
        id=protocol.id,
        title=protocol.identity.titles.brief.in_language(request.language),
        mode=state.mode,
        now=trial.clock_peek().isoformat(),
        protocol_version=protocol.version,
        recruitment_open=state.recruitment_open,
        locked=state.locked,
        ledger=b.LedgerHead(seq=head.seq, hash=head.hash),
    )


def versions(request: TrialRequest, given: None) -> b.VersionsAnswer:
    """The versions of the protocol."""
    state = request.trial.state
    lines = [
        b.VersionLine(
            version=version,
            in_force_at=sorted(one.id for one in state.sites.values() if one.version == version),
        )
        for version in state.versions
    ]
    return b.VersionsAnswer(versions=lines)


def document(request: TrialRequest, given: None, version: str) -> b.DocumentAnswer:
    """One version of the protocol."""
    if version not in request.trial.state.versions:
        raise Http404
    protocol = request.trial.documents[version]
    content = protocol.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return b.DocumentAnswer(version=version, protocol=content)


def sites(request: TrialRequest, given: None) -> b.SitesAnswer:
    """The sites."""
    trial, language = request.trial, request.language
    lines = []
    for site in trial.protocol.identity.sites:
        state = trial.state.site(site.id)
        lines.append(
            b.SiteLine(
                id=site.id,
                name=site.name.in_language(language),
                city=site.city.in_language(language),
                timezone=site.timezone,
                today=trial.today(site.id),
                open=state.open,
                protocol_version=state.version,
            )
        )
    return b.SitesAnswer(sites=lines)


def checkpoint(request: TrialRequest, given: None) -> b.CheckpointAnswer:
    """The newest checkpoint."""
    newest = request.trial.ledger.last_checkpoint()
    if newest is None:
        raise Http404
    return b.CheckpointAnswer(**asdict(newest))


# -- participants ---------------------------------------------------------------------------------


def participants(request: TrialRequest, given: b.ParticipantsGiven) -> b.ParticipantsAnswer:
    """A page of the participants whom the token may see."""
    only = site_seen("participants", request.someone)
    choice = Choice(
        site=only or given.site, status=given.status, number="", sort="id", descending=False,
        after=("", given.after) if given.after else None, before=None, at=0, last=False,
    )  # fmt: skip
    if only and given.site not in ("", only):
        return b.ParticipantsAnswer(participants=[], total=0, next="")
    rows = rows_of(choice)
    counts = counts_of(choice.site)
    total = counts.get(choice.status, 0) if choice.status else sum(counts.values())
    lines = [
        b.ParticipantLine(**{name: getattr(row, name) for name in b.ParticipantLine.model_fields})
        for row in rows
    ]
    return b.ParticipantsAnswer(
        participants=lines, total=total, next=rows[-1].id if len(rows) == PAGE_SIZE else ""
    )


def participant(request: TrialRequest, given: None, participant: str) -> b.ParticipantAnswer:
    """One participant."""
    state = request.someone_studied
    visits = [
        b.VisitLine(
            id=planned.visit.id,
            label=planned.visit.label.in_language(request.language),
            status=planned.status,
            target=planned.target,
            opens=planned.opens,
            closes=planned.closes,
            provisional=planned.provisional,
            performed_on=planned.performed_on,
            forms=list(planned.visit.forms),
        )
        for planned in plan_visits(request.protocol, state)
    ]
    forms = [
        b.FormLine(
            visit=address.visit, form=address.form, repeat=address.repeat,
            performed_on=form.performed_on, saves=form.saves, complete=form.complete,
            signed=form.signed,
        )
        for address, form in state.forms.items()
    ]  # fmt: skip
    return b.ParticipantAnswer(
        id=state.id,
        site=state.site,
        status=state.status,
        version=state.version,
        screened_on=state.screened_on,
        randomized_on=state.randomized_on,
        randomization_number=state.randomization_number,
        arm=state.arm if sees_arm(request, state) else None,
        off_study_on=state.off_study_on,
        completed_on=state.completed_on,
        visits=visits,
        forms=forms,
        queries=sorted(state.queries),
        adverse_events=sorted(state.adverse_events),
    )


def _values(request: TrialRequest, values: Mapping[str, Captured]) -> list[b.ValueLine]:
    """Values without what identifies, where the role may not see it."""
    items = request.protocol.item_by_id
    hidden = not sees_identity(request.protocol, request.someone.role)
    lines = []
    for name, captured in values.items():
        kept, item = captured.value, items.get(name)
        masked = hidden and (item is None or item.type == "identity")
        lines.append(
            b.ValueLine(
                item=name,
                raw=None if masked else kept.raw,
                value=None if masked else kept.value,
                unit=kept.unit,
                code=kept.code,
                precision=kept.precision,
                saved_by=captured.stamp.actor,
                saved_at=captured.stamp.at,
                masked=masked,
            )
        )
    return lines


def form(
    request: TrialRequest, given: None, participant: str, visit: str, form: str, repeat: str
) -> b.FormAnswer:
    """A form as it stands."""
    address, _found = address_and_form(request, visit, form, repeat)
    return form_answer(request, request.someone_studied, address)


def form_answer(request: TrialRequest, state: ParticipantState, address: Address) -> b.FormAnswer:
    """A form of this participant."""
    found = request.protocol.form_by_id[address.form]
    held = state.forms.get(address)
    return b.FormAnswer(
        participant=state.id,
        visit=address.visit,
        form=address.form,
        repeat=address.repeat,
        title=found.title.in_language(request.language),
        saves=held.saves if held else 0,
        performed_on=held.performed_on if held else None,
        complete=held.complete if held else False,
        signature=_signature(held) if held else None,
        values=_values(request, held.values) if held else [],
    )


def _signature(form: FormInstance) -> b.SignatureLine | None:
    if form.signed_by is None or form.signed_at is None:
        return None
    return b.SignatureLine(
        by=form.signed_by,
        at=form.signed_at,
        meaning=form.signed_meaning or "",
        hash=form.signed_hash or "",
        stands=form.signed and form.signed_hash == content_hash(form),
    )


def diary_of(request: TrialRequest, diary: str, day: str) -> tuple[Diary, date]:
    """The diary and the day an address names."""
    kept = next((one for one in request.protocol.schedule.diaries if one.id == diary), None)
    try:
        on = date.fromisoformat(day) if len(day) == 10 else None
    except ValueError:
        on = None
    if kept is None or on is None:
        raise Http404
    return kept, on


def diary_day(
    request: TrialRequest, given: None, participant: str, diary: str, day: str
) -> b.DiaryAnswer:
    """One day of a diary."""
    return diary_answer(request, request.someone_studied, *diary_of(request, diary, day))


def diary_answer(
    request: TrialRequest, state: ParticipantState, diary: Diary, day: date
) -> b.DiaryAnswer:
    """One day of a diary of this participant."""
    held = state.diary.get((diary.id, day))
    return b.DiaryAnswer(
        participant=state.id,
        diary=diary.id,
        day=day,
        saves=held.saves if held else 0,
        assisted=held.assisted if held else None,
        values=_values(request, held.values) if held else [],
    )


# -- queries --------------------------------------------------------------------------------------


def queries(request: TrialRequest, given: b.QueriesGiven) -> b.QueriesAnswer:
    """A page of the queries at the token's sites."""
    rows = QueryRow.objects.filter(status=given.status)
    only = site_seen("queries", request.someone)
    if only:
        rows = rows.filter(site=only)
    place = place_in(given.after)
    if place is not None:
        rows = beyond(rows, "raised_at", place)
    found = list(rows.order_by("raised_at", "participant", "number")[: PAGE_SIZE + 1])
    lines = [
        b.QueryLine(
            participant=row.participant, number=row.number, site=row.site, visit=row.visit,
            form=row.form, repeat=row.repeat, item=row.item, check=row.check_id, status=row.status,
            raised_at=row.raised_at, raised_by=row.raised_by, due_on=row.due_on,
        )
        for row in found[:PAGE_SIZE]
    ]  # fmt: skip
    following = place_after(found[PAGE_SIZE - 1], "raised_at") if len(found) > PAGE_SIZE else ""
    return b.QueriesAnswer(queries=lines, next=following)


def query(request: TrialRequest, given: None, participant: str, number: int) -> b.QueryAnswer:
    """One query."""
    return query_answer(participant, query_of(request.someone_studied, number))


def query_answer(participant: str, query: Query) -> b.QueryAnswer:
    """A query of this participant."""
    return b.QueryAnswer(
        participant=participant,
        number=query.number,
        visit=query.address.visit,
        form=query.address.form,
        repeat=query.address.repeat,
        item=query.item,
        check=query.check,
        status=query.status,
        text=query.text,
        answer=query.answer,
        again=[text for text, _stamp in query.again],
        raised_at=query.raised.at,
        raised_by=query.raised.actor,
    )


# -- adverse events -------------------------------------------------------------------------------


def adverse_events(request: TrialRequest, given: b.AdverseEventsGiven) -> b.AdverseEventsAnswer:
    """A page of the adverse events at the sites the role sees."""
    rows = AdverseEventRow.objects.all()
    only = site_seen("safety", request.someone)
    if only:
        rows = rows.filter(site=only)
    after, _tilde, number = given.after.partition("~")
    if number.isascii() and number.isdigit() and len(number) < 7:
        rows = _beyond(rows, after, int(number))
    found = list(rows.order_by("participant", "number")[: PAGE_SIZE + 1])
    lines = [
        b.AdverseEventLine(
            participant=row.participant, number=row.number, site=row.site, term=row.term,
            grade=row.grade, serious=bool(row.serious), started_on=row.started_on,
            ended_on=row.ended_on, outcome=row.outcome, clock_due=row.clock_due,
        )
        for row in found[:PAGE_SIZE]
    ]  # fmt: skip
    following = ""
    if len(found) > PAGE_SIZE:
        following = f"{lines[-1].participant}~{lines[-1].number}"
    return b.AdverseEventsAnswer(adverse_events=lines, next=following)


def _beyond(
    rows: QuerySet[AdverseEventRow], participant: str, number: int
) -> QuerySet[AdverseEventRow]:
    return rows.filter(participant__gte=participant).filter(
        Q(participant__gt=participant) | Q(number__gt=number)
    )


def adverse_event(
    request: TrialRequest, given: None, participant: str, number: int
) -> b.AdverseEventAnswer:
    """One adverse event."""
    return event_answer(participant, event_of(request.someone_studied, number))


def event_of(state: ParticipantState, number: int) -> AdverseEvent:
    """The participant's adverse event with this number."""
    event = state.adverse_events.get(number)
    if event is None:
        raise Http404
    return event


def event_answer(participant: str, event: AdverseEvent) -> b.AdverseEventAnswer:
    """An adverse event of this participant."""
    return b.AdverseEventAnswer(
        participant=participant,
        number=event.number,
        term=event.term,
        verbatim=event.verbatim,
        grade=event.grade,
        scale=event.scale,
        started_on=event.started_on,
        ended_on=event.ended_on,
        seriousness=list(event.seriousness),
        causality=dict(event.causality),
        outcome=event.outcome,
        action=event.action,
        narrative=event.narrative,
        reported_at=event.reported.at,
        reported_by=event.reported.actor,
        clocks=[b.ClockLine(**structs.asdict(clock)) for clock in event.clocks],
    )


# -- events of the ledger -------------------------------------------------------------------------


def events(request: TrialRequest, given: b.EventsGiven) -> b.EventsAnswer:
    """What happened after a position, without what is sealed.

    Of participants only those whose page the token may open, wherever they were when it happened; of
    sites only the token's own; of the trial everything that names no other site.
    """
    ledger = request.trial.ledger
    looked = list(ledger.events(after=given.after, limit=given.limit))
    last = looked[-1].seq if looked else given.after
    return b.EventsAnswer(
        events=[_event(one) for one in _seen(request, looked)],
        next=last,
        more=last < ledger.head().seq,
    )


def _seen(request: TrialRequest, looked: Iterable[Event]) -> list[Event]:
    only = site_seen("participant", request.someone)
    events = list(looked)
    if not only:
        return events
    named = {
        one.stream.partition("/")[2] for one in events if one.stream.startswith("participant/")
    }
    at_site = set(
        ParticipantRow.objects.filter(id__in=named, site=only).values_list("id", flat=True)
    )

    def visible(event: Event) -> bool:
        kind, _slash, name = event.stream.partition("/")
        if kind == "participant":
            return name in at_site
        return (name or event.site) in ("", only)

    return [event for event in events if visible(event)]


def _event(event: Event) -> b.EventLine:
    payload, sealed = _opened(event.payload)
    return b.EventLine(
        seq=event.seq,
        stream=event.stream,
        version=event.version,
        type=event.type,
        schema_version=event.schema,
        protocol_version=event.protocol,
        site=event.site,
        actor=event.actor,
        role=event.role,
        device_time=event.device_time,
        server_time=event.server_time,
        payload=payload,
        sealed=sealed,
        previous=event.previous,
        hash=event.hash,
    )


def _is_sealed(content: Any) -> bool:
    return isinstance(content, dict) and "sealed" in content and "nonce" in content


def _opened(payload: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A payload without its sealed fields, and their names; of values, `values/item`."""
    plain: dict[str, Any] = {}
    sealed: list[str] = []
    for name, content in payload.items():
        if _is_sealed(content):
            sealed.append(name)
        elif name == "values" and isinstance(content, list):
            plain[name] = [one for one in content if not _is_sealed(one["raw"])]
            sealed += [f"{name}/{one['item']}" for one in content if _is_sealed(one["raw"])]
        else:
            plain[name] = content
    return plain, sealed
