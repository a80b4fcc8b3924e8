"""The keeper's book: what was answered so far, and what must be answered next."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.allocation.scheme import AllocationError, Scheme, Tally, next_allocation, scheme_of
from equipoise.allocation.uniforms import Uniforms
from equipoise.protocol.document import Protocol

from .port import AllocationAnswer, AllocationRequest, KeeperError
from .reveal import Allocated


def scheme_declared(protocol: Protocol) -> Scheme | None:
    """The protocol's scheme; `None` for a trial that does not randomize."""
    if protocol.randomization is None:
        return None
    try:
        return scheme_of(protocol.randomization)
    except AllocationError as error:
        raise KeeperError(f"the randomization of {protocol.id} cannot be kept: {error}") from None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the book."""

    request: AllocationRequest
    answer: AllocationAnswer


class Book:
    """Answers in order of number. Not thread-safe: its keeper holds a lock around it."""

    def __init__(self, scheme: Scheme, uniforms: Uniforms) -> None:
        self._scheme = scheme
        self._uniforms = uniforms
        self._tally = Tally(scheme)
        self._entries: list[Entry] = []
        self._by_request: dict[str, Entry] = {}
        self._by_participant: dict[tuple[str, str], Entry] = {}

    def known(self, request: AllocationRequest) -> AllocationAnswer | None:
        """The answer given before to this request or participant.

        Raises `KeeperError` where the request now names other facts than it did then.
        """
        entry = self._by_request.get(request.request)
        if entry is not None and (
            entry.request.participant not in ("", request.participant)
            or entry.request.trial != request.trial
        ):
            raise KeeperError(
                f"the request {request.request} was made for participant {entry.request.participant}"
            )
        if entry is None:
            entry = self._by_participant.get((request.trial, request.participant))
        if entry is None:
            return None
        if entry.request.strata != request.strata:
            raise KeeperError(
                f"participant {request.participant} is allocated already, in the stratum"
                f" {entry.answer.stratum}; correct the strata on the participant, not here"
            )
        return entry.answer

    def draw(self, request: AllocationRequest) -> AllocationAnswer:
        """The answer to a new request. Nothing is entered yet."""
        try:
            drawn = next_allocation(self._scheme, self._tally, request.strata, self._uniforms)
        except AllocationError as error:
            raise KeeperError(f"participant {request.participant}: {error}") from None
        return AllocationAnswer(drawn.arm, len(self._entries) + 1, drawn.stratum)

    def enter(self, request: AllocationRequest, answer: AllocationAnswer) -> None:
        """Enter an answer that has been given."""
        entry = Entry(request, answer)
        self._entries.append(entry)
        self._by_request[request.request] = entry
        if request.participant:
            self._by_participant[request.trial, request.participant] = entry
        self._tally.add(request.strata, answer.arm)

    def replay(self, request: AllocationRequest, arm: str) -> None:
        """Enter a past answer; `KeeperError` where seed and scheme would give another one."""
        answer = self.draw(request)
        if answer.arm != arm:
            raise KeeperError(
                f"allocation {answer.number} ({request.request}): the record says {arm},"
                f" seed and scheme give {answer.arm}"
            )
        self.enter(request, answer)

    def allocated(self) -> tuple[Allocated, ...]:
        """All answers in order."""
        return tuple(
            Allocated(
                entry.answer.number,
                entry.request.request,
                dict(entry.request.strata),
                entry.answer.arm,
            )
            for entry in self._entries
        )
