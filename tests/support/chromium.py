"""The system's Chromium under Playwright, and what a page said on its console."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The shell first: the same browser without the window around the page, which costs more than half of its start."""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium_path() -> str:
    """Where Chromium is; without it the test is reported as not run, or fails under EQUIPOISE_ALL=1."""
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    message = "Chromium is not installed: browser tests are not run"
    if os.environ.get("EQUIPOISE_ALL") == "1":
        pytest.fail(message)
    pytest.skip(message)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser, closed at the end."""
    path = chromium_path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


LEFT_BEHIND = ("htmx:sendAbort", "htmx:sendError", "htmx:afterRequest")
"""What htmx says of a request under way when the page is left. A request that truly failed is told by the
browser itself as well (`Failed to load resource`), and counts."""


def listened(page: Any) -> list[str]:
    """Errors of the page: of scripts, of its content policy, of files it could not load."""
    errors: list[str] = []

    def said(message: Any) -> None:
        if message.type == "error" and not message.text.startswith(LEFT_BEHIND):
            errors.append(message.text)

    page.on("pageerror", lambda error: errors.append(f"script: {error}"))
    page.on("console", said)
    return errors
