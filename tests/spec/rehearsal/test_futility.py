"""A protocol's bound for futility: the same decision on all roads, and what `simulate` says of it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.analysis.cut import cut
from equipoise.analysis.effects import declared_analyses
from equipoise.cli import main
from equipoise.design.board import outlook
from equipoise.design.interim import looks_taken, monitoring
from equipoise.protocol.document import Protocol
from equipoise.rehearsal import read_assumptions
from equipoise.rehearsal.bulk import Simulator, scenarios, simulate
from equipoise.rehearsal.bulk.operating import FUTILE, Tally, batch_of, compared
from equipoise.rehearsal.options import with_staff
from equipoise.rehearsal.picking import look_at
from equipoise.reporting.documents.board import board, closed_paper
from equipoise.reporting.documents.plan import plan_paper
from equipoise.trial import Trial
from support.played import SEED, rehearsed, small_protocol, smaller, with_futility
from support.story import SEED_PROTOCOL, seed_protocol

RUN = CliRunner()
RULE = {"method": "conditional_power", "below": "0.3"}


@lru_cache(maxsize=2)
def protocol(target: int) -> Protocol:
    """The first trial with so many participants and a bound that is not binding."""
    return with_futility(smaller(seed_protocol(), target), **RULE)


@lru_cache(maxsize=4)
def simulator(target: int, numbers: int = 1) -> Simulator:
    """Faultless staff."""
    assumed = with_staff(read_assumptions(protocol(target)), "faultless")
    return Simulator(protocol(target), assumed, SEED, numbers=numbers)


@lru_cache(maxsize=1)
def futile_trial() -> Trial:
    """Replicate 0 played out: its look falls short."""
    return rehearsed(protocol(16), staff="faultless")[0]


def test_the_version_of_a_protocol_without_the_rule_is_untouched() -> None:
    assert with_futility(small_protocol(), **RULE).version != small_protocol().version
    assert '"futility"' not in json.dumps(
        seed_protocol().model_dump(mode="json", exclude_defaults=True)
    )


def test_the_twin_law_holds_for_the_decision_at_the_look() -> None:
    """Played out and simulated: the same look, which stops for futility, and the same final analyses."""
    simulated = simulator(16).simulate(0)
    (taken,) = looks_taken(futile_trial())
    assert repr(simulated.looks) == repr((taken,))
    assert (taken.stops, taken.futile) == (0, True)
    assert simulated.stopped is not None
    final = {one.id: one for one in declared_analyses(cut(futile_trial()))}
    for analysis in simulated.final:
        assert repr(analysis) == repr(final[analysis.id])
    seen = look_at(simulator(16), 0)
    assert (seen.stopped, seen.rejects, seen.randomized) == ("half_way", False, taken.randomized)


def test_the_rule_is_about_the_power_that_is_left() -> None:
    """Over some replicates: futile exactly where the trend leaves no more than 30 %, and nothing is crossed."""
    some = simulator(16)
    kinds = set()
    for replicate in range(8):
        (taken,) = some.simulate(replicate).looks
        seen = outlook(taken, some.plan, some.protocol)
        assert seen is not None
        assert taken.futile == (seen.trend <= 0.3 and not taken.stops)
        kinds.add(taken.futile)
    assert kinds == {True, False}


@pytest.mark.thorough
def test_the_whole_trial_kernel_decides_as_the_arrays_do() -> None:
    """Crossings, stops, size and duration of twelve replicates with sixty participants."""
    some = simulator(60, 2)
    assert some.whole is not None, some.computed
    mine = some.whole.batch(0, 12)
    other = batch_of([some.simulate(replicate) for replicate in range(12)], some.plan)
    for part in ("crossings", "stopped", "size", "days", "randomized"):
        assert (getattr(mine, part) == getattr(other, part)).all(), part
    assert {0, FUTILE} <= set(mine.crossings[:, 0, 0].tolist())
    assert not (mine.crossings[:, :, -1] == FUTILE).any()


def test_stops_for_futility_and_for_efficacy_are_told_apart() -> None:
    """Counted once more from the replicates of the kernel, heeded and overruled."""
    some = simulator(60, 2)
    assert some.whole is not None
    batch = some.whole.batch(0, 400)
    names = compared(some.analyses)
    tally = Tally(some.protocol, some.plan, names, some.whole.measures, [0.0] * len(names))
    tally.add(batch)
    found = tally.characteristics("assumed", True)
    at_look, at_end = batch.crossings[:, 0, 0], batch.crossings[:, 0, 1]
    early, futile = abs(at_look) == 1, at_look == FUTILE
    assert futile.any()
    assert found.stops_for_futility[0].value == futile.mean()
    assert found.stops_for_efficacy[0].value == early.mean()
    assert found.stops[0].value == (early | futile).mean()
    first = found.analyses[0]
    assert first.futile_at[0].value == futile.mean()
    assert first.rejects.value == (early | (~futile & (abs(at_end) == 1))).mean()
    assert first.rejects_overruled is not None
    assert first.rejects_overruled.value == (early | (abs(at_end) == 1)).mean()
    assert first.rejects_overruled.value > (first.rejects.value or 0)
    assert (found.stops_for_futility[0].error or 0) > 0
    assert ((batch.stopped >= 0) == (early | futile)).all()
    assert found.size.value == pytest.approx(batch.size.mean())


def test_without_the_rule_nothing_is_said_of_futility() -> None:
    plain = smaller(seed_protocol(), 16)
    one = next(one for one in scenarios(plain) if one.name == "assumed")
    found = simulate(plain, one, replicates=4)
    assert (found.stops_for_efficacy, found.stops_for_futility) == ((), ())
    assert all(
        (analysis.futile_at, analysis.rejects_overruled) == ((), None)
        for analysis in found.analyses
    )


# -- what people are told ------------------------------------------------------------------------


def test_the_board_sees_the_bound_and_the_advice_beside_conditional_power() -> None:
    found = board(futile_trial(), closed=True)
    assert found.plan is not None
    bound = found.plan.looks[0].futility
    for language, words in (("en", "board may overrule"), ("zh-Hans", "委员会可不采纳")):
        tables = {table.id: table for table in closed_paper(found, language).tables()}
        (row,) = tables["conditional-power"].rows
        assert float(row.cells[-2]) == pytest.approx(bound, abs=5e-3)
        assert words in row.cells[-1]
        assert float(tables["plan-looks"].rows[0].cells[-1]) == pytest.approx(bound, abs=5e-4)
        assert tables["plan-looks"].rows[-1].cells[-1] == "–"
        short = [row.cells[-1] for row in tables["looks-taken"].rows]
        assert (
            short[0]
            == {"en": "short of the bound for futility", "zh-Hans": "未达到无效性界值"}[language]
        )


@pytest.mark.parametrize(
    ("rule", "english", "chinese"),
    [
        (RULE, "conditional power, if the trend seen goes on, is 30% or less", "条件把握度不超过 30%"),
        ({"method": "predictive_power", "below": "0.1"}, "predictive power is 10% or less", "预测把握度不超过 10%"),
        ({"method": "beta_spending", "spending": "pocock"}, "type II error (Pocock spending)", "II 类错误消耗(Pocock"),
        ({**RULE, "effect": "design"}, "under the effect of the sample size, is 30% or less", "样本量所设效应"),
    ],
)  # fmt: skip
def test_the_analysis_plan_names_the_rule(rule: dict[str, str], english: str, chinese: str) -> None:
    found = with_futility(seed_protocol(), **rule)
    for language, said, binds in (
        ("en", english, "These bounds are not binding"),
        ("zh-Hans", chinese, "不具约束力"),
    ):
        text = repr(plan_paper(found, language))
        assert said in text
        assert binds in text


def changed(tmp_path: Path, rule: str, **texts: str) -> Path:
    """The first trial's file with a rule for futility, and other texts replaced."""
    text = SEED_PROTOCOL.read_text(encoding="utf-8")
    replaced = {
        "spending: obrien_fleming}": f"spending: obrien_fleming, futility: {rule}}}",
        **texts,
    }
    for old, new in replaced.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    made = tmp_path / "protocol.yaml"
    made.write_text(text, encoding="utf-8")
    return made


