"""What is wrong with a protocol, or undecided in it: findings with places and remedies."""

from __future__ import annotations

from .check import check_protocol, check_structure, conclude, findings_of_sound_parts
from .finding import SEVERITIES, Finding, Severity, answers, ordered, settle

__all__ = [
    "SEVERITIES",
    "Finding",
    "Severity",
    "answers",
    "check_protocol",
    "check_structure",
    "conclude",
    "findings_of_sound_parts",
    "ordered",
    "settle",
]
