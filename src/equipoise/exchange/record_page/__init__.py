"""Reading the text of a public record page, as copied or scraped from a registry mirror.

Such a text keeps the page's headings and values and loses many labels: `PHASE2`, `TREATMENT` and
`NONE` stand alone. So sections are told by their headings, in any order, and values by the
registry's vocabulary in the section they stand in, never by position alone. Each line that is
not blank is a leaf (`line 12`): what no rule recognizes is kept.
"""

from __future__ import annotations

from typing import Any

from equipoise.protocol.record.facts import plain

from ..record import RecordError, RecordReading
from .eligibility import read_eligibility
from .groups import read_groups
from .heading import read_codes, read_preamble
from .lines import Line
from .outcomes import read_outcomes
from .page import Page
from .people import read_contacts, read_identifiers, read_party, read_sites, read_sponsors


def read_page(text: str) -> RecordReading:
    """The record page as a draft document; RecordError if the text is no such page."""
    raw_lines = text.splitlines()
    lines = [Line(index, raw, plain(raw).strip()) for index, raw in enumerate(raw_lines)]
    return _read(Page([line for line in lines if line.words], raw_lines))


def _read(page: Page) -> RecordReading:
    identity: dict[str, Any] = {"titles": {}}
    design: dict[str, Any] = {}
    page.document["identity"], page.document["design"] = identity, design
    read_preamble(page, identity)
    if not page.sections and not any(
        number.get("type") == "nct" for number in identity["identifiers"]
    ):
        raise RecordError(
            "is not a record page: no heading such as 'Basic Information' or 'Eligibility "
            "Criteria' and no registry number in it"
        )
    if "brief" not in identity["titles"]:
        raise RecordError("the record page has no title: its first line is expected to be one")
    read_codes(page, identity, design)
    page.prose(identity, "summary", "identity.summary")
    page.prose(identity, "description", "identity.description")
    for name in ("conditions", "keywords"):
        identity[name] = page.listed(name, f"identity.{name}")
    read_groups(page)
    page.document["eligibility"] = read_eligibility(page)
    read_sponsors(page, identity)
    read_party(page, identity)
    read_sites(page, identity)
    identity["countries"] = page.listed("countries", "identity.countries")
    identity["contacts"] = []
    for section in ("central", "facility"):
        read_contacts(page, identity["contacts"], section)
    read_identifiers(page, identity["identifiers"])
    read_outcomes(page)
    page.document["record"] = page.record
    return page.reading


__all__ = ["read_page"]
