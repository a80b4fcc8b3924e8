"""The signature under the statistical analysis plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class SignAnalysisPlan(Command):
    """Sign the analysis plan of the protocol in force, by the hash of what was read."""

    binds: ClassVar[bool] = True
    plan_hash: str
    meaning: str = "approved the statistical analysis plan"
