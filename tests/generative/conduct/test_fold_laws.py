"""Laws of conduct: whatever is done in whatever order, states and tables are folds of the ledger."""

from __future__ import annotations

import os
from contextlib import nullcontext
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.conduct import commands as c
from equipoise.conduct.state import ParticipantState, fold_in
from equipoise.conduct.values import Address
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.memory import MemoryStore
from equipoise.trial import TABLES, Done, Trial
from equipoise.trial.projecting import Projector, View, sealed_arm, stamp_of
from support.story import MONITOR, RT_START, Person, new_trial, screening_values

EXAMPLES = 200 if os.environ.get("EQUIPOISE_DEEP") else 25

MOUTH = {
    "who_grade": "2", "rtog_grade": "2", "ctcae_om_grade": "2", "omas_ulceration": "3",
    "omas_erythema": "4", "photo_taken": "yes",
}  # fmt: skip
LABS = screening_values()["laboratory"]


def _screen(p: Person, n: int):
    return p.do(c.ScreenParticipant(site=p.site, identity={"person_name": f"Virtual {n}"}))


ACTIONS = {
    "consent": lambda p, n: p.do(
        c.RecordConsent(
            participant=p.id,
            version=p.trial.protocol.consents[-1].version,
            signed_on=p.at.date(),
            given=n % 7 != 0,
        )
    ),
    "screening form": lambda p, n: p.save(
        "screening",
        sorted(screening_values())[n % 8],
        reason="again" if n % 2 else "",
        **screening_values(hemoglobin=str(85 + n))[sorted(screening_values())[n % 8]],
    ),
    "assess": lambda p, n: p.assess(),
    "sign": lambda p, n: p.do(c.SignEligibility(participant=p.id), p.investigator),
    "randomize": lambda p, n: p.do(c.Randomize(participant=p.id)),
    "fail": lambda p, n: p.do(c.FailScreening(participant=p.id, reason="late")),
    "mouth": lambda p, n: p.save(
        ("baseline", "w1", "w2", "w3", "unscheduled")[n % 5],
        "mucositis_assessment",
        reason="seen again" if n % 3 else "",
        **{**MOUTH, "who_grade": str(n % 5)},
    ),
    "labs": lambda p, n: p.save(
        "w1", "laboratory", reason="typing" if n % 2 else "", **{**LABS, "anc": str(n)}
    ),
    "start": lambda p, n: p.save(
        "w1",
        "radiotherapy_start",
        reason="as the machine says",
        rt_first_date=str(RT_START + timedelta(days=n % 6)),
    ),
    "stratum": lambda p, n: p.save(
        "screening", "medical_history", reason="chart", concurrent_chemo="no" if n % 2 else "yes"
    ),
    "verify": lambda p, n: p.do(
        c.VerifySource(
            participant=p.id,
            address=Address("screening", "laboratory") if n % 2 else Address("w1", "laboratory"),
            based_on=1 + n % 2,
        ),
        MONITOR,
    ),
    "hold": lambda p, n: p.do(
        (c.FreezeForm, c.UnlockForm, c.LockForm)[n % 3](
            participant=p.id, address=Address("screening", "laboratory"), reason="clean"
        ),
        MONITOR,
    ),
    "diary": lambda p, n: p.do(
        c.RecordDiaryDay(
            participant=p.id,
            diary="spray_diary",
            day=RT_START + timedelta(days=n % 9 - 8),
            values={"dose_breakfast": "yes", "dose_lunch": "no", "dose_dinner": "yes"},
        )
    ),
    "event": lambda p, n: p.do(
        c.ReportAdverseEvent(
            participant=p.id,
            term="fatigue",
            grade=1 + n % 4,
            started_on=p.at.date(),
            seriousness=("hospitalization",) if n % 3 == 0 else (),
        )
    ),
    "worse": lambda p, n: p.do(
        c.UpdateAdverseEvent(
            participant=p.id, number=1, grade=3, seriousness=("life_threatening",), reason="worse"
        )
    ),
    "ask": lambda p, n: p.do(
        c.RaiseQuery(
            participant=p.id,
            address=Address("w1", "mucositis_assessment"),
            item="who_grade",
            text="sure?",
        ),
        MONITOR,
    ),
    "answer": lambda p, n: p.do(c.AnswerQuery(participant=p.id, query=1, text="yes")),
    "close": lambda p, n: p.do(c.CloseQuery(participant=p.id, query=1 + n % 2), MONITOR),
    "miss": lambda p, n: p.do(
        c.MissVisit(participant=p.id, visit=("w1", "w2", "w3")[n % 3], reason="fever")
    ),
    "move": lambda p, n: p.do(
        c.MoveValues(
            participant=p.id,
            address=Address("w1", "mucositis_assessment"),
            to_participant=f"01-{n % 3 + 1:04d}",
            reason="wrong chart",
        )
    ),
    "withdraw": lambda p, n: p.do(
        c.Withdraw(
            participant=p.id,
            scope=("treatment", "follow_up", "data_use")[n % 3],
            reason="own wish",
            on=p.at.date(),
        )
    ),
    "transfer": lambda p, n: p.do(
        c.TransferParticipant(participant=p.id, to_site="02", reason="moves")
    ),
    "complete": lambda p, n: p.do(c.CompleteParticipant(participant=p.id, on=p.at.date())),
}

