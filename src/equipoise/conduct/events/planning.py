"""The signature under the statistical analysis plan."""

from __future__ import annotations

from .base import Happening


class AnalysisPlanSigned(Happening, frozen=True, kw_only=True):
    """Signed by the event's actor: the plan with this hash, which is that of the protocol version named."""

    number: int
    plan_hash: str
    plan_version: str
    meaning: str
