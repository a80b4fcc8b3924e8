"""Results as a public registry holds them, as tables a person can read.

Source: ClinicalTrials.gov API version 2, `resultsSection`: participantFlowModule,
baselineCharacteristicsModule, outcomeMeasuresModule, adverseEventsModule, moreInfoModule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from equipoise.protocol.record.facts import plain

from .blocks import Block, Fact, Facts, Group, Prose, Table
from .words import coded, label


def registered_results(section: Mapping[str, Any], language: str) -> Iterator[Block]:
    """The results of a registry record as blocks; parts that are not there are left out."""
    for name, write in (
        ("flow", _flow),
        ("baseline", _baseline),
        ("outcomes", _outcomes),
        ("adverse", _adverse),
        ("more", _more),
    ):
        blocks = tuple(write(section, language))
        if blocks:
            yield Group(label(name, language), blocks, folded=name in ("baseline", "more"))


def _mapping(tree: Any, key: str) -> Mapping[str, Any]:
    value = tree.get(key) if isinstance(tree, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _entries(tree: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed = tree.get(key)
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return []
    return [entry for entry in listed if isinstance(entry, Mapping)]


def _words(tree: Mapping[str, Any], key: str) -> str:
    value = tree.get(key)
    return "" if value is None or isinstance(value, Mapping | list) else plain(str(value))


def _groups(tree: Mapping[str, Any], key: str = "groups") -> dict[str, str]:
    return {_words(one, "id"): _words(one, "title") for one in _entries(tree, key)}


def _by_group(
    entries: list[Mapping[str, Any]], groups: Mapping[str, str], key: str
) -> tuple[str, ...]:
    values = {_words(one, "groupId"): _words(one, key) for one in entries}
    return tuple(values.get(group) or "–" for group in groups)


def _flow(section: Mapping[str, Any], language: str) -> Iterator[Block]:
    module = _mapping(section, "participantFlowModule")
    groups = _groups(module)
    details = [_words(module, key) for key in ("recruitmentDetails", "preAssignmentDetails")]
    if any(details):
        yield Prose(tuple(words for words in details if words))
    for period in _entries(module, "periods"):
        rows = [
            (
                coded(_words(one, "type"), language),
                *_by_group(_entries(one, "achievements"), groups, "numSubjects"),
            )
            for one in _entries(period, "milestones")
        ]
        rows += [
            (
                f"– {_words(one, 'type')}",
                *_by_group(_entries(one, "reasons"), groups, "numSubjects"),
            )
            for one in _entries(period, "dropWithdraws")
        ]
        if rows:
            yield Table(_words(period, "title"), ("", *groups.values()), tuple(rows))


def _measure_rows(
    measure: Mapping[str, Any], groups: Mapping[str, str]
) -> Iterator[tuple[str, ...]]:
    for one in _entries(measure, "classes"):
        for category in _entries(one, "categories"):
            name = " · ".join(
                words for words in (_words(one, "title"), _words(category, "title")) if words
            )
            values = {}
            for measurement in _entries(category, "measurements"):
                words = _words(measurement, "value")
                spread = _words(measurement, "spread")
                low, high = _words(measurement, "lowerLimit"), _words(measurement, "upperLimit")
                if spread:
                    words += f" ({spread})"
                elif low or high:
                    words += f" ({low} – {high})"
                values[_words(measurement, "groupId")] = words
            yield (
                name or _words(measure, "unitOfMeasure"),
                *(values.get(group) or "–" for group in groups),
            )


def _units(measure: Mapping[str, Any]) -> str:
    kinds = [
        _words(measure, "paramType").replace("_", " ").capitalize(),
        _words(measure, "dispersionType").replace("_", " "),
        _words(measure, "unitOfMeasure"),
    ]
    return " · ".join(kind for kind in kinds if kind)


def _denominators(tree: Mapping[str, Any], groups: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [
        (
            _words(one, "units"),
            *_by_group(_entries(one, "counts"), groups, "value"),
        )
        for one in _entries(tree, "denoms")
    ]


def _baseline(section: Mapping[str, Any], language: str) -> Iterator[Block]:
    module = _mapping(section, "baselineCharacteristicsModule")
    groups = _groups(module)
    people = _denominators(module, groups)
    if people:
        yield Table("", ("", *groups.values()), tuple(people))
    for measure in _entries(module, "measures"):
        yield Table(
            _words(measure, "title"),
            ("", *groups.values()),
            tuple(_measure_rows(measure, groups)),
            (_units(measure),),
        )


def _outcomes(section: Mapping[str, Any], language: str) -> Iterator[Block]:
    module = _mapping(section, "outcomeMeasuresModule")
    for measure in _entries(module, "outcomeMeasures"):
        groups = _groups(measure)
        kind = coded(_words(measure, "type"), language)
        blocks: list[Block] = []
        if _words(measure, "description"):
            blocks.append(Prose((_words(measure, "description"),)))
        notes = [_units(measure), _words(measure, "populationDescription")]
        blocks.append(
            Table(
                _words(measure, "timeFrame"),
                ("", *groups.values()),
                (*_denominators(measure, groups), *_measure_rows(measure, groups)),
                tuple(note for note in notes if note),
            )
        )
        for analysis in _entries(measure, "analyses"):
            facts = tuple(
                Fact(name, words)
                for name, words in (
                    (label("analysis", language), _words(analysis, "statisticalMethod")),
                    ("p", _words(analysis, "pValue")),
                    (
                        _words(analysis, "paramType") or label("measure", language),
                        _words(analysis, "paramValue"),
                    ),
                    (
                        f"{_words(analysis, 'ciPctValue') or '95'} % CI",
                        " – ".join(
                            limit
                            for limit in (
                                _words(analysis, "ciLowerLimit"),
                                _words(analysis, "ciUpperLimit"),
                            )
                            if limit
                        ),
                    ),
                )
                if words
            )
            if facts:
                blocks.append(Facts(facts))
        yield Group(
            f"{kind}: {_words(measure, 'title')}",
            tuple(blocks),
            folded=_words(measure, "type") != "PRIMARY",
        )


def _adverse(section: Mapping[str, Any], language: str) -> Iterator[Block]:
    module = _mapping(section, "adverseEventsModule")
    groups = _groups(module, "eventGroups")
    if not groups:
        return
    rows = []
    for name, key in (
        ("deaths", "deaths"),
        ("serious", "serious"),
        ("other_ae", "other"),
    ):
        cells = [
            label("of", language).format(
                n=_words(group, f"{key}NumAffected"), of=_words(group, f"{key}NumAtRisk") or "–"
            )
            if _words(group, f"{key}NumAffected")
            else "–"
            for group in _entries(module, "eventGroups")
        ]
        rows.append((label(name, language), *cells))
    details = tuple(
        words for words in (_words(module, "timeFrame"), _words(module, "description")) if words
    )
    yield Table("", ("", *groups.values()), tuple(rows), details)
    for name, key in (("serious_events", "seriousEvents"), ("other_events", "otherEvents")):
        terms = []
        for event in _entries(module, key):
            stats = {_words(one, "groupId"): one for one in _entries(event, "stats")}
            cells = [
                label("of", language).format(
                    n=_words(stats[group], "numAffected") or "–",
                    of=_words(stats[group], "numAtRisk") or "–",
                )
                if group in stats
                else "–"
                for group in groups
            ]
            organ = _words(event, "organSystem")
            terms.append((_words(event, "term") + (f" ({organ})" if organ else ""), *cells))
        if terms:
            title = label(name, language)
            yield Group(
                f"{title} ({len(terms)})",
                (Table("", ("", *groups.values()), tuple(terms)),),
                folded=len(terms) > 8,
            )


def _more(section: Mapping[str, Any], language: str) -> Iterator[Block]:
    module = _mapping(section, "moreInfoModule")
    caveat = _words(_mapping(module, "limitationsAndCaveats"), "description")
    if caveat:
        yield Prose((caveat,))
    contact = _mapping(module, "pointOfContact")
    facts = tuple(
        Fact(label(name, language), _words(contact, key))
        for name, key in (
            ("name", "title"),
            ("affiliation", "organization"),
            ("phone", "phone"),
            ("email", "email"),
        )
        if _words(contact, key)
    )
    if facts:
        yield Facts(facts)
