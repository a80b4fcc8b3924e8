"""R, by which analyses are computed a second time."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def run_r(script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run an R program; without R the test is reported as not run, or fails under EQUIPOISE_ALL=1."""
    program = shutil.which("Rscript")
    if program is None:
        why = "no R: install r-base-core and r-cran-survival"
        if os.environ.get("EQUIPOISE_ALL") == "1":
            pytest.fail(why)
        pytest.skip(why)
    return subprocess.run(
        [program, "--vanilla", str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
