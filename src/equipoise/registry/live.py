"""What a running trial lets the public see: a released projection, and nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from equipoise.quantity.text import Text


@dataclass(frozen=True, slots=True)
class PublicRow:
    """A line of a released table: its label, and a cell per column."""

    label: Text
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicTable:
    """A released table; `columns` head the cells of every row."""

    title: Text
    columns: tuple[Text, ...]
    rows: tuple[PublicRow, ...]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveProjection:
    """The public face of a running trial on a day.

    Codes are the registry's (`recruiting`). `sites` maps site ids to their recruitment status.
    Tables stand here only once they have been released; an empty tuple says that nothing has.
    `commitment` is the hash of the randomization seed and scheme, `seed_revealed` the seed after
    the trial has closed.
    """

    as_of: date
    status: str
    sites: Mapping[str, str] = field(default_factory=dict)
    randomized: int | None = None
    headline: Text | None = None
    participant_flow: tuple[PublicTable, ...] = ()
    outcomes: tuple[PublicTable, ...] = ()
    safety: tuple[PublicTable, ...] = ()
    commitment: str | None = None
    seed_revealed: str | None = None
    mode: str = "live"
    """`rehearsal`, `training` or `live`; anything but the last is said at the top of the page."""

    @property
    def released(self) -> bool:
        """Whether any result has been released."""
        return bool(self.headline or self.participant_flow or self.outcomes or self.safety)
