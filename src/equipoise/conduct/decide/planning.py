"""The decision on a signature under the statistical analysis plan (ICH E9 5.1: finished before the blind is broken)."""

from __future__ import annotations

from equipoise.protocol.analysis_plan import plan_hash

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import RefusedError
from .context import Context, Decided


def sign_analysis_plan(command: c.SignAnalysisPlan, context: Context) -> Decided:
    """The plan of the protocol in force is signed, before anybody outside the monitoring board sees results by group."""
    trial = context.trial
    now = plan_hash(context.protocol)
    reasons = []
    if command.plan_hash != now:
        reasons.append(reason("another-plan", "plan_hash", now=now[:12]))
    if trial.results_released or trial.unblinded:
        reasons.append(reason("plan-after-unblinding"))
    if trial.analysis_plans and trial.analysis_plans[-1].plan_hash == now:
        signed = trial.analysis_plans[-1]
        reasons.append(reason("plan-already-signed", person=signed.signed_by))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(
        e.AnalysisPlanSigned(
            number=len(trial.analysis_plans) + 1,
            plan_hash=now,
            plan_version=context.protocol.version,
            meaning=command.meaning,
        )
    )
