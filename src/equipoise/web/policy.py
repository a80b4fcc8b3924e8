"""How strict signing in is at this installation: `web.json` in the home, or the defaults."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from equipoise.home import HomeError

FILE = "web.json"
_KNOWN = ("idle_minutes",)


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """`idle_minutes` without a request end a session (21 CFR 11.300 leaves the time to the site)."""

    idle_minutes: int = 15

    @property
    def idle_seconds(self) -> int:
        """The same in seconds."""
        return self.idle_minutes * 60


def read_policy(home: Path) -> SignInPolicy:
    """The policy of a home; `HomeError` names what in the file is wrong."""
    path = home / FILE
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return SignInPolicy()
    except (OSError, ValueError) as error:
        raise HomeError(f"{path}: cannot be read: {error}") from None
    if not isinstance(given, dict) or set(given) - set(_KNOWN):
        raise HomeError(f"{path}: holds a JSON object with {', '.join(_KNOWN)} and nothing else")
    minutes = given.get("idle_minutes", SignInPolicy().idle_minutes)
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 480:
        raise HomeError(f"{path}: idle_minutes is {minutes!r}; give a whole number from 1 to 480")
    return SignInPolicy(minutes)
