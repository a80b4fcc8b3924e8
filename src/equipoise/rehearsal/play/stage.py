"""The days: opening the trial, letting each virtual person act, moving the clock.

One virtual day is one batch of the ledger (one durable commit): either the whole day has happened or none of it.
Where nothing outlives the process anyway, all days played at once are one batch: they are kept or lost together, and
the rows that pages read are put once. What happens on a day depends only on the arrays and on the trial as it
stands, so a play that was stopped goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol as Interface
from zoneinfo import ZoneInfo

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.values import Actor
from equipoise.protocol.document import Protocol
from equipoise.quantity.collector import without_collector
from equipoise.trial import Done, Trial, VirtualClock

from ..generate import Replicate
from .agenda import Agenda
from .calendar import appointment, morning, never_missed, watched_items, weekday
from .cast import Cast, CastError
from .entries import Desk
from .person import VirtualPerson

EVENING = timedelta(hours=18)
"""Where the clock stands between two days."""
_STEP = timedelta(seconds=41)
_ADMINISTRATION = timedelta(minutes=-40)


class PlayError(Exception):
    """The trial refuses what every rehearsal needs; one line says what and why."""


class Progress(Interface):
    """Told after every virtual day how many each site has randomized."""

    def __call__(self, day: date, randomized: Mapping[str, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class Played:
    """How far a play came. `refused` are commands the trial refused, with the reasons' codes."""

    day: date
    finished: bool
    screened: int
    randomized: int
    events: int
    refused: tuple[tuple[str, tuple[str, ...]], ...]


def first_instant(replicate: Replicate) -> datetime:
    """The evening before the first day: where the clock of a new rehearsal stands."""
    before = replicate.starts - timedelta(days=1)
    return max(_local(site.timezone, before, EVENING) for site in replicate.protocol.identity.sites)


def _local(zone: str, day: date, time: timedelta) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return (midnight + time).astimezone(UTC)


@dataclass
class Stage:
    """The trial being played in, the replicate played, and the time of the virtual day."""

    trial: Trial
    clock: VirtualClock
    replicate: Replicate
    cast: Cast
    desk: Desk
    unmissable: frozenset[str]
    watched: tuple[str, ...]
    """Items whose latest value decides what is due, by the day it takes or the stratum it tells."""
    recruiting: bool = True
    """Whether recruitment was open this morning: its end is news only the day after."""
    refused: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    _now: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def protocol(self) -> Protocol:
        """The trial's protocol."""
        return self.replicate.protocol

    def at_earliest(self, instant: datetime) -> None:
        """The next command happens at this instant, or later where others came first."""
        self._now = max(self._now, instant)

    def do(self, command: c.Command, site: str, client_id: str) -> Done | Refusal:
        """Bring a command as the member of staff whose task it is; refusals are counted."""
        return self.do_as(self.cast.who(type(command).__name__, site), command, client_id)

    def do_as(self, actor: Actor, command: c.Command, client_id: str) -> Done | Refusal:
        """Bring a command as a given person."""
        self._now += _STEP
        outcome = self.trial.do(command, actor, at=self._now, client_id=client_id)
        if isinstance(outcome, Refusal):
            self.refused.append((client_id, outcome.codes))
        return outcome


@without_collector()
def play(
    trial: Trial,
    replicate: Replicate,
    *,
    until: date | None = None,
    randomized: int | None = None,
    progress: Progress | None = None,
) -> Played:
    """Play on from where the trial's clock stands.

    Stops after the day `until`, after the day on which `randomized` participants are randomized, or
    when nobody has anything left to do. Raises `PlayError` where a site cannot be opened or nobody
    may bring a command, TypeError where the trial's clock is not a virtual one, and ValueError where
    the replicate belongs to another protocol.
    """
    clock = trial.clock
    if not isinstance(clock, VirtualClock):
        raise TypeError(
            "a rehearsal is played on a virtual clock; this trial runs on the machine's"
        )
    if trial.protocol.version != replicate.protocol.version:
        raise ValueError("the replicate was generated from another protocol than the trial's")
    stage = Stage(
        trial,
        clock,
        replicate,
        Cast(replicate.protocol),
        Desk(replicate),
        never_missed(replicate.protocol),
        watched_items(replicate),
    )
    people = [VirtualPerson(stage, index) for index in range(replicate.persons)]
    day = last_day_played(trial, replicate)
    for person in people:
        person.find(day.toordinal())
    lasting, began = trial.ledger.store.lasting, clock.peek()
    try:
        with nullcontext() if lasting else trial.batch():
            day, finished = _play_days(stage, people, day, until, randomized, progress)
    except BaseException:
        if not lasting:
            # none of these days has happened; a clock does not go back, so the trial gets another
            trial.clock = VirtualClock(began)
        raise
    return Played(
        day=day,
        finished=finished,
        screened=trial.state.screened,
        randomized=trial.state.randomized,
        events=trial.ledger.head().seq,
        refused=tuple(stage.refused),
    )


