"""Public records: the page a patient, a relative or a doctor reads.

Of one's own trials it sees only a released public projection, never the trial.
"""

from __future__ import annotations

from .blocks import RecordPage, Section
from .live import LiveProjection
from .page import record_page
from .render import render_page, render_sections

__all__ = [
    "LiveProjection", "RecordPage", "Section", "record_page",
    "render_page", "render_sections",
]  # fmt: skip
