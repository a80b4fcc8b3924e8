"""Characters that a text may hold and a format cannot carry."""

from __future__ import annotations

import re

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def carried_by_xml(text: str) -> str:
    """The text with a space in place of each character that no XML document can hold, escaped or not.

    XML 1.0, production 2 (`Char`): most control characters, lone surrogates, U+FFFE and U+FFFF. A file with one
    of them is not well-formed, and whoever is sent it cannot open it.
    """
    return _NOT_IN_XML.sub(" ", text)


def lost_in_xml(text: str) -> str:
    """The first such character of the text; empty where there is none."""
    found = _NOT_IN_XML.search(text)
    return found[0] if found is not None else ""
