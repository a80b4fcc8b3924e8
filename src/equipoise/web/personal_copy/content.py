"""What a participant's copy of their own data says, part by part.

It holds everything recorded about the person (PIPL article 45, GDPR article 15) and nothing about
anybody else: staff are named by role, other participants not at all. Nor does it tell the group while the
person is masked, or while whoever hands it over is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import override

from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.state import ParticipantState
from equipoise.conduct.values import Value
from equipoise.protocol.document import Protocol
from equipoise.trial import Trial

from ..labels import (
    ACTION_LABELS,
    CATEGORY_LABELS,
    CAUSALITY_LABELS,
    MODE_LABELS,
    OUTCOME_LABELS,
    QUERY_STATUS_LABELS,
    SCOPE_LABELS,
    SERIOUSNESS_LABELS,
    SEVERITY_LABELS,
    role_label,
    said,
    site_label,
    status_label,
)
from ..pages.trail import Entry, Trail, capitalized
from ..vocabulary import DEVIATION, deviation_words, local_time, text_said
from .others import Told, own_events, telling_diaries, telling_interventions


@dataclass(frozen=True, slots=True)
class Line:
    """A row in words; `data` is what a machine needs besides (ids, the bare value, the unit)."""

    cells: tuple[str, ...]
    data: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the copy as a table: `columns` are (key, heading)."""

    id: str
    title: str
    columns: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """The whole copy in one language. `upto` is the number of entries of the record that it covers."""

    language: str
    participant: str
    made_at: str
    upto: int
    trial: str
    title: str
    band: str
    """Says that nobody is real, in a rehearsal or for training; empty in a live trial."""
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    parts: tuple[Part, ...]
    nothing: str
    """What stands in place of a part without a line."""


@dataclass(frozen=True, slots=True)
class _Telling:
    """What all parts need. `queries` are those that are about somebody else's data."""

    protocol: Protocol
    state: ParticipantState
    trail: Trail
    zone: tzinfo
    language: str
    sees_allocation: bool
    queries: frozenset[int]

    def words(self, item: str, text: str) -> str:
        return self.trail.value(Value(item, text, text))

    def when(self, instant: str) -> str:
        return local_time(instant, self.zone)


def tells_allocation(protocol: Protocol, role: str, *, unblinded: bool) -> bool:
    """Whether a copy handed over by somebody in this role may name the group.

    It may where nobody is masked any more, or where neither the participant nor the role is.
    """
    masked = protocol.design.masking.masked if protocol.design.masking else []
    if unblinded or not masked:
        return True
    sees = any(one.role == role and one.sees_allocation for one in protocol.roles)
    return "participant" not in masked and sees


def copy_of(
    trial: Trial,
    participant: ParticipantState,
    *,
    language: str,
    role: str,
    given_to: str,
    reason: str,
) -> OwnCopy:
    """The copy as the record stands now, in one language (`en`, `zh-Hans`).

    `role` is the role of whoever hands it over to `given_to`.
    """
    events = trial.events(stream=f"participant/{participant.id}")
    unblinded = trial.state.unblinded
    sees = tells_allocation(participant.protocol, role, unblinded=unblinded)
    with override("zh-hans" if language == "zh-Hans" else "en"):
        return _told(
            participant,
            list(events),
            language=language,
            sees_allocation=sees,
            now=trial.clock_peek(),
            mode=trial.state.mode,
            head=((_("Given to"), given_to), (_("Why"), reason), (_("Given by"), role_label(role))),
        )


def _told(
    state: ParticipantState,
    events: Sequence[Told],
    *,
    language: str,
    sees_allocation: bool,
    now: datetime,
    mode: str,
    head: tuple[tuple[str, str], ...],
) -> OwnCopy:
    protocol = state.protocol
    zone = zone_of(protocol, state.site)
    own, queries = own_events(protocol, events, sees_allocation=sees_allocation)
    trail = Trail(protocol, language, zone, sees_allocation=sees_allocation, names_people=False)
    entries, _count = trail.latest(own)
    t = _Telling(protocol, state, trail, zone, language, sees_allocation, queries)
    titles = protocol.identity.titles
    made_at = local_time(now.isoformat(), zone)
    band = ""
    if mode != "live":
        band = _("This is %(mode)s: nobody in it is real.") % {"mode": said(MODE_LABELS, mode)}
    return OwnCopy(
        language=language,
        participant=state.id,
        made_at=made_at,
        upto=state.version,
        trial=titles.brief.in_language(language),
        title=_("Your data in this trial"),
        band=band,
        facts=(*_facts(t, made_at), *head),
        notes=_notes(t),
        parts=(
            _identity(t),
            _participation(t),
            _criteria(t),
            _values(t),
            _diary(t),
            _doses(t),
            _adverse_events(t),
            _supply(t),
            _queries(t),
            _deviations(t),
            _copies(t),
            _history(entries),
        ),
        nothing=_("Nothing is recorded."),
    )


