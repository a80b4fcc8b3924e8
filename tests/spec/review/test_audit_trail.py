"""The audit trail is found by who, when, where and what; its review is signed, due, and on record."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.oversight import outstanding
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.values import Address
from equipoise.home import Home
from equipoise.home.trail import FILE, TrailFilter, TrailIndex
from equipoise.protocol.reading import load_protocol
from equipoise.quantity.dates import months_after
from equipoise.trial import Trial
from support.played import SECOND_PROTOCOL
from support.story import (
    COORDINATOR,
    MONITOR,
    SEED_PROTOCOL,
    START,
    Person,
    central,
    expect,
    new_trial,
    open_trial,
    seed_protocol,
)

SPONSOR = central("sponsor")


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


@pytest.fixture
def trial() -> Trial:
    """Two participants at two sites; one value corrected, one form frozen and opened again."""
    trial = new_trial()
    first, second = Person(trial).enroll(), Person(trial, "02").enroll()
    for value, reason in (("132", ""), ("123", "digits swapped")):
        saved = first.save("unscheduled", "laboratory", reason=reason, hemoglobin=value)
        expect(saved)
    vitals = Address("screening", "vital_signs")
    held = {"participant": second.id, "address": vitals, "reason": "clean"}
    expect(second.do(c.FreezeForm(**held), MONITOR))
    expect(second.do(c.UnlockForm(**held), MONITOR))
    expect(second.save("screening", "vital_signs", reason="misread", pulse="75"))
    expect(second.save("screening", "ecg", reason="late", ecg_significant="yes"))
    return trial


@pytest.fixture
def index(trial: Trial, tmp_path: Path) -> TrailIndex:
    index = TrailIndex(tmp_path)
    index.catch_up(trial.ledger)
    return index


def told(trial: Trial, index: TrailIndex, **wanted: object) -> list[tuple[str, str]]:
    """Type of event and who it is about, oldest first."""
    seqs = index.find(TrailFilter(**wanted), most=10_000)  # type: ignore[arg-type]
    assert seqs == sorted(seqs, reverse=True)
    events = {event.seq: event for event in trial.ledger.events()}
    return [(events[seq].type, events[seq].stream[12:]) for seq in reversed(seqs)]


def test_the_index_holds_every_entry_once_however_often_it_is_brought_up_to_date(
    trial: Trial, tmp_path: Path
) -> None:
    index, head = TrailIndex(tmp_path), trial.ledger.head().seq
    assert index.catch_up(trial.ledger, most=7) == 7
    assert index.catch_up(trial.ledger) == head
    assert index.catch_up(trial.ledger) == head
    assert index.find(TrailFilter(), most=head + 1) == list(range(head, 0, -1))
    Person(trial).screen()
    assert TrailIndex(tmp_path).catch_up(trial.ledger) == head + 1


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"item": "hemoglobin", "reason": True}, [("FormSaved", "01-0001")]),
        ({"participant": "02-0001", "types": ("FormHeld",)}, [("FormHeld", "02-0001")] * 2),
        ({"forms": ("vital_signs",), "after_lock": True}, [
            ("FormHeld", "02-0001"), ("FormSaved", "02-0001"),
        ]),
        ({"actor": MONITOR.id}, [("FormHeld", "02-0001")] * 2),
        ({"role": "investigator", "sites": ("02",)}, [
            ("EligibilityAssessed", "02-0001"), ("EligibilitySigned", "02-0001"),
        ]),
        ({"item": "hemo"}, []),
    ],
)  # fmt: skip
def test_entries_are_found_by_what_they_are_about(
    trial: Trial, index: TrailIndex, wanted: dict[str, object], found: list[tuple[str, str]]
) -> None:
    assert told(trial, index, **wanted) == found


def test_entries_are_found_by_time_and_page_by_page(trial: Trial, index: TrailIndex) -> None:
    everything = index.find(TrailFilter(), most=10_000)
    pages, before = [], 0
    while page := index.find(TrailFilter(), before, 25):
        pages += page
        before = page[-1]
    assert pages == everything
    late = (START + timedelta(days=1)).isoformat(timespec="microseconds")
    assert index.find(TrailFilter(after=late)) == []
    assert index.count(TrailFilter(before=late), 10_000) == len(everything)
    assert index.count(TrailFilter(), 10) == 10
    assert index.find(TrailFilter(since=everything[3]), most=10) == everything[:3]
    assert sum(index.counts(TrailFilter()).values()) == len(everything)
    assert COORDINATOR.id in index.actors()
    assert index.actors() == sorted(set(index.actors()))


def test_what_stood_before_a_change_is_found_at_the_same_place_only(
    trial: Trial, index: TrailIndex
) -> None:
    last, first = index.find(TrailFilter(participant="01-0001", item="hemoglobin"), most=2)
    place = "unscheduled/laboratory/1"
    assert list(index.earlier("01-0001", place, last)) == [first]
    assert list(index.earlier("01-0001", place, first)) == []


def test_an_index_of_another_history_or_of_other_code_is_built_anew(
    trial: Trial, index: TrailIndex, tmp_path: Path
) -> None:
    other = new_trial(seed=2)
    assert index.catch_up(other.ledger) == other.ledger.head().seq
    assert index.count(TrailFilter(), 10_000) == other.ledger.head().seq
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE state SET value = '0' WHERE name = 'version'")
        connection.execute("DELETE FROM entry WHERE seq = 3")
    connection.close()
    index.catch_up(other.ledger)
    assert index.count(TrailFilter(), 10_000) == other.ledger.head().seq


def test_nothing_sealed_stands_in_the_index(
    trial: Trial, index: TrailIndex, tmp_path: Path
) -> None:
    person = Person(trial).screen(person_name="Virtual Zzyzx")
    event = c.ReportAdverseEvent(
        participant=person.id, term="quuxitis", grade=1, started_on=person.at.date()
    )
    person.consent()
    expect(person.do(event))
    index.catch_up(trial.ledger)
    stored = b"".join(file.read_bytes() for file in tmp_path.glob(f"{FILE}*"))
    assert b"Zzyzx" not in stored
    assert b"quuxitis" not in stored


# -- the review -----------------------------------------------------------------------------------


def review(trial: Trial, **changes: object) -> object:
    said = {
        "site": "01", "since": START.date(), "until": START.date(), "upto": trial.state.seq,
        "looked_at": "every change after first entry", "conclusion": "in_order", **changes,
    }  # fmt: skip
    return trial.do(c.ReviewTrail(**said), MONITOR, at=START)  # type: ignore[arg-type]


def test_a_review_is_signed_for_what_was_looked_at_and_found(trial: Trial) -> None:
    expect(review(trial))
    expect(review(trial, site="", conclusion="findings", findings="two late entries"))
    one, whole = trial.state.trail_reviews
    assert (one.number, one.site, one.signed_by, one.findings) == (1, "01", MONITOR.id, "")
    assert (whole.site, whole.findings) == ("", "two late entries")
    assert len({one.content_hash, whole.content_hash}) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"site": "99"}, "unknown-site"),
        ({"until": START.date() - timedelta(days=1)}, "period-backwards"),
        ({"until": START.date() + timedelta(days=2)}, "date-in-future"),
        ({"upto": 10**9}, "no-such-position"),
        ({"looked_at": " "}, "nothing-looked-at"),
        ({"conclusion": "findings"}, "findings-missing"),
        ({"findings": "something"}, "findings-though-in-order"),
    ],
)
def test_a_review_that_says_nothing_or_too_much_is_refused(
    trial: Trial, changes: dict[str, object], why: str
) -> None:
    assert codes(review(trial, **changes)) == (why,)


def test_only_who_oversees_reviews(trial: Trial) -> None:
    command = c.ReviewTrail(
        since=START.date(), until=START.date(), upto=1, looked_at="all", conclusion="in_order"
    )
    assert codes(trial.do(command, COORDINATOR, at=START)) == ("not-permitted",)


@pytest.mark.parametrize("path", [SEED_PROTOCOL, SECOND_PROTOCOL], ids=["first", "second"])
def test_both_trials_plan_reviews_and_grant_them(path: Path) -> None:
    protocol = load_protocol(path)
    assert protocol.monitoring.trail_review is not None
    assert {one.role for one in protocol.roles if "ReviewTrail" in one.may} == {
        "monitor", "sponsor",
    }  # fmt: skip


def test_a_review_is_due_at_each_open_site_until_it_is_signed(tmp_path: Path) -> None:
    """Counted from the opening, then from the last review; a review of the whole trial covers all sites."""
    plan = seed_protocol().monitoring.trail_review
    assert plan is not None
    with Home.create(tmp_path / "home", SEED_PROTOCOL) as home:
        trial = open_trial(home.trial())
        due = months_after(START.date(), plan.months)

        def asked(day: object) -> list[tuple[str, bool]]:
            found = outstanding(trial.protocol, trial.state, ["01", "02"], day)  # type: ignore[arg-type]
            return [(one.site, one.late) for one in found if one.kind == "trail_review"]

        early = due - timedelta(days=plan.remind_days)
        assert asked(early - timedelta(days=1)) == []
        assert asked(early) == [("01", False), ("02", False)]
        assert asked(due + timedelta(days=1)) == [("01", True), ("02", True)]
        later = START + timedelta(days=(due - START.date()).days)
        said = {"since": START.date(), "until": later.date(), "upto": trial.state.seq}
        command = c.ReviewTrail(site="01", looked_at="all", conclusion="in_order", **said)
        expect(trial.do(command, MONITOR, at=later))
        assert asked(due + timedelta(days=1)) == [("02", True)]
        whole = c.ReviewTrail(looked_at="all", conclusion="in_order", **said)
        expect(trial.do(whole, SPONSOR, at=later))
        assert asked(due + timedelta(days=1)) == []


def test_a_rehearsal_asks_nobody_for_a_review(trial: Trial) -> None:
    found = outstanding(trial.protocol, trial.state, ["01"], START.date() + timedelta(days=900))
    assert not [one for one in found if one.kind == "trail_review"]
