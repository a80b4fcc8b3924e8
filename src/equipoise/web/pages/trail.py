"""The audit trail of one participant in plain words: who did what, when, and what it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from msgspec.structs import asdict, replace

from equipoise.conduct import events as e
from equipoise.conduct.coding import named
from equipoise.conduct.values import Value
from equipoise.ledger.envelope import Event
from equipoise.protocol.document import Protocol
from equipoise.quantity.readable import measured

from ..figures.svg import escaped
from ..labels import (
    ACTION_LABELS,
    CATEGORY_LABELS,
    CAUSALITY_LABELS,
    OUTCOME_LABELS,
    SCOPE_LABELS,
    SERIOUSNESS_LABELS,
    role_label,
    said,
    site_label,
)
from ..vocabulary import DEVIATION, FIELD_LABELS, deviation_words, local_time, text_said
from .trial_words import TRIAL_WORDS


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail. `at` is on the site's clock; `reason` is what was given for a change."""

    seq: int
    at: str
    who: str
    words: str
    reason: str


class Trail:
    """Tells events in words; remembers values, so that a change is told with what stood before."""

    def __init__(
        self,
        protocol: Protocol,
        language: str,
        zone: tzinfo,
        *,
        sees_allocation: bool,
        sees_identity: bool = True,
        names_people: bool = True,
    ) -> None:
        self._protocol = protocol
        self._language = language
        self._zone = zone
        self._sees_allocation = sees_allocation
        self._sees_identity = sees_identity
        self._names_people = names_people
        self._values: dict[tuple[str, str, str, str], Value] = {}
        self._yes, self._no, self._nothing = _("yes"), _("no"), _("(empty)")

    def latest(
        self, events: Iterable[tuple[Event, e.Happening]], most: int | None = None
    ) -> tuple[list[Entry], int]:
        """The last `most` events of a stream in words, newest first, and how many there are in all.

        `events` are all events of the stream in the order of the ledger: those not told still say
        what stood before a change.
        """
        every = list(events)
        told_from = 0 if most is None else max(0, len(every) - most)
        for _event, happening in every[:told_from]:
            self.remember(happening)
        entries = [self.entry(event, happening) for event, happening in every[told_from:]]
        entries.reverse()
        return entries, len(every)

    def forget(self) -> None:
        """Know of no earlier value."""
        self._values = {}

    def entry(self, event: Event, happening: e.Happening) -> Entry:
        """The event in words, with what is remembered of the values before it."""
        happening = _readable(happening)
        tell = _TELLERS.get(type(happening))
        if tell is not None:
            words = tell(self, happening)
        else:
            fields_of = asdict(happening)
            fields_of = {name: "–" if one in ("", None) else one for name, one in fields_of.items()}
            words = _(TRIAL_WORDS[type(happening)]) % fields_of
        place = site_label(self._protocol, event.site, self._language) if event.site else ""
        name = event.actor if self._names_people else ""
        who = ", ".join(part for part in (role_label(event.role), place, name) if part)
        reason = getattr(happening, "reason", "")
        return Entry(event.seq, local_time(event.server_time, self._zone), who, words, reason or "")

    def remember(self, happening: e.Happening) -> None:
        """Keep what an event captured: a later change is told against it."""
        if isinstance(happening, e.FormSaved | e.ValuesMovedIn):
            for value in happening.values:
                key = (happening.visit, happening.form, happening.repeat, value.item)
                self._values[key] = value
        elif isinstance(happening, e.DiaryDayRecorded):
            for value in happening.values:
                self._values["diary", happening.diary, happening.day, value.item] = value

    # -- names -----------------------------------------------------------------------------------

    def other(self, participant: str) -> str:
        """Another participant's number, where the reader may know it."""
        return participant if self._names_people else _("another participant")

    def visit(self, visit: str) -> str:
        found = self._protocol.visit_by_id.get(visit)
        if found:
            return found.label.in_language(self._language)
        return {"log": _("log"), "diary": _("diary")}.get(visit, visit)

    def form(self, form: str) -> str:
        found = self._protocol.form_by_id.get(form)
        return found.title.in_language(self._language) if found else form

    def item(self, item: str) -> str:
        found = self._protocol.item_by_id.get(item)
        return found.label.in_language(self._language) if found else item

    def diary(self, diary: str) -> str:
        for one in self._protocol.schedule.diaries:
            if one.id == diary:
                return one.label.in_language(self._language)
        return diary

    def intervention(self, intervention: str) -> str:
        found = self._protocol.intervention_by_id.get(intervention)
        return found.name.in_language(self._language) if found else intervention

    def clock(self, clock: str) -> str:
        for one in self._protocol.safety.clocks:
            if one.id == clock:
                return one.label.in_language(self._language)
        return clock

    def term(self, term: str, verbatim: str = "") -> str:
        for one in self._protocol.safety.terms:
            if one.id == term:
                return one.term.in_language(self._language)
        return text_said(verbatim) or _("other event")

    def value(self, value: Value) -> str:
        """A value with its unit, or a code with its label."""
        if value.value is None:
            return self._nothing
        item = self._protocol.item_by_id.get(value.item)
        if item is None:
            return text_said(value.value)
        if item.type == "identity" and not self._sees_identity:
            return _("not shown to your role")
        if item.type == "boolean":
            return self._yes if value.value == "true" else self._no
        if item.codelist:
            for code in self._protocol.codelist_by_id[item.codelist].codes:
                if code.code == value.value:
                    label = code.label.in_language(self._language)
                    graded = self._protocol.codelist_by_id[item.codelist].scale
                    return f"{value.code} {label}" if graded and value.code else label
        if item.type in ("text", "identity"):
            return text_said(value.value)
        return measured(value.value, item.unit, self._language)

    def changes(self, where: tuple[str, str, str], values: tuple[Value, ...]) -> str:
        """What a save changed: `hemoglobin 98 g/L`, or `hemoglobin 8.9 → 98 g/L`."""
        told = []
        for value in values:
            key = (*where, value.item)
            before = self._values.get(key)
            self._values[key] = value
            now = self.value(value)
            if before is not None and before.value != value.value:
                now = f"{self.value(before)} → {now}"
            told.append(f"{self.item(value.item)}: {now}")
        return "; ".join(told)


