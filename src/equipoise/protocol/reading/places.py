"""Where in the file a part of the document stands."""

from __future__ import annotations

import re

from .tree import Node, Path, path_text

_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")


def parse_path(text: str) -> Path:
    """The path printed as `text` (`eligibility.criteria[3].met_when`)."""
    return tuple(
        int(match.group(1)) if match.group(1) is not None else match.group(2)
        for match in _STEP.finditer(text)
    )


class Places:
    """Lines and columns by document path; a path that is not in the file gives its nearest parent's."""

    def __init__(self, root: Node | None, file: str = "") -> None:
        self._root = root
        self.file = file

    def position(self, path: str | Path) -> tuple[int, int]:
        """Line and column, from 1: of the key where the value has one, else of the value."""
        steps = parse_path(path) if isinstance(path, str) else path
        node = self._root
        if node is None:
            return 1, 1
        found = (node.line, node.column)
        for step in steps:
            child = node.child(step)
            if isinstance(step, str) and step in node.keys:
                found = node.keys[step]
            elif child is not None:
                found = (child.line, child.column)
            if child is None:
                return found
            node = child
        return found

    def line(self, path: str | Path) -> int:
        """The line, from 1."""
        return self.position(path)[0]

    def original(self, path: str) -> str:
        """The path in the file as it was read, where parts at fault have been left out since."""
        steps = parse_path(path)
        node = self._root
        written: Path = ()
        for at, step in enumerate(steps):
            child = node.child(step) if node is not None else None
            if child is None:
                return path_text((*written, *steps[at:]))
            node, written = child, child.path
        return path_text(written)
