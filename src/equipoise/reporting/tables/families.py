"""Analyses tested together at one level, with their adjusted p-values."""

from __future__ import annotations

from equipoise.analysis import Results
from equipoise.analysis.results import Family

from ..format import number, p_value
from ..table import Column, Row, Table
from ..words import after, say, text_of
from .people import arm_labels


def family_table(results: Results, family: Family, language: str) -> Table:
    """A row for each hypothesis in the order tested or declared."""
    labels = arm_labels(results, language)
    several = len(results.arms) > 2
    rows = []
    for one in family.hypotheses:
        title = text_of(one.label, language)
        if several:
            pair = say(
                "against", language, treatment=labels[one.treatment], control=labels[one.control]
            )
            title = after(title, pair, language)
        decided = say("hypothesis_rejected" if one.rejected else "hypothesis_kept", language)
        rows.append(Row((title, p_value(one.p), p_value(one.adjusted), decided)))
    title = say("family", language)
    if family.label is not None:
        title = after(title, text_of(family.label, language), language)
    procedure = say(f"procedure_{family.procedure}", language)
    return Table(
        f"family-{family.id}",
        title,
        (
            Column(say("analysis", language)),
            Column(say("p_value", language), numeric=True),
            Column(say("p_adjusted", language), numeric=True),
            Column(say("family_decision", language)),
        ),
        tuple(rows),
        (say("family_note", language, procedure=procedure, alpha=number(family.alpha, 3)),),
    )
