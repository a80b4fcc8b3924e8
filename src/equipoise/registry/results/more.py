"""Limits and caveats, agreements, and whom to ask."""

from __future__ import annotations

from collections.abc import Iterator

from ..blocks import Block, Fact, Facts, Prose
from ..words import coded, label
from .reading import Tree, mapping, words, yes_no


def more_blocks(section: Tree, language: str) -> Iterator[Block]:
    """What the record says besides its numbers."""
    module = mapping(section, "moreInfoModule")
    caveat = words(mapping(module, "limitationsAndCaveats"), "description")
    if caveat:
        yield Prose((caveat,))
    agreement = mapping(module, "certainAgreement")
    restriction = words(agreement, "restrictionType")
    contact = mapping(module, "pointOfContact")
    phone = " / ".join(
        part for part in (words(contact, "phone"), words(contact, "phoneExt")) if part
    )
    facts = tuple(
        Fact(label(name, language), said)
        for name, said in (
            ("investigator_employed", yes_no(agreement, "piSponsorEmployee", language)),
            ("publication_restricted", yes_no(agreement, "restrictiveAgreement", language)),
            ("restriction", coded(restriction, language) if restriction else ""),
            ("restriction_details", words(agreement, "otherDetails")),
            ("name", words(contact, "title")),
            ("affiliation", words(contact, "organization")),
            ("phone", phone),
            ("email", words(contact, "email")),
        )
        if said
    )
    if facts:
        yield Facts(facts)
