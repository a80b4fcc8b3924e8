"""Participant flow: periods, milestones, and why people left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..blocks import Block, Prose, Table
from ..words import coded, label
from .reading import DASH, Remarks, Tree, about_groups, entries, groups_of, mapping, words


def flow_blocks(section: Tree, language: str) -> Iterator[Block]:
    """A table for each period."""
    module = mapping(section, "participantFlowModule")
    groups = groups_of(module)
    details = [words(module, key) for key in ("recruitmentDetails", "preAssignmentDetails")]
    units = words(module, "typeUnitsAnalyzed")
    if units:
        details.append(label("units_analyzed", language).format(units=units))
    if any(details):
        yield Prose(tuple(said for said in details if said))
    for period in entries(module, "periods"):
        remarks = Remarks()
        rows = [
            (
                remarks.mark(coded(words(one, "type"), language), words(one, "comment")),
                *_counts(entries(one, "achievements"), groups, units, remarks),
            )
            for one in entries(period, "milestones")
        ]
        left = [
            (
                remarks.mark(coded(words(one, "type"), language), words(one, "comment")),
                *_counts(entries(one, "reasons"), groups, units, remarks),
            )
            for one in entries(period, "dropWithdraws")
        ]
        if left:
            rows += [(label("reasons", language),), *left]
        if rows:
            yield Table(words(period, "title"), ("", *groups.values()), tuple(rows), remarks.notes)
    yield from about_groups(module, language)


def _counts(
    listed: list[Tree], groups: Mapping[str, str], units: str, remarks: Remarks
) -> Iterator[str]:
    found = {words(one, "groupId"): one for one in listed}
    for group in groups:
        one = found.get(group)
        if one is None:
            yield DASH
            continue
        cell = words(one, "numSubjects") or DASH
        if words(one, "numUnits"):
            cell += f" ({words(one, 'numUnits')} {units})".replace(" )", ")")
        yield remarks.mark(cell, words(one, "comment"))
