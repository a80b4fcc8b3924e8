"""Baseline characteristics and outcome measures: classes and categories by group, and what was made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..blocks import Block, Group, Prose, Table
from ..words import coded, label
from .reading import (
    DASH,
    Remarks,
    Tree,
    about_groups,
    by_group,
    entries,
    groups_of,
    mapping,
    words,
    yes_no,
)

Rows = list[tuple[str, ...]]


def baseline_blocks(section: Tree, language: str) -> Iterator[Block]:
    """One table: a heading for each characteristic, its categories under it."""
    module = mapping(section, "baselineCharacteristicsModule")
    groups = groups_of(module)
    prose = [words(module, "populationDescription")]
    if words(module, "typeUnitsAnalyzed"):
        prose.append(
            label("units_analyzed", language).format(units=words(module, "typeUnitsAnalyzed"))
        )
    if any(prose):
        yield Prose(tuple(said for said in prose if said))
    remarks = Remarks()
    rows: Rows = _denominators(module, groups, language)
    for measure in entries(module, "measures"):
        title = f"{words(measure, 'title')} ({_units(measure, language)})"
        for said in _remarks_on(measure, language):
            title = remarks.mark(title, said)
        rows.append((title,))
        rows += _denominators(measure, groups, language)
        rows += measure_rows(measure, groups, module, remarks, language)
    if rows:
        yield Table("", ("", *groups.values()), tuple(rows), remarks.notes)
    yield from about_groups(module, language)


def _remarks_on(measure: Tree, language: str) -> Iterator[str]:
    for key in ("description", "populationDescription"):
        if words(measure, key):
            yield words(measure, key)
    if words(measure, "denomUnitsSelected"):
        yield label("units_analyzed", language).format(units=words(measure, "denomUnitsSelected"))
    percent = yes_no(measure, "calculatePct", language)
    if percent:
        yield f"{label('percentages', language)}: {percent}"


def _units(measure: Tree, language: str) -> str:
    kinds = [
        coded(words(measure, key), language) if words(measure, key) else ""
        for key in ("paramType", "dispersionType")
    ]
    kinds.append(words(measure, "unitOfMeasure"))
    return "; ".join(kind for kind in kinds if kind) or DASH


def _denominators(tree: Tree, groups: Mapping[str, str], language: str) -> Rows:
    analyzed = label("number_analyzed", language)
    return [
        (
            analyzed.format(units=words(one, "units") or DASH),
            *by_group(entries(one, "counts"), groups, "value"),
        )
        for one in entries(tree, "denoms")
    ]


def _of(*trees: Tree) -> dict[str, int]:
    """The denominators by group: the innermost that are given."""
    found: dict[str, int] = {}
    for tree in trees:
        for one in entries(tree, "denoms")[:1]:
            for count in entries(one, "counts"):
                value = words(count, "value")
                if value.isdecimal():
                    found[words(count, "groupId")] = int(value)
    return found


def measure_rows(
    measure: Tree, groups: Mapping[str, str], module: Tree, remarks: Remarks, language: str
) -> Iterator[tuple[str, ...]]:
    """A row for each category of each class; a class with a denominator of its own says it first."""
    counted = words(measure, "paramType") == "COUNT_OF_PARTICIPANTS"
    for one in entries(measure, "classes"):
        title = words(one, "title")
        own = _denominators(one, groups, language)
        categories = entries(one, "categories")
        inside = bool(title) and (len(categories) > 1 or bool(own))
        for units, *counts in own:
            yield (f"{title} · {units}" if title else units, *counts)
        of = _of(module, measure, one) if counted else {}
        for category in categories:
            parts = [title, words(category, "title")]
            if inside and not parts[1]:
                parts[1] = words(measure, "unitOfMeasure")
            cells = {
                words(cell, "groupId"): _cell(cell, of, remarks)
                for cell in entries(category, "measurements")
            }
            yield (
                " · ".join(part for part in parts if part) or _what(measure, language),
                *(cells.get(group) or DASH for group in groups),
            )


def _what(measure: Tree, language: str) -> str:
    """What a row without a name of its own holds: the count of participants, the mean in days."""
    kind = coded(words(measure, "paramType"), language) if words(measure, "paramType") else ""
    unit = words(measure, "unitOfMeasure")
    if words(measure, "paramType") == "COUNT_OF_PARTICIPANTS":
        return kind
    return ", ".join(part for part in (kind, unit) if part)


def _cell(cell: Tree, of: Mapping[str, int], remarks: Remarks) -> str:
    said = words(cell, "value") or DASH
    spread = words(cell, "spread")
    low, high = words(cell, "lowerLimit"), words(cell, "upperLimit")
    total = of.get(words(cell, "groupId"), 0)
    if spread:
        said += f" ({spread})"
    elif low or high:
        said += f" ({low or DASH} – {high or DASH})"
    elif total and said.isdecimal():
        said += f" ({100 * int(said) / total:.1f}%)"
    return remarks.mark(said, words(cell, "comment"))


# -- outcome measures ----------------------------------------------------------------------------


def outcome_blocks(section: Tree, language: str) -> Iterator[Block]:
    """A group for each measure; all but the primary ones are folded."""
    module = mapping(section, "outcomeMeasuresModule")
    for measure in entries(module, "outcomeMeasures"):
        kind = coded(words(measure, "type"), language)
        yield Group(
            f"{kind}: {words(measure, 'title')}",
            tuple(_outcome(measure, language)),
            folded=words(measure, "type") != "PRIMARY",
        )


def _outcome(measure: Tree, language: str) -> Iterator[Block]:
    groups = groups_of(measure)
    if words(measure, "description"):
        yield Prose((words(measure, "description"),))
    remarks = Remarks()
    rows = _denominators(measure, groups, language) + list(
        measure_rows(measure, groups, {}, remarks, language)
    )
    notes = [_units(measure, language)] if rows else []
    if words(measure, "populationDescription"):
        notes.append(words(measure, "populationDescription"))
    for key, name in (
        ("typeUnitsAnalyzed", "units_analyzed"),
        ("denomUnitsSelected", "units_analyzed"),
    ):
        if words(measure, key):
            notes.append(label(name, language).format(units=words(measure, key)))
    percent = yes_no(measure, "calculatePct", language)
    if percent:
        notes.append(f"{label('percentages', language)}: {percent}")
    standing = coded(words(measure, "reportingStatus"), language)
    if words(measure, "reportingStatus"):
        expected = words(measure, "anticipatedPostingDate")
        notes.append(f"{standing} {expected}".strip())
    notes += remarks.notes
    frame = words(measure, "timeFrame")
    yield Table(
        f"{label('time_frame', language)}: {frame}" if frame else "",
        ("", *groups.values()),
        tuple(rows),
        tuple(notes),
    )
    if entries(measure, "analyses"):
        yield _analyses(entries(measure, "analyses"), groups, language)
    yield from about_groups(measure, language)


def _analyses(analyses: list[Tree], groups: Mapping[str, str], language: str) -> Table:
    """The analyses one a row; what needs sentences stands under the table."""
    remarks = Remarks()
    rows = []
    for one in analyses:
        ids = one.get("groupIds")
        compared = (
            [groups.get(str(name), str(name)) for name in ids] if isinstance(ids, list) else []
        )
        first = " / ".join(compared) or label("analysis", language)
        for key in _SENTENCES:
            first = remarks.mark(first, words(one, key))
        rows.append(
            (
                first,
                _estimate(one, language) or DASH,
                _interval(one, language, remarks),
                remarks.mark(words(one, "pValue") or DASH, words(one, "pValueComment")),
                _method(one, language, remarks),
            )
        )
    head = (
        label("analysis", language),
        label("estimate", language),
        label("interval", language),
        "p",
        label("method", language),
    )
    return Table(label("analyses", language), head, tuple(rows), remarks.notes)


_SENTENCES = ("groupDescription", "estimateComment", "otherAnalysisDescription")


def _estimate(one: Tree, language: str) -> str:
    said = " ".join(part for part in (words(one, "paramType"), words(one, "paramValue")) if part)
    spread = " ".join(
        part
        for part in (
            coded(words(one, "dispersionType"), language) if words(one, "dispersionType") else "",
            words(one, "dispersionValue"),
        )
        if part
    )
    return f"{said} ({spread})" if spread else said


def _interval(one: Tree, language: str, remarks: Remarks) -> str:
    low, high = words(one, "ciLowerLimit"), words(one, "ciUpperLimit")
    sides = coded(words(one, "ciNumSides"), language) if words(one, "ciNumSides") else ""
    percent = words(one, "ciPctValue")
    kind = ", ".join(part for part in (f"{percent}%" if percent else "", sides) if part)
    limits = f"{low or DASH} – {high or DASH}" if low or high else ""
    said = f"{limits} ({kind})" if limits and kind else limits or kind or DASH
    comments = (words(one, key) for key in ("ciLowerLimitComment", "ciUpperLimitComment"))
    for comment in dict.fromkeys(comments):
        said = remarks.mark(said, comment)
    return said


def _method(one: Tree, language: str, remarks: Remarks) -> str:
    said = remarks.mark(words(one, "statisticalMethod") or DASH, words(one, "statisticalComment"))
    kind = words(one, "nonInferiorityType")
    if kind:
        said += f" · {remarks.mark(coded(kind, language), words(one, 'nonInferiorityComment'))}"
    tested = yes_no(one, "testedNonInferiority", language)
    if tested:
        said += f" · {label('non_inferiority_tested', language)}: {tested}"
    return said
