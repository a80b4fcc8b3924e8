"""The analysis plan is the protocol's own, signed before anybody sees results, and held beside what was run."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from equipoise.analysis import Results, analyze_cut
from equipoise.analysis.cut import cut_events
from equipoise.analysis.planning import PlanStanding, departures, signed_plan
from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.protocol.analysis_plan import plan_hash
from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import load_protocol
from equipoise.reporting import paper_files, plan_paper, study_paper
from equipoise.reporting.documents.shells import shell_tables
from equipoise.reporting.paper import Paragraph
from equipoise.trial import Trial
from support.made_up_trial import made_up_events, protocol
from support.played import SECOND_PROTOCOL
from support.story import START, central, expect, new_trial, seed_protocol

STATISTICIAN, SPONSOR = central("statistician"), central("sponsor")
LANGUAGES = ("en", "zh-Hans")


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


def sign(trial: Trial, plan: str = "", actor: Any = STATISTICIAN) -> object:
    command = c.SignAnalysisPlan(plan_hash=plan or plan_hash(trial.protocol))
    return trial.do(command, actor, at=START)


@cache
def results() -> Results:
    return analyze_cut(cut_events(protocol(), made_up_events(3, 120), on=date(2027, 6, 1)))


def changed(**parts: Any) -> Protocol:
    made = protocol().model_copy(update=parts)
    made.__dict__.pop("version", None)
    return made


def standing(plan: Protocol) -> PlanStanding:
    return PlanStanding(1, "lin", "2026-01-05T08:00:00+00:00", plan_hash(plan), plan)


# -- the signature -------------------------------------------------------------------------------


def test_the_statistician_signs_the_plan_that_was_read_once() -> None:
    trial = new_trial()
    assert codes(sign(trial, "0" * 64)) == ("another-plan",)
    assert codes(sign(trial, actor=SPONSOR)) == ("not-permitted",)
    assert signed_plan(trial) is None
    expect(sign(trial))
    (plan,) = trial.state.analysis_plans
    assert (plan.plan_hash, plan.signed_by) == (plan_hash(trial.protocol), STATISTICIAN.id)
    assert codes(sign(trial)) == ("plan-already-signed",)
    found = signed_plan(trial)
    assert found is not None
    assert (found.number, found.signed_by, found.protocol) == (1, STATISTICIAN.id, trial.protocol)
    assert signed_plan(trial, upto=trial.ledger.head().seq - 1) is None


def test_no_plan_is_signed_once_results_can_be_seen() -> None:
    trial = new_trial()
    expect(trial.do(c.CloseRecruitment(reason="full"), SPONSOR, at=START))
    expect(trial.do(c.ReleaseResults(), SPONSOR, at=START))
    assert codes(sign(trial)) == ("plan-after-unblinding",)


def test_only_the_statistician_may_sign_in_either_protocol() -> None:
    for document in (seed_protocol(), load_protocol(SECOND_PROTOCOL)):
        may = {one.role for one in document.roles if "SignAnalysisPlan" in one.may}
        assert may == {"statistician"}
    assert c.SignAnalysisPlan.binds


def test_the_hash_is_that_of_what_the_plan_rests_on() -> None:
    """An analysis changes it, a visit's window does not."""
    visits = protocol().schedule.visits
    wider = visits[0].model_copy(update={"after": visits[0].after + 1})
    schedule = protocol().schedule.model_copy(update={"visits": [wider, *visits[1:]]})
    other = changed(schedule=schedule)
    assert other.version != protocol().version
    assert plan_hash(other) == plan_hash(protocol())
    fewer = changed(analyses=protocol().analyses[:-1])
    assert plan_hash(fewer) != plan_hash(protocol())


# -- the plan beside what was run ----------------------------------------------------------------


def test_what_was_run_as_planned_departs_in_nothing() -> None:
    assert departures(protocol(), protocol(), results()) == ()


def test_every_departure_is_named_with_both_values() -> None:
    first, second, *rest = protocol().analyses
    stricter = first.model_copy(update={"confidence": Decimal("0.9")})
    plan = changed(analyses=[stricter, *rest])
    found = {(one.kind, one.what, one.id, one.field, one.run) for one in departures(plan, protocol(), results())}  # fmt: skip
    assert ("added", "analyses", second.id, "", "") in found
    assert {one[0] for one in found if one[2] == first.id} == {"changed"}
    assert any(one[3] == "confidence" for one in found)
    gone = replace(results(), analyses=results().analyses[1:])
    (left,) = departures(protocol(), protocol(), gone)
    assert (left.kind, left.what, left.id) == ("left_out", "analyses", first.id)


def test_a_changed_endpoint_is_a_departure_though_the_analysis_reads_the_same() -> None:
    one, *rest = protocol().endpoints
    harder = one.variable.model_copy(update={"at_least": Decimal(4)})
    plan = changed(endpoints=[one.model_copy(update={"variable": harder}), *rest])
    (found,) = departures(plan, protocol(), results())
    assert (found.kind, found.what, found.field) == ("changed", "endpoints", "variable.at_least")
    assert (found.planned, found.run) == ("4", str(one.variable.at_least))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_says_how_it_departs_from_the_signed_plan(language: str) -> None:
    def said(plan: PlanStanding | None) -> tuple[str, list[str]]:
        paper = study_paper(results(), protocol(), language, plan)
        (section,) = (one for _, one in paper.walk() if one.number == "9.8")
        text = next(one.text for one in section.blocks if isinstance(one, Paragraph))
        return text, [table.id for table in paper.tables() if table in section.blocks]

    unsigned = said(None)
    assert unsigned[1] == []
    held = said(standing(protocol()))
    assert "lin" in held[0]
    assert held[1] == []
    departed = said(standing(changed(analyses=protocol().analyses[:-1])))
    assert departed[1] == ["plan-against-run"]
    assert len({unsigned[0], held[0], departed[0]}) == 3


# -- the document --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plan_shows_every_table_of_the_report_and_no_number(language: str) -> None:
    for document in (protocol(), load_protocol(SECOND_PROTOCOL)):
        shells = {table.id: table for table in shell_tables(document, language)}
        assert {"shell-flow", "shell-baseline", "shell-analyses", "shell-adverse-events"} <= set(shells)  # fmt: skip
        assert {f"shell-analysis-{one.id}" for one in document.analyses} <= set(shells)
        for table in shells.values():
            for row in table.rows:
                for column, cell in list(zip(table.columns, row.cells, strict=True))[1:]:
                    assert not column.numeric or not re.search(r"\d", cell), (table.id, cell)
            assert not any(re.search(r"n = \d", f"{one.text} {one.group}") for one in table.columns)
        terms = [row.cells[0] for row in shells["shell-adverse-events"].rows]
        assert {one.term.in_language(language) for one in document.safety.terms} <= set(terms)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plan_says_whether_it_is_signed_and_is_the_same_bytes(language: str) -> None:
    unsigned = plan_paper(protocol(), language)
    assert len(unsigned.bands) == 1
    signed = plan_paper(protocol(), language, standing(protocol()))
    assert signed.bands == ()
    assert "lin" in dict(signed.facts.pairs).values().__str__()
    another = plan_paper(protocol(), language, standing(changed(analyses=protocol().analyses[:-1])))
    assert another.bands == unsigned.bands
    assert plan_hash(protocol()) in str(unsigned.facts)
    first = dict(paper_files([unsigned]))
    assert first == dict(paper_files([plan_paper(protocol(), language)]))
    assert len(first) == 3
