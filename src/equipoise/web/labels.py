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
    "results": noop("Results"),
    "protocol": noop("Protocol"),
    "trust": noop("Trust"),
}

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
