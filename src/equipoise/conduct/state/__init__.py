"""What a trial and a participant have become: folds over their events.

A state is replaced, never mutated under a reader: `folded` works on a shallow copy, and every fold
puts a new container in place of the one it changes.
"""

from .coding import Coding, CodingState, RegisteredDictionary, Synonym
from .folds import Documents, fold_in, fold_participants, folded, stamp_of
from .oversight import EthicsReview, FiledDocument, Halt, Oversight, Restart, Signal
from .participant import STATUSES, ParticipantState
from .records import (
    AdverseEvent,
    AssessmentRecord,
    Captured,
    Clock,
    ConsentRecord,
    Deviation,
    DiaryDay,
    FormInstance,
    Hold,
    Query,
    Redaction,
    Stamp,
    SupplyBalance,
    Unblinding,
    VerificationMark,
    Withdrawal,
)
from .redactions import TrialRedaction
from .trial import (
    Delegation,
    LaboratoryRange,
    Restoration,
    SignedPlan,
    SiteState,
    Token,
    TrailReview,
    Training,
    TrialState,
)
from .visiting import Finding, MonitoringVisit, Report

__all__ = [
    "STATUSES",
    "AdverseEvent",
    "AssessmentRecord",
    "Captured",
    "Clock",
    "Coding",
    "CodingState",
    "ConsentRecord",
    "Delegation",
    "Deviation",
    "DiaryDay",
    "Documents",
    "EthicsReview",
    "FiledDocument",
    "Finding",
    "FormInstance",
    "Halt",
    "Hold",
    "LaboratoryRange",
    "MonitoringVisit",
    "Oversight",
    "ParticipantState",
    "Query",
    "Redaction",
    "RegisteredDictionary",
    "Report",
    "Restart",
    "Restoration",
    "Signal",
    "SignedPlan",
    "SiteState",
    "Stamp",
    "SupplyBalance",
    "Synonym",
    "Token",
    "TrailReview",
    "Training",
    "TrialRedaction",
    "TrialState",
    "Unblinding",
    "VerificationMark",
    "Withdrawal",
    "fold_in",
    "fold_participants",
    "folded",
    "stamp_of",
]
