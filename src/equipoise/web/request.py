"""What every view is given: the request with the person, the trial and the participant in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.core.handlers.wsgi import WSGIRequest

from equipoise.conduct.values import Actor

if TYPE_CHECKING:
    from equipoise.conduct.state import ParticipantState
    from equipoise.home import Home
    from equipoise.protocol.document import Protocol
    from equipoise.trial import Trial

    from .models import Account


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, and the role and site chosen for this session (empty: every site)."""

    username: str
    role: str
    site: str = ""

    @property
    def actor(self) -> Actor:
        """The person as the trial knows them."""
        return Actor(self.username, self.role, self.site)

    def covers(self, site: str) -> bool:
        """Whether the site lies within the person's grant."""
        return self.site in ("", site)


class TrialRequest(WSGIRequest):
    """A request inside one home.

    `account` is who signed in; `person` is that account in a role it holds, None until a role is
    chosen and for an anonymous visitor. `participant` is set by the guard on pages about one
    participant, after it has made sure that the person may know of them.
    """

    home: Home
    trial: Trial
    account: Account | None
    person: Person | None
    participant: ParticipantState | None
    page: str
    """Name of the page, as in the permission table."""
    must_have_factor: bool
    """Whether the role chosen may not be used without a second factor, by the policy of the installation."""
    owes_factor: bool
    """Whether that is so and the session has not shown one: nobody is a person here before that."""
    LANGUAGE_CODE: str

    @property
    def someone(self) -> Person:
        """The person, where the guard has made sure that there is one."""
        assert self.person is not None
        return self.person

    @property
    def someone_studied(self) -> ParticipantState:
        """The participant, where the guard has made sure that there is one."""
        assert self.participant is not None
        return self.participant

    @property
    def protocol(self) -> Protocol:
        """The protocol version in force where this request takes place: at the participant's site, else at
        the person's; for everyone else the newest."""
        if self.participant is not None:
            return self.participant.protocol
        return self.trial.protocol_at(self.person.site if self.person else "")

    @property
    def language(self) -> str:
        """The language of the page as the protocol's texts name it (`en`, `zh-Hans`)."""
        return "zh-Hans" if self.LANGUAGE_CODE.lower().startswith("zh") else "en"

    def clock_site(self) -> str:
        """The site whose clock the page shows: the participant's, else the person's, else the first."""
        if self.participant is not None:
            return self.participant.site
        site = self.person.site if self.person else ""
        return site or self.trial.protocol.identity.sites[0].id

    def today(self) -> date:
        """Today at the person's site (for an all-site person: at the first site)."""
        site = self.person.site if self.person else ""
        return self.trial.today(site or self.trial.protocol.identity.sites[0].id)
