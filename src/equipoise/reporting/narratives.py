"""Narratives of serious adverse events, drafted from the data: sentences made from fields, and no others.

A draft tells what was captured, in order; what the fields do not say, it does not say.
"""

from __future__ import annotations

from equipoise.analysis import Results
from equipoise.analysis.safety_results import SeriousEvent, Surroundings
from equipoise.conduct.sealed import GONE

from .words import after, known_or, say, text_of


def narrative(results: Results, event: SeriousEvent, language: str) -> tuple[str, ...]:
    """The sentences of one event's narrative."""
    around = event.facts
    said: list[str] = []
    if around is not None:
        said.append(_person(results, event, around, language))
        said += _doses(around, language)
    said.append(_event(event, around, language))
    if event.seriousness:
        criteria = _listed([known_or(one, language) for one in event.seriousness], language)
        said.append(say("n_serious", language, criteria=criteria))
    if around is not None:
        said.append(_alongside(around, language))
        said += _causes(event, around, language)
    if event.action:
        action = known_or(f"action_{event.action}", language)
        said.append(say("n_action", language, action=action.removeprefix("action ")))
    outcome = known_or(event.outcome, language)
    if event.ended_on is not None:
        days = (event.ended_on - event.started_on).days + 1
        said.append(
            say("n_outcome_ended", language, outcome=outcome, day=event.ended_on, days=days)
        )
    else:
        said.append(say("n_outcome_open", language, outcome=outcome))
    if around is not None:
        said += [
            say(key, language, day=day)
            for key, day in (
                ("n_left_treatment", around.left_treatment_on),
                ("n_left_follow_up", around.left_follow_up_on),
                ("n_died", around.died_on),
            )
            if day is not None
        ]
    return tuple(said)


def event_term(event: SeriousEvent, language: str) -> str:
    """The event's term, with the reporter's words where it is in no list."""
    term = text_of(event.label, language)
    words = say("redacted", language) if event.words in GONE else event.words
    return after(term, words, language) if words else term


def _listed(words: list[str], language: str) -> str:
    return (", " if language == "en" else "、").join(words)


def _person(results: Results, event: SeriousEvent, around: Surroundings, language: str) -> str:
    arm = next(text_of(one.label, language) for one in results.arms if one.id == event.arm)
    sex = text_of(around.sex, language) if around.sex is not None else ""
    if language == "en":
        sex = sex[:1].lower() + sex[1:]
    age = f"{around.age:g}" if around.age is not None else ""
    who = ""
    if sex or age:
        key = "n_who" if sex and age else "n_who_sex" if sex else "n_who_age"
        who = say(key, language, sex=sex, age=age)
    site = say("n_site", language, site=text_of(around.site, language)) if around.site else ""
    if language != "en":
        arm = arm.removesuffix("组")
    return say(
        "n_person", language, participant=event.participant, site=site, who=who, arm=arm,
        day=around.randomized_on,
    )  # fmt: skip


def _doses(around: Surroundings, language: str) -> list[str]:
    return [
        say(
            "n_doses" if one.taken else "n_no_dose", language, product=text_of(one.label, language),
            taken=one.taken, recorded=one.recorded, first=one.first_on, last=one.last_on,
        )
        for one in around.doses
        if one.recorded
    ]  # fmt: skip


def _event(event: SeriousEvent, around: Surroundings | None, language: str) -> str:
    scale = say("n_scale", language, scale=event.scale) if event.scale else ""
    randomized = around.randomized_on if around is not None else None
    number = (event.started_on - randomized).days if randomized is not None else 0
    key = "n_event" if number >= 0 else "n_event_before"
    return say(
        key, language, day=event.started_on, number=number + 1 if number >= 0 else -number,
        term=event_term(event, language), grade=event.grade, scale=scale,
    )  # fmt: skip


def _alongside(around: Surroundings, language: str) -> str:
    if not around.alongside:
        return say("n_alone", language)
    listed = [
        say(
            "n_other",
            language,
            term=text_of(one.label, language),
            grade=one.grade,
            day=one.started_on,
        )
        for one in around.alongside
    ]
    return say("n_alongside", language, events=("; " if language == "en" else "；").join(listed))


def _causes(event: SeriousEvent, around: Surroundings, language: str) -> list[str]:
    if around.hidden:
        return []
    if not event.causality:
        return [say("n_not_judged", language)]
    return [
        say(
            "n_cause", language, product=text_of(around.products[name], language),
            answer=known_or(answer, language),
        )
        for name, answer in event.causality.items()
    ]  # fmt: skip
