"""Who runs the trial, where, and under which names and dates: the registry's facts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Id, Number, Part, PartialDate, Text


class Titles(Part):
    """`brief` is the public title; `short` is what pages and worklists show."""

    brief: Text
    official: Text | None = None
    short: Text | None = None
    acronym: str | None = None


class Identifier(Part):
    """A number under which the trial is known: registry number, sponsor's number, ethics number."""

    id: str
    type: str | None = None
    source: str | None = None


class Sponsor(Part):
    """An organization that funds or runs the trial; exactly one should be the lead."""

    name: Text
    type: str | None = None
    role: Literal["lead", "collaborator", "unspecified"] = "unspecified"


class ResponsibleParty(Part):
    """Who answers to the registry for the record (sponsor or named investigator)."""

    type: Literal["sponsor", "principal_investigator", "sponsor_investigator"] | None = None
    name: Text | None = None
    title: Text | None = None
    affiliation: Text | None = None


class Contact(Part):
    """Whom the public may ask. `site` is the site's id for a facility contact."""

    name: Text
    role: str | None = None
    kind: Literal["central", "facility"] = "central"
    site: str | None = None
    phone: str | None = None
    email: str | None = None


class Site(Part):
    """A hospital that recruits. Its number starts every participant's number."""

    id: str = Field(pattern=r"^\d{2,4}$")
    key: Id
    name: Text
    city: Text
    region: Text | None = None
    country: Text
    timezone: str = "Asia/Shanghai"
    recruitment_status: str = "not_yet_recruiting"
    target: int | None = Field(default=None, ge=0)


class RegistryDate(Part):
    """A date of the record with its status; `date` keeps the precision it was given with."""

    date: PartialDate
    type: Literal["actual", "estimated", "unspecified"] = "unspecified"


class Dates(Part):
    """Start, primary completion and completion, as registered."""

    start: RegistryDate | None = None
    primary_completion: RegistryDate | None = None
    completion: RegistryDate | None = None
    first_posted: RegistryDate | None = None
    last_updated: RegistryDate | None = None


class Reference(Part):
    """A publication or source the protocol rests on."""

    text: Text
    url: str | None = None


class Identity(Part):
    """Everything that names the trial to the outside world."""

    titles: Titles
    identifiers: list[Identifier] = []
    registry_status: str | None = None
    sponsors: list[Sponsor] = []
    responsible_party: ResponsibleParty | None = None
    contacts: list[Contact] = []
    sites: list[Site] = []
    dates: Dates = Dates()
    summary: Text | None = None
    description: Text | None = None
    conditions: list[Text] = []
    keywords: list[Text] = []
    countries: list[Text] = []
    references: list[Reference] = []


__all__ = [
    "Contact", "Dates", "Identifier", "Identity", "Number", "Reference", "RegistryDate",
    "ResponsibleParty", "Site", "Sponsor", "Titles",
]  # fmt: skip
