"""Signatures as they are shown: name, time, meaning, what they are bound to, and whether they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.conduct.decide.visits import content_hash
from equipoise.conduct.sealed import ERASED, REDACTED
from equipoise.conduct.state import FormInstance

from .vocabulary import local_time

MEANINGS = {"reviewed and correct": noop("reviewed and correct")}
"""The meanings the program itself gives, in the language of the page."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature under a form (21 CFR 11.50). `stands` is false once what it was bound to has changed."""

    who: str
    when: str
    meaning: str
    hash: str
    stands: bool


def signature_of(form: FormInstance | None, zone: tzinfo) -> Signature | None:
    """The last signature under a form; None where nobody has signed it.

    It stands while no save has followed and the form's content still gives the hash that was signed. Where a
    text of it has been redacted since, the hash can be computed no more: then the save alone decides.
    """
    if form is None or form.signed_by is None or form.signed_at is None:
        return None
    meaning = form.signed_meaning or ""
    return Signature(
        form.signed_by,
        local_time(form.signed_at, zone),
        _(MEANINGS[meaning]) if meaning in MEANINGS else meaning,
        form.signed_hash or "",
        form.signed and (form.signed_hash == content_hash(form) or _unreadable(form)),
    )


def _unreadable(form: FormInstance) -> bool:
    return any(one.value.raw in (ERASED, REDACTED) for one in form.values.values())
