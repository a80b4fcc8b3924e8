"""Who runs the study, where, whom to ask, and under which numbers."""

from __future__ import annotations

from collections.abc import Iterator

from equipoise.protocol.document import Contact

from ..blocks import Block, Entries, Entry, Fact, Facts, Group
from ..words import SECTION_TITLES, missing, pick
from .saying import Saying


class PeopleSections(Saying):
    """The sections that name organizations, places and people."""

    def sponsors(self) -> Iterator[Block]:
        """Organizations."""
        sponsors = self.protocol.identity.sponsors
        if not sponsors:
            yield self.missing("sponsors")
            return
        yield Entries(
            tuple(
                Entry(
                    None,
                    self.say(one.name),
                    self.known(
                        ("role", None if one.role == "unspecified" else self.coded(one.role)),
                        ("type", self.coded(one.type) if one.type else None),
                    ),
                )
                for one in sponsors
            )
        )

    def party(self) -> Iterator[Block]:
        """Who answers for the record."""
        party = self.protocol.identity.responsible_party
        facts = (
            self.known(
                ("type", self.coded(party.type) if party.type else None),
                ("name", self.say(party.name)),
                ("title", self.say(party.title)),
                ("affiliation", self.say(party.affiliation)),
            )
            if party
            else ()
        )
        yield Facts(facts) if facts else self.missing("party")

    def locations(self) -> Iterator[Block]:
        """The sites."""
        sites = self.protocol.identity.sites
        if not sites:
            yield self.missing("locations")
            return
        entries = []
        for site in sites:
            place = ", ".join(
                dict.fromkeys(
                    words
                    for words in (
                        self.say(site.city),
                        self.say(site.region),
                        self.say(site.country),
                    )
                    if words
                )
            )
            status = self.live.sites.get(site.id) if self.live else None
            entries.append(
                Entry(
                    None,
                    f"{self.say(site.name)}\n{place}",
                    self.known(("status", self.coded(status or site.recruitment_status))),
                )
            )
        shown = Entries(tuple(entries))
        if len(entries) > 20:
            yield Group(
                f"{len(entries)} · {pick(SECTION_TITLES['locations'], self.language)}",
                (shown,),
                folded=True,
            )
        else:
            yield shown

    def countries(self) -> Iterator[Block]:
        """The countries."""
        countries = [self.say(one) for one in self.protocol.identity.countries]
        if countries:
            yield Entries(tuple(Entry(None, country) for country in countries))
        else:
            yield self.missing("countries")

    def contacts(self, kind: str) -> Iterator[Block]:
        """Whom to ask, centrally or at a site."""
        listed = [one for one in self.protocol.identity.contacts if one.kind == kind]
        if not listed:
            yield self.missing(kind)
            return
        entries = Entries(tuple(self.contact(one) for one in listed))
        if len(listed) > 12:
            title = f"{len(listed)} · {pick(SECTION_TITLES[kind], self.language)}"
            yield Group(title, (entries,), folded=True)
        else:
            yield entries

    def contact(self, contact: Contact) -> Entry:
        """One contact."""
        site = self.protocol.site_by_id.get(contact.site) if contact.site else None
        name = self.say(contact.name) + (f"\n{self.say(site.name)}" if site else "")
        details = self.known(
            ("role", self.coded(contact.role) if contact.role else None),
            ("phone", contact.phone),
            ("email", contact.email),
        )
        if not (contact.phone or contact.email):
            unreachable = missing("no_contact_way", self.language)
            details += (Fact(self.label("phone"), unreachable),)
        return Entry(None, name, details)

    def identifiers(self) -> Iterator[Block]:
        """The numbers the trial is known by."""
        numbers = self.protocol.identity.identifiers
        if not numbers:
            yield self.missing("identifiers")
            return
        yield Entries(
            tuple(
                Entry(
                    None,
                    one.id,
                    self.known(
                        (
                            "type",
                            self.coded(one.type)
                            if one.type
                            else missing("not_stated", self.language),
                        ),
                        ("source", self.coded(one.source) if one.source else None),
                    ),
                )
                for one in numbers
            )
        )
