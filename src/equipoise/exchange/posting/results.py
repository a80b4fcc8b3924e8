"""What a data cut has found, as `resultsSection`, and the whole study as the registry's API gives one.

Source of keys and enumerations: ClinicalTrials.gov API version 2, OpenAPI document, schemas `ResultsSection` and
`Study`.
"""

from __future__ import annotations

from typing import Any

from equipoise.analysis import Results
from equipoise.protocol.document import Protocol
from equipoise.quantity.text import LANGUAGES

from .baseline import baseline_module
from .events import events_module
from .flow import flow_module
from .groups import words
from .outcomes import outcomes_module
from .registered import given, protocol_section
from .words import say

LEFT_OPEN = ("moreInfoModule.certainAgreement",)
"""What the registry asks of everybody and neither protocol nor data say: whether the investigator is employed by the
sponsor, and whether an agreement restricts publication. A person adds it."""


def study(
    protocol: Protocol,
    results: Results | None,
    *,
    status: str | None = None,
    enrolled: int | None = None,
) -> dict[str, Any]:
    """The study: what is registered and, where results are given, what was found. In English, the registry's language."""
    section = protocol_section(protocol, status=status, enrolled=enrolled)
    if results is None:
        return {"protocolSection": section, "hasResults": False}
    found = results_section(results, protocol)
    return {"protocolSection": section, "resultsSection": found, "hasResults": True}


def results_section(
    results: Results, protocol: Protocol, language: str = LANGUAGES[0]
) -> dict[str, Any]:
    """`resultsSection` of one data cut; in Chinese for a page, in English for the registry."""
    return {
        "participantFlowModule": flow_module(results, protocol, language),
        "baselineCharacteristicsModule": baseline_module(results, protocol, language),
        "outcomeMeasuresModule": outcomes_module(results, protocol, language),
        "adverseEventsModule": events_module(results, protocol, language),
        "moreInfoModule": _more(results, protocol, language),
    }


def _more(results: Results, protocol: Protocol, language: str) -> dict[str, Any]:
    caveats = []
    if results.mode != "live":
        caveats.append(say(results.mode, language))
    if results.dummy_arms:
        caveats.append(say("dummy", language))
    waiting = sum(arm.on_study for arm in results.flow.arms)
    if waiting:
        caveats.append(say("unfinished", language, on=results.position.on, n=waiting))
    if results.assumed:
        caveats.append(say("assumed", language, n=len(results.assumed)))
    identity = protocol.identity
    central = next((one for one in identity.contacts if one.kind == "central"), None)
    lead = next((one for one in identity.sponsors if one.role == "lead"), None)
    return given(
        (
            "limitationsAndCaveats",
            given(("description", (" " if language == "en" else "").join(caveats))),
        ),
        (
            "pointOfContact",
            given(
                ("title", words(central.name, language) if central else None),
                ("organization", words(lead.name, language) if lead else None),
                ("email", central.email if central else None),
                ("phone", central.phone if central else None),
            ),
        ),
    )
