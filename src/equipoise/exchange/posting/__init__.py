"""A study as ClinicalTrials.gov takes it: what the protocol registers, and what a data cut has found.

`study` is the shape of the registry's API version 2 (JSON), `upload` the XML in which results are handed in.
Only what the protocol or the cut says stands there; what the registry wants besides is named by `left_open`.
"""

from __future__ import annotations

from .registered import protocol_section
from .results import LEFT_OPEN, results_section, study
from .upload import SCHEMA_VERSION, results_xml

__all__ = [
    "LEFT_OPEN", "SCHEMA_VERSION", "protocol_section", "results_section", "results_xml", "study",
]  # fmt: skip
