"""What the checks share: the protocol under examination, and how a finding is written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from equipoise.protocol.document import Condition, Item, Protocol
from equipoise.protocol.document.occurrences import ConditionExclusion
from equipoise.protocol.expression import (
    Compiled,
    ExpressionError,
    Scope,
    compile_in_scope,
    scope_of,
)
from equipoise.protocol.reading import Places
from equipoise.quantity.closest import closest
from equipoise.quantity.text import Text

from .collection import Collection
from .finding import Finding, Severity


@dataclass(frozen=True, slots=True)
class PlacedExpression:
    """An expression of the document: its place, its text, and what it serves.

    `owner` names its part stably (`criterion platelets`). A `condition` must be true or false; a
    derived item gives `item`.
    """

    place: str
    owner: str
    text: str
    use: str
    form: str | None = None
    item: Item | None = None

    @property
    def condition(self) -> bool:
        """Whether it must be true or false."""
        return self.item is None


@dataclass
class Examination:
    """One protocol with the findings made so far.

    `lost` holds ids that stand in parts of the file that could not be read: a reference to one of
    them is no finding.
    """

    protocol: Protocol
    places: Places | None = None
    lost: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)

    @cached_property
    def scope(self) -> Scope:
        """The names an expression may use."""
        return scope_of(self.protocol)

    @cached_property
    def collection(self) -> Collection:
        """Where each item is collected."""
        return Collection.of(self.protocol, self.compiled_derived)

    @cached_property
    def compiled_derived(self) -> dict[str, Compiled]:
        """Derived items by id, those without a fault."""
        compiled = {}
        for item in self.protocol.items:
            if item.derived is not None:
                try:
                    compiled[item.id] = compile_in_scope(item.derived, self.scope)
                except ExpressionError:
                    continue
        return compiled

    @cached_property
    def expressions(self) -> list[PlacedExpression]:
        """Every expression of the document."""
        return list(_expressions(self.protocol))

    @cached_property
    def compiled(self) -> dict[str, Compiled]:
        """The expressions without a fault, by place."""
        sound = {}
        for expression in self.expressions:
            try:
                sound[expression.place] = compile_in_scope(
                    expression.text, self.scope, condition=expression.condition
                )
            except ExpressionError:
                continue
        return sound

    def add(
        self,
        severity: Severity,
        code: str,
        qualifier: str,
        place: str,
        message: tuple[str, str],
        remedy: tuple[str, str],
    ) -> None:
        """Write a finding down; texts are given in English and Simplified Chinese."""
        self.findings.append(
            Finding(
                code,
                f"{code}/{qualifier}" if qualifier else code,
                severity,
                place,
                self.places.line(place) if self.places is not None else None,
                Text({"en": message[0], "zh-Hans": message[1]}),
                Text({"en": remedy[0], "zh-Hans": remedy[1]}),
            )
        )

    def error(
        self,
        code: str,
        qualifier: str,
        place: str,
        message: tuple[str, str],
        remedy: tuple[str, str],
    ) -> None:
        """Write down an error: the trial cannot run as written."""
        self.add("error", code, qualifier, place, message, remedy)

    def warning(
        self,
        code: str,
        qualifier: str,
        place: str,
        message: tuple[str, str],
        remedy: tuple[str, str],
    ) -> None:
        """Write down a warning: it can run, and probably not as meant."""
        self.add("warning", code, qualifier, place, message, remedy)

    def note(
        self,
        code: str,
        qualifier: str,
        place: str,
        message: tuple[str, str],
        remedy: tuple[str, str],
    ) -> None:
        """Write down a note: worth a look."""
        self.add("note", code, qualifier, place, message, remedy)

    def unknown(
        self, kind: tuple[str, str, str], name: str, known: Iterable[str], place: str, owner: str
    ) -> bool:
        """Write down a reference to something that does not exist; whether it is unknown.

        `kind` is the word for it in codes, in English, and in Chinese: ("item", "item", "数据项").
        """
        candidates: Sequence[str] = list(known)
        if name in candidates:
            return False
        if name in self.lost:
            return True
        code, english, chinese = kind
        guess = closest(name, candidates)
        if guess:
            remedy = (f"did you mean {guess!r}?", f"是否应为 {guess!r}？")
        elif candidates:
            listed = ", ".join(candidates[:8]) + (", …" if len(candidates) > 8 else "")
            remedy = (f"use one of {listed}, or declare it", f"请使用 {listed} 之一，或先声明")
        else:
            remedy = (f"declare the {english} first", f"请先声明该{chinese}")
        self.error(
            f"unknown-{code}",
            f"{owner}.{name}",
            place,
            (f"there is no {english} {name!r}", f"不存在{chinese} {name!r}"),
            remedy,
        )
        return True


def _expressions(protocol: Protocol) -> Iterator[PlacedExpression]:
    for index, criterion in enumerate(protocol.eligibility.criteria):
        if criterion.met_when is not None:
            yield PlacedExpression(
                f"eligibility.criteria[{index}].met_when",
                f"criterion.{criterion.id}",
                criterion.met_when,
                "eligibility",
            )
    for index, item in enumerate(protocol.items):
        if item.derived is not None:
            yield PlacedExpression(
                f"items[{index}].derived", f"item.{item.id}", item.derived, "derived", item=item
            )
    for index, form in enumerate(protocol.forms):
        for at, entry in enumerate(form.items):
            if entry.only_when is not None:
                yield PlacedExpression(
                    f"forms[{index}].items[{at}].only_when",
                    f"form.{form.id}.{entry.item}",
                    entry.only_when,
                    "skip",
                    form=form.id,
                )
        for at, check in enumerate(form.checks):
            yield PlacedExpression(
                f"forms[{index}].checks[{at}].expression",
                f"form.{form.id}.{check.id}",
                check.expression,
                "check",
                form=form.id,
            )
    for index, visit in enumerate(protocol.schedule.visits):
        if visit.only_when is not None:
            yield PlacedExpression(
                f"schedule.visits[{index}].only_when",
                f"visit.{visit.id}",
                visit.only_when,
                "visit",
            )
    for index, event in enumerate(protocol.intercurrent_events):
        for at, rule in enumerate(event.detect):
            if isinstance(rule, Condition):
                yield PlacedExpression(
                    f"intercurrent_events[{index}].detect[{at}].when",
                    f"intercurrent-event.{event.id}",
                    rule.when,
                    "analysis",
                )
    for index, declared in enumerate(protocol.analysis_sets):
        for at, exclusion in enumerate(declared.exclusions):
            if isinstance(exclusion, ConditionExclusion):
                yield PlacedExpression(
                    f"analysis_sets[{index}].exclusions[{at}].when",
                    f"analysis-set.{declared.id}",
                    exclusion.when,
                    "analysis",
                )
    if protocol.randomization is not None:
        for index, text in enumerate(protocol.randomization.requires):
            yield PlacedExpression(
                f"randomization.requires[{index}]",
                f"randomization.requires.{index + 1}",
                text,
                "randomization",
            )
