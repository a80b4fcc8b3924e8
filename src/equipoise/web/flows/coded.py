"""What something was coded as, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from equipoise.conduct.coding import named
from equipoise.conduct.state import Coding, ParticipantState
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment


def coded_words(coded: Coding, language: str) -> str:
    """Class, preferred term and term, with the code."""
    return (
        f"{named(coded.group, language)} / {named(coded.preferred, language)} / "
        f"{named(coded.term, language)} ({coded.code})"
    )


def coded_fact(request: TrialRequest, state: ParticipantState, key: str) -> list[tuple[str, str]]:
    """What a target is coded as, and whether that still holds, as a fact of a page; nothing where it never was."""
    coded = state.codings.get(key)
    if coded is None:
        return []
    words = coded_words(coded, request.language)
    if coded.void is not None:
        words = _("void since %(when)s, the words have changed; before: %(coded)s") % {
            "when": moment(coded.void.at), "coded": words,
        }  # fmt: skip
    return [(_("Coded as"), words)]
