"""Baseline characteristics: who took part, by group and in all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from equipoise.analysis import Results
from equipoise.analysis.results import BaselineRow
from equipoise.protocol.document import Protocol
from equipoise.quantity.readable import readable_unit

from .groups import NOT_AVAILABLE, Groups, denominator, figure, words
from .registered import given
from .words import say


def baseline_module(results: Results, protocol: Protocol, language: str) -> dict[str, Any]:
    """`baselineCharacteristicsModule`: a measure for each row of the baseline table, the total last."""
    arms = [arm.id for arm in results.arms]
    groups = Groups(results, protocol, "BG", language, arms)
    names = [*(groups.ids[arm] for arm in arms), groups.total("BG")]
    sizes = [arm.randomized for arm in results.arms]
    sites = {
        factor.id
        for factor in (protocol.randomization.strata if protocol.randomization else ())
        if factor.source == "site"
    }
    measures = []
    for row in results.baseline.rows:
        measures.append(_measure(row, names, language))
        if row.id in sites:
            measures.append(_region(row, protocol, names, language))
    return given(
        ("populationDescription", say("baseline_population", language)),
        ("groups", groups.listed),
        ("denoms", denominator(names, [*sizes, sum(sizes)], language)),
        ("measures", measures),
    )


def _measure(row: BaselineRow, names: Sequence[str], language: str) -> dict[str, Any]:
    label = words(row.label, language)
    kept = given(
        ("populationDescription", _without_value(row, language)),
        ("denoms", denominator(names, row.known, language) if any(row.missing) else None),
    )
    if row.distributions:
        title = say("age", language) if row.id == "age" else label
        return {
            "title": title,
            **given(("description", label if title != label else None)),
            **kept,
            "paramType": "MEAN",
            "dispersionType": "STANDARD_DEVIATION",
            "unitOfMeasure": readable_unit(row.unit, language) or say("score", language),
            "classes": [{"categories": [{"measurements": _spread(row, names, language)}]}],
        }
    levels = {level.id: level for level in row.levels}
    title = label
    if row.id == "sex" and set(levels) == {"female", "male"}:
        title = say("sex", language)
        levels = {name: levels[name] for name in ("female", "male")}
    return {
        "title": title,
        **given(("description", label if title != label else None)),
        **kept,
        "paramType": "COUNT_OF_PARTICIPANTS",
        "unitOfMeasure": say("participants", language),
        "classes": [
            {
                "categories": [
                    {
                        "title": words(level.label, language),
                        "measurements": _counted(level.counts, names),
                    }
                    for level in levels.values()
                ]
            }
        ],
    }


def _counted(counts: Sequence[int], names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"groupId": name, "value": str(count)} for name, count in zip(names, counts, strict=True)
    ]


def _spread(row: BaselineRow, names: Sequence[str], language: str) -> list[dict[str, Any]]:
    found = []
    for name, one in zip(names, row.distributions, strict=True):
        mean, sd = figure(one.mean, row.decimals + 1), figure(one.sd, row.decimals + 2)
        cell = {"groupId": name, "value": mean, "spread": sd}
        if NOT_AVAILABLE in (mean, sd):
            cell["comment"] = say("undefined", language)
        found.append(cell)
    return found


def _without_value(row: BaselineRow, language: str) -> str:
    missing, known = row.missing[-1], row.known[-1]
    return say("without_value", language, n=missing, of=missing + known) if missing else ""


def _region(
    row: BaselineRow, protocol: Protocol, names: Sequence[str], language: str
) -> dict[str, Any]:
    """The registry asks for countries; the sites say which."""
    counts: dict[str, list[int]] = {}
    for level in row.levels:
        site = protocol.site_by_id.get(level.id)
        country = words(site.country, language) if site else words(level.label, language)
        so_far = counts.setdefault(country, [0] * len(names))
        counts[country] = [a + b for a, b in zip(so_far, level.counts, strict=True)]
    return {
        "title": say("region", language),
        "paramType": "COUNT_OF_PARTICIPANTS",
        "unitOfMeasure": say("participants", language),
        "classes": [
            {"title": country, "categories": [{"measurements": _counted(found, names)}]}
            for country, found in counts.items()
        ],
    }
