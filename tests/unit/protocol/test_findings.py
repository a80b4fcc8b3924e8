"""A decision settles the finding whose id or code it names."""

from __future__ import annotations

from equipoise.protocol.checks import Finding, ordered, settle
from equipoise.protocol.document import Decision
from equipoise.quantity.text import Text


def finding(name: str, severity: str = "error", line: int | None = None) -> Finding:
    return Finding(
        name.split("/")[0], name, severity, "items[0]", line, Text("wrong"), Text("mend it")
    )  # type: ignore[arg-type]


def decision(name: str, choice: str = "so") -> Decision:
    return Decision.model_validate(
        {
            "finding": name,
            "choice": choice,
            "reason": "because",
            "by": "Dr. Lin",
            "on": "2026-11",
            "status": "assumed",
        }
    )


def test_a_decision_on_an_id_settles_that_finding_only() -> None:
    start, stop = settle(
        [finding("timing-conflict/start"), finding("timing-conflict/stop")],
        [decision("timing-conflict/start")],
    )
    assert start.settled
    assert not start.blocks
    assert not stop.settled
    assert stop.blocks


def test_a_decision_on_a_code_settles_every_finding_of_it() -> None:
    settled = settle([finding("vague-term/a"), finding("vague-term/b")], [decision("vague-term")])
    assert all(one.settled for one in settled)


def test_a_decision_on_the_id_goes_before_one_on_the_code() -> None:
    (one,) = settle(
        [finding("vague-term/a")],
        [decision("vague-term/a", "the one"), decision("vague-term", "all")],
    )
    assert one.settled_by is not None
    assert one.settled_by.choice.en == "the one"


def test_the_last_of_several_decisions_stands() -> None:
    (one,) = settle([finding("a")], [decision("a", "first"), decision("a", "second")])
    assert one.settled_by is not None
    assert one.settled_by.choice.en == "second"


def test_open_errors_come_first_and_settled_findings_last() -> None:
    found = [
        finding("note", "note", 1),
        finding("error", "error", 9),
        finding("warning", "warning", 2),
        *settle([finding("done", "error", 1)], [decision("done")]),
    ]
    assert [one.id for one in ordered(found)] == ["error", "warning", "note", "done"]
