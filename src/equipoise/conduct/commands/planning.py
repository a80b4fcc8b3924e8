"""The signature under the statistical analysis plan."""

from __future__ import annotations

from typing import ClassVar

from .base import Command


class SignAnalysisPlan(Command, frozen=True, kw_only=True):
    """Sign the analysis plan of the protocol in force, by the hash of what was read."""

    binds: ClassVar[bool] = True
    plan_hash: str
    meaning: str = "approved the statistical analysis plan"
