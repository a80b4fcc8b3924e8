"""Recording that a ledger was restored. It has happened already: nothing stands against it but a wrong statement."""

from __future__ import annotations

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import RefusedError
from .context import Context, Decided


def record_restoration(command: c.RecordRestoration, context: Context) -> Decided:
    """The first event after those of the backup."""
    if command.backup_seq != context.trial.seq:
        raise RefusedError(
            [reason("not-at-the-backup", seq=context.trial.seq, backup=command.backup_seq)]
        )
    return Decided().on_trial(
        e.LedgerRestored(
            backup_seq=command.backup_seq,
            backup_root=command.backup_root,
            taken_at=command.taken_at,
            person=command.person,
            lost=command.lost,
            last_seq=command.last_seq,
            last_hash=command.last_hash,
            reason=command.reason,
        )
    )
