"""Adverse events: deaths, serious and other events, by organ system and term."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..blocks import Block, Group, Table
from ..words import coded, label
from .reading import DASH, Remarks, Tree, about_groups, entries, groups_of, mapping, words

MANY = 12
"""Terms from which a list is folded away."""


def events_blocks(section: Tree, language: str) -> Iterator[Block]:
    """How many were affected, then every term."""
    module = mapping(section, "adverseEventsModule")
    groups = groups_of(module, "eventGroups")
    if not groups:
        return
    remarks = Remarks()
    rows = []
    for name, key in (("deaths", "deaths"), ("serious", "serious"), ("other_ae", "other")):
        title = label(name, language)
        if key == "deaths":
            title = remarks.mark(title, words(module, "allCauseMortalityComment"))
        cells = (
            _affected(words(one, f"{key}NumAffected"), words(one, f"{key}NumAtRisk"), "", language)
            for one in entries(module, "eventGroups")
        )
        rows.append((title, *cells))
    threshold = words(module, "frequencyThreshold")
    notes = [
        f"{label('time_frame', language)}: {words(module, 'timeFrame')}"
        if words(module, "timeFrame")
        else "",
        words(module, "description"),
        label("threshold", language).format(percent=threshold) if threshold else "",
    ]
    yield Table(
        "",
        ("", *groups.values()),
        tuple(rows),
        (*(note for note in notes if note), *remarks.notes),
    )
    for name, key in (("serious_events", "seriousEvents"), ("other_events", "otherEvents")):
        terms = entries(module, key)
        if terms:
            yield Group(
                f"{label(name, language)} ({len(terms)})",
                (_terms(terms, groups, language),),
                folded=len(terms) > MANY,
            )
    yield from about_groups(module, language, "eventGroups")


def _terms(terms: list[Tree], groups: Mapping[str, str], language: str) -> Table:
    """The terms under their organ systems, in the order of the record."""
    remarks = Remarks()
    usual = Counter(_source(one, language) for one in terms).most_common(1)[0][0]
    by_system: dict[str, list[Tree]] = {}
    for one in terms:
        by_system.setdefault(words(one, "organSystem"), []).append(one)
    rows: list[tuple[str, ...]] = []
    for system, listed in by_system.items():
        if system:
            rows.append((system,))
        for one in listed:
            source = _source(one, language)
            term = words(one, "term")
            if source != usual:
                term += f" ({source or DASH})"
            stats = {words(each, "groupId"): each for each in entries(one, "stats")}
            rows.append(
                (
                    remarks.mark(term, words(one, "notes")),
                    *(_stats(stats.get(group), language) for group in groups),
                )
            )
    notes = ((usual,) if usual else ()) + remarks.notes
    return Table("", ("", *groups.values()), tuple(rows), notes)


def _source(one: Tree, language: str) -> str:
    kind = words(one, "assessmentType")
    parts = [words(one, "sourceVocabulary"), coded(kind, language) if kind else ""]
    return "; ".join(part for part in parts if part)


def _stats(stats: Tree | None, language: str) -> str:
    if stats is None:
        return DASH
    return _affected(
        words(stats, "numAffected"), words(stats, "numAtRisk"), words(stats, "numEvents"), language
    )


def _affected(affected: str, at_risk: str, events: str, language: str) -> str:
    """`3 of 97 (3.1%)`, with the number of events where it is given."""
    if not (affected or at_risk or events):
        return DASH
    said = label("of", language).format(n=affected or DASH, of=at_risk or DASH)
    if affected.isdecimal() and at_risk.isdecimal() and int(at_risk):
        said += f" ({100 * int(affected) / int(at_risk):.1f}%)"
    if events:
        said += f"; {label('events_counted', language).format(n=events)}"
    return said
