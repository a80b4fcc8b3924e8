"""Under which assumptions a trial is simulated: as assumed, without effect, and without effect but with a biased grader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.design.interim import operating_analyses
from equipoise.protocol.document import Protocol

from ..assumptions import AssumptionError, RehearsalAssumptions, read_assumptions
from ..histories import GRADER_BIAS, NULLS
from ..options import STAFF, OptionError, with_staff

BIAS = 0.05
"""How much lower the grader sees what is graded in the treatment arms, on the model's own scale: a subtle bias."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A set of assumptions by name. `effect` says whether the arms differ in truth."""

    name: str
    assumptions: RehearsalAssumptions
    effect: bool


def scenarios(protocol: Protocol, staff: str = "faultless") -> tuple[Scenario, ...]:
    """`assumed`, `null`, and `biased_null` where the history's model knows graders who know the arm.

    In the null every arm takes the control's course; who leaves, and how doses are taken, stays as assumed by
    arm and severity.
    """
    if staff not in STAFF[1:]:
        raise OptionError(
            f"staff {staff!r}: a simulation knows {', '.join(STAFF[1:])}; mistakes of staff need a "
            "rehearsal played out"
        )
    assumed = with_staff(read_assumptions(protocol), staff)
    control = control_of(protocol)
    arms = [arm.id for arm in protocol.arms]
    null = NULLS[assumed.history](assumed.history_parameters, arms, control)
    found = [
        Scenario("assumed", assumed, True),
        Scenario("null", assumed.model_copy(update={"history_parameters": null}), False),
    ]
    bias = GRADER_BIAS.get(assumed.history)
    if bias is not None:
        given = {**null, bias: {arm: BIAS for arm in arms if arm != control}}
        biased = assumed.model_copy(update={"history_parameters": given})
        found.append(Scenario("biased_null", biased, False))
    return tuple(found)


def control_of(protocol: Protocol) -> str:
    """The control of the first operating analysis."""
    analyses = operating_analyses(protocol)
    if not analyses:
        raise AssumptionError(
            ["analyses: none is marked `operating: true`; mark those whose power is wanted"]
        )
    return analyses[0].comparisons[0][1]


class SettingError(ValueError):
    """A `--set` that cannot be: the message names the path and what would do."""


def with_settings(
    content: Mapping[str, Any], settings: Sequence[tuple[str, Any]]
) -> dict[str, Any]:
    """A protocol's content with values replaced at dotted paths; list places are numbers or ids.

    Raises `SettingError` where a path leads nowhere.
    """
    changed = dict(content)
    for path, value in settings:
        _set(changed, path, path.split("."), value)
    return changed


def _set(content: dict[str, Any], path: str, steps: list[str], value: Any) -> None:
    here: Any = content
    for at, step in enumerate(steps):
        last = at == len(steps) - 1
        if isinstance(here, list):
            place = _place(here, step)
            if place is None:
                raise SettingError(_nowhere(path, steps[: at + 1], [_name(one) for one in here]))
            if last:
                here[place] = value
            else:
                here[place] = _copied(here[place])
                here = here[place]
        elif isinstance(here, dict):
            if step not in here and not (last and at):
                raise SettingError(_nowhere(path, steps[: at + 1], list(here)))
            if last:
                here[step] = value
            else:
                here[step] = _copied(here[step])
                here = here[step]
        else:
            raise SettingError(
                f"{path}: {'.'.join(steps[:at])} is a value, nothing stands below it"
            )


def _copied(part: Any) -> Any:
    return dict(part) if isinstance(part, dict) else list(part) if isinstance(part, list) else part


def _name(entry: Any) -> str:
    return str(entry.get("id", "")) if isinstance(entry, dict) else ""


def _place(entries: list[Any], step: str) -> int | None:
    for place, entry in enumerate(entries):
        if _name(entry) == step:
            return place
    return int(step) if step.isdecimal() and int(step) < len(entries) else None


def _nowhere(path: str, steps: list[str], known: list[str]) -> str:
    names = ", ".join(sorted(filter(None, known))[:12])
    return f"{path}: the protocol has no {'.'.join(steps)}; here stand {names or 'no names'}"
