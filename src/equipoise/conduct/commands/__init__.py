"""What may be asked of a trial. Each command is frozen; `Trial.do` is the only place to bring one.

Dates are site-local calendar days; `values` maps item id to what was typed (a string, with the
unit after the number where it is not the item's own: `9.8 g/dL`). An empty string clears a value.
"""

from .administration import (
    CloseRecruitment,
    CloseSite,
    CommitRandomization,
    CreateTrial,
    OpenSite,
    ReleaseResults,
    SetLaboratoryRange,
)
from .amendment import AdoptProtocol, AmendProtocol
from .base import Command
from .coding import AddSynonym, CodeTerm, RegisterDictionary, RetireSynonym, RewordAdverseEvent
from .enrollment import (
    AssessEligibility,
    FailScreening,
    Randomize,
    RecordConsent,
    ScreenParticipant,
    SignEligibility,
)
from .file import FileDocument, RecordEthicsReview, WithdrawDocument
from .holds import FreezeForm, LockForm, LockTrial, UnlockForm, UnlockTrial
from .leaving import CompleteParticipant, TransferParticipant, Withdraw
from .machines import IssueToken, RevokeToken
from .monitoring import (
    AcknowledgeMonitoringReport,
    AssessDeviation,
    CancelMonitoringVisit,
    PlanMonitoringVisit,
    RecordFinding,
    ResolveFinding,
    SignMonitoringReport,
)
from .people import (
    ChangeSecondFactor,
    DelegateTasks,
    EndDelegation,
    GrantRole,
    LinkIdentity,
    RecordTraining,
    ResetSecondFactor,
    ReviewAccess,
    RevokeRole,
    UnlinkIdentity,
)
from .planning import SignAnalysisPlan
from .privacy import (
    ApproveRedaction,
    ApproveTrialRedaction,
    DeclineRedaction,
    DeclineTrialRedaction,
    EraseIdentity,
    GiveCopy,
    RequestRedaction,
    RequestTrialRedaction,
)
from .quality import (
    AnswerQuery,
    CloseQuery,
    LogDeviation,
    RaiseQuery,
    ReopenQuery,
    SignForm,
    VerifySource,
)
from .recruitment import HaltRecruitment, RestartRecruitment
from .restoring import RecordRestoration
from .review import ReviewTrail
from .safety import (
    Causality,
    Outcome,
    ReportAdverseEvent,
    Seriousness,
    SubmitSafetyReport,
    UpdateAdverseEvent,
)
from .signals import AssessSignal, CloseSignal, OpenSignal
from .supply import DispenseSupply, ReturnSupply
from .unblinding import RevealSeed, UnblindParticipant, UnblindTrial
from .visits import MissVisit, MoveValues, RecordDiaryDay, RecordDose, SaveForm

__all__ = [
    "AcknowledgeMonitoringReport",
    "AddSynonym",
    "AdoptProtocol",
    "AmendProtocol",
    "AnswerQuery",
    "ApproveRedaction",
    "ApproveTrialRedaction",
    "AssessDeviation",
    "AssessEligibility",
    "AssessSignal",
    "CancelMonitoringVisit",
    "Causality",
    "ChangeSecondFactor",
    "CloseQuery",
    "CloseRecruitment",
    "CloseSignal",
    "CloseSite",
    "CodeTerm",
    "Command",
    "CommitRandomization",
    "CompleteParticipant",
    "CreateTrial",
    "DeclineRedaction",
    "DeclineTrialRedaction",
    "DelegateTasks",
    "DispenseSupply",
    "EndDelegation",
    "EraseIdentity",
    "FailScreening",
    "FileDocument",
    "FreezeForm",
    "GiveCopy",
    "GrantRole",
    "HaltRecruitment",
    "IssueToken",
    "LinkIdentity",
    "LockForm",
    "LockTrial",
    "LogDeviation",
    "MissVisit",
    "MoveValues",
    "OpenSignal",
    "OpenSite",
    "Outcome",
    "PlanMonitoringVisit",
    "RaiseQuery",
    "Randomize",
    "RecordConsent",
    "RecordDiaryDay",
    "RecordDose",
    "RecordEthicsReview",
    "RecordFinding",
    "RecordRestoration",
    "RecordTraining",
    "RegisterDictionary",
    "ReleaseResults",
    "ReopenQuery",
    "ReportAdverseEvent",
    "RequestRedaction",
    "RequestTrialRedaction",
    "ResetSecondFactor",
    "ResolveFinding",
    "RestartRecruitment",
    "RetireSynonym",
    "ReturnSupply",
    "RevealSeed",
    "ReviewAccess",
    "ReviewTrail",
    "RevokeRole",
    "RevokeToken",
    "RewordAdverseEvent",
    "SaveForm",
    "ScreenParticipant",
    "Seriousness",
    "SetLaboratoryRange",
    "SignAnalysisPlan",
    "SignEligibility",
    "SignForm",
    "SignMonitoringReport",
    "SubmitSafetyReport",
    "TransferParticipant",
    "UnblindParticipant",
    "UnblindTrial",
    "UnlinkIdentity",
    "UnlockForm",
    "UnlockTrial",
    "UpdateAdverseEvent",
    "VerifySource",
    "Withdraw",
    "WithdrawDocument",
]
