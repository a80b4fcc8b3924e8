"""A second Python of another version, to compare rehearsals with: named by EQUIPOISE_OTHER_PYTHON."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

NAMED = os.environ.get("EQUIPOISE_OTHER_PYTHON", "")
needs_other_python = pytest.mark.skipif(
    not NAMED and not os.environ.get("EQUIPOISE_ALL"),
    reason="no second Python: run `make other` and set EQUIPOISE_OTHER_PYTHON=.venv-other/bin/python",
)


def other_python() -> str:
    """Its path; the test fails where it is missing, does not run, or is the same version."""
    if not NAMED:
        pytest.fail(
            "EQUIPOISE_ALL asks for every test, and EQUIPOISE_OTHER_PYTHON names no second Python: run "
            "`make other` and set EQUIPOISE_OTHER_PYTHON=.venv-other/bin/python",
            pytrace=False,
        )
    asked = [NAMED, "-c", "import sys; print(sys.version_info[:2])"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.fail(f"EQUIPOISE_OTHER_PYTHON={NAMED} does not run: {error}", pytrace=False)
    assert said != str(sys.version_info[:2]), f"{NAMED} is the Python that runs the tests"
    return NAMED
