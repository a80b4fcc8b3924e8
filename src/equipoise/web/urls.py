"""Addresses: every page of the permission table, each behind its guard."""

from __future__ import annotations

from importlib import import_module

from django.urls import URLPattern, path

from .access import PAGES, guarded
from .api.serving import addresses

VIEWS = {
    "home": "accounts.home",
    "public": "pages.public.public",
    "sign_in": "accounts.sign_in",
    "language": "accounts.language",
    "choose_role": "accounts.choose_role",
    "sign_out": "accounts.sign_out",
    "invitation": "invitations.invitation",
    "change_password": "invitations.change_password",
    "second_factor": "factors.pages.second_factor",
    "passkey_challenge": "factors.pages.passkey_challenge",
    "second_factors": "factors.pages.second_factors",
    "add_authenticator": "factors.pages.add_authenticator",
    "add_passkey": "factors.pages.add_passkey",
    "recovery_codes": "factors.pages.recovery_codes",
    "remove_factor": "factors.pages.remove_factor",
    "protocol": "pages.protocol.protocol",
    "trust": "pages.trust.trust",
    "trust_verify": "pages.trust.trust_verify",
    "health": "pages.operation.health",
    "operation": "pages.operation.operation",
    "rehearsal": "flows.rehearsal.rehearsal",
    "people": "pages.people.people",
    "delegate": "flows.people.delegate",
    "end_delegation": "flows.people.end_delegation",
    "record_training": "flows.people.record_training",
    "access_review": "flows.access_review.access_review",
    "reset_second_factor": "flows.access_review.reset_second_factor",
    "sign_access_review": "flows.access_review.sign_access_review",
    "tokens": "flows.tokens.tokens",
    "issue_token": "flows.tokens.issue_token",
    "revoke_token": "flows.tokens.revoke_token",
    "today": "flows.today.today",
    "participants": "flows.participants.participants",
    "randomize_list": "flows.randomize.randomize_list",
    "safety": "pages.safety.safety",
    "queries": "flows.query_list.queries",
    "settle_queries": "flows.query_list.settle_queries",
    "verification": "flows.verification.verification",
    "trail": "pages.audit.trail",
    "trail_csv": "pages.audit.trail_csv",
    "trail_reviews": "flows.trail_review.trail_reviews",
    "review_trail": "flows.trail_review.review_trail",
    "coding": "flows.coding.coding",
    "recode": "flows.coding.recode",
    "synonyms": "flows.coding.synonyms",
    "retire_synonym": "flows.coding.retire_synonym",
    "reword_adverse_event": "flows.coding.reword_adverse_event",
    "code_term": "flows.coding.code_term",
    "unblind_trial": "flows.unblinding.unblind_trial",
    "adopt_protocol": "flows.amendment.adopt_protocol",
    "data_lock": "flows.holds.data_lock",
    "monitoring": "pages.monitoring.monitoring",
    "recruitment": "flows.oversight.recruitment.recruitment",
    "halt_recruitment": "flows.oversight.recruitment.halt_recruitment",
    "restart_recruitment": "flows.oversight.recruitment.restart_recruitment",
    "documents": "flows.oversight.documents.documents",
    "file_document": "flows.oversight.documents.file_document",
    "withdraw_document": "flows.oversight.documents.withdraw_document",
    "ethics": "flows.oversight.ethics.ethics",
    "record_ethics_review": "flows.oversight.ethics.record_ethics_review",
    "monitoring_visits": "flows.oversight.visits.monitoring_visits",
    "plan_visit": "flows.oversight.visits.plan_visit",
    "monitoring_visit": "flows.oversight.visits.monitoring_visit",
    "record_finding": "flows.oversight.visits.record_finding",
    "sign_visit": "flows.oversight.visits.sign_visit",
    "acknowledge_visit": "flows.oversight.visits.acknowledge_visit",
    "resolve_finding": "flows.oversight.visits.resolve_finding",
    "cancel_visit": "flows.oversight.visits.cancel_visit",
    "deviations": "flows.oversight.deviations.deviations",
    "assess_deviation": "flows.oversight.deviations.assess_deviation",
    "central_monitoring": "flows.oversight.central.central_monitoring",
    "open_signal": "flows.oversight.central.open_signal",
    "signal": "flows.oversight.central.signal",
    "results": "pages.results.results",
    "participant": "pages.participant.participant",
    "screen": "flows.screening.screen",
    "screening": "flows.screening.screening",
    "screening_assess": "flows.screening.screening_assess",
    "consent": "flows.consent.consent",
    "sign_eligibility": "flows.screening.sign_eligibility",
    "fail_screening": "flows.screening.fail_screening",
    "randomize": "flows.randomize.randomize",
    "form": "flows.form.form",
    "form_sign": "flows.form.form_sign",
    "form_verify": "flows.verification.form_verify",
    "form_hold": "flows.holds.form_hold",
    "participant_hold": "flows.holds.participant_hold",
    "form_move": "flows.form.form_move",
    "raise_query": "flows.queries.raise_query",
    "query": "flows.queries.query",
    "diary_day": "flows.diary.diary_day",
    "visit": "flows.form.visit",
    "form_check": "flows.form.form_check",
    "miss_visit": "flows.participation.miss_visit",
    "report_adverse_event": "flows.safety.report_adverse_event",
    "adverse_event": "flows.safety.adverse_event",
    "safety_report": "flows.safety.safety_report",
    "supply": "flows.supply.supply",
    "deviation": "flows.participation.deviation",
    "unblind": "flows.unblinding.unblind",
    "withdraw": "flows.participation.withdraw",
    "transfer": "flows.participation.transfer",
    "texts": "flows.privacy.texts",
    "redact": "flows.privacy.redact",
    "redaction": "flows.privacy.redaction",
    "erase": "flows.privacy.erase",
    "own_copy": "flows.own_copy.own_copy",
    "complete": "flows.participation.complete",
}
"""Page name to its view, as module and function within this room."""


def route(name: str, view_path: str) -> URLPattern:
    """The address of a page with its view behind the guard."""
    module, _dot, function = view_path.rpartition(".")
    view = getattr(import_module(f"equipoise.web.{module}"), function)
    guard = guarded(name, view)
    return path(PAGES[name].path, guard, name=name)


urlpatterns = [route(name, view_path) for name, view_path in VIEWS.items()] + addresses()

handler400 = "equipoise.web.errors.malformed"
handler403 = "equipoise.web.errors.forbidden"
handler404 = "equipoise.web.errors.not_found"
handler500 = "equipoise.web.errors.broken"
