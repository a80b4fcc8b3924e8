"""Words for roles, sites, statuses and codes, in the language of the page."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.protocol.document import Protocol

ROLE_LABELS = {
    "coordinator": noop("Coordinator"),
    "investigator": noop("Investigator"),
    "pharmacist": noop("Pharmacist"),
    "monitor": noop("Monitor"),
    "statistician": noop("Statistician"),
    "dsmb": noop("DSMB"),
    "sponsor": noop("Sponsor"),
    "administrator": noop("Administrator"),
}

PAGE_LABELS = {
    "today": noop("Today"),
    "participants": noop("Participants"),
    "randomize_list": noop("Randomize"),
    "safety": noop("Safety"),
    "queries": noop("Queries"),
    "verification": noop("Source verification"),
    "coding": noop("Coding"),
    "trail": noop("Audit trail"),
    "data_lock": noop("Data lock"),
    "monitoring": noop("Monitoring"),
    "results": noop("Results"),
    "protocol": noop("Protocol"),
    "sites": noop("Sites"),
    "people": noop("People"),
    "trust": noop("Trust"),
    "operation": noop("Operation"),
}

MODE_LABELS = {
    "rehearsal": noop("a rehearsal"),
    "training": noop("for training"),
    "live": noop("a live trial"),
}

CHECKPOINT_LABELS = {
    "hourly": noop("every hour"),
    "sign": noop("at a signature"),
    "lock": noop("at a lock"),
    "unblind": noop("at an unblinding"),
    "export": noop("at an export"),
    "backup": noop("at a backup"),
    "restore": noop("at a restoration"),
    "reveal": noop("at the reveal of the seed"),
    "manual": noop("asked for"),
}
"""Why a checkpoint was taken; whoever asks for one may give another word."""

STATUS_LABELS = {
    "screening": noop("Screening"),
    "consented": noop("Consented"),
    "eligible": noop("Eligible, signed"),
    "consent_refused": noop("Consent refused"),
    "screen_failed": noop("Screen failure"),
    "randomized": noop("Randomized"),
    "withdrawn": noop("Withdrawn"),
    "completed": noop("Completed"),
}


def role_label(role: str) -> str:
    """A role as it is said."""
    return _(ROLE_LABELS[role]) if role in ROLE_LABELS else role


def page_label(page: str) -> str:
    """A page as the menu calls it."""
    return _(PAGE_LABELS[page])


def status_label(status: str) -> str:
    """A participant's status as it is said."""
    return _(STATUS_LABELS[status]) if status in STATUS_LABELS else status


def site_label(protocol: Protocol, site: str, language: str) -> str:
    """A site's city, or that the role covers all sites."""
    if not site:
        return _("all sites")
    known = protocol.site_by_id.get(site)
    return known.city.in_language(language) if known else site


SCOPE_LABELS = {
    "treatment": noop("Study treatment; visits go on"),
    "follow_up": noop("The study; nothing more is collected"),
    "data_use": noop("The study, and the use of the data collected"),
}

CATEGORY_LABELS = {
    "participant_decision": noop("The participant's decision"),
    "adverse_event": noop("An adverse event"),
    "investigator_decision": noop("The investigator's decision"),
    "lost_to_follow_up": noop("Lost to follow-up"),
    "death": noop("Death"),
    "other": noop("Another reason"),
}

SEVERITY_LABELS = {"minor": noop("Minor"), "major": noop("Major")}

SERIOUSNESS_LABELS = {
    "death": noop("Death"),
    "life_threatening": noop("Life-threatening"),
    "hospitalization": noop("Hospitalization, or a longer stay"),
    "disability": noop("Persistent disability"),
    "congenital_anomaly": noop("Congenital anomaly"),
    "important_medical_event": noop("Another important medical event"),
}

AUTHORITY_LABELS = {
    "sponsor": noop("Sponsor"),
    "dsmb": noop("DSMB"),
    "ethics_committee": noop("Ethics committee"),
    "regulator": noop("Regulator"),
    "investigator": noop("Investigator"),
}

ETHICS_DECISION_LABELS = {
    "submitted": noop("Report sent to the committee"),
    "approved": noop("Approved"),
    "approved_with_conditions": noop("Approved with conditions"),
    "not_approved": noop("Not approved"),
}

DOCUMENT_STATE_LABELS = {
    "missing": noop("missing"),
    "expired": noop("expired"),
    "expiring": noop("expires soon"),
    "in_force": noop("on file"),
}

MONITORING_VISIT_LABELS = {
    "initiation": noop("Initiation"),
    "routine": noop("Routine"),
    "close_out": noop("Close-out"),
    "remote": noop("Remote"),
}

VISIT_STATUS_LABELS = {
    "planned": noop("planned"),
    "cancelled": noop("cancelled"),
    "signed": noop("signed, to be acknowledged"),
    "acknowledged": noop("acknowledged"),
}

CONCLUSION_LABELS = {
    "explained": noop("Explained: there is a good reason"),
    "corrected": noop("Corrected: something was wrong and is mended"),
    "confirmed": noop("Confirmed: it is followed up as an issue"),
}

CAUSALITY_LABELS = {
    "not_related": noop("Not related"),
    "unlikely": noop("Unlikely"),
    "possible": noop("Possible"),
    "probable": noop("Probable"),
    "definite": noop("Definite"),
}

OUTCOME_LABELS = {
    "recovered": noop("Recovered"),
    "recovering": noop("Recovering"),
    "not_recovered": noop("Not recovered"),
    "sequelae": noop("Recovered with sequelae"),
    "fatal": noop("Fatal"),
    "unknown": noop("Not known yet"),
}

ACTION_LABELS = {
    "none": noop("None"),
    "interrupted": noop("Treatment interrupted"),
    "stopped": noop("Treatment stopped"),
    "dose_reduced": noop("Dose reduced"),
    "not_applicable": noop("Not applicable"),
}

QUERY_STATUS_LABELS = {
    "open": noop("Open"),
    "answered": noop("Answered"),
    "closed": noop("Closed"),
}


def choices_of(labels: dict[str, str]) -> list[tuple[str, str]]:
    """Codes with their words, for a field's choices."""
    return [(code, _(words)) for code, words in labels.items()]


def said(labels: dict[str, str], code: str) -> str:
    """A code in words; an unknown code as it is."""
    return _(labels[code]) if code in labels else code