def _facts(t: _Telling, made_at: str) -> tuple[tuple[str, str], ...]:
    identity = t.protocol.identity
    lead = [one.name.in_language(t.language) for one in identity.sponsors if one.role == "lead"]
    asked = [one for one in identity.contacts if one.site in (t.state.site, None)]
    ask = [
        " · ".join(
            part for part in (one.name.in_language(t.language), one.phone, one.email) if part
        )
        for one in asked
    ]
    facts = (
        (_("Your number"), t.state.id),
        (_("Site"), site_label(t.protocol, t.state.site, t.language)),
        (_("Registered as"), ", ".join(one.id for one in identity.identifiers)),
        (_("Sponsor"), ", ".join(lead)),
        (_("Whom to ask"), "; ".join(ask)),
        (
            _("As of"),
            _("%(time)s, entry %(n)s of your record") % {"time": made_at, "n": t.state.version},
        ),
    )
    return tuple((name, words) for name, words in facts if words)


def _notes(t: _Telling) -> tuple[str, ...]:
    notes = [
        _(
            "This is everything the trial has on record about you: every value as it stands, and every entry "
            "in the order in which it was made. Staff are named by their role. If something is wrong, ask the "
            "site to correct it; the earlier entry stays visible."
        )
    ]
    if t.state.randomized is not None and not t.sees_allocation:
        notes.append(
            _(
                "Which group you are in is not told here, nor what would give it away: the trial is still "
                "masked. Once it is not, you can have a copy that says it. In an emergency the site can find out."
            )
        )
    if t.state.erased is not None:
        words = _("What identified you was erased on %(day)s and can be read no more.")
        notes.append(words % {"day": t.state.erased.at[:10]})
    if t.state.previous:
        words = _(
            "You were on the screening log before, as %(number)s: that record has its own copy."
        )
        notes.append(words % {"number": t.state.previous})
    return tuple(notes)


# -- the parts ------------------------------------------------------------------------------------


def _two(part: str, title: str, lines: Sequence[tuple[str, str]]) -> Part:
    columns = (("what", _("What")), ("recorded", _("Recorded")))
    return Part(part, title, columns, tuple(Line(one) for one in lines if one[1]))


def _identity(t: _Telling) -> Part:
    lines = [(t.trail.item(name), text_said(text)) for name, text in t.state.identity.items()]
    return _two("identity", _("What identifies you"), lines)


def _participation(t: _Telling) -> Part:
    s = t.state
    lines = [
        (_("Status"), status_label(s.status)),
        (_("On the screening log since"), str(s.screened_on or "")),
    ]
    for one in s.consents:
        words = _("version %(version)s, signed on %(day)s")
        lines.append((_("Consent"), words % {"version": one.version, "day": one.signed_on}))
    lines.append((_("Declined to take part on"), str(s.refused_on or "")))
    if s.randomized_on:
        lines.append((_("Randomized on"), str(s.randomized_on)))
        lines.append((_("Randomization number"), str(s.randomization_number)))
        arm = t.protocol.arm_by_id.get(s.arm or "") if t.sees_allocation else None
        lines.append(
            (_("Group"), arm.label.in_language(t.language) if arm else _("not told while masked"))
        )
        lines += [(_("Stratum"), words) for words in _strata(t)]
    for visit, reason in s.missed.items():
        label = _("Visit that did not take place")
        lines.append(
            (label, ": ".join(part for part in (t.trail.visit(visit), text_said(reason)) if part))
        )
    for left in s.withdrawals:
        told = [
            str(left.on),
            said(SCOPE_LABELS, left.scope),
            said(CATEGORY_LABELS, left.category),
            text_said(left.reason),
        ]
        lines.append((_("Left"), "; ".join(part for part in told if part)))
    lines.append((_("End of the study on"), str(s.completed_on or "")))
    return _two("participation", _("Your participation"), lines)  # fmt: skip


