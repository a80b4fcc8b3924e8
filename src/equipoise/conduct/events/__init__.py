"""What happened. Events are frozen; an old one is never rewritten.

Fields of a type `Sealed…` are encrypted before they are hashed (see `equipoise.ledger.sealing`): under
the participant's key (identity), under a key of their own (free text), or under the allocation key.
Dates are ISO strings and numbers canonical decimal strings, so that a payload is its own JSON.
"""

from collections.abc import Mapping

from msgspec.structs import fields

from .administration import (
    LaboratoryRangeSet,
    RandomizationCommitted,
    RecruitmentClosed,
    ResultsReleased,
    SiteClosed,
    SiteOpened,
    TrainingDeclared,
    TrialCreated,
)
from .amendment import ProtocolAdopted, ProtocolAmended
from .base import Happening, Mode, SealedAllocation, SealedIdentity, SealedText, sealed_under
from .coding import (
    AdverseEventReworded,
    CodingPurpose,
    DictionaryRegistered,
    SynonymAdded,
    SynonymRetired,
    TermCoded,
)
from .enrollment import (
    ConsentRecorded,
    ConsentRefused,
    EligibilityAssessed,
    EligibilitySigned,
    ParticipantRandomized,
    ParticipantScreened,
    ScreeningFailed,
    StratumCorrected,
    VisitsScheduled,
)
from .file import DocumentFiled, DocumentWithdrawn, EthicsDecision, EthicsReviewRecorded
from .holds import FormHeld, ParticipantHeld, SiteHeld, TrialLocked, TrialUnlocked
from .leaving import ParticipantCompleted, ParticipantTransferred, ParticipantWithdrawn
from .machines import TokenIssued, TokenRevoked
from .monitoring import (
    DeviationAssessed,
    FindingRecorded,
    FindingResolved,
    MonitoringReportAcknowledged,
    MonitoringReportSigned,
    MonitoringVisitCancelled,
    MonitoringVisitPlanned,
    VisitKind,
)
from .people import (
    AccessReviewed,
    DelegationEnded,
    FactorChange,
    IdentityLinked,
    IdentityUnlinked,
    RoleGranted,
    RoleRevoked,
    SecondFactorChanged,
    SecondFactorReset,
    TasksDelegated,
    TrainingRecorded,
)
from .planning import AnalysisPlanSigned
from .privacy import (
    CopyGiven,
    IdentityErased,
    RedactionDeclined,
    RedactionRequested,
    TrialRedactionDeclined,
    TrialRedactionRequested,
    TrialValueRedacted,
    ValueRedacted,
)
from .quality import (
    DeviationLogged,
    FormSigned,
    QueryAnswered,
    QueryClosed,
    QueryRaised,
    QueryReopened,
    SourceVerified,
)
from .recruitment import Authority, RecruitmentHalted, RecruitmentRestarted
from .restoring import LedgerRestored
from .review import TrailReviewed
from .safety import (
    AdverseEventReported,
    AdverseEventUpdated,
    SafetyClockStarted,
    SafetyReportSubmitted,
)
from .signals import SignalAssessed, SignalClosed, SignalConclusion, SignalOpened
from .supply import SupplyDispensed, SupplyOrdered, SupplyReturned
from .unblinding import ParticipantUnblinded, SeedRevealed, TrialUnblinded
from .visits import (
    DiaryDayRecorded,
    DoseRecorded,
    FormSaved,
    ValuesMovedAway,
    ValuesMovedIn,
    VisitMissed,
)

EVENT_TYPES: dict[str, type[Happening]] = {
    kind.__name__: kind for kind in Happening.__subclasses__()
}
"""Event classes by the name under which the ledger stores them."""

SEALED_FIELDS: Mapping[type[Happening], Mapping[str, str]] = {
    kind: {one.name: under for one in fields(kind) if (under := sealed_under(one.type))}
    for kind in EVENT_TYPES.values()
}
"""By event class, the fields that the ledger holds encrypted, and the kind of key for each."""

__all__ = [
    "EVENT_TYPES",
    "SEALED_FIELDS",
    "AccessReviewed",
    "AdverseEventReported",
    "AdverseEventReworded",
    "AdverseEventUpdated",
    "AnalysisPlanSigned",
    "Authority",
    "CodingPurpose",
    "ConsentRecorded",
    "ConsentRefused",
    "CopyGiven",
    "DelegationEnded",
    "DeviationAssessed",
    "DeviationLogged",
    "DiaryDayRecorded",
    "DictionaryRegistered",
    "DocumentFiled",
    "DocumentWithdrawn",
    "DoseRecorded",
    "EligibilityAssessed",
    "EligibilitySigned",
    "EthicsDecision",
    "EthicsReviewRecorded",
    "FactorChange",
    "FindingRecorded",
    "FindingResolved",
    "FormHeld",
    "FormSaved",
    "FormSigned",
    "Happening",
    "IdentityErased",
    "IdentityLinked",
    "IdentityUnlinked",
    "LaboratoryRangeSet",
    "LedgerRestored",
    "Mode",
    "MonitoringReportAcknowledged",
    "MonitoringReportSigned",
    "MonitoringVisitCancelled",
    "MonitoringVisitPlanned",
    "ParticipantCompleted",
    "ParticipantHeld",
    "ParticipantRandomized",
    "ParticipantScreened",
    "ParticipantTransferred",
    "ParticipantUnblinded",
    "ParticipantWithdrawn",
    "ProtocolAdopted",
    "ProtocolAmended",
    "QueryAnswered",
    "QueryClosed",
    "QueryRaised",
    "QueryReopened",
    "RandomizationCommitted",
    "RecruitmentClosed",
    "RecruitmentHalted",
    "RecruitmentRestarted",
    "RedactionDeclined",
    "RedactionRequested",
    "ResultsReleased",
    "RoleGranted",
    "RoleRevoked",
    "SafetyClockStarted",
    "SafetyReportSubmitted",
    "ScreeningFailed",
    "SealedAllocation",
    "SealedIdentity",
    "SealedText",
    "SecondFactorChanged",
    "SecondFactorReset",
    "SeedRevealed",
    "SignalAssessed",
    "SignalClosed",
    "SignalConclusion",
    "SignalOpened",
    "SiteClosed",
    "SiteHeld",
    "SiteOpened",
    "SourceVerified",
    "StratumCorrected",
    "SupplyDispensed",
    "SupplyOrdered",
    "SupplyReturned",
    "SynonymAdded",
    "SynonymRetired",
    "TasksDelegated",
    "TermCoded",
    "TokenIssued",
    "TokenRevoked",
    "TrailReviewed",
    "TrainingDeclared",
    "TrainingRecorded",
    "TrialCreated",
    "TrialLocked",
    "TrialRedactionDeclined",
    "TrialRedactionRequested",
    "TrialUnblinded",
    "TrialUnlocked",
    "TrialValueRedacted",
    "ValueRedacted",
    "ValuesMovedAway",
    "ValuesMovedIn",
    "VisitKind",
    "VisitMissed",
    "VisitsScheduled",
]