steps = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(sorted(ACTIONS)), st.integers(0, 40), st.integers(0, 3)
    ),
    max_size=60,
)


def live(script, grouped=nullcontext):
    """Two people well on their way and one at the door, then whatever the script says.

    The first person's steps end a group, so that a batch holds several people's steps.
    """
    trial = new_trial()
    people = [Person(trial).enroll(), Person(trial).enroll(), Person(trial).screen()]
    for person in people:
        person.wait_until(RT_START - timedelta(days=7))
    for group in _groups(script):
        with grouped(trial):
            for who, action, n, days in group:
                person = people[who]
                person.wait(days)
                head = trial.ledger.head()
                outcome = ACTIONS[action](person, n)
                if not isinstance(outcome, Done):
                    assert trial.ledger.head() == head, f"{action} was refused and yet wrote"
                    assert outcome.reasons
                elif n == 13:
                    # whoever reads in the middle of a batch sees all that has happened
                    rows = trial.ledger.rows("participant", where={"id": person.id})
                    assert rows[0]["version"] == trial.participant(person.id).version
    return trial


def _groups(script):
    group = []
    for step in script:
        group.append(step)
        if step[0] == 0:
            yield group
            group = []
    yield group


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
@given(steps)
def test_states_and_tables_equal_a_fold_of_the_ledger_from_zero(script):
    trial = live(script)
    shadow = Ledger(MemoryStore(TABLES), trial="shadow")
    projector = Projector(shadow, trial.protocol_at)
    views: dict[str, View] = {}
    folded: dict[str, ParticipantState] = {}
    for event, happening in trial.events():
        with shadow.write() as writing:
            for change in projector.fold(writing, [event], [happening], views.get):
                view = projector.put(writing, change)
                # without what was projected last: every row is made anew after every event
                views[view.state.id] = View(view.state, view.allocation)
        if event.stream.startswith("participant/"):
            number = event.stream.partition("/")[2]
            state = folded.setdefault(number, ParticipantState(number, trial.protocol))
            fold_in(state, happening, stamp_of(event), event.site)
            if event.type == "ParticipantRandomized":
                assert sealed_arm(event)
    for number, state in folded.items():
        assert trial.participant(number) == state
    for table in TABLES:
        kept = [row for row in trial.ledger.rows(table.name, order=table.key) if _counts(row)]
        anew = [row for row in shadow.rows(table.name, order=table.key) if _counts(row)]
        assert kept == anew, table.name
    assert trial.ledger.verify().ok


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
@given(steps)
def test_what_is_done_in_batches_leaves_the_same_ledger_and_tables(script):
    """A batch puts each participant's rows once, for all that was done to them in it."""
    one_by_one, batched = live(script), live(script, grouped=Trial.batch)
    assert batched.ledger.root() == one_by_one.ledger.root()
    for table in TABLES:
        single, grouped = (
            [row for row in trial.ledger.rows(table.name, order=table.key) if _counts(row)]
            for trial in (one_by_one, batched)
        )
        assert grouped == single, table.name


def _counts(row) -> bool:
    """A tally that fell back to zero says the same as no tally."""
    return row.get("n") != 0


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
@given(steps)
def test_a_trial_opened_anew_knows_what_the_running_one_knows(script):
    trial = live(script)
    again = type(trial)(
        trial.ledger, trial.protocol, trial.keeper, trial.codec._sealer, trial.clock
    )
    assert again.state == trial.state
    for number in trial.participant_ids():
        assert again.participant(number) == trial.participant(number)
