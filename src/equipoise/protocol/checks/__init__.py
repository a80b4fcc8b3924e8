"""What is wrong with a protocol, or undecided in it: findings with places and remedies."""

from __future__ import annotations

from .finding import SEVERITIES, Finding, Severity, answers, ordered, settle

__all__ = ["SEVERITIES", "Finding", "Severity", "answers", "ordered", "settle"]
