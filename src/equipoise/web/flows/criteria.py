"""Criteria in words: whether each is met, with which values, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from equipoise.conduct.eligibility import Assessment, CriterionAnswer
from equipoise.protocol.document import Criterion, Protocol
from equipoise.protocol.expression import Datum
from equipoise.quantity.readable import measured


@dataclass(frozen=True, slots=True)
class ShownCriterion:
    """One criterion as the page tells it."""

    number: str
    kind: str
    text: str
    mark: str
    words: str
    used: tuple[str, ...]
    missing: tuple[str, ...]


def name_words(protocol: Protocol, name: str, language: str) -> str:
    """A name of the expression language as a person would say it."""
    if name == "judgement":
        return _("the investigator's judgement")
    for function, words in (
        ("uln(", _("upper limit of normal of %(item)s (site laboratory)")),
        ("lln(", _("lower limit of normal of %(item)s (site laboratory)")),
    ):
        if name.startswith(function) and name.endswith(")"):
            return words % {"item": name_words(protocol, name[4:-1], language)}
    item = protocol.item_by_id.get(name)
    if item is not None:
        return item.label.in_language(language)
    for anchor in protocol.schedule.anchors:
        if anchor.id == name:
            return anchor.label.in_language(language)
    known = {
        "consent": _("day of consent"),
        "screening": _("day of screening"),
        "randomization": _("day of randomization"),
        "today": _("today"),
        "arm": _("arm"),
    }
    return known.get(name, name)


def _value_words(protocol: Protocol, name: str, datum: Datum, language: str) -> str:
    words: str
    item = protocol.item_by_id.get(name)
    if isinstance(datum.value, bool):
        words = _("yes") if datum.value else _("no")
    elif item is not None and item.codelist:
        codes = protocol.codelist_by_id[item.codelist].codes
        words = next(
            (one.label.in_language(language) for one in codes if one.code == datum.value),
            str(datum.value),
        )
    else:
        words = str(datum.value)
    return f"{name_words(protocol, name, language)}: {measured(words, datum.unit, language)}"


def criterion_label(criterion: Criterion) -> str:
    """Kind and number, as the protocol counts."""
    kind = _("Inclusion") if criterion.kind == "inclusion" else _("Exclusion")
    return f"{kind} {criterion.number}" if criterion.number else kind


def shown_criteria(
    protocol: Protocol, answers: Sequence[CriterionAnswer], language: str
) -> list[ShownCriterion]:
    """The criteria for the page: mark, words, values used, what is missing."""
    shown = []
    for answer in answers:
        criterion = answer.criterion
        mark = {True: "good", False: "bad", None: ""}[answer.passes]
        if answer.answer == "unknown":
            words = _("unknown")
        elif criterion.kind == "inclusion":
            words = _("met") if answer.answer == "met" else _("not met")
        else:
            words = _("applies") if answer.answer == "met" else _("does not apply")
        shown.append(
            ShownCriterion(
                criterion_label(criterion),
                criterion.kind,
                criterion.text.in_language(language),
                mark,
                words,
                tuple(
                    _value_words(protocol, name, datum, language)
                    for name, datum in answer.used.items()
                    if datum is not None
                ),
                tuple(name_words(protocol, name, language) for name in answer.missing),
            )
        )
    return shown


def verdict(protocol: Protocol, assessment: Assessment, language: str) -> tuple[str, str]:
    """One sentence about the whole, and its level (good, bad, warn)."""
    if assessment.eligible is True:
        return _("Eligible: every criterion is decided and lets the person in."), "good"
    if assessment.eligible is False:
        against = [
            f"{criterion_label(one.criterion)} ({_short(one.criterion.text.in_language(language))})"
            for one in assessment.criteria
            if one.passes is False
        ]
        return _("Not eligible, because of: %(criteria)s.") % {
            "criteria": "; ".join(against)
        }, "bad"
    names: dict[str, None] = {}
    for one in assessment.criteria:
        if one.passes is None:
            names.update(dict.fromkeys(one.missing))
    first = [name_words(protocol, name, language) for name in list(names)[:_NAMED]]
    further = len(names) - len(first)
    if further:
        # each criterion says what it lacks itself; the answer is not to hide them
        words = _("Cannot be decided yet. Missing: %(what)s and %(n)s more.") % {
            "what": ", ".join(first), "n": further,
        }  # fmt: skip
    else:
        words = _("Cannot be decided yet. Missing: %(what)s.") % {"what": ", ".join(first)}
    return words, "warn"


_NAMED = 5
"""Missing values that the answer names."""


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
