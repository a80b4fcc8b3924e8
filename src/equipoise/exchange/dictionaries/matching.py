"""Finding terms for words: the same, the same but for spelling, or alike. A person decides among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.conduct.coding import Dictionary, Entry, normalized

How = Literal["exact", "synonym", "normalized", "similar"]
_ORDER: dict[How, int] = {"exact": 0, "synonym": 1, "normalized": 2, "similar": 3}
_LEAST = 0.3
"""Terms less alike than this are no help to anybody."""
_TRIED = 400
"""Terms looked at, the most alike first."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A term, how it was found, and how alike it is (1: the same)."""

    entry: Entry
    how: How
    score: float


class Matcher:
    """Looks terms up in one dictionary, in whichever languages it has.

    Likeness is Dice's coefficient over pairs of characters of the normalized words (Dice 1945, Ecology 26:297),
    which serves Chinese, where a word is two or three characters, and English alike.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self._entries = dictionary.entries
        self._exact: dict[str, list[str]] = {}
        self._normal: dict[str, list[str]] = {}
        self._codes: list[str] = []
        names: list[str] = []
        for code, entry in dictionary.entries.items():
            if not entry.current:
                continue
            for name in set(entry.term.values()):
                plain = normalized(name)
                self._exact.setdefault(name, []).append(code)
                self._normal.setdefault(plain, []).append(code)
                self._codes.append(code)
                names.append(plain)
        pairs, places = _pairs(names)
        self._pairs, self._places = pairs, places
        self._sizes = np.bincount(places, minlength=len(names))

    def suggest(
        self, words: str, synonyms: Iterable[tuple[str, str]] = (), most: int = 12
    ) -> list[Suggestion]:
        """The terms closest to these words, best first. `synonyms` are words and the code they stand for."""
        found: dict[str, Suggestion] = {}

        def offer(code: str, how: How, score: float) -> None:
            entry = self._entries.get(code)
            before = found.get(code)
            if entry is None or not entry.current:
                return
            if before is None or (_ORDER[how], -score) < (_ORDER[before.how], -before.score):
                found[code] = Suggestion(entry, how, score)

        plain = normalized(words)
        if not plain:
            return []
        for code in self._exact.get(words.strip(), ()):
            offer(code, "exact", 1.0)
        for said, code in synonyms:
            if normalized(said) == plain:
                offer(code, "synonym", 1.0)
        for code in self._normal.get(plain, ()):
            offer(code, "normalized", 1.0)
        for code, score in self._similar(plain):
            offer(code, "similar", score)
        best = sorted(found.values(), key=lambda one: (_ORDER[one.how], -one.score, one.entry.code))
        return best[:most]

    def _similar(self, plain: str) -> Iterator[tuple[str, float]]:
        wanted, _places = _pairs([plain])
        starts = np.searchsorted(self._pairs, wanted, side="left")
        ends = np.searchsorted(self._pairs, wanted, side="right")
        hits = [self._places[start:end] for start, end in zip(starts, ends, strict=True)]
        if not hits:
            return
        shared = np.bincount(np.concatenate(hits), minlength=len(self._codes))
        scores = 2 * shared / (len(wanted) + self._sizes)
        for place in np.argsort(-scores, kind="stable")[:_TRIED]:
            if scores[place] < _LEAST:
                return
            yield self._codes[place], float(scores[place])


def _pairs(names: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Every pair of neighboring characters once for each name that has it, in order of pair; and the names' places.

    A space before and after a name makes its beginning and its end pairs of their own.
    """
    text = "".join(f" {name} \n" for name in names)
    characters = np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    ends = characters == ord("\n")
    line = np.cumsum(ends) - ends
    inside = ~(ends[:-1] | ends[1:])
    pairs = ((characters[:-1] << np.uint64(32)) | characters[1:])[inside]
    places = line[:-1][inside]
    order = np.lexsort((places, pairs))
    pairs, places = pairs[order], places[order]
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (pairs[1:] != pairs[:-1]) | (places[1:] != places[:-1])
    return pairs[first], places[first].astype(np.int64)
