"""A site of a live trial opens with its documents on file, and recruits while its ethics approval holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.oversight import (
    approval_until,
    document_lines,
    outstanding,
    site_status,
    versions_in_force,
)
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.values import Actor
from equipoise.home import Home
from equipoise.home.home import ADMINISTRATOR
from equipoise.protocol.document import Monitoring, Protocol
from equipoise.protocol.reading import load_protocol
from equipoise.quantity.dates import months_after
from equipoise.trial import Trial
from support.played import SECOND_PROTOCOL
from support.story import (
    COORDINATOR,
    SEED_PROTOCOL,
    START,
    Person,
    at_site,
    central,
    expect,
    file_documents,
    log_training,
    new_trial,
    open_trial,
    seed_protocol,
)

TODAY = START.date()
SHA = "ab" * 32


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """A live trial of the cast with every site open."""
    with Home.create(tmp_path_factory.mktemp("live") / "home", SEED_PROTOCOL) as home:
        yield open_trial(home.trial())


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


def filed(trial: Trial, actor: Actor = COORDINATOR, **changes: object) -> object:
    said = {
        "document": "investigator_cv", "site": "01", "dated": TODAY, "location": "binder 2", **changes,
    }  # fmt: skip
    return trial.do(c.FileDocument(**said), actor, at=START)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", [SEED_PROTOCOL, SECOND_PROTOCOL], ids=["first", "second"])
def test_a_site_opens_only_with_every_document_its_protocol_asks_for(
    tmp_path: Path, path: Path
) -> None:
    """All that is missing is named at once; a document that has expired is as good as none."""
    with Home.create(tmp_path / "home", path) as home:
        trial = home.trial()
        log_training(trial, ADMINISTRATOR.id)
        site = trial.protocol.identity.sites[0].id
        opening = c.OpenSite(site=site, ethics_approval="E", approved_on=TODAY)
        refused = trial.do(opening, ADMINISTRATOR, at=START)
        needed = [
            one for one in trial.protocol.monitoring.essential_documents if one.before_opening
        ]
        assert codes(refused) == ("document-not-on-file",) * len(needed)
        assert needed[0].label.en in refused.reasons[0].message.en
        assert needed[0].label.in_language("zh-Hans") in refused.reasons[0].message.in_language(
            "zh-Hans"
        )
        file_documents(trial, site)
        later = START + timedelta(days=1600)
        late = c.OpenSite(site=site, ethics_approval="E", approved_on=TODAY)
        expiring = sum(one.expires for one in needed)
        assert codes(trial.do(late, ADMINISTRATOR, at=later)) == ("document-not-on-file",) * (
            expiring
        )
        expect(trial.do(opening, ADMINISTRATOR, at=START))


def test_a_rehearsal_asks_for_no_documents() -> None:
    trial = new_trial()
    assert trial.state.site("01").open
    assert not trial.state.oversight.documents
    assert outstanding(trial.protocol, trial.state, ["01"], TODAY) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"document": "recipe"}, "unknown-document"),
        ({"site": "99"}, "unknown-site"),
        ({"site": "02"}, "not-granted"),
        ({"site": ""}, "not-granted"),
        ({"dated": TODAY + timedelta(days=1)}, "date-in-future"),
        ({"expires_on": TODAY}, "expires-before-dated"),
        ({"document": "gcp_certificate"}, "no-expiry"),
        ({"location": " "}, "no-location"),
        ({"sha256": "ab" * 31}, "not-a-file-hash"),
        ({"about": "somebody"}, "person-without-role"),
    ],
)
def test_a_line_that_says_too_little_or_wrong_is_refused(
    changes: dict[str, object], code: str
) -> None:
    trial = new_trial()
    before = trial.ledger.head().seq
    assert codes(filed(trial, **changes)) == (code,)
    assert trial.ledger.head().seq == before


def test_a_document_of_the_trial_belongs_to_no_site_and_one_of_a_site_to_one() -> None:
    trial, monitor = new_trial(), central("monitor")
    assert codes(filed(trial, monitor, document="insurance", expires_on=date(2030, 1, 1))) == (
        "document-of-the-trial",
    )
    assert codes(filed(trial, monitor, site="")) == ("document-of-a-site",)


def test_the_newest_version_is_in_force_for_each_person_and_a_wrong_line_is_taken_back() -> None:
    trial = new_trial()
    expect(filed(trial, version="1", dated=TODAY - timedelta(days=9), sha256=SHA.upper()))
    expect(filed(trial, version="2"))
    expect(filed(trial, version="old", dated=TODAY - timedelta(days=5)))
    expect(filed(trial, version="cv", about="pharmacist-nanning"))

    def current() -> set[str]:
        return {one.version for one in versions_in_force(trial.state.oversight).values()}

    assert current() == {"2", "cv"}
    assert trial.state.oversight.documents[0].sha256 == SHA
    wrong = c.WithdrawDocument(number=2, reason="of another trial")
    assert codes(trial.do(wrong, at_site("coordinator", "02"), at=START)) == ("no-such-document",)
    assert codes(trial.do(c.WithdrawDocument(number=2, reason=""), COORDINATOR, at=START)) == (
        "no-reason",
    )
    expect(trial.do(wrong, COORDINATOR, at=START))
    assert current() == {"old", "cv"}
    assert codes(trial.do(wrong, COORDINATOR, at=START)) == ("no-such-document",)
    assert len(trial.state.oversight.documents) == 4


def test_what_expires_is_in_the_worklist_as_long_before_as_the_protocol_says() -> None:
    trial = new_trial()
    end = TODAY + timedelta(days=100)
    expect(filed(trial, document="gcp_certificate", expires_on=end))

    def states(day: date) -> list[str]:
        return [
            line.state
            for line in document_lines(trial.protocol, trial.state, ["01"], day)
            if line.required.id == "gcp_certificate"
        ]

    assert states(end - timedelta(days=31)) == ["in_force"]
    assert states(end - timedelta(days=30)) == ["expiring"]
    assert states(end) == ["expiring"]
    assert states(end + timedelta(days=1)) == ["expired"]
    (due,) = outstanding(trial.protocol, trial.state, ["01"], end)
    assert (due.kind, due.due, due.late) == ("document", end, False)
    (late,) = outstanding(trial.protocol, trial.state, ["01"], end + timedelta(days=1))
    assert late.late


def review(
    trial: Trial, decision: str = "approved", actor: Actor = COORDINATOR, **changes: object
) -> object:
    at = changes.pop("at", START)
    said = {"site": "01", "on": TODAY, "reference": "EC 2", **changes}
    command = c.RecordEthicsReview(decision=decision, **said)  # type: ignore[arg-type]
    return trial.do(command, actor, at=at)  # type: ignore[arg-type]


def test_an_approval_that_has_lapsed_stops_recruitment_at_its_site_until_it_is_renewed(
    live: Trial,
) -> None:
    """The protocol's twelve months, less a day; whoever is enrolled goes on."""
    enrolled = Person(live).enroll()
    screened = Person(live).screen()
    last = months_after(TODAY, 12) - timedelta(days=1)
    assert approval_until(live.protocol, live.state, "01") == last
    at = START + (last - TODAY)
    day = timedelta(days=1)
    (soon,) = (
        one for one in outstanding(live.protocol, live.state, ["01"], last) if one.kind == "ethics"
    )
    assert (soon.due, soon.late) == (last, False)
    expect(live.do(c.ScreenParticipant(site="01"), COORDINATOR, at=at))
    refused = live.do(c.ScreenParticipant(site="01"), COORDINATOR, at=at + day)
    assert codes(refused) == ("ethics-approval-lapsed",)
    assert str(last) in refused.reasons[0].message.en
    assert site_status(live.protocol, live.state, "01", last + day) == "suspended"
    version = live.protocol.consents[-1].version
    for signed_on, answer in ((last + day, ("ethics-approval-lapsed",)), (last, None)):
        consent = c.RecordConsent(participant=screened.id, version=version, signed_on=signed_on)
        outcome = live.do(consent, COORDINATOR, at=at + day)
        assert (codes(outcome) if answer else None) == answer
    report = c.ReportAdverseEvent(
        participant=enrolled.id, term="fatigue", grade=1, started_on=last, seriousness=(),
        causality={}, outcome="unknown",
    )  # fmt: skip
    expect(live.do(report, COORDINATOR, at=at + day))
    expect(review(live, "submitted", on=last, at=at + day, reference="annual report"))
    assert codes(live.do(c.ScreenParticipant(site="01"), COORDINATOR, at=at + day)) == (
        "ethics-approval-lapsed",
    )
    expect(review(live, on=last + day, at=at + day, valid_until=last + 90 * day))
    expect(live.do(c.ScreenParticipant(site="01"), COORDINATOR, at=at + 90 * day))
    assert codes(live.do(c.ScreenParticipant(site="01"), COORDINATOR, at=at + 91 * day)) == (
        "ethics-approval-lapsed",
    )


