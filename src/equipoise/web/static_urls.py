"""Addresses of static files that change with their content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


@cache
def _version(name: str) -> str | None:
    path = finders.find(name)
    if not path:
        return None
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


class ContentVersionedStorage(StaticFilesStorage):
    """Appends the content's hash: `/static/equipoise.css?v=…`."""

    def url(self, name: str | None) -> str:
        """The address of the file; ValueError where there is no such file."""
        version = _version(name) if name else None
        if version is None:
            raise ValueError(f"there is no static file {name!r}")
        return f"{super().url(name)}?v={version}"
