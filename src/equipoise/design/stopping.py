"""A protocol's stopping rules, evaluated on what is known of its participants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from equipoise.analysis.counted import matches
from equipoise.conduct.state import ParticipantState
from equipoise.protocol.document import CountedEvents, StoppingRule

from .bayes import BetaPrior

__all__ = ["RuleStanding", "matches", "rule_standing"]


@dataclass(frozen=True, slots=True)
class RuleStanding:
    """Where a rule stands: who is counted, and whether it is reached.

    `randomized` is of how many, and `probability` the posterior one that the rate lies above the rule's limit, where it
    asks for a rate. `reached` is None for a rule that is the board's to judge.
    """

    rule: StoppingRule
    participants: tuple[str, ...]
    randomized: int | None
    probability: float | None
    reached: bool | None


def rule_standing(
    rule: StoppingRule,
    candidates: Callable[[CountedEvents], Iterable[str]],
    state_of: Callable[[str], ParticipantState | None],
    randomized: Callable[[Sequence[str]], int],
) -> RuleStanding:
    """A rule as it stands.

    `candidates` gives the participants with an event of such a term, grade and seriousness; `randomized` how many were
    randomized to some arms (none named: to any). A rule over arms looks at allocations: what it says is for those who
    may see them. An event counts whatever became of the participation: safety outlasts a withdrawal.
    """
    if rule.events is None:
        return RuleStanding(rule, (), None, None, None)
    found = sorted(set(candidates(rule.events)))
    if rule.arms or rule.events.related:
        states = {one: state_of(one) for one in found}
        found = [one for one in found if _counts(rule, rule.events, states[one])]
    asked = rule.too_probable
    if asked is None:
        return RuleStanding(rule, tuple(found), None, None, len(found) >= (rule.at_least or 1))
    total = randomized(rule.arms)
    a, b = map(float, asked.prior)
    above = BetaPrior(a, b).above(float(Fraction(asked.rate)), len(found), total)
    reached = above > float(Fraction(asked.probability))
    return RuleStanding(rule, tuple(found), total, above, reached)


def _counts(rule: StoppingRule, events: CountedEvents, state: ParticipantState | None) -> bool:
    if state is None or (rule.arms and state.arm not in rule.arms):
        return False
    return any(matches(one, events) for one in state.adverse_events.values())