def _strata(t: _Telling) -> list[str]:
    factors = t.protocol.randomization.strata if t.protocol.randomization else []
    told = []
    for one in factors:
        level = t.state.strata_true.get(one.id)
        if level is None:
            continue
        name = t.trail.item(one.item) if one.item else _("Site")
        if level in one.labels:
            words = one.labels[level].in_language(t.language)
        elif one.item:
            words = t.words(one.item, level)
        else:
            words = site_label(t.protocol, level, t.language)
        told.append(f"{name}: {words}")
    return told


def _criteria(t: _Telling) -> Part:
    columns = (("criterion", _("Criterion")), ("text", _("In words")), ("answer", _("Answer")))
    answers = (
        {one["id"]: one["answer"] for one in t.state.assessments[-1].criteria}
        if t.state.assessments
        else {}
    )
    lines = []
    for one in t.protocol.eligibility.criteria:
        if one.id not in answers:
            continue
        kind = _("Inclusion") if one.kind == "inclusion" else _("Exclusion")
        answer = {
            ("met", "inclusion"): _("met"),
            ("not_met", "inclusion"): _("not met"),
            ("met", "exclusion"): _("applies"),
            ("not_met", "exclusion"): _("does not apply"),
        }.get((answers[one.id], one.kind), _("unknown"))
        cells = (f"{kind} {one.number or one.id}", one.text.in_language(t.language), answer)
        lines.append(Line(cells, {"criterion_id": one.id, "answer": answers[one.id]}))
    return Part("eligibility", _("Whether you could take part"), columns, tuple(lines))  # fmt: skip


def _data(value: Value, t: _Telling) -> dict[str, str | None]:
    item = t.protocol.item_by_id.get(value.item)
    return {
        "item_id": value.item,
        "value": None if value.value is None else text_said(value.value),
        "unit": item.unit if item else None,
    }


def _values(t: _Telling) -> Part:
    columns = (
        ("item", _("Value")), ("recorded", _("Recorded")), ("day", _("Day")),
        ("visit", _("Visit")), ("form", _("Form")),
    )  # fmt: skip
    lines = [
        Line(
            (
                t.trail.item(name), t.trail.value(one.value), str(one.on),
                t.trail.visit(form.address.visit), t.trail.form(form.address.form),
            ),
            _data(one.value, t),
        )
        for form in sorted(t.state.forms.values(), key=lambda form: (form.performed_on, form.address))
        for name, one in form.values.items()
    ]  # fmt: skip
    return Part("values", _("What was measured and asked"), columns, tuple(lines))


def _diary(t: _Telling) -> Part:
    columns = (
        ("item", _("Value")), ("recorded", _("Recorded")), ("day", _("Day")), ("diary", _("Diary")),
    )  # fmt: skip
    hidden = frozenset() if t.sees_allocation else telling_diaries(t.protocol)
    lines = [
        Line(
            (t.trail.item(name), t.trail.value(one.value), str(day), t.trail.diary(diary)),
            _data(one.value, t),
        )
        for (diary, day), entry in sorted(
            t.state.diary.items(), key=lambda one: (one[0][1], one[0][0])
        )
        if diary not in hidden
        for name, one in entry.values.items()
    ]
    return Part("diary", _("Your diary"), columns, tuple(lines))


def _doses(t: _Telling) -> Part:
    columns = (
        ("product", _("Product")),
        ("day", _("Day")),
        ("dose", _("Dose of the day")),
        ("taken", _("Taken")),
    )
    hidden = frozenset() if t.sees_allocation else telling_interventions(t.protocol)
    lines = [
        Line(
            (
                t.trail.intervention(intervention),
                str(day),
                str(occasion),
                _("yes") if taken else _("no"),
            )
        )
        for (intervention, day, occasion), taken in sorted(
            t.state.doses.items(), key=lambda one: one[0][1:]
        )
        if intervention not in hidden
    ]
    return Part("doses", _("Doses"), columns, tuple(lines))  # fmt: skip


