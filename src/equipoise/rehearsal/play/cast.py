"""Who acts: one person a role and site, and one a trial-wide role; who of them brings which command."""

from __future__ import annotations

from equipoise.conduct.values import Actor
from equipoise.protocol.document import Protocol

TRIAL_WIDE = ("administrator", "sponsor", "monitor", "statistician", "dsmb")
"""Roles held for every site; all others are held at one."""
NOT_STAFF = ("participant",)

PREFERRED: dict[str, tuple[str, ...]] = {
    "SignEligibility": ("investigator",),
    "SignForm": ("investigator",),
    "SubmitSafetyReport": ("investigator",),
    "DispenseSupply": ("pharmacist",),
    "ReturnSupply": ("pharmacist",),
    "RaiseQuery": ("monitor",),
    "CloseQuery": ("monitor",),
    "OpenSite": ("sponsor", "administrator"),
    "GrantRole": ("administrator",),
    "SetLaboratoryRange": ("administrator",),
}
"""Who brings a command where several may; otherwise the coordinator before the others."""
_USUAL = ("coordinator", "investigator", "pharmacist", "monitor", "sponsor", "administrator")


class CastError(Exception):
    """The protocol gives nobody the right to do what a trial needs."""


class Cast:
    """The virtual staff: `coordinator-nanning` at a site, `monitor` for the trial."""

    def __init__(self, protocol: Protocol) -> None:
        self._rights = {grant.role: frozenset(grant.may) for grant in protocol.roles}
        self._keys = {site.id: site.key for site in protocol.identity.sites}
        self._chosen: dict[tuple[str, str], Actor] = {}

    def everyone(self) -> list[Actor]:
        """Every member of staff, trial-wide first."""
        wide = [Actor(role, role) for role in self._rights if role in TRIAL_WIDE]
        local = [
            Actor(f"{role}-{key}", role, site)
            for site, key in self._keys.items()
            for role in self._rights
            if role not in TRIAL_WIDE and role not in NOT_STAFF
        ]
        return wide + local

    def who(self, command: str, site: str) -> Actor:
        """Who brings a command at a site; `CastError` where the protocol lets nobody."""
        found = self._chosen.get((command, site))
        if found is None:
            found = self._chosen[command, site] = self._choose(command, site)
        return found

    def _choose(self, command: str, site: str) -> Actor:
        order = (*PREFERRED.get(command, ()), *_USUAL, *self._rights)
        for role in order:
            if command in self._rights.get(role, ()) and role not in NOT_STAFF:
                if role in TRIAL_WIDE:
                    return Actor(role, role)
                return Actor(f"{role}-{self._keys[site]}", role, site)
        raise CastError(f"roles: nobody may bring {command}; give a role that right to rehearse it")
