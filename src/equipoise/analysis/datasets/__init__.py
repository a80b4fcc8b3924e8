"""Derived data sets: what a statistician analyzes, each value traceable to the events it rests on."""

from __future__ import annotations

from .building import datasets
from .frame import Dataset, Variable
from .trace import Trace, trace_events, trace_of

__all__ = ["Dataset", "Trace", "Variable", "datasets", "trace_events", "trace_of"]