def _adverse_events(t: _Telling) -> Part:
    columns = (
        ("event", _("Event")), ("grade", _("Grade")), ("days", _("From – to")), ("serious", _("Serious")),
        ("outcome", _("Outcome")), ("action", _("Action taken")), ("cause", _("Caused by")), ("told", _("In words")),
    )  # fmt: skip
    hidden = frozenset() if t.sees_allocation else telling_interventions(t.protocol)
    lines = []
    for one in t.state.adverse_events.values():
        causes = [
            f"{t.trail.intervention(product)}: {said(CAUSALITY_LABELS, code)}"
            for product, code in one.causality.items()
            if product not in hidden
        ]
        serious = ", ".join(said(SERIOUSNESS_LABELS, code) for code in one.seriousness)
        verbatim = text_said(one.verbatim) if one.verbatim else ""
        lines.append(
            Line(
                (
                    t.trail.term(one.term, verbatim),
                    f"{one.grade} ({one.scale})",
                    f"{one.started_on} – {one.ended_on or _('ongoing')}",
                    serious or _("no"),
                    said(OUTCOME_LABELS, one.outcome),
                    said(ACTION_LABELS, one.action),
                    "; ".join(causes),
                    text_said(one.narrative),
                ),
                {"term": one.term},
            )
        )
    return Part("adverse_events", _("Adverse events"), columns, tuple(lines))


def _supply(t: _Telling) -> Part:
    columns = (
        ("product", _("Product")), ("ordered", _("Ordered")), ("dispensed", _("Handed out")),
        ("unused", _("Back, unused")), ("used", _("Back, used")),
    )  # fmt: skip
    hidden = frozenset() if t.sees_allocation else telling_interventions(t.protocol)
    lines = []
    for product, one in t.state.supply.items():
        if product in hidden:
            continue
        units = (one.ordered, one.dispensed, one.returned_unused, one.returned_used)
        lines.append(Line((t.trail.intervention(product), *map(str, units))))
    return Part("supply", _("Supply"), columns, tuple(lines))


def _queries(t: _Telling) -> Part:
    columns = (
        ("query", _("Query")), ("about", _("About")), ("text", _("Question")), ("answer", _("Answer")),
        ("state", _("State")),
    )  # fmt: skip
    hidden = frozenset() if t.sees_allocation else telling_diaries(t.protocol)
    lines = []
    for one in t.state.queries.values():
        if one.number in t.queries or (one.address.visit == "diary" and one.address.form in hidden):
            continue
        about = t.trail.item(one.item) if one.item else t.trail.form(one.address.form)
        asked = [one.text, *(text for text, _stamp in one.again)]
        lines.append(
            Line(
                (
                    str(one.number),
                    f"{about}, {t.trail.visit(one.address.visit)}",
                    " / ".join(text_said(text) for text in asked),
                    text_said(one.answer),
                    said(QUERY_STATUS_LABELS, one.status),
                ),
                {"item_id": one.item},
            )
        )
    return Part("queries", _("Questions about your data"), columns, tuple(lines))


def _deviations(t: _Telling) -> Part:
    columns = (
        ("kind", _("Kind")),
        ("day", _("Day")),
        ("severity", _("Severity")),
        ("text", _("In words")),
    )
    lines = tuple(
        Line(
            (
                said(DEVIATION, one.kind),
                str(one.occurred_on),
                said(SEVERITY_LABELS, one.severity),
                deviation_words(t.protocol, one.text, t.language)
                if one.automatic
                else text_said(one.text),
            )
        )
        for one in t.state.deviations
    )
    return Part("deviations", _("Departures from the protocol"), columns, lines)  # fmt: skip


def _copies(t: _Telling) -> Part:
    columns = (("to", _("Given to")), ("time", _("When")), ("by", _("Given by")), ("why", _("Why")))
    lines = tuple(
        Line(
            (
                text_said(one.given_to),
                t.when(one.stamp.at),
                role_label(one.stamp.role),
                text_said(one.reason),
            )
        )
        for one in t.state.copies
    )
    return Part("copies", _("Earlier copies of your data"), columns, lines)


def _history(entries: Sequence[Entry]) -> Part:
    columns = (
        ("time", _("When")), ("who", _("Who")), ("what", _("What happened")), ("reason", _("Reason")),
    )  # fmt: skip
    lines = tuple(
        Line((one.at, one.who, capitalized(one.words), one.reason), {"ledger": str(one.seq)})
        for one in reversed(entries)
    )
    return Part("history", _("Every entry, from the first"), columns, lines)