ONE_SIDED = {"    alpha: 0.05\n    sided: 2\n": "    alpha: 0.025\n    sided: 1\n"}


def test_the_design_command_tells_the_bound_and_what_it_costs(tmp_path: Path) -> None:
    path = changed(tmp_path, "{method: beta_spending, binding: true}", **ONE_SIDED)
    told = RUN.invoke(main, ["design", str(path), "--format", "json"])
    assert told.exit_code == 0, told.output
    one = json.loads(told.output)["comparison"]
    look, end = one["looks"]
    assert one["binding"]
    assert look["futility"] < look["critical"]
    # heeding a binding bound lowers the critical value at the end; the level is spent all the same
    assert end["critical"] < 1.968596
    assert end["spent"] == pytest.approx(0.025, abs=1e-9)
    assert end["futility"] is None
    assert one["power"] < one["power_overruled"]
    assert look["futile_if_effect"] < 0.2 < look["futile_if_none"]
    assert one["expected_fraction_if_none"] < one["expected_fraction_if_effect"]
    read = RUN.invoke(main, ["design", str(path)])
    for words in ("futility z (binding)", "power, futility overruled", "stops without effect"):
        assert words in read.output


def test_the_simulation_prints_both_reasons_to_stop(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        "{method: conditional_power, below: 0.2}",
        **{"    target: 200\n": "    target: 16\n"},
    )
    told = RUN.invoke(main, ["simulate", str(path), "--replicates", "4", "--scenario", "null"])
    assert told.exit_code == 0, told.output
    for words in (
        "for efficacy at half_way", "for futility at half_way", "futile at half_way", "futility overruled",
        "the type I error that counts is that with futility overruled",
    ):  # fmt: skip
        assert words in told.output
    standard = RUN.invoke(main, ["simulate", str(path), "--standard", "--replicates", "2000"])
    assert standard.exit_code == 0, standard.output
    assert "at look 1, futile" in standard.output
    assert "the sample size's own trial, futility overruled" in standard.output


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("{method: conditional_power, below: 0.9999}", "give a bound below the one for efficacy"),
        ("{method: beta_spending, binding: true}", "two-sided design"),
    ],
)
def test_a_rule_that_leaves_nothing_is_refused_in_one_line(
    tmp_path: Path, rule: str, named: str
) -> None:
    path = changed(tmp_path, rule)
    for command in ("design", "simulate"):
        told = RUN.invoke(main, [command, str(path)])
        assert told.exit_code == 2
        assert named in told.output
        assert told.output.count("\n") == 1


def test_one_sided_designs_know_one_direction() -> None:
    """Their looks stop for efficacy only where the treatment does better, and for futility where it does not."""
    size = smaller(seed_protocol(), 60).design.sample_size
    assert size is not None
    design = smaller(seed_protocol(), 60).design.model_copy(
        update={
            "sample_size": size.model_copy(
                update={"sided": 1, "alpha": size.alpha and size.alpha / 2}
            )
        }
    )
    plain = smaller(seed_protocol(), 60).model_copy(update={"design": design})
    found = monitoring(with_futility(plain, method="beta_spending", binding=True))
    assert found.binding
    assert found.critical < monitoring(plain).critical
