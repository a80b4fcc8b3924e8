"""Writing a file: whole or not at all, or as it comes where the user may have named a pipe."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from .errors import UserError


def write_whole(out: Path, content: bytes, mode: int = 0o644) -> None:
    """Write the file with these rights. `UserError` where it cannot be; nothing half-written is left."""
    name = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}-", dir=out.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, mode)
        os.replace(name, out)
    except OSError as error:
        if name is not None and os.path.exists(name):
            os.unlink(name)
        raise UserError(f"{out}: cannot be written: {error.strerror or error}") from error


@contextmanager
def growing(out: Path) -> Iterator[TextIO]:
    """Write text as it comes: into a pipe or device as named, else beside its place, to stand there only once it is whole.

    `UserError` where it cannot be opened. What is interrupted leaves nothing, and a file of that name as it was.
    """
    as_named = out.exists() and not out.is_file()
    name = str(out)
    try:
        if as_named:
            stream = out.open("w", encoding="utf-8", newline="")
        else:
            handle, name = tempfile.mkstemp(prefix=f".{out.name}-", dir=out.resolve().parent)
            stream = os.fdopen(handle, "w", encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error.strerror}; name another file") from error
    try:
        with stream:
            yield stream
        if not as_named:
            os.chmod(name, 0o644)
            os.replace(name, out.resolve())
    finally:
        if not as_named and os.path.exists(name):
            os.unlink(name)


def write_text(out: Path, text: str) -> None:
    """Write text where the user said, a pipe or device included. `UserError` where that cannot be."""
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out}: cannot be written: {error.strerror}; name another file") from error
