"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

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
