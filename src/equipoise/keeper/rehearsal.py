"""The keeper of a rehearsal: in memory, from seed and replicate, rebuilt from the ledger."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from equipoise.allocation.uniforms import PhiloxUniforms
from equipoise.protocol.document import Protocol

from .book import Book, Question, scheme_declared
from .errors import KeeperError
from .port import AllocationAnswer, AllocationRequest, Commitment
from .reveal import Reveal


class RehearsalKeeper:
    """Draws by Philox, without input or output; the same seed and replicate give the same list."""

    place = "rehearsal"

    def __init__(self, seed: int, replicate: int, protocol: Protocol, public_key: str) -> None:
        self._public_key = public_key
        self._lock = threading.Lock()
        self._seed = f"{seed}:{replicate}"
        self._trial = protocol.id
        self._scheme = scheme_declared(protocol)
        self._uniforms = PhiloxUniforms(seed, replicate)
        self._book = Book(self._scheme, self._uniforms) if self._scheme else None

    def _open_book(self) -> Book:
        if self._book is None:
            raise KeeperError(f"the protocol {self._trial} declares no randomization")
        return self._book

    def commitment(self) -> Commitment:
        """The hash over seed, replicate and scheme."""
        return Commitment(self.reveal().commitment, self._uniforms.source)

    def allocate(self, request: AllocationRequest) -> AllocationAnswer:
        """See `Keeper.allocate`."""
        with self._lock:
            book = self._open_book()
            request.eligibility.check(self._trial, request.participant, self._public_key, None)
            question = Question(request.request, request.participant, request.strata)
            known = book.known(question)
            if known is not None:
                return known
            answer = book.draw(question)
            book.enter(question, answer)
            return answer

    def close(self) -> None:
        """There is nothing to release."""

    def restore(self, past: Sequence[tuple[str, Mapping[str, str], str]]) -> None:
        """Begin again after these (request, strata, arm), in their order in the ledger.

        Raises `KeeperError` where an arm is not the one that seed and scheme give.
        """
        with self._lock:
            if self._scheme is None:
                if past:
                    raise KeeperError(f"the protocol {self._trial} declares no randomization")
                return
            book = Book(self._scheme, self._uniforms)
            for request, strata, arm in past:
                book.replay(Question(request, "", dict(strata)), arm)
            self._book = book

    def reveal(self) -> Reveal:
        """Seed and replicate, scheme and all allocations."""
        book, scheme = self._open_book(), self._scheme
        assert scheme is not None
        with self._lock:
            return Reveal(self._seed, self._uniforms.source, scheme.as_document(), book.allocated())