def capitalized(words: str) -> str:
    """The words as a line of their own begins; names and units keep their own case."""
    return words[:1].upper() + words[1:]


def trail_lines(entries: Iterable[Entry]) -> str:
    """The entries as the items of a list."""
    reason, number = escaped(_("reason:")), escaped(_("ledger"))
    return "".join(
        f"<li><time>{entry.at}</time><span>{escaped(capitalized(entry.words))}"
        + (f"; {reason} {escaped(entry.reason)}" if entry.reason else "")
        + f'</span><span class="small soft">{escaped(entry.who)} · {number} {entry.seq}</span></li>\n'
        for entry in entries
    )


def _readable(happening: e.Happening) -> e.Happening:
    """The event with words in place of each text that can be read no more."""
    gone = {
        name: text_said(text)
        for name in e.SEALED_FIELDS[type(happening)]
        if isinstance(text := getattr(happening, name), str)
    }
    return replace(happening, **gone) if gone else happening


# -- one teller an event --------------------------------------------------------------------------


def _screened(t: Trail, h: e.ParticipantScreened) -> str:
    if h.previous:
        return _("put on the screening log again; before: %(previous)s") % {"previous": h.previous}
    return _("put on the screening log")


def _consented(t: Trail, h: e.ConsentRecorded) -> str:
    return _("consent version %(version)s signed on %(day)s") % {
        "version": h.version, "day": h.signed_on,
    }  # fmt: skip


def _refused(t: Trail, h: e.ConsentRefused) -> str:
    return _("consent version %(version)s declined on %(day)s") % {
        "version": h.version, "day": h.on,
    }  # fmt: skip


def _assessed(t: Trail, h: e.EligibilityAssessed) -> str:
    met = {
        True: _("eligibility assessed: eligible"),
        False: _("eligibility assessed: not eligible"),
        None: _("eligibility assessed: cannot be decided yet"),
    }
    return met[h.eligible]


def _signed(t: Trail, h: e.EligibilitySigned) -> str:
    return _("eligibility assessment %(number)s signed") % {"number": h.assessment}


def _failed(t: Trail, h: e.ScreeningFailed) -> str:
    if h.criteria:
        return _("screening failed on criteria %(criteria)s") % {"criteria": ", ".join(h.criteria)}
    return _("screening failed")


