"""The trial as a whole and its sites: who may act, what is open, how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from equipoise.protocol.document import Protocol

from .. import events as e


@dataclass(frozen=True, slots=True)
class LaboratoryRange:
    """A site laboratory's reference range for an item, from a day on."""

    item: str
    lower: Decimal | None
    upper: Decimal | None
    unit: str
    valid_from: date
    sex: str | None


@dataclass(slots=True)
class SiteState:
    """A site: open or not, its laboratory, how many it screened and randomized."""

    id: str
    open: bool = False
    opened_on: date | None = None
    ethics_approval: str = ""
    ranges: tuple[LaboratoryRange, ...] = ()
    screened: int = 0
    randomized: int = 0
    version: str = ""
    """The protocol version in force; empty until the site was opened for the first time."""


@dataclass(slots=True)
class TrialState:
    """The trial as a whole, at ledger position `seq`."""

    id: str
    protocol: Protocol
    seq: int = 0
    created: bool = False
    rehearsal: bool = False
    public_key: str = ""
    commitment: str | None = None
    source: str | None = None
    recruitment_open: bool = True
    results_released: bool = False
    unblinded: bool = False
    sites: Mapping[str, SiteState] = field(default_factory=dict)
    grants: frozenset[tuple[str, str, str]] = frozenset()
    """(person, role, site); an empty site means every site."""
    versions: tuple[str, ...] = ()
    """Protocol versions the trial knows, in the order in which it came to know them."""

    @property
    def screened(self) -> int:
        """Persons on the screening log, over all sites."""
        return sum(site.screened for site in self.sites.values())

    @property
    def randomized(self) -> int:
        """Participants randomized, over all sites."""
        return sum(site.randomized for site in self.sites.values())

    @property
    def newest_in_force(self) -> str:
        """The newest protocol version in force at any site; empty before a site was opened."""
        here = {site.version for site in self.sites.values()}
        return next((one for one in reversed(self.versions) if one in here), "")

    def site(self, site: str) -> SiteState:
        """The site's state; a site that was never opened is closed."""
        return self.sites.get(site, SiteState(site))

    def may_act(self, person: str, role: str, site: str) -> bool:
        """Whether the person holds the role, at this site or at all."""
        return (person, role, "") in self.grants or (person, role, site) in self.grants

    def _site(self, site: str, **changes: Any) -> None:
        self.sites = {**self.sites, site: replace(self.site(site), **changes)}

    def apply(self, happening: e.Happening, site: str, at: str) -> None:
        """Fold one event in; events of participants only move the counts."""
        match happening:
            case e.TrialCreated():
                self.created = True
                self.rehearsal = happening.rehearsal
                self.public_key = happening.public_key
                self.versions = (self.protocol.version,)
            case e.ProtocolAmended():
                self.versions = (*self.versions, happening.version)
            case e.ProtocolAdopted():
                self._site(site, version=happening.version)
            case e.RandomizationCommitted():
                self.commitment, self.source = happening.commitment, happening.source
            case e.RoleGranted():
                grant = (happening.person, happening.granted_role, happening.at_site)
                self.grants = self.grants | {grant}
            case e.RoleRevoked():
                grant = (happening.person, happening.granted_role, happening.at_site)
                self.grants = self.grants - {grant}
            case e.SiteOpened():
                self._site(
                    site,
                    open=True,
                    opened_on=date.fromisoformat(at[:10]),
                    ethics_approval=happening.ethics_approval,
                    version=self.site(site).version or self.versions[-1],
                )
            case e.SiteClosed():
                self._site(site, open=False)
            case e.RecruitmentClosed():
                self.recruitment_open = False
            case e.ResultsReleased():
                self.results_released = True
            case e.TrialUnblinded():
                self.unblinded = True
            case e.LaboratoryRangeSet():
                entry = LaboratoryRange(
                    happening.item,
                    Decimal(happening.lower) if happening.lower else None,
                    Decimal(happening.upper) if happening.upper else None,
                    happening.unit,
                    date.fromisoformat(happening.valid_from),
                    happening.sex,
                )
                self._site(site, ranges=(*self.site(site).ranges, entry))
            case e.ParticipantScreened():
                self._site(site, screened=self.site(site).screened + 1)
            case e.ParticipantRandomized():
                self._site(site, randomized=self.site(site).randomized + 1)
