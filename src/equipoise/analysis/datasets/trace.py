"""Which events of the ledger say what is known of each participant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from equipoise.conduct import events as e
from equipoise.conduct.events import Happening
from equipoise.ledger.envelope import Event
from equipoise.protocol.document import Diary, Protocol

from ..cut import Source
from .frame import Seqs


@dataclass
class Trace:
    """Positions by participant and what was said: `screened`, `consented`, `randomized`, `left/follow_up`, …"""

    _seqs: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, participant: str, what: str, seq: int) -> None:
        """Note an event."""
        self._seqs[participant, what].append(seq)

    def replace(self, participant: str, what: str, seq: int) -> None:
        """Note an event that stands for all earlier ones."""
        self._seqs[participant, what] = [seq]

    def of(self, participant: str, *what: str) -> Seqs:
        """The positions of the events that said any of this, rising."""
        found = {seq for name in what for seq in self._seqs.get((participant, name), ())}
        return tuple(sorted(found))


def trace_of(source: Source, upto: int) -> Trace:
    """The trace of a trial's events up to a position."""
    return trace_events(source.protocol, source.events(upto=upto))


def trace_events(protocol: Protocol, events: Iterable[tuple[Event, Happening]]) -> Trace:
    """The trace of decoded events in order of the ledger."""
    trace = Trace()
    diaries = {diary.id: diary for diary in protocol.schedule.diaries}
    for event, what in events:
        kind, _, participant = event.stream.partition("/")
        if kind == "participant":
            _note(trace, diaries, participant, event.seq, what)
    return trace


def dose_key(intervention: str, day: str, occasion: int) -> str:
    """The name under which an administration is noted."""
    return f"dose/{intervention}/{day}/{occasion}"


def _note(trace: Trace, diaries: Mapping[str, Diary], who: str, seq: int, what: Happening) -> None:
    names = {
        e.ParticipantScreened: "screened",
        e.ConsentRecorded: "consented",
        e.ConsentRefused: "refused",
        e.ScreeningFailed: "failed",
        e.ParticipantRandomized: "randomized",
        e.StratumCorrected: "stratum",
        e.ParticipantCompleted: "completed",
        e.DeviationLogged: "deviation",
    }
    if type(what) in names:
        trace.add(who, names[type(what)], seq)
    elif isinstance(what, e.ParticipantWithdrawn):
        trace.add(who, f"left/{what.scope}", seq)
        if what.category == "death":
            trace.add(who, "died", seq)
    elif isinstance(what, e.AdverseEventReported | e.AdverseEventUpdated):
        trace.add(who, f"adverse/{what.number}", seq)
        if what.grade == 5 or what.outcome == "fatal":
            trace.add(who, "fatal", seq)
    elif isinstance(what, e.DoseRecorded):
        trace.replace(who, dose_key(what.intervention, what.day, what.occasion), seq)
    elif isinstance(what, e.DiaryDayRecorded):
        diary = diaries.get(what.diary)
        if diary is None or diary.intervention is None:
            return
        for value in what.values:
            if value.item in diary.dose_items:
                occasion = diary.dose_items.index(value.item) + 1
                trace.replace(who, dose_key(diary.intervention, what.day, occasion), seq)