def _randomized(t: Trail, h: e.ParticipantRandomized) -> str:
    words = _("randomized, number %(number)s") % {"number": h.number}
    arm = t._protocol.arm_by_id.get(h.arm) if t._sees_allocation else None
    return f"{words}: {arm.label.in_language(t._language)}" if arm else words


def _stratum(t: Trail, h: e.StratumCorrected) -> str:
    levels = ", ".join(f"{factor} {level}" for factor, level in h.strata.items())
    return _("true strata recorded: %(levels)s") % {"levels": levels}


def _scheduled(t: Trail, h: e.VisitsScheduled) -> str:
    words = _("%(n)s visits scheduled") % {"n": len(h.targets)}
    if h.provisional:
        words += " " + _("(%(n)s of them provisional)") % {"n": len(h.provisional)}
    return words


def _form_saved(t: Trail, h: e.FormSaved) -> str:
    where = f"{t.visit(h.visit)}, {t.form(h.form)}"
    return f"{where} – {t.changes((h.visit, h.form, h.repeat), h.values)}"


def _diary(t: Trail, h: e.DiaryDayRecorded) -> str:
    where = f"{t.diary(h.diary)} {h.day}"
    words = f"{where} – {t.changes(('diary', h.diary, h.day), h.values)}"
    return words + (" " + _("(entered by staff)") if h.assisted else "")


def _dose(t: Trail, h: e.DoseRecorded) -> str:
    taken = _("taken") if h.taken else _("not taken")
    return f"{t.intervention(h.intervention)} {h.day} ({h.occasion}): {taken}"


def _missed(t: Trail, h: e.VisitMissed) -> str:
    return _("visit %(visit)s did not take place") % {"visit": t.visit(h.visit)}


def _moved_away(t: Trail, h: e.ValuesMovedAway) -> str:
    return _("%(form)s at %(visit)s moved to %(participant)s") % {
        "form": t.form(h.form), "visit": t.visit(h.visit), "participant": t.other(h.to_participant),
    }  # fmt: skip


def _moved_in(t: Trail, h: e.ValuesMovedIn) -> str:
    words = _("%(form)s at %(visit)s moved here from %(participant)s") % {
        "form": t.form(h.form), "visit": t.visit(h.visit), "participant": t.other(h.from_participant),
    }  # fmt: skip
    return f"{words}: {t.changes((h.visit, h.form, h.repeat), h.values)}"


def _form_signed(t: Trail, h: e.FormSigned) -> str:
    return _("%(form)s at %(visit)s signed: %(meaning)s") % {
        "form": t.form(h.form), "visit": t.visit(h.visit), "meaning": h.meaning,
    }  # fmt: skip


def _verified(t: Trail, h: e.SourceVerified) -> str:
    return _("%(form)s at %(visit)s, save %(save)s: compared with the source and the same: %(items)s") % {
        "form": t.form(h.form), "visit": t.visit(h.visit), "save": h.save,
        "items": ", ".join(t.item(item) for item in h.items),
    }  # fmt: skip


_HOLDS = {
    "frozen": noop("data frozen"),
    "locked": noop("data locked"),
    "open": noop("data opened again"),
}


def _form_held(t: Trail, h: e.FormHeld) -> str:
    return f"{t.visit(h.visit)}, {t.form(h.form)}: {said(_HOLDS, h.hold)}"


def _held(t: Trail, h: e.ParticipantHeld) -> str:
    return said(_HOLDS, h.hold)


def _ordered(t: Trail, h: e.SupplyOrdered) -> str:
    return _("%(n)s units ordered of %(product)s") % {
        "n": h.units, "product": t.intervention(h.intervention),
    }  # fmt: skip


def _dispensed(t: Trail, h: e.SupplyDispensed) -> str:
    return _("%(n)s units handed out of %(product)s") % {
        "n": h.units, "product": t.intervention(h.intervention),
    }  # fmt: skip


def _returned(t: Trail, h: e.SupplyReturned) -> str:
    return _("%(unused)s unused and %(used)s used units brought back of %(product)s") % {
        "unused": h.unused, "used": h.used, "product": t.intervention(h.intervention),
    }  # fmt: skip


def _event(t: Trail, h: e.AdverseEventReported) -> str:
    words = _("adverse event %(number)s: %(term)s, %(scale)s grade %(grade)s, from %(day)s") % {
        "number": h.number, "term": t.term(h.term, h.verbatim), "scale": h.scale, "grade": h.grade,
        "day": h.started_on,
    }  # fmt: skip
    if h.seriousness:
        words += "; " + _("serious: %(why)s") % {
            "why": ", ".join(said(SERIOUSNESS_LABELS, code) for code in h.seriousness)
        }
    return words


