"""Adverse events: deaths, serious events and all others, by term and organ system."""

from __future__ import annotations

from typing import Any

from equipoise.analysis import Results
from equipoise.analysis.safety import OTHER
from equipoise.analysis.safety_results import TermArm, TermRow
from equipoise.protocol.document import Offset, Protocol
from equipoise.quantity.text import Text

from .groups import Groups, words
from .registered import given
from .words import say

GENERAL = Text({"en": "General disorders", "zh-Hans": "全身性疾病"})
"""Where the registry puts what has no organ system of its own (its rule for events of several systems)."""

ORGAN_SYSTEMS = {
    "General disorders and administration site conditions": "General disorders",
    "Product issues": "Product Issues",
}
"""Organ systems that the registry spells otherwise than the dictionary most terms come from."""

THRESHOLD = "0"
"""Percent of participants from which a term that is not serious is listed: every one is."""

ASSESSMENT = "NON_SYSTEMATIC_ASSESSMENT"
"""Events are reported as they come up at visits and between them, not asked for term by term."""


def events_module(results: Results, protocol: Protocol, language: str) -> dict[str, Any]:
    """`adverseEventsModule`. Counted are participants of the safety set, once a term; deaths are of all randomized.

    A participant with a serious and another event of a term counts in both lists, as the registry asks.
    """
    events = results.adverse_events
    arms = [arm.id for arm in results.arms]
    groups = Groups(results, protocol, "EG", language, arms)
    for index, (group, total) in enumerate(zip(groups.listed, events.totals, strict=True)):
        any_event = events.any_event.arms[index]
        group |= {
            "deathsNumAffected": results.deaths.counts[index],
            "deathsNumAtRisk": results.deaths.totals[index],
            "seriousNumAffected": any_event.serious,
            "seriousNumAtRisk": total,
            "otherNumAffected": any_event.other,
            "otherNumAtRisk": total,
        }
    names = [groups.ids[arm] for arm in arms]

    def listed(serious: bool) -> list[dict[str, Any]]:
        found = []
        for term in events.terms:
            counts = [_counted(arm, serious) for arm in term.arms]
            if not any(affected for affected, _ in counts):
                continue
            found.append(
                given(
                    ("term", _term(term, language)),
                    ("organSystem", _organ_system(term, language)),
                    ("sourceVocabulary", term.vocabulary),
                    ("assessmentType", ASSESSMENT),
                    (
                        "stats",
                        [
                            {
                                "groupId": name,
                                "numEvents": count,
                                "numAffected": affected,
                                "numAtRisk": total,
                            }
                            for name, (affected, count), total in zip(
                                names, counts, events.totals, strict=True
                            )
                        ],
                    ),
                )
            )
        return found

    return given(
        ("frequencyThreshold", THRESHOLD),
        ("timeFrame", _time_frame(protocol, language)),
        ("description", _described(results, language)),
        ("allCauseMortalityComment", say("deaths_note", language)),
        ("eventGroups", groups.listed),
        ("seriousEvents", listed(True)),
        ("otherEvents", listed(False)),
    )


def _counted(arm: TermArm, serious: bool) -> tuple[int, int]:
    """Participants affected, and events."""
    return (arm.serious, arm.serious_events) if serious else (arm.other, arm.other_events)


def _uncoded(term: TermRow) -> bool:
    return term.id == OTHER and not term.vocabulary


def _term(term: TermRow, language: str) -> str:
    """The words of a reporter are free text and stay with the trial: what is not coded has no term of its own."""
    return say("other_term", language) if _uncoded(term) else words(term.label, language)


def _organ_system(term: TermRow, language: str) -> str:
    if term.system_organ_class is None or _uncoded(term):
        return words(GENERAL, language)
    name = words(term.system_organ_class, language)
    return ORGAN_SYSTEMS.get(name, name)


def _described(results: Results, language: str) -> str:
    events = results.adverse_events
    parts = [
        say(
            "events_described",
            language,
            label=words(events.population_label, language),
            grading=events.grading,
        )
    ]
    if events.coded:
        parts.append(say("events_coded", language, coded=events.coded, counted=events.counted))
    if any(_uncoded(term) for term in events.terms):
        parts.append(say("events_words", language))
    return (" " if language == "en" else "").join(parts)


def _time_frame(protocol: Protocol, language: str) -> str:
    until = protocol.safety.collect_until
    end = say("events_until", language, until=_day(until, protocol, language)) if until else ""
    return say("events_time", language, until=end)


def _day(offset: Offset, protocol: Protocol, language: str) -> str:
    anchor = next((one for one in protocol.schedule.anchors if one.id == offset.anchor), None)
    name = words(anchor.label, language) if anchor else offset.anchor
    if language == "en" and name[1:2].islower():
        name = name[:1].lower() + name[1:]
    if offset.day == 0:
        return name
    side = say("before" if offset.day < 0 else "after", language)
    key = "one_day" if abs(offset.day) == 1 else "on_day"
    return say(key, language, n=abs(offset.day), side=side, anchor=name)
