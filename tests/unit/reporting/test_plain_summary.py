"""The summary for participants: its numbers are the analyses', it says what is uncertain, and what a person must check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from equipoise.analysis import Results, analyze
from equipoise.protocol.document import Protocol
from equipoise.reporting import summary_paper
from equipoise.reporting.paper import Facts, Items, Paper, Paragraph, paper_html
from equipoise.reporting.table import Table
from support.played import rehearsed, second_protocol, small_protocol, small_trial

LANGUAGES = ("en", "zh-Hans")
TRIALS = ("two arms", "three arms")


@cache
def played(name: str) -> tuple[Results, Protocol]:
    if name == "two arms":
        return analyze(small_trial()[0]), small_protocol()
    return analyze(rehearsed(second_protocol())[0]), second_protocol()


def texts(paper: Paper, *names: str) -> Iterator[str]:
    """Every text of the sections (all of them, where none is named), marks for people left out."""
    for _, section in paper.walk():
        if names and section.id not in names:
            continue
        for block in section.blocks:
            if isinstance(block, Paragraph) and block.kind != "to_write":
                yield block.text
            elif isinstance(block, Items):
                yield from block.texts
            elif isinstance(block, Facts):
                yield from (one for pair in block.pairs for one in pair)
            elif isinstance(block, Table):
                yield from (cell for row in block.rows for cell in row.cells)


def with_interval(results: Results, estimate: float, lower: float, upper: float) -> Results:
    """The same results with another primary difference."""
    primary = results.primary
    assert primary is not None
    comparison = primary.comparisons[0]
    changed = replace(
        comparison,
        measure="risk_difference",
        estimate=replace(
            comparison.estimate, estimate=estimate, lower=lower, upper=upper, reason=""
        ),
    )
    rest = tuple(one for one in results.analyses if one is not primary)
    return replace(results, analyses=(replace(primary, comparisons=(changed,)), *rest))


def said(results: Results, language: str = "en") -> str:
    return " ".join(texts(summary_paper(results, small_protocol(), language), "plain-found"))


def numbers_of(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for one in value.values():
            yield from numbers_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from numbers_of(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_is_one_of_the_analyses(name: str, language: str) -> None:
    """Or a sum of counts, a rounding of one of them, or their share in a hundred."""
    results, protocol = played(name)
    found = list(numbers_of(results.to_json()))
    sums = {sum(group.population for group in one.groups) for one in results.analyses}
    for one in results.analyses:
        told = [g.distribution.count if g.distribution else g.analyzed for g in one.groups]
        sums.add(sum(group.population for group in one.groups) - sum(told))
    sums |= {sum(results.deaths.counts), sum(results.deaths.totals), 100}
    allowed = {str(one) for one in sums}
    for value in found:
        for scale in (1, 100):
            allowed |= {f"{abs(scale * value):.{places}f}" for places in range(4)}
    own = [protocol.identity.summary, *(arm.label for arm in protocol.arms)]
    own += [e.label for e in protocol.endpoints] + [e.time_frame for e in protocol.endpoints]
    words = [one.in_language(language) for one in own if one is not None]
    words += [term.label.in_language(language) for term in results.adverse_events.terms]
    shown = " ".join(
        texts(
            summary_paper(results, protocol, language), "plain-found", "plain-further", "plain-harm"
        )
    )
    for one in sorted(words, key=len, reverse=True):
        shown = shown.replace(one, " ")
    seen = re.findall(r"\d+(?:\.\d+)?", shown)
    assert len(seen) > 30
    assert [one for one in seen if one not in allowed] == []


def test_events_are_told_as_so_many_of_so_many_people() -> None:
    results, _ = played("two arms")
    primary = results.primary
    assert primary is not None
    for language in LANGUAGES:
        text = said(results, language)
        for group in primary.groups:
            one, of = str(group.events), str(group.analyzed)
            assert (f"{one} of {of} people" if language == "en" else f"{of} 人中 {one} 人") in text
            assert "in every 100" not in text.split("Compared")[0]


def test_of_twenty_and_more_it_is_told_how_many_in_a_hundred_that_is() -> None:
    results, protocol = played("two arms")
    primary = results.primary
    assert primary is not None
    groups = tuple(replace(group, events=32, analyzed=97) for group in primary.groups)
    rest = tuple(one for one in results.analyses if one is not primary)
    more = replace(results, analyses=(replace(primary, groups=groups), *rest))
    assert said(more).count("32 of 97 people. That is about 33 in every 100.") == 2
    assert protocol.identity.summary is not None


@pytest.mark.parametrize(
    ("lower", "upper", "open_question"),
    [(-0.29, 0.02, True), (-0.29, 0.0, True), (-0.29, -0.02, False), (0.01, 0.3, False)],
)
def test_an_interval_with_no_difference_in_it_leaves_the_question_open(
    lower: float, upper: float, open_question: bool
) -> None:
    results = with_interval(played("two arms")[0], (lower + upper) / 2, lower, upper)
    assert ("does not tell whether there is a difference" in said(results)) is open_question
    assert ("would seldom come about by chance" in said(results)) is not open_question
    assert ("不能判断" in said(results, "zh-Hans")) is open_question


def test_a_limit_close_to_nothing_is_not_rounded_to_no_difference() -> None:
    text = said(with_interval(played("two arms")[0], -0.15, -0.29, -0.002))
    assert "between 29 fewer in 100 and 0.2 fewer in 100" in text


def test_more_and_fewer_follow_the_sign() -> None:
    results = played("two arms")[0]
    assert "16 fewer in every 100" in said(with_interval(results, -0.16, -0.2, -0.1))
    assert "16 more in every 100" in said(with_interval(results, 0.16, 0.1, 0.2))
    assert "为每 100 人中约多" not in said(with_interval(results, -0.16, -0.2, -0.1), "zh-Hans")


@pytest.mark.parametrize("name", TRIALS)
def test_no_sentence_says_what_is_better_and_no_promise_is_made(name: str) -> None:
    results, protocol = played(name)
    found = " ".join(
        texts(summary_paper(results, protocol, "en"), "plain-found", "plain-further", "plain-harm")
    )
    for word in ("better", "worse", "benefit", "effective", "proves", "proven", "safe ", "cure"):
        assert word not in found.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_person_must_check_is_marked_where_it_stands_and_listed(language: str) -> None:
    paper = summary_paper(*played("two arms"), language)
    marks = [
        block.text
        for _, section in paper.walk()
        for block in section.blocks
        if isinstance(block, Paragraph) and block.kind == "to_write"
    ]
    assert len(marks) >= 4
    assert any("Draft" in band or "草稿" in band for band in paper.bands)
    listed = list(texts(paper, "plain-to-do"))
    assert len(listed) >= 5
    assert 'class="write"' in paper_html(paper)


def test_an_unfinished_study_says_that_its_results_may_change() -> None:
    results, protocol = played("two arms")
    arms = tuple(replace(arm, completed=arm.completed - 2, on_study=2) for arm in results.flow.arms)
    early = replace(results, flow=replace(results.flow, arms=arms))
    text = " ".join(texts(summary_paper(early, protocol, "en")))
    assert "4 people are still being followed" in text
    assert "may be told at all" in text
    assert "still being followed" not in " ".join(texts(summary_paper(results, protocol, "en")))


def test_who_is_counted_and_who_is_not_known_are_all_there_are() -> None:
    """The people of the lines and those of whom it is not known add up, endpoint by endpoint."""
    results, protocol = played("two arms")
    fewer = []
    for one in results.analyses:
        first, *others = one.groups
        if first.distribution is not None:
            less = replace(first.distribution, count=first.distribution.count - 2)
            first = replace(first, distribution=less)
        fewer.append(replace(one, groups=(first, *others)))
    paper = summary_paper(replace(results, analyses=tuple(fewer)), protocol, "en")
    (further,) = (one for _, one in paper.walk() if one.id == "plain-further")
    seen = 0
    for block, following in zip(further.blocks, further.blocks[1:], strict=False):
        if isinstance(block, Items) and isinstance(following, Paragraph):
            unknown = re.match(r"For (\d+) of the (\d+) people it is not known", following.text)
            if unknown is None:
                continue
            counted = [re.search(r"\((\d+) people\)", line) for line in block.texts]
            told = sum(int(one[1]) for one in counted if one)
            assert told + int(unknown[1]) == int(unknown[2])
            seen += 1
    assert seen


def test_what_a_model_says_is_said_to_allow_for_differences_at_the_start() -> None:
    """The plain means stand above; the difference of a model need not be theirs."""
    results, protocol = played("three arms")
    primary = results.primary
    assert primary is not None
    assert primary.comparisons[0].measure == "adjusted_mean_difference"
    text = " ".join(texts(summary_paper(results, protocol, "en"), "plain-found"))
    assert text.count("allow for differences between the groups") in (1, 2)
    unadjusted = " ".join(texts(summary_paper(*played("two arms"), "en"), "plain-found"))
    assert "allow for differences" not in unadjusted


def test_three_arms_are_compared_pair_by_pair() -> None:
    results, protocol = played("three arms")
    text = " ".join(texts(summary_paper(results, protocol, "en"), "plain-found"))
    assert text.count("Compared with Placebo") == len(protocol.analyses[0].comparisons) == 2
    assert (
        "did not know who was in which group: participants, the doctors of the study"
        in " ".join(texts(summary_paper(results, protocol, "en")))
    )


def test_dummy_arms_are_said_and_nothing_is_told_of_what_products_did() -> None:
    results, protocol = played("two arms")
    paper = summary_paper(replace(results, dummy_arms=True), protocol, "en")
    assert any("Dummy arms" in band for band in paper.bands)
    assert "might come from what was tested" not in " ".join(texts(paper))


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_short(language: str) -> None:
    """Readable: of our own words, half of the sentences have at most fourteen words."""
    paper = summary_paper(*played("two arms"), language)
    own = [
        one
        for _, section in paper.walk()
        if section.id in ("plain-found", "plain-harm", "plain-meaning")
        for block in section.blocks
        if isinstance(block, Paragraph)
        for one in re.split(r"(?<=[.!?])\s|(?<=[。！？])", block.text)
    ]
    if language == "en":
        lengths = sorted(len(one.split()) for one in own if one)
        assert lengths[len(lengths) // 2] <= 14
        assert lengths[-1] <= 36
    else:
        assert max(map(len, own)) <= 60