_AE_FIELDS: dict[str, Callable[[Any], str]] = {
    "grade": lambda h: _("grade %(grade)s") % {"grade": h.grade},
    "ended_on": lambda h: _("ended %(day)s") % {"day": h.ended_on},
    "outcome": lambda h: said(OUTCOME_LABELS, h.outcome),
    "seriousness": lambda h: (
        ", ".join(said(SERIOUSNESS_LABELS, code) for code in h.seriousness) or _("not serious")
    ),
    "causality": lambda h: ", ".join(said(CAUSALITY_LABELS, code) for code in h.causality.values()),
    "action": lambda h: said(ACTION_LABELS, h.action),
    "narrative": lambda h: _("narrative changed"),
}


def _event_updated(t: Trail, h: e.AdverseEventUpdated) -> str:
    parts = [_AE_FIELDS[field](h) if field in _AE_FIELDS else field for field in h.changed]
    return _("adverse event %(number)s changed: %(what)s") % {
        "number": h.number, "what": "; ".join(parts),
    }  # fmt: skip


def _reworded(t: Trail, h: e.AdverseEventReworded) -> str:
    return _("adverse event %(number)s is called otherwise: %(term)s") % {
        "number": h.number, "term": t.term(h.term, h.verbatim),
    }  # fmt: skip


def _coded(t: Trail, h: e.TermCoded) -> str:
    kind, _slash, rest = h.target.partition("/")
    about = _("adverse event %(number)s") % {"number": rest} if kind == "ae" else t.item(
        h.target.rpartition("/")[2]
    )  # fmt: skip
    return _("%(about)s coded as %(group)s / %(preferred)s / %(term)s (%(code)s)") % {
        "about": about, "group": named(h.group, t._language), "code": h.code,
        "preferred": named(h.preferred, t._language), "term": named(h.term, t._language),
    }  # fmt: skip


def _clock(t: Trail, h: e.SafetyClockStarted) -> str:
    return _("adverse event %(number)s must be reported to %(whom)s by %(when)s (%(rule)s)") % {
        "number": h.number, "whom": h.to, "rule": t.clock(h.clock),
        "when": local_time(h.due_at, t._zone),
    }  # fmt: skip


def _reported(t: Trail, h: e.SafetyReportSubmitted) -> str:
    words = _("report on adverse event %(number)s sent to %(whom)s") % {
        "number": h.number, "whom": h.sent_to,
    }  # fmt: skip
    return f"{words}, {_('in time') if h.on_time else _('late')}"


def _query(t: Trail, h: e.QueryRaised) -> str:
    about = t.item(h.item) if h.item else t.form(h.form)
    return _("query %(number)s on %(about)s, %(visit)s: %(text)s") % {
        "number": h.query, "about": about, "visit": t.visit(h.visit), "text": h.text,
    }  # fmt: skip


def _answered(t: Trail, h: e.QueryAnswered) -> str:
    return _("query %(number)s answered: %(text)s") % {"number": h.query, "text": h.text}


def _closed(t: Trail, h: e.QueryClosed) -> str:
    return _("query %(number)s closed") % {"number": h.query} + (f": {h.text}" if h.text else "")


def _reopened(t: Trail, h: e.QueryReopened) -> str:
    return _("query %(number)s asked again: %(text)s") % {"number": h.query, "text": h.text}


def _deviation(t: Trail, h: e.DeviationLogged) -> str:
    return _("deviation of %(day)s (%(severity)s, %(kind)s): %(text)s") % {
        "day": h.occurred_on, "severity": _("major") if h.severity == "major" else _("minor"),
        "kind": said(DEVIATION, h.kind),
        "text": deviation_words(t._protocol, h.text, t._language) if h.automatic else h.text,
    }  # fmt: skip


def _withdrawn(t: Trail, h: e.ParticipantWithdrawn) -> str:
    return _("withdrew on %(day)s (%(why)s); left: %(scope)s") % {
        "day": h.on, "why": said(CATEGORY_LABELS, h.category), "scope": said(SCOPE_LABELS, h.scope),
    }  # fmt: skip


