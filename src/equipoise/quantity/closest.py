"""The nearest known word to an unknown one, for "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, ignoring case first; None where nothing is near."""
    candidates = list(known)
    for candidate in candidates:
        if candidate.casefold() == word.casefold():
            return candidate
    near = get_close_matches(word, candidates, n=1, cutoff=0.6)
    return near[0] if near else None
