"""`decide`: from a command and the state of the trial to events, or to a refusal.

Pure. Who may bring which command is the protocol's `roles`; that the person holds the role is in
the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .. import commands as c
from ..reasons import reason
from ..refusal import Reason, Refusal, RefusedError
from ..sealed import GONE
from ..values import is_readable
from . import (
    administration,
    amendment,
    care,
    coding,
    enrollment,
    file,
    holds,
    machines,
    monitoring,
    people,
    planning,
    privacy,
    recruitment,
    restoring,
    review,
    safety,
    signals,
    unblinding,
    verification,
    visits,
)
from .context import Allocate, Context, Decided, local_day, local_day_of
from .permission import permission_reasons

_DECISIONS: dict[type[c.Command], Callable[[Any, Context], Decided]] = {
    c.CreateTrial: administration.create_trial,
    c.CommitRandomization: administration.commit_randomization,
    c.GrantRole: administration.grant_role,
    c.RevokeRole: administration.revoke_role,
    c.DelegateTasks: people.delegate_tasks,
    c.EndDelegation: people.end_delegation,
    c.RecordTraining: people.record_training,
    c.ReviewAccess: people.review_access,
    c.IssueToken: machines.issue_token,
    c.RevokeToken: machines.revoke_token,
    c.ResetSecondFactor: people.reset_second_factor,
    c.ChangeSecondFactor: people.change_second_factor,
    c.LinkIdentity: people.link_identity,
    c.UnlinkIdentity: people.unlink_identity,
    c.OpenSite: administration.open_site,
    c.AmendProtocol: amendment.amend_protocol,
    c.AdoptProtocol: amendment.adopt_protocol,
    c.CloseSite: administration.close_site,
    c.CloseRecruitment: administration.close_recruitment,
    c.HaltRecruitment: recruitment.halt_recruitment,
    c.RestartRecruitment: recruitment.restart_recruitment,
    c.FileDocument: file.file_document,
    c.WithdrawDocument: file.withdraw_document,
    c.RecordEthicsReview: file.record_ethics_review,
    c.SetLaboratoryRange: administration.set_laboratory_range,
    c.ReleaseResults: administration.release_results,
    c.UnblindTrial: unblinding.unblind_trial,
    c.RevealSeed: unblinding.reveal_seed,
    c.ScreenParticipant: enrollment.screen,
    c.RecordConsent: enrollment.record_consent,
    c.AssessEligibility: enrollment.assess_eligibility,
    c.SignEligibility: enrollment.sign_eligibility,
    c.FailScreening: enrollment.fail_screening,
    c.Randomize: enrollment.randomize,
    c.SaveForm: visits.save_form,
    c.RecordDiaryDay: visits.record_diary_day,
    c.RecordDose: visits.record_dose,
    c.MissVisit: visits.miss_visit,
    c.MoveValues: visits.move_values,
    c.SignForm: visits.sign_form,
    c.VerifySource: verification.verify_source,
    c.FreezeForm: holds.freeze,
    c.LockForm: holds.lock,
    c.UnlockForm: holds.unlock,
    c.LockTrial: holds.lock_trial,
    c.UnlockTrial: holds.unlock_trial,
    c.DispenseSupply: care.dispense_supply,
    c.ReturnSupply: care.return_supply,
    c.ReportAdverseEvent: safety.report_adverse_event,
    c.UpdateAdverseEvent: safety.update_adverse_event,
    c.SubmitSafetyReport: safety.submit_safety_report,
    c.ReviewTrail: review.review_trail,
    c.SignAnalysisPlan: planning.sign_analysis_plan,
    c.RegisterDictionary: coding.register_dictionary,
    c.CodeTerm: coding.code_term,
    c.AddSynonym: coding.add_synonym,
    c.RetireSynonym: coding.retire_synonym,
    c.RewordAdverseEvent: coding.reword_adverse_event,
    c.RaiseQuery: care.raise_query,
    c.AnswerQuery: care.answer_query,
    c.CloseQuery: care.close_query,
    c.ReopenQuery: care.reopen_query,
    c.LogDeviation: care.log_deviation,
    c.OpenSignal: signals.open_signal,
    c.AssessSignal: signals.assess_signal,
    c.CloseSignal: signals.close_signal,
    c.AssessDeviation: monitoring.assess_deviation,
    c.PlanMonitoringVisit: monitoring.plan_monitoring_visit,
    c.CancelMonitoringVisit: monitoring.cancel_monitoring_visit,
    c.RecordFinding: monitoring.record_finding,
    c.ResolveFinding: monitoring.resolve_finding,
    c.SignMonitoringReport: monitoring.sign_monitoring_report,
    c.AcknowledgeMonitoringReport: monitoring.acknowledge_monitoring_report,
    c.UnblindParticipant: unblinding.unblind_participant,
    c.Withdraw: care.withdraw,
    c.RecordRestoration: restoring.record_restoration,
    c.EraseIdentity: privacy.erase_identity,
    c.RequestRedaction: privacy.request_redaction,
    c.ApproveRedaction: privacy.approve_redaction,
    c.DeclineRedaction: privacy.decline_redaction,
    c.RequestTrialRedaction: privacy.request_trial_redaction,
    c.ApproveTrialRedaction: privacy.approve_trial_redaction,
    c.DeclineTrialRedaction: privacy.decline_trial_redaction,
    c.GiveCopy: privacy.give_copy,
    c.TransferParticipant: care.transfer,
    c.CompleteParticipant: care.complete,
}

COMMANDS: dict[str, type[c.Command]] = {kind.__name__: kind for kind in _DECISIONS}
"""Commands by name, as the protocol's roles name them."""


_ARGUMENTS = {kind: kind.__struct_fields__ for kind in _DECISIONS}


def decide(command: c.Command, context: Context) -> Decided | Refusal:
    """Decide one command; a refusal carries every reason that could be told apart."""
    name = type(command).__name__
    try:
        permission = permission_reasons(name, context, getattr(command, "to_participant", ""))
        if permission:
            return Refusal(tuple(permission))
        unreadable = _unreadable(list(_texts(command)))
        if unreadable:
            return Refusal(tuple(unreadable))
        held = holds.hold_reasons(command, context)
        if held:
            return Refusal(tuple(held))
        return _DECISIONS[type(command)](command, context)
    except RefusedError as refused:
        return refused.refusal


def _unreadable(texts: list[tuple[str, str]]) -> list[Reason]:
    """Texts nobody could read, and those that say what only an erased text says."""
    together = "".join([text for _, text in texts])
    if "[" not in together and is_readable(together):
        return []
    return [
        reason("unreadable-text", argument, name=argument)
        for argument, text in texts
        if not is_readable(text)
    ] + [
        reason("means-gone", argument, name=argument, typed=text.strip())
        for argument, text in texts
        if text[:1] == "[" and text.strip() in GONE
    ]


def _texts(command: c.Command) -> Iterator[tuple[str, str]]:
    """The texts of a command by argument. Captured values are read item by item when they are captured."""
    for name in _ARGUMENTS[type(command)]:
        given = getattr(command, name)
        if isinstance(given, str):
            yield name, given
        elif name == "identity" and isinstance(given, Mapping):
            yield from given.items()


__all__ = [
    "COMMANDS",
    "Allocate",
    "Context",
    "Decided",
    "decide",
    "local_day",
    "local_day_of",
    "permission_reasons",
]
