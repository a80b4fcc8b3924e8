"""Describing groups: distributions, and the baseline table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from equipoise.protocol.document import Item, StratumFactor
from equipoise.quantity.text import Text

from .cut import DataCut, Subject, numeric_codes
from .results import Baseline, BaselineLevel, BaselineRow, Distribution

YES = Text({"en": "Yes", "zh-Hans": "是"})
NO = Text({"en": "No", "zh-Hans": "否"})
_DESCRIBED = frozenset({"integer", "decimal", "boolean", "code"})
_FIRST = ("age", "sex")
"""Items that open every baseline table where the protocol has them."""


def distribution(values: Iterable[float]) -> Distribution:
    """Count, mean, standard deviation (n − 1), quartiles and extremes of some numbers."""
    array = np.fromiter(values, dtype=np.float64)
    if array.size == 0:
        return Distribution(0, *(math.nan,) * 7)
    sd = float(array.std(ddof=1)) if array.size > 1 else math.nan
    quartiles = np.percentile(array, [0, 25, 50, 75, 100])
    low, q1, median, q3, high = (float(one) for one in quartiles)
    return Distribution(array.size, float(array.mean()), sd, low, q1, median, q3, high)


def baseline_table(data: DataCut) -> Baseline:
    """Stratum factors as used, age and sex, then every coded or numeric item asked before randomization.

    Items come in the order of the forms. An item that is the same in everyone (mostly because the
    criteria demand it) is named apart; one that nobody has is left out, once there is
    somebody who could: a table of nobody has every row.
    """
    groups = [[s for s in data.randomized if s.arm == arm] for arm in data.arms]
    groups.append(list(data.randomized))
    factors = data.protocol.randomization.strata if data.protocol.randomization else []
    rows = [_factor_row(data, factor, groups) for factor in factors]
    conditional = _conditional(data)
    covered = {factor.item for factor in factors if factor.item}
    constant: list[Text] = []
    for item in _baseline_items(data):
        if item.id in covered:
            continue
        seen = {s.baseline[item.id] for s in data.randomized if item.id in s.baseline}
        if not seen and data.randomized:
            continue
        everyone = all(item.id in s.baseline for s in data.randomized)
        if len(seen) == 1 and everyone and len(data.randomized) > 1:
            constant.append(item.label)
        else:
            coded = item.type in ("boolean", "code")
            row = _coded_row(data, item, groups) if coded else _numeric_row(item, groups)
            rows.append(replace(row, conditional=item.id in conditional))
    return Baseline(tuple(rows), tuple(constant))


def _conditional(data: DataCut) -> frozenset[str]:
    """The items that every form asks under a condition only."""
    entries = [entry for form in data.protocol.forms for entry in form.items]
    always = {entry.item for entry in entries if entry.only_when is None}
    return frozenset(entry.item for entry in entries) - always


def _baseline_items(data: DataCut) -> list[Item]:
    protocol = data.protocol
    forms = [
        form
        for visit in protocol.schedule.visits
        if visit.phase in ("screening", "baseline")
        for form in visit.forms
    ]
    asked = [entry.item for form in forms for entry in protocol.form_by_id[form].items]
    derived = [item.id for item in protocol.items if item.derived is not None]
    order = dict.fromkeys([*_FIRST, *asked, *derived])
    items = [protocol.item_by_id[name] for name in order if name in protocol.item_by_id]
    return [item for item in items if item.type in _DESCRIBED]


def _known(groups: Sequence[Sequence[Subject]], item: str) -> tuple[int, ...]:
    return tuple(sum(1 for s in group if item in s.baseline) for group in groups)


def _missing(groups: Sequence[Sequence[Subject]], known: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(len(group) - count for group, count in zip(groups, known, strict=True))


def _factor_row(
    data: DataCut, factor: StratumFactor, groups: Sequence[Sequence[Subject]]
) -> BaselineRow:
    levels = tuple(
        BaselineLevel(
            level,
            level_label(data, factor, level),
            tuple(sum(1 for s in group if s.strata.get(factor.id) == level) for group in groups),
        )
        for level in factor.levels
    )
    known = tuple(sum(column) for column in zip(*(level.counts for level in levels), strict=True))
    return BaselineRow(
        factor.id,
        factor_label(data, factor),
        None,
        0,
        levels,
        (),
        known or (0,) * len(groups),
        _missing(groups, known),
    )


def factor_label(data: DataCut, factor: StratumFactor) -> Text:
    """What a stratum factor is called: its item, or the site."""
    item = data.protocol.item_by_id.get(factor.item or "")
    return item.label if item else Text({"en": "Site", "zh-Hans": "研究中心"})


def level_label(data: DataCut, factor: StratumFactor, level: str) -> Text:
    """What a level of a stratum factor is called."""
    if level in factor.labels:
        return factor.labels[level]
    if factor.source == "site":
        site = data.protocol.site_by_id.get(level)
        return site.city if site else Text(level)
    return code_label(data, data.protocol.item_by_id.get(factor.item or ""), level)


def code_label(data: DataCut, item: Item | None, code: str) -> Text:
    """The words for a code of an item's list, or for yes and no."""
    if item is not None and item.type == "boolean":
        return YES if code == "true" else NO
    codelist = data.protocol.codelist_by_id.get((item.codelist if item else None) or "")
    for entry in codelist.codes if codelist else []:
        if entry.code == code:
            return entry.label
    return Text(code)


def _coded_row(data: DataCut, item: Item, groups: Sequence[Sequence[Subject]]) -> BaselineRow:
    codelist = data.protocol.codelist_by_id.get(item.codelist or "")
    codes = [entry.code for entry in codelist.codes] if codelist else ["true"]
    as_number = numeric_codes(data.protocol, item)

    def holds(subject: Subject, code: str) -> bool:
        value = subject.baseline.get(item.id)
        if item.type == "boolean":
            return value == 1.0
        return value == (float(code) if as_number else code)

    levels = tuple(
        BaselineLevel(
            code,
            code_label(data, item, code),
            tuple(sum(1 for s in group if holds(s, code)) for group in groups),
        )
        for code in codes
    )
    known = _known(groups, item.id)
    return BaselineRow(item.id, item.label, None, 0, levels, (), known, _missing(groups, known))


def _numeric_row(item: Item, groups: Sequence[Sequence[Subject]]) -> BaselineRow:
    described = tuple(
        distribution(value for s in group if isinstance(value := s.baseline.get(item.id), float))
        for group in groups
    )
    known = tuple(one.count for one in described)
    return BaselineRow(
        item.id,
        item.label,
        item.unit,
        item.decimals or 0,
        (),
        described,
        known,
        _missing(groups, known),
    )
