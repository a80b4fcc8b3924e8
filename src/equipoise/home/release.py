"""Which release of Equipoise a home was last brought to, and what that means for this one."""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .errors import HomeError

FORMAT = 1
"""The layout of a home: raised when an earlier release could not find its way in it."""
RELEASE = version("equipoise")
UNMARKED = "0.1.0"
"""The release of a home that names none: the first did not."""


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", release)[:3])


def is_older(release: str, other: str = RELEASE) -> bool:
    """Whether a release comes before another (by default: this one)."""
    return _numbers(release) < _numbers(other)


def check_release(path: Path, settings: dict[str, Any]) -> str:
    """The release that the home's settings name; `HomeError` where it is a later one than this."""
    release = str(settings.get("release", UNMARKED))
    layout = settings.get("format")
    if is_older(RELEASE, release) or not isinstance(layout, int) or layout > FORMAT:
        raise HomeError(
            f"{path}: was brought to Equipoise {release} (format {layout}), and this is {RELEASE}"
            f" (format {FORMAT}): install that release or a later one; nothing was changed"
        )
    return release


def mark_release(path: Path) -> None:
    """Write into the home's settings that this release has brought it up to date: at once or not at all."""
    file = path / "settings.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings["release"] = RELEASE
    written = path / "settings.json.new"
    descriptor = os.open(written, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(json.dumps(settings, indent=2) + "\n")
        out.flush()
        os.fsync(out.fileno())
    written.replace(file)
