"""What a store of the ledger must do: the contract that memory, SQLite and PostgreSQL fulfill.

A store keeps rows. It computes no hash, knows no meaning and takes no lock among threads: the
ledger calls the writing half from one thread at a time, between `begin` and `commit` or `rollback`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .envelope import EventRow, Head
from .tables import Cell, Changes, Row, Table


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: of one stream, of some types, after and up to a seq, in which order, how many."""

    stream: str | None = None
    types: tuple[str, ...] | None = None
    after: int = 0
    upto: int | None = None
    descending: bool = False
    limit: int | None = None


PAGE = 1000
"""Events a store reads at once, so that no read stays open while the caller works."""

LINKS = 20_000
"""Seq and hash of so many events are read at once."""


def paged(
    selection: Selection, end: int, fetch: Callable[[int, int, int], list[EventRow]]
) -> Iterator[EventRow]:
    """The selected events of a chain that ends at seq `end`, a page at a time.

    `fetch(low, high, count)` gives the first `count` of the selected events with low < seq <= high,
    in the direction of the selection.
    """
    low, high, left = selection.after, end, selection.limit
    if selection.upto is not None:
        high = min(high, selection.upto)
    while low < high and (left is None or left > 0):
        page = PAGE if left is None else min(left, PAGE)
        found = fetch(low, high, page)
        yield from found
        if len(found) < page:
            return
        if left is not None:
            left -= len(found)
        if selection.descending:
            high = found[-1][0] - 1
        else:
            low = found[-1][0]


class Store(Protocol):
    """Rows of events, projections and the signed head, changed together or not at all.

    Opened for writing it makes the projections' tables; one that stands there with other columns, left
    by another version, is dropped and made anew, empty.
    """

    tables: Mapping[str, Table]
    sole_writer: bool
    """Whether no other process can write while this store is open. If so, the ledger may keep the
    head and the versions of streams in memory; if not, it reads them again in every transaction."""
    lasting: bool
    """Whether what is committed outlives the process."""

    def begin(self) -> None:
        """Take the right to write and open a transaction. Waits for another process's; when this
        returns, nobody else appends until `commit` or `rollback`, so that seq order is commit order."""

    def apply(self, events: Sequence[EventRow], changes: Changes) -> None:
        """Write within the transaction; `RepeatedClientIdError` where (client_id, client_index) exists.
        After any error the transaction must be rolled back."""

    def commit(self, signed_head: str | None) -> None:
        """Make everything since `begin` durable, with the signed head of what is then the chain.
        `None` leaves the signed head as it was (only projections changed)."""

    def rollback(self) -> None:
        """Undo everything since `begin`; nothing where no transaction is open."""

    # Reading. `inside` sees what the open transaction wrote; else only what is committed is seen.

    def head(self, *, inside: bool = False) -> Head:
        """The last event's seq and hash."""

    def signed_head(self) -> str | None:
        """The signed head committed with the last events."""

    def tables_version(self, *, inside: bool = False) -> str:
        """The version of the code that filled the projections last; empty where none said so."""

    def stream_version(self, stream: str, *, inside: bool = False) -> int:
        """The number of events in the stream."""

    def events(self, selection: Selection, *, inside: bool = False) -> Iterator[EventRow]:
        """Selected events in order of seq. Bounded by the end of the chain when it is called."""

    def links(self, after: int, upto: int) -> Iterator[tuple[int, str]]:
        """Seq and hash of committed events with after < seq <= upto, in order."""

    def by_client(self, client_id: str, *, inside: bool = False) -> list[EventRow]:
        """Events of one client id in order."""

    def rows(
        self,
        table: Table,
        where: Mapping[str, Cell | Sequence[Cell]],
        order: Sequence[str],
        limit: int | None,
        *,
        inside: bool = False,
    ) -> list[Row]:
        """Rows of a projection. A sequence in `where` means one of; `-column` orders descending;
        ties and no order at all are resolved by the key."""

    def stored(self) -> tuple[str | None, Iterator[tuple[Any, ...]]]:
        """For verification: the signed head, and all event rows by seq exactly as stored, whatever
        state they are in, both as of one moment. `LedgerError` where they cannot be read."""

    def close(self) -> None:
        """Give up the right to write and release what is held."""