def _play_days(
    stage: Stage,
    people: list[VirtualPerson],
    day: date,
    until: date | None,
    randomized: int | None,
    progress: Progress | None,
) -> tuple[date, bool]:
    """Play the days after `day`; the last one played, and whether nobody has anything left to do."""
    trial = stage.trial
    zones = {site.id: site.timezone for site in stage.protocol.identity.sites}
    finished = False
    agenda = Agenda(people)
    # somebody has yet to be told that recruitment has ended: those in screening, who have planned for another
    # day, and those who have not come yet
    recruiting, expected = trial.state.recruitment_open, True
    while until is None or day < until:
        if randomized is not None and trial.state.randomized >= randomized:
            break
        if expected and not trial.state.recruitment_open:
            for person in people:
                if recruiting:
                    person.wake(day.toordinal() + 1)
                person.stay_away()
            recruiting = expected = False
            agenda.rewrite()
        finished = agenda.done
        if finished:
            break
        day += timedelta(days=1)
        if weekday(day.toordinal()) < 5:
            # twice: those who are there every day do not push out whoever comes once in weeks
            trial.keep_in_memory(2 * agenda.taking_part)
            try:
                with trial.batch():
                    _play_day(stage, agenda, day, zones)
            except CastError as error:
                raise PlayError(str(error)) from error
        stage.clock.move_to(max(_local(zone, day, EVENING) for zone in zones.values()))
        if progress is not None:
            sites = trial.state.sites
            progress(day, {site: state.randomized for site, state in sites.items()})
    return day, finished


def last_day_played(trial: Trial, replicate: Replicate) -> date:
    """The virtual day the trial stands on: the next one to play is the day after.

    It is the calendar day where evening comes last, or the day of the last event the virtual
    people brought (a home opened again knows its events, not how far its clock had been moved).
    """
    before = replicate.starts - timedelta(days=1)
    instant = trial.clock_peek()
    zones = {site.id: site.timezone for site in replicate.protocol.identity.sites}
    latest = max(zones.values(), key=lambda zone: _local(zone, before, EVENING))
    days = [before, instant.astimezone(ZoneInfo(latest)).date()]
    for event in trial.ledger.events(descending=True):
        if event.client_id.startswith("rehearsal/"):
            zone = zones.get(event.site, latest)
            days.append(datetime.fromisoformat(event.server_time).astimezone(ZoneInfo(zone)).date())
            break
    return max(days)


def _play_day(stage: Stage, agenda: Agenda, day: date, zones: Mapping[str, str]) -> None:
    """Administration first, then everyone with something to do, in order of their appointments."""
    ordinal = day.toordinal()
    stage.recruiting = stage.trial.state.recruitment_open
    mornings = {site: morning(zone, ordinal) for site, zone in zones.items()}
    stage.at_earliest(min(mornings.values()) + _ADMINISTRATION)
    _administer(stage, day)
    appointments = [
        (appointment(mornings[person.site], ordinal, person.index), person.index, person)
        for person in agenda.due(ordinal)
    ]
    appointments.sort()
    for when, _, person in appointments:
        stage.at_earliest(when)
        person.act(ordinal)
        agenda.enter(person)


def _administer(stage: Stage, day: date) -> None:
    """Role grants, laboratory ranges and the opening of sites whose day has come."""
    trial, replicate = stage.trial, stage.replicate
    for actor in stage.cast.everyone():
        if (actor.id, actor.role, actor.site) not in trial.state.grants:
            grant = c.GrantRole(person=actor.id, role=actor.role, site=actor.site)
            stage.do(grant, actor.site, f"rehearsal/grant/{actor.id}")
    ordinal = day.toordinal()
    for index, site in enumerate(replicate.sites):
        state = trial.state.site(site)
        if state.opened_on is not None or ordinal < int(replicate.site_opens[index]):
            continue
        if not trial.state.recruitment_open:
            continue
        _set_ranges(stage, site, day)
        approval = c.OpenSite(
            site=site,
            ethics_approval=f"Virtual ethics approval {site}",
            approved_on=day - timedelta(days=14),
        )
        opened = stage.do(approval, site, f"rehearsal/open/{site}")
        if isinstance(opened, Refusal):
            raise PlayError(f"site {site} cannot be opened: {opened}")


def _set_ranges(stage: Stage, site: str, day: date) -> None:
    """The site's own laboratory ranges, and the general ones for the items it has none for."""
    laboratory = stage.replicate.assumptions.laboratory
    own = laboratory.sites[site].ranges if site in laboratory.sites else {}
    for item, ranges in {**laboratory.ranges, **own}.items():
        for entry in ranges:
            unit = entry.unit or stage.protocol.item_by_id[item].unit or "1"
            command = c.SetLaboratoryRange(
                site=site,
                item=item,
                lower=entry.lower,
                upper=entry.upper,
                unit=unit,
                valid_from=day - timedelta(days=365),
                sex=entry.sex,
            )
            stage.do(command, site, f"rehearsal/range/{site}/{item}/{entry.sex or 'all'}")
