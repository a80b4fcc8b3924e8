"""Source data verification: values compared with the source documents."""

from __future__ import annotations

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import RefusedError
from ..verification import comparable
from .context import Context, Decided, on_record
from .visits import stale


def verify_source(command: c.VerifySource, context: Context) -> Decided:
    """Mark values as compared; only what the monitor saw, and only what is not marked already."""
    participant = context.known(command.participant)
    reasons = on_record(participant)
    instance = participant.forms.get(command.address)
    form = context.protocol.form_by_id.get(command.address.form)
    if instance is None or form is None:
        reasons.append(reason("nothing-to-verify", "address", address=command.address))
        raise RefusedError(reasons)
    if command.based_on != instance.saves:
        reasons.append(stale(instance))
    here = [item for item in comparable(context.protocol, form) if item in instance.values]
    for item in dict.fromkeys(command.items):
        if item not in here:
            reasons.append(reason("not-verifiable", "items", item=item, address=command.address))
    wanted = [item for item in here if not command.items or item in command.items]
    marks = instance.verified
    items = [item for item in wanted if item not in marks or marks[item].void is not None]
    if not reasons and not items:
        reasons.append(reason("already-verified", "items", address=command.address))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant,
        e.SourceVerified(
            visit=command.address.visit,
            form=command.address.form,
            repeat=command.address.repeat,
            save=instance.saves,
            items=tuple(items),
        ),
    )
