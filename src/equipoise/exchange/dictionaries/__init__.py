"""The user's own dictionaries: reading their files, finding terms in them, comparing two versions."""

from .comparing import Change, compared
from .matching import Matcher, Suggestion
from .reading import DictionaryError, read_csv, read_dictionary, read_meddra

__all__ = [
    "Change", "DictionaryError", "Matcher", "Suggestion", "compared", "read_csv", "read_dictionary",
    "read_meddra",
]  # fmt: skip
