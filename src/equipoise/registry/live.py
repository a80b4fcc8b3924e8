"""What a running trial lets the public see: a released projection, and nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from equipoise.quantity.text import Text


@dataclass(frozen=True, slots=True)
class LiveProjection:
    """The public face of a running trial on a day.

    Codes are the registry's (`recruiting`). `sites` maps site ids to their recruitment status.
    `results` is a registry's `resultsSection` in the language of the page, and stands here only once it has
    been released, with the `headline` that answers first and the data `cut` they rest on; an empty one says that
    nothing has. `commitment` is the hash of the randomization seed and
    scheme, `seed_revealed` the seed after the trial has closed.
    """

    as_of: date
    status: str
    sites: Mapping[str, str] = field(default_factory=dict)
    randomized: int | None = None
    headline: Text | None = None
    cut: Text | None = None
    results: Mapping[str, Any] = field(default_factory=dict)
    commitment: str | None = None
    seed_revealed: str | None = None
    mode: str = "live"
    """`rehearsal`, `training` or `live`; anything but the last is said at the top of the page."""

    @property
    def released(self) -> bool:
        """Whether any result has been released."""
        return bool(self.headline or self.results)
