"""Events of the trial and its sites in words: one phrase each, filled with the event's own fields."""

from __future__ import annotations

from django.utils.translation import gettext_noop as noop

from equipoise.conduct import events as e

TRIAL_WORDS: dict[type[e.Happening], str] = {
    e.TrialCreated: noop("trial created: %(title)s"),
    e.TrainingDeclared: noop("the trial serves training"),
    e.RandomizationCommitted: noop("randomization committed to: %(commitment)s"),
    e.SeedRevealed: noop("the seed of the randomization is revealed"),
    e.SiteOpened: noop("site opened; ethics approval %(ethics_approval)s of %(approved_on)s"),
    e.SiteClosed: noop("site closed"),
    e.SiteHeld: noop("data of the site: %(hold)s"),
    e.RecruitmentClosed: noop("recruitment closed"),
    e.RecruitmentHalted: noop(
        "recruitment halted, number %(halt)s, ordered on %(ordered_on)s by %(ordered_by)s"
    ),
    e.RecruitmentRestarted: noop(
        "halt %(halt)s lifted, authorized on %(authorized_on)s by %(authorized_by)s (%(reference)s)"
    ),
    e.LaboratoryRangeSet: noop(
        "reference range of %(item)s: %(lower)s to %(upper)s %(unit)s, from %(valid_from)s"
    ),
    e.ResultsReleased: noop("results released"),
    e.TrialLocked: noop("database locked"),
    e.TrialUnlocked: noop("database unlocked"),
    e.TrialUnblinded: noop("trial unblinded"),
    e.ProtocolAmended: noop("protocol version %(version)s known"),
    e.ProtocolAdopted: noop(
        "protocol version %(version)s in force; ethics approval %(ethics_approval)s"
    ),
    e.RoleGranted: noop("role %(granted_role)s granted to %(person)s %(at_site)s"),
    e.RoleRevoked: noop("role %(granted_role)s taken back from %(person)s %(at_site)s"),
    e.TasksDelegated: noop(
        "delegation %(number)s: tasks of the %(delegated_role)s to %(person)s from %(since)s"
    ),
    e.DelegationEnded: noop("delegation %(number)s to %(person)s ended"),
    e.TrainingRecorded: noop("training of %(person)s on %(trained_on)s: %(subject)s"),
    e.AccessReviewed: noop("access of %(accounts)s accounts reviewed"),
    e.SecondFactorReset: noop("second factor of %(person)s reset"),
    e.IdentityLinked: noop("identity at %(issuer)s linked with %(person)s"),
    e.IdentityUnlinked: noop("identity at %(issuer)s unlinked from %(person)s"),
    e.TokenIssued: noop("token issued to %(person)s (%(granted_role)s), until %(until)s"),
    e.TokenRevoked: noop("token %(token)s taken back"),
    e.DocumentFiled: noop("document %(number)s filed: %(document)s %(version)s of %(dated)s"),
    e.DocumentWithdrawn: noop("document %(number)s taken back"),
    e.EthicsReviewRecorded: noop("ethics committee on %(on)s: %(decision)s (%(reference)s)"),
    e.MonitoringVisitPlanned: noop("monitoring visit %(visit)s planned for %(planned_on)s"),
    e.MonitoringVisitCancelled: noop("monitoring visit %(visit)s cancelled"),
    e.FindingRecorded: noop("monitoring visit %(visit)s, finding %(finding)s: %(text)s"),
    e.FindingResolved: noop("monitoring visit %(visit)s, finding %(finding)s resolved: %(text)s"),
    e.MonitoringReportSigned: noop("monitoring report %(visit)s signed"),
    e.MonitoringReportAcknowledged: noop("monitoring report %(visit)s acknowledged"),
    e.DeviationAssessed: noop("deviation %(deviation)s assessed"),
    e.SignalOpened: noop("signal %(signal)s opened: %(text)s"),
    e.SignalAssessed: noop("signal %(signal)s assessed: %(text)s"),
    e.SignalClosed: noop("signal %(signal)s closed: %(conclusion)s"),
    e.LedgerRestored: noop("ledger restored by %(person)s from the backup of %(taken_at)s"),
    e.DictionaryRegistered: noop("dictionary %(name)s %(version)s in use (%(terms)s terms)"),
    e.SynonymAdded: noop("synonym %(number)s added for %(code)s: %(text)s"),
    e.SynonymRetired: noop("synonym %(number)s retired"),
    e.TrialRedactionRequested: noop(
        "redaction %(redaction)s of a text about no participant asked for (entry %(value)s)"
    ),
    e.TrialValueRedacted: noop(
        "redaction %(redaction)s approved, the text is unreadable for ever (entry %(value)s)"
    ),
    e.TrialRedactionDeclined: noop(
        "redaction %(redaction)s of a text about no participant declined"
    ),
    e.AnalysisPlanSigned: noop("analysis plan signed, number %(number)s (%(plan_hash)s)"),
    e.TrailReviewed: noop(
        "audit trail reviewed, number %(number)s, %(since)s to %(until)s, up to entry %(upto)s"
    ),
}
"""What a phrase is for each event that is not told by `pages.trail` itself."""

