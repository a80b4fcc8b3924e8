"""A refusal names every reason, the rule behind it, and the way out, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from equipoise.quantity.text import Text


def words(en: str, zh: str) -> Text:
    """A message in both languages."""
    return Text({"en": en, "zh-Hans": zh})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a command was refused. `field` is the item or argument at fault, where there is one."""

    code: str
    message: Text
    rule: str
    remedy: Text
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was changed. Falsy, so that `if trial.do(…)` reads as it should."""

    reasons: tuple[Reason, ...]

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "; ".join(reason.message.en for reason in self.reasons)

    @property
    def codes(self) -> tuple[str, ...]:
        """The reasons' codes, in order."""
        return tuple(reason.code for reason in self.reasons)


class RefusedError(Exception):
    """Raised inside a decision as soon as going on would make no sense; becomes a `Refusal`."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.refusal = Refusal(tuple(reasons))
        super().__init__(str(self.refusal))