def _unblinded(t: Trail, h: e.ParticipantUnblinded) -> str:
    if h.kind == "emergency":
        return _("unblinded in an emergency: the allocation was told to this person")
    return _("unblinded as planned: the allocation was told to this person")


def _erased(t: Trail, h: e.IdentityErased) -> str:
    return _("what identifies the person was erased for ever")


def _redaction_about(t: Trail, value: str) -> str:
    version, _slash, name = value.partition("/")
    about = t.item(name) if name not in FIELD_LABELS else said(FIELD_LABELS, name)
    return _("%(about)s (entry %(version)s of this participant)") % {
        "about": about, "version": version,
    }  # fmt: skip


def _redaction_requested(t: Trail, h: e.RedactionRequested) -> str:
    return _("redaction %(number)s asked for: %(about)s") % {
        "number": h.redaction, "about": _redaction_about(t, h.value),
    }  # fmt: skip


def _redacted(t: Trail, h: e.ValueRedacted) -> str:
    return _("redaction %(number)s approved, the text is unreadable for ever: %(about)s") % {
        "number": h.redaction, "about": _redaction_about(t, h.value),
    }  # fmt: skip


def _redaction_declined(t: Trail, h: e.RedactionDeclined) -> str:
    return _("redaction %(number)s declined") % {"number": h.redaction}


def _copy_given(t: Trail, h: e.CopyGiven) -> str:
    return _("a copy of the person's own data was given to: %(whom)s") % {"whom": h.given_to}


def _transferred(t: Trail, h: e.ParticipantTransferred) -> str:
    return _("care taken over by %(site)s") % {
        "site": site_label(t._protocol, h.to_site, t._language)
    }


def _completed(t: Trail, h: e.ParticipantCompleted) -> str:
    return _("reached the end of the study on %(day)s") % {"day": h.on}


FACTOR_CHANGES = {
    "app_set_up": noop("authenticator app of %(person)s set up"),
    "app_removed": noop("authenticator app of %(person)s removed"),
    "passkey_set_up": noop("passkey of %(person)s set up"),
    "passkey_removed": noop("passkey of %(person)s removed"),
    "codes_renewed": noop("recovery codes of %(person)s made anew"),
}
"""What somebody did about their own second factor."""


def _factor_changed(t: Trail, h: e.SecondFactorChanged) -> str:
    return _(FACTOR_CHANGES[h.change]) % {"person": h.person}


_TELLERS: dict[type[e.Happening], Callable[[Trail, Any], str]] = {
    e.ParticipantScreened: _screened,
    e.SecondFactorChanged: _factor_changed,
    e.ConsentRecorded: _consented,
    e.ConsentRefused: _refused,
    e.EligibilityAssessed: _assessed,
    e.EligibilitySigned: _signed,
    e.ScreeningFailed: _failed,
    e.ParticipantRandomized: _randomized,
    e.StratumCorrected: _stratum,
    e.VisitsScheduled: _scheduled,
    e.FormSaved: _form_saved,
    e.DiaryDayRecorded: _diary,
    e.DoseRecorded: _dose,
    e.VisitMissed: _missed,
    e.ValuesMovedAway: _moved_away,
    e.ValuesMovedIn: _moved_in,
    e.FormSigned: _form_signed,
    e.SourceVerified: _verified,
    e.FormHeld: _form_held,
    e.ParticipantHeld: _held,
    e.SupplyOrdered: _ordered,
    e.SupplyDispensed: _dispensed,
    e.SupplyReturned: _returned,
    e.AdverseEventReported: _event,
    e.AdverseEventUpdated: _event_updated,
    e.AdverseEventReworded: _reworded,
    e.TermCoded: _coded,
    e.SafetyClockStarted: _clock,
    e.SafetyReportSubmitted: _reported,
    e.QueryRaised: _query,
    e.QueryAnswered: _answered,
    e.QueryClosed: _closed,
    e.QueryReopened: _reopened,
    e.DeviationLogged: _deviation,
    e.ParticipantWithdrawn: _withdrawn,
    e.IdentityErased: _erased,
    e.RedactionRequested: _redaction_requested,
    e.ValueRedacted: _redacted,
    e.RedactionDeclined: _redaction_declined,
    e.CopyGiven: _copy_given,
    e.ParticipantTransferred: _transferred,
    e.ParticipantUnblinded: _unblinded,
    e.ParticipantCompleted: _completed,
}
