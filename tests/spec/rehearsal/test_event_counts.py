"""Each type of event happens as often as the schedule asks of those randomized, less what they miss.

Counted a second time by `support.expected_events`, which knows the protocol and the arrays only.
"""

from __future__ import annotations

from collections import Counter

import pytest

from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal import Replicate
from equipoise.trial import Trial
from support.expected_events import Expected
from support.played import SECOND_PROTOCOL, assuming, person_of, rehearsed, smaller, whole_trial
from support.story import seed_protocol

MISTAKES = (
    "typing_error", "wrong_stratum", "wrong_participant", "source_verification", "deviation", "transfer",
)  # fmt: skip
QUERIES = ("QueryRaised", "QueryAnswered", "QueryClosed")
"""They follow from the values written down: an edit check may ask about a true one."""
PERHAPS_LATER = ("VisitsScheduled", "EligibilityAssessed", "EligibilitySigned", "DeviationLogged")
"""What a correction, or a moved form, may bring once more."""


def writing_no_mistakes(protocol: Protocol) -> Protocol:
    """Visits are missed, visits and reports are late as assumed; what is written down is right."""
    staff = {key: value for key, value in protocol.assumptions.staff.items() if key not in MISTAKES}
    return assuming(protocol, staff=staff)


def asked_of(trial: Trial, replicate: Replicate) -> dict[str, Counter[str]]:
    """What is asked for, by participant randomized."""
    found = {}
    for state in trial.participants():
        if state.randomized_on is None:
            continue
        person = person_of(trial, state.id)
        assert person is not None
        assert state.arm is not None
        assert state.screened_on is not None
        days = (state.randomized_on.toordinal(), state.screened_on.toordinal())
        found[state.id] = Expected(replicate, person, state.arm, *days).counts()
    return found


def happened_to(trial: Trial, participants: set[str]) -> dict[str, Counter[str]]:
    """What the ledger holds in each participant's stream. A form saved again counts as `Corrected`."""
    found: dict[str, Counter[str]] = {participant: Counter() for participant in participants}
    for event in trial.ledger.events():
        kind, _, name = event.stream.partition("/")
        if kind == "participant" and name in participants:
            found[name][event.type] += 1
            again = event.type == "FormSaved" and event.payload["save"] > 1
            found[name]["Corrected"] += again
    return found


@pytest.mark.parametrize("which", ["first", "second"])
def test_where_nothing_is_written_wrongly_every_count_is_the_schedule_s(which: str) -> None:
    """Participant by participant, every type of event; both trials, by the same rules."""
    protocol = seed_protocol() if which == "first" else load_protocol(SECOND_PROTOCOL)
    trial, replicate, _ = rehearsed(writing_no_mistakes(smaller(protocol, 60)))
    asked = asked_of(trial, replicate)
    happened = happened_to(trial, set(asked))
    assert len(asked) == 60
    for participant, counts in happened.items():
        queries = [counts.pop(kind, 0) for kind in QUERIES]
        del counts["Corrected"]
        assert +counts == asked[participant], participant
        assert queries[0] == queries[1] == queries[2]
    total = sum(asked.values(), Counter[str]())
    assert {
        "FormSaved", "VisitMissed", "DiaryDayRecorded", "AdverseEventReported", "AdverseEventUpdated",
        "SafetyClockStarted", "SafetyReportSubmitted", "SupplyDispensed", "SupplyReturned",
        "ParticipantWithdrawn", "ParticipantCompleted", "DeviationLogged",
    } <= total.keys()  # fmt: skip
    planned = {a.planned for a in protocol.schedule.anchors if a.planned}
    assert (total["VisitsScheduled"] > 60) is bool(planned)


@pytest.mark.parametrize("which", ["first", "second"])
def test_the_trial_itself_is_set_up_once(which: str) -> None:
    """Creation, commitment, one grant a person and site, one opening and its ranges a site, one end."""
    protocol = smaller(seed_protocol() if which == "first" else load_protocol(SECOND_PROTOCOL), 9)
    trial, replicate, _ = rehearsed(protocol)
    happened = Counter(
        event.type for event in trial.ledger.events() if not event.stream.startswith("participant/")
    )
    sites = len(protocol.identity.sites)
    wide = {"administrator", "sponsor", "monitor", "statistician", "dsmb"}
    roles = {grant.role for grant in protocol.roles} - {"participant"}
    laboratory = replicate.assumptions.laboratory
    ranges = sum(
        len(entries)
        for site in protocol.identity.sites
        for entries in {
            **laboratory.ranges,
            **(laboratory.sites[site.id].ranges if site.id in laboratory.sites else {}),
        }.values()
    )
    assert happened == Counter(
        TrialCreated=1,
        RandomizationCommitted=1,
        RoleGranted=len(roles & wide) + sites * len(roles - wide),
        LaboratoryRangeSet=ranges,
        SiteOpened=sites,
        RecruitmentClosed=1,
    )


@pytest.mark.xdist_group("whole-rehearsal")
def test_counts_of_the_two_hundred_are_the_schedule_s_and_the_mistakes_on_top() -> None:
    """The demonstration: staff mistype, so forms are saved again, and a few are moved where they belong."""
    trial, replicate, _ = whole_trial()
    asked = asked_of(trial, replicate)
    happened = happened_to(trial, set(asked))
    assert len(asked) == 200
    want, have = (sum(counts.values(), Counter[str]()) for counts in (asked, happened))
    moved = have["ValuesMovedIn"]
    assert moved == have["ValuesMovedAway"] > 0
    corrected_plans = want["VisitsScheduled"] - 200
    first_saves = have["FormSaved"] - have["Corrected"]
    assert first_saves == want["FormSaved"] - corrected_plans
    assert have["Corrected"] > corrected_plans
    for kind in PERHAPS_LATER:
        assert have[kind] >= want[kind], kind
    # what is moved is saved by the right hand and signed by nobody until somebody looks at it again
    assert want["FormSigned"] - moved <= have["FormSigned"] <= want["FormSigned"]
    for kind in want.keys() - {"FormSaved", "FormSigned", *PERHAPS_LATER}:
        assert have[kind] == want[kind], kind
    for participant in asked:
        for kind in (
            "VisitMissed",
            "DiaryDayRecorded",
            "AdverseEventReported",
            "ParticipantCompleted",
        ):
            assert happened[participant][kind] == asked[participant][kind], (participant, kind)
