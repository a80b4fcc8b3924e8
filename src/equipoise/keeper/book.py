"""The keeper's book: what was answered so far, and what must be answered next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from equipoise.allocation.scheme import AllocationError, Scheme, Tally, next_allocation, scheme_of
from equipoise.allocation.uniforms import Uniforms
from equipoise.protocol.document import Protocol

from .errors import KeeperError
from .port import AllocationAnswer
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
class Question:
    """What was asked, as far as it bears on the answer. `participant` is empty where it is not known."""

    request: str
    participant: str
    strata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the book."""

    question: Question
    answer: AllocationAnswer


class Book:
    """Answers in order of number. Not thread-safe: its keeper holds a lock around it."""

    def __init__(self, scheme: Scheme, uniforms: Uniforms) -> None:
        self._scheme = scheme
        self._uniforms = uniforms
        self._tally = Tally(scheme)
        self._entries: list[Entry] = []
        self._by_request: dict[str, Entry] = {}
        self._by_participant: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def known(self, question: Question) -> AllocationAnswer | None:
        """The answer given before to this request or participant.

        Raises `KeeperError` where the request now names other facts than it did then.
        """
        entry = self._by_request.get(question.request)
        if entry is not None and entry.question.participant not in ("", question.participant):
            raise KeeperError(
                f"the request {question.request} was made for participant"
                f" {entry.question.participant}"
            )
        if entry is None:
            entry = self._by_participant.get(question.participant)
        if entry is None:
            return None
        if entry.question.strata != question.strata:
            raise KeeperError(
                f"participant {question.participant} is allocated already, in the stratum"
                f" {entry.answer.stratum}; correct the strata on the participant, not here"
            )
        return entry.answer

    def draw(self, question: Question) -> AllocationAnswer:
        """The answer to a new request. Nothing is entered yet."""
        try:
            drawn = next_allocation(self._scheme, self._tally, question.strata, self._uniforms)
        except AllocationError as error:
            raise KeeperError(f"participant {question.participant}: {error}") from None
        return AllocationAnswer(drawn.arm, len(self._entries) + 1, drawn.stratum)

    def enter(self, question: Question, answer: AllocationAnswer) -> None:
        """Enter an answer that has been given."""
        entry = Entry(question, answer)
        self._entries.append(entry)
        self._by_request[question.request] = entry
        if question.participant:
            self._by_participant[question.participant] = entry
        self._tally.add(question.strata, answer.arm)

    def replay(self, question: Question, arm: str) -> None:
        """Enter a past answer; `KeeperError` where seed and scheme would give another one."""
        answer = self.draw(question)
        if answer.arm != arm:
            raise KeeperError(
                f"allocation {answer.number} ({question.request}): the record says {arm},"
                f" seed and scheme give {answer.arm}"
            )
        self.enter(question, answer)

    def allocated(self) -> tuple[Allocated, ...]:
        """All answers in order."""
        return tuple(
            Allocated(
                entry.answer.number,
                entry.question.request,
                dict(entry.question.strata),
                entry.answer.arm,
            )
            for entry in self._entries
        )