def test_a_committee_that_does_not_approve_ends_its_approval_on_that_day() -> None:
    trial = new_trial()
    expect(review(trial, "not_approved"))
    assert codes(trial.do(c.ScreenParticipant(site="01"), COORDINATOR, at=START)) == (
        "ethics-approval-lapsed",
    )
    expect(trial.do(c.ScreenParticipant(site="02"), at_site("coordinator", "02"), at=START))
    expect(review(trial))
    expect(trial.do(c.ScreenParticipant(site="01"), COORDINATOR, at=START))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"site": "02"}, "not-granted"),
        ({"site": "99"}, "unknown-site"),
        ({"decision": "perhaps"}, "unknown-ethics-decision"),
        ({"on": TODAY + timedelta(days=1)}, "date-in-future"),
        ({"on": TODAY - timedelta(days=1)}, "review-before-approval"),
        ({"reference": ""}, "no-ethics-approval"),
        ({"valid_until": TODAY - timedelta(days=1)}, "approval-ends-early"),
        ({"valid_until": date(2028, 1, 1)}, "approval-too-long"),
        ({"decision": "submitted", "valid_until": TODAY}, "validity-without-approval"),
    ],
)
def test_a_review_that_does_not_fit_is_refused(changes: dict[str, object], code: str) -> None:
    trial = new_trial()
    assert codes(review(trial, **changes)) == (code,)  # type: ignore[arg-type]
    assert not trial.state.oversight.ethics


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
    ],
)
def test_months_are_counted_to_the_same_day_or_the_months_last(day, months, then) -> None:
    assert months_after(day, months) == then


def test_a_protocol_that_asks_for_nothing_keeps_the_version_it_had() -> None:
    """Fields that came later say nothing where they are left out."""
    protocol = seed_protocol()
    plan = protocol.monitoring
    bare = Monitoring(source_verification=plan.source_verification, lock_needs=plan.lock_needs)
    without = Protocol.model_validate(
        {**protocol.model_dump(by_alias=True), "monitoring": bare.model_dump()}
    )
    content = without.model_dump(mode="json", by_alias=True)["monitoring"]
    assert "essential_documents" in content
    assert without.version != protocol.version
    again = Protocol.model_validate(
        {
            **protocol.model_dump(by_alias=True),
            "monitoring": bare.model_dump(exclude_defaults=True),
        }
    )
    assert again.version == without.version
    assert load_protocol(SECOND_PROTOCOL).monitoring.continuing_review is not None
