"""What a command is answered, the first time and when it is brought again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from equipoise.conduct import commands as c
from equipoise.conduct import events as e
from equipoise.conduct.reasons import reason
from equipoise.conduct.refusal import Refusal
from equipoise.ledger.envelope import Event


class Done(Struct, frozen=True):
    """A command that took effect. Truthy.

    `events` are the ledger's, `happenings` the same decoded, `answer` what the caller needs at once
    (`participant`, `arm`, `number`, …). `repeated` says that the client id had been used before and
    nothing new happened.
    """

    events: tuple[Event, ...]
    happenings: tuple[e.Happening, ...]
    answer: Mapping[str, Any] = field(default_factory=dict)
    repeated: bool = False

    def __bool__(self) -> bool:
        return True


def answered_again(
    command: c.Command, earlier: Sequence[Event], happenings: Sequence[e.Happening]
) -> Done | Refusal:
    """The answer a repeated client id got, or a refusal where it names another command.

    `earlier` are the events the client id has caused, `happenings` the same decoded.
    """
    participant = getattr(command, "participant", None)
    streams = {event.stream for event in earlier}
    foreign = participant is not None and f"participant/{participant}" not in streams
    if foreign or type(happenings[0]).__name__ not in FIRST_EVENTS[type(command).__name__]:
        return Refusal((reason("client-id-reused"),))
    return Done(tuple(earlier), tuple(happenings), answer_of(earlier, happenings), repeated=True)


def answer_of(events: Sequence[Event], happenings: Sequence[e.Happening]) -> dict[str, Any]:
    """What the caller needs at once of what has happened."""
    answer: dict[str, Any] = {}
    for event, happening in zip(events, happenings, strict=True):
        match happening:
            case e.ParticipantScreened():
                answer["participant"] = event.stream.partition("/")[2]
            case e.ParticipantRandomized():
                answer["arm"] = happening.arm
                answer["number"] = happening.number
                answer["strata"] = dict(happening.strata)
                answer["randomized_at"] = event.server_time
                answer["randomized_by"] = event.actor
            case e.AdverseEventReported():
                answer["number"] = happening.number
            case e.FormSaved():
                answer["save"] = happening.save
                answer["complete"] = happening.complete
            case e.RedactionRequested() | e.TrialRedactionRequested():
                answer["redaction"] = happening.redaction
            case e.QueryRaised():
                answer.setdefault("queries", []).append(happening.query)
    return answer


FIRST_EVENTS: dict[str, tuple[str, ...]] = {
    "CreateTrial": ("TrialCreated",),
    "CommitRandomization": ("RandomizationCommitted",),
    "RevealSeed": ("SeedRevealed",),
    "GrantRole": ("RoleGranted",),
    "RevokeRole": ("RoleRevoked",),
    "DelegateTasks": ("TasksDelegated",),
    "EndDelegation": ("DelegationEnded",),
    "RecordTraining": ("TrainingRecorded",),
    "ReviewAccess": ("AccessReviewed",),
    "IssueToken": ("TokenIssued",),
    "RevokeToken": ("TokenRevoked",),
    "ResetSecondFactor": ("SecondFactorReset",),
    "ChangeSecondFactor": ("SecondFactorChanged",),
    "LinkIdentity": ("IdentityLinked",),
    "UnlinkIdentity": ("IdentityUnlinked",),
    "OpenSite": ("SiteOpened",),
    "AmendProtocol": ("ProtocolAmended",),
    "AdoptProtocol": ("ProtocolAdopted",),
    "CloseSite": ("SiteClosed",),
    "CloseRecruitment": ("RecruitmentClosed",),
    "HaltRecruitment": ("RecruitmentHalted",),
    "RestartRecruitment": ("RecruitmentRestarted",),
    "FileDocument": ("DocumentFiled",),
    "WithdrawDocument": ("DocumentWithdrawn",),
    "RecordEthicsReview": ("EthicsReviewRecorded",),
    "SetLaboratoryRange": ("LaboratoryRangeSet",),
    "ReleaseResults": ("ResultsReleased",),
    "ScreenParticipant": ("ParticipantScreened",),
    "RecordConsent": ("ConsentRecorded", "ConsentRefused"),
    "AssessEligibility": ("EligibilityAssessed",),
    "SignEligibility": ("EligibilitySigned",),
    "FailScreening": ("ScreeningFailed",),
    "Randomize": ("ParticipantRandomized",),
    "SaveForm": ("FormSaved",),
    "RecordDiaryDay": ("DiaryDayRecorded",),
    "RecordDose": ("DoseRecorded",),
    "MissVisit": ("VisitMissed",),
    "MoveValues": ("ValuesMovedAway",),
    "SignForm": ("FormSigned",),
    "VerifySource": ("SourceVerified",),
    "FreezeForm": ("FormHeld", "ParticipantHeld", "SiteHeld"),
    "LockForm": ("FormHeld", "ParticipantHeld", "SiteHeld"),
    "UnlockForm": ("FormHeld", "ParticipantHeld", "SiteHeld"),
    "LockTrial": ("TrialLocked",),
    "UnlockTrial": ("TrialUnlocked",),
    "DispenseSupply": ("SupplyDispensed",),
    "ReturnSupply": ("SupplyReturned",),
    "ReportAdverseEvent": ("AdverseEventReported",),
    "UpdateAdverseEvent": ("AdverseEventUpdated",),
    "SubmitSafetyReport": ("SafetyReportSubmitted",),
    "ReviewTrail": ("TrailReviewed",),
    "SignAnalysisPlan": ("AnalysisPlanSigned",),
    "RegisterDictionary": ("DictionaryRegistered",),
    "CodeTerm": ("TermCoded",),
    "AddSynonym": ("SynonymAdded",),
    "RetireSynonym": ("SynonymRetired",),
    "RewordAdverseEvent": ("AdverseEventReworded",),
    "RaiseQuery": ("QueryRaised",),
    "AnswerQuery": ("QueryAnswered",),
    "CloseQuery": ("QueryClosed",),
    "ReopenQuery": ("QueryReopened",),
    "LogDeviation": ("DeviationLogged",),
    "OpenSignal": ("SignalOpened",),
    "AssessSignal": ("SignalAssessed",),
    "CloseSignal": ("SignalClosed",),
    "AssessDeviation": ("DeviationAssessed",),
    "PlanMonitoringVisit": ("MonitoringVisitPlanned",),
    "CancelMonitoringVisit": ("MonitoringVisitCancelled",),
    "RecordFinding": ("FindingRecorded",),
    "ResolveFinding": ("FindingResolved",),
    "SignMonitoringReport": ("MonitoringReportSigned",),
    "AcknowledgeMonitoringReport": ("MonitoringReportAcknowledged",),
    "UnblindParticipant": ("ParticipantUnblinded",),
    "UnblindTrial": ("TrialUnblinded",),
    "Withdraw": ("ParticipantWithdrawn",),
    "TransferParticipant": ("ParticipantTransferred",),
    "CompleteParticipant": ("ParticipantCompleted",),
    "RecordRestoration": ("LedgerRestored",),
    "EraseIdentity": ("IdentityErased",),
    "RequestRedaction": ("RedactionRequested",),
    "ApproveRedaction": ("ValueRedacted",),
    "DeclineRedaction": ("RedactionDeclined",),
    "RequestTrialRedaction": ("TrialRedactionRequested",),
    "ApproveTrialRedaction": ("TrialValueRedacted",),
    "DeclineTrialRedaction": ("TrialRedactionDeclined",),
    "GiveCopy": ("CopyGiven",),
}
"""The event each command begins with: how a repeated client id is told from a reused one."""
