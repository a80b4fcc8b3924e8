"""How strict signing in is at this installation: `web.json` in the home, or the defaults."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from equipoise.conduct.decide import COMMANDS
from equipoise.conduct.decide.permission import rights_of
from equipoise.home import HomeError
from equipoise.protocol.document import Protocol

FILE = "web.json"

PROOF_ACTS = frozenset(name for name, kind in COMMANDS.items() if kind.binds)
"""What is signed, binds others or cannot be taken back, as the commands themselves say."""

Demand = Literal["optional", "signing", "everyone"]
_DEMANDS: tuple[Demand, ...] = ("optional", "signing", "everyone")


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """`idle_minutes` without a request end a session (21 CFR 11.300 leaves the time to the site).

    `second_factor` says who has to have one: nobody (`optional`), the roles that can sign, unblind, lock
    or grant (`signing`), or `everyone`; left out, `signing` in a live trial and `optional` elsewhere.
    A second factor given in a session counts for signatures during `second_factor_minutes`.
    """

    idle_minutes: int = 15
    second_factor: Demand | None = None
    second_factor_minutes: int = 15

    @property
    def idle_seconds(self) -> int:
        """The same in seconds."""
        return self.idle_minutes * 60

    def demands_factor(self, protocol: Protocol, role: str, *, live: bool) -> bool:
        """Whether nobody may act in the role without a second factor."""
        demand = self.second_factor or ("signing" if live else "optional")
        if demand != "signing":
            return demand == "everyone"
        return any(
            one.role == role and not PROOF_ACTS.isdisjoint(rights_of(one)) for one in protocol.roles
        )


def read_policy(home: Path) -> SignInPolicy:
    """The policy of a home; `HomeError` names what in the file is wrong."""
    path = home / FILE
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return SignInPolicy()
    except (OSError, ValueError) as error:
        raise HomeError(f"{path}: cannot be read: {error}") from None
    known = [one.name for one in fields(SignInPolicy)]
    if not isinstance(given, dict) or set(given) - set(known):
        raise HomeError(f"{path}: holds a JSON object with {', '.join(known)} and nothing else")
    policy = SignInPolicy(**given)
    for name, low, high in (("idle_minutes", 1, 480), ("second_factor_minutes", 1, 480)):
        value = getattr(policy, name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise HomeError(
                f"{path}: {name} is {value!r}; give a whole number from {low} to {high}"
            )
    if "second_factor" in given and policy.second_factor not in _DEMANDS:
        raise HomeError(
            f"{path}: second_factor is {policy.second_factor!r}; give {', '.join(_DEMANDS)}"
        )
    return policy