KINDS: dict[str, str] = {
    "data": noop("Data entered and changed"),
    "enrollment": noop("Screening, consent, randomization, leaving"),
    "safety": noop("Adverse events and safety reports"),
    "queries": noop("Queries and deviations"),
    "checks": noop("Signatures, verification, freezing and locking"),
    "coding": noop("Coding"),
    "supply": noop("Supply"),
    "privacy": noop("Unblinding, erasure, redaction, copies"),
    "people": noop("Roles, delegation, training, tokens"),
    "oversight": noop("Oversight and monitoring"),
    "trial": noop("Trial, sites and protocol"),
}
"""Kinds of events that are looked for together."""

_KIND_OF: dict[str, tuple[str, ...]] = {
    "data": (
        "FormSaved", "DiaryDayRecorded", "DoseRecorded", "VisitMissed", "ValuesMovedAway",
        "ValuesMovedIn", "LaboratoryRangeSet",
    ),
    "enrollment": (
        "ParticipantScreened", "ConsentRecorded", "ConsentRefused", "EligibilityAssessed",
        "EligibilitySigned", "ScreeningFailed", "ParticipantRandomized", "StratumCorrected",
        "VisitsScheduled", "ParticipantWithdrawn", "ParticipantTransferred", "ParticipantCompleted",
    ),
    "safety": (
        "AdverseEventReported", "AdverseEventUpdated", "AdverseEventReworded", "SafetyClockStarted",
        "SafetyReportSubmitted",
    ),
    "queries": (
        "QueryRaised", "QueryAnswered", "QueryClosed", "QueryReopened", "DeviationLogged",
        "DeviationAssessed",
    ),
    "checks": (
        "FormSigned", "SourceVerified", "FormHeld", "ParticipantHeld", "SiteHeld", "TrialLocked",
        "TrialUnlocked", "TrailReviewed", "AnalysisPlanSigned",
    ),
    "coding": ("TermCoded", "DictionaryRegistered", "SynonymAdded", "SynonymRetired"),
    "supply": ("SupplyOrdered", "SupplyDispensed", "SupplyReturned"),
    "privacy": (
        "ParticipantUnblinded", "TrialUnblinded", "IdentityErased", "RedactionRequested",
        "ValueRedacted", "RedactionDeclined", "CopyGiven", "TrialRedactionRequested",
        "TrialValueRedacted", "TrialRedactionDeclined",
    ),
    "people": (
        "RoleGranted", "RoleRevoked", "TasksDelegated", "DelegationEnded", "TrainingRecorded",
        "AccessReviewed", "SecondFactorReset", "SecondFactorChanged", "TokenIssued", "TokenRevoked",
        "IdentityLinked", "IdentityUnlinked",
    ),
    "oversight": (
        "RecruitmentHalted", "RecruitmentRestarted", "DocumentFiled", "DocumentWithdrawn",
        "EthicsReviewRecorded", "MonitoringVisitPlanned", "MonitoringVisitCancelled",
        "FindingRecorded", "FindingResolved", "MonitoringReportSigned",
        "MonitoringReportAcknowledged", "SignalOpened", "SignalAssessed", "SignalClosed",
    ),
}  # fmt: skip


def kind_of(event: str) -> str:
    """The kind an event is looked for under."""
    return next((kind for kind, names in _KIND_OF.items() if event in names), "trial")


def types_of(kind: str) -> tuple[str, ...]:
    """The events of a kind. `trial` is whatever belongs to no other, so that none is left out."""
    if kind in _KIND_OF:
        return _KIND_OF[kind]
    told = {name for names in _KIND_OF.values() for name in names}
    return tuple(name for name in e.EVENT_TYPES if name not in told)
