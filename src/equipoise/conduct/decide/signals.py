"""Decisions about signals of central monitoring."""

from __future__ import annotations

from typing import get_args

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import RefusedError
from ..state import Signal
from .administration import known_site, own_site
from .context import Context, Decided


def open_signal(command: c.OpenSignal, context: Context) -> Decided:
    """A site and a statistic are looked into; the same pair once at a time."""
    site = command.site
    reasons = known_site(site, context) or own_site(site, context)
    kind, dot, subject = command.statistic.partition(".")
    if not (kind and dot and subject):
        reasons.append(reason("no-statistic", "statistic", given=command.statistic))
    if not 1 <= command.cut <= context.trial.seq:
        reasons.append(reason("no-such-cut", "cut", given=command.cut, head=context.trial.seq))
    for one in context.trial.oversight.signals:
        if (one.site, one.statistic) == (site, command.statistic) and not one.closed_at:
            reasons.append(reason("signal-open-already", "statistic", number=one.number))
    if not command.text.strip():
        reasons.append(reason("nothing-said", "text"))
    if reasons:
        raise RefusedError(reasons)
    opened = e.SignalOpened(
        signal=len(context.trial.oversight.signals) + 1,
        statistic=command.statistic,
        cut=command.cut,
        text=command.text,
    )
    return Decided(answer={"signal": opened.signal}).on_site(site, opened)


def _open(site: str, number: int, context: Context) -> Signal:
    found = next(
        (
            one
            for one in context.trial.oversight.signals
            if (one.number, one.site) == (number, site) and not one.closed_at
        ),
        None,
    )
    if found is None or own_site(site, context):
        raise RefusedError([reason("signal-not-open", "signal", number=number)])
    return found


def assess_signal(command: c.AssessSignal, context: Context) -> Decided:
    """One more step of looking into it."""
    signal = _open(command.site, command.signal, context)
    if not command.text.strip():
        raise RefusedError([reason("nothing-said", "text")])
    return Decided().on_site(signal.site, e.SignalAssessed(signal=signal.number, text=command.text))


def close_signal(command: c.CloseSignal, context: Context) -> Decided:
    """Settled, with a conclusion and its reason; only what has been assessed can be."""
    signal = _open(command.site, command.signal, context)
    reasons = []
    if not signal.assessments:
        reasons.append(reason("signal-not-assessed", number=signal.number))
    if command.conclusion not in get_args(e.SignalConclusion):
        known = ", ".join(get_args(e.SignalConclusion))
        reasons.append(
            reason("unknown-conclusion", "conclusion", given=command.conclusion, known=known)
        )
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
    closed = e.SignalClosed(
        signal=signal.number, conclusion=command.conclusion, reason=command.reason
    )
    return Decided().on_site(signal.site, closed)
