"""Source data verification: what the plan asks to be compared, what was, and what no longer holds."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import lru_cache

from msgspec import Struct

from equipoise.protocol.document import Form, Protocol, SourceVerification
from equipoise.protocol.once import once_for_each_protocol

from .state import FormInstance, ParticipantState
from .values import Address


def sampled(rule: SourceVerification, participant: str) -> bool:
    """Whether a rule covers this participant: always the same answer, and no state is needed for it."""
    return _drawn(rule.id, rule.share, participant)


@lru_cache(maxsize=65_536)
def _drawn(rule: str, share: str, participant: str) -> bool:
    digest = hashlib.sha256(f"{rule}/{participant}".encode()).digest()
    return int.from_bytes(digest[:8]) < Fraction(share) * 2**64


def comparable(protocol: Protocol, form: Form) -> tuple[str, ...]:
    """Items of a form that can be held against a source: neither computed here nor identifying."""
    return _comparable(protocol, form.id)


@once_for_each_protocol
def _comparable(protocol: Protocol, form: str) -> tuple[str, ...]:
    items = protocol.item_by_id
    return tuple(
        entry.item
        for entry in protocol.form_by_id[form].items
        if items[entry.item].derived is None and items[entry.item].type != "identity"
    )


def planned_items(protocol: Protocol, participant: str, form: Form) -> tuple[str, ...]:
    """Items of a form that the plan asks to be verified for this participant."""
    rules = [rule for rule in protocol.monitoring.source_verification if sampled(rule, participant)]
    if not rules:
        return ()
    if any(form.id in rule.forms for rule in rules):
        return comparable(protocol, form)
    named = {item for rule in rules for item in rule.items}
    return tuple(item for item in comparable(protocol, form) if item in named)


class FormVerification(Struct, frozen=True):
    """A form's source verification by item. `outstanding` are planned and not (or no longer) verified."""

    planned: tuple[str, ...]
    standing: tuple[str, ...]
    void: tuple[str, ...]

    @property
    def outstanding(self) -> tuple[str, ...]:
        """What the plan still asks for."""
        return tuple(item for item in self.planned if item not in self.standing)

    @property
    def complete(self) -> bool:
        """Whether something stands verified, and nothing is outstanding or void."""
        return bool(self.standing) and not self.outstanding and not self.void


def form_verification(
    protocol: Protocol, participant: ParticipantState, instance: FormInstance
) -> FormVerification:
    """Where a saved form stands. Only captured values count; where no rule names the form, all of them do."""
    form = protocol.form_by_id[instance.address.form]
    captured = [item for item in comparable(protocol, form) if item in instance.values]
    planned = [i for i in planned_items(protocol, participant.id, form) if i in instance.values]
    marks = instance.verified
    standing = tuple(item for item, mark in marks.items() if mark.void is None)
    return FormVerification(
        planned=tuple(planned or (captured if marks else ())),
        standing=standing,
        void=tuple(item for item, mark in marks.items() if mark.void is not None),
    )


class Progress(Struct, frozen=True):
    """Values planned for verification, and of these verified; and marks that a later change voided."""

    planned: int = 0
    verified: int = 0
    void: int = 0

    def __add__(self, other: Progress) -> Progress:
        return Progress(
            self.planned + other.planned, self.verified + other.verified, self.void + other.void
        )

    def __sub__(self, other: Progress) -> Progress:
        return self + Progress(-other.planned, -other.verified, -other.void)


def form_progress(participant: ParticipantState, address: Address) -> Progress:
    """The source verification of one form; nothing where it was not saved."""
    instance = participant.forms.get(address)
    form = participant.protocol.form_by_id.get(address.form)
    if instance is None or form is None:
        return Progress()
    marks = instance.verified
    planned = [
        item
        for item in planned_items(participant.protocol, participant.id, form)
        if item in instance.values
    ]
    return Progress(
        planned=len(planned),
        verified=sum(1 for item in planned if item in marks and marks[item].void is None),
        void=sum(1 for mark in marks.values() if mark.void is not None),
    )


def progress(participant: ParticipantState) -> Progress:
    """A participant's source verification, counted over the forms saved so far."""
    plan = participant.protocol.monitoring.source_verification
    marked = any(form.verified for form in participant.forms.values())
    if not marked and not any(sampled(rule, participant.id) for rule in plan):
        return Progress()
    return sum((form_progress(participant, one) for one in participant.forms), Progress())


def form_marks(participant: ParticipantState, address: Address) -> tuple[str, ...]:
    """Everything that is true of a form at an address, the most pressing first.

    `empty`, `part` or `done` come last; before them may stand `queried`, `frozen`
    or `locked`, `void` (a verification that a change has voided), `signed` and `verified`.
    """
    form = participant.forms.get(address)
    if form is None:
        return ("empty",)
    marks = []
    if any(
        query.address == address and query.status != "closed"
        for query in participant.queries.values()
    ):
        marks.append("queried")
    hold = participant.hold or form.hold
    if hold is not None:
        marks.append(hold.kind)
    if form.verified:
        found = form_verification(participant.protocol, participant, form)
        if found.void:
            marks.append("void")
    if form.signed:
        marks.append("signed")
    if form.verified and form.complete and found.complete:
        marks.append("verified")
    return (*marks, "done" if form.complete else "part")
