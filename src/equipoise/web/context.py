"""What the shell of every page shows: the trial, the person, the menu, the rehearsal's clock."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from equipoise.conduct.oversight import approval_until
from equipoise.trial import Trial

from . import serving
from .access import MENU, may_open
from .labels import AUTHORITY_LABELS, page_label, role_label, said, site_label
from .request import Person

PART_OF = {
    "participant": "participants", "screen": "participants", "screening": "participants",
    "screening_assess": "participants", "consent": "participants", "form": "participants",
    "sign_eligibility": "participants", "fail_screening": "participants",
    "randomize": "randomize_list", "form_sign": "participants", "form_move": "participants",
    "raise_query": "queries", "settle_queries": "queries", "query": "queries", "diary_day": "participants",
    "miss_visit": "participants", "report_adverse_event": "safety", "adverse_event": "safety",
    "safety_report": "safety", "supply": "participants", "deviation": "participants",
    "recruitment": "monitoring", "halt_recruitment": "monitoring",
    "unblind": "participants", "unblind_trial": "safety", "release_results": "results", "adopt_protocol": "protocol", "tokens": "people", "issue_token": "people", "revoke_token": "people",
    "access_review": "people", "sign_access_review": "people", "reset_second_factor": "people", "unlink_another": "people", "delegate": "people", "end_delegation": "people", "record_training": "people",
    "restart_recruitment": "monitoring", "documents": "monitoring", "file_document": "monitoring",
    "withdraw_document": "monitoring", "ethics": "monitoring", "record_ethics_review": "monitoring",
    "deviations": "monitoring", "assess_deviation": "monitoring",
    **dict.fromkeys(
        (
            "monitoring_visits", "plan_visit", "monitoring_visit", "record_finding", "sign_visit",
            "acknowledge_visit", "resolve_finding", "cancel_visit", "central_monitoring",
            "open_signal", "signal",
        ),
        "monitoring",
    ),
    **dict.fromkeys(
        ("board", "board_open", "board_closed", "analysis_plan", "analysis_plan_file", "sign_analysis_plan"),
        "results",
    ),
    "trail_csv": "trail", "trail_reviews": "trail", "review_trail": "trail",
    "recode": "coding", "synonyms": "coding", "retire_synonym": "coding", "code_term": "coding",
    "reword_adverse_event": "safety",
    "withdraw": "participants", "transfer": "participants", "complete": "participants",
    "own_copy": "participants",
}  # fmt: skip
"""Under which page of the menu a page lies."""


def shell(request: HttpRequest) -> dict[str, Any]:
    """The `shell` of `base.html`, whatever became of the request before it reached a view."""
    home = serving()
    trial = home.trial()
    protocol = trial.protocol
    person: Person | None = getattr(request, "person", None)
    code = get_language() or "en"
    language = "zh-Hans" if code.startswith("zh") else "en"
    title = protocol.identity.titles.short or protocol.identity.titles.brief
    return {
        "shell": {
            "trial_title": title.in_language(language),
            "person": person.username if person else "",
            "role": role_label(person.role) if person else "",
            "site": site_label(protocol, person.site, language) if person else "",
            "language": code,
            "languages": settings.LANGUAGES,
            "language_url": reverse("language"),
            "sign_in_url": reverse("sign_in"),
            "sign_out_url": reverse("sign_out"),
            "menu": _menu(person, getattr(request, "page", "")) if person else [],
            "mode": trial.state.mode,
            "rehearsal": _rehearsal(person) if home.rehearsal is not None else None,
            "alerts": _standing_still(person, trial, language),
        }
    }


def _standing_still(person: Person | None, trial: Trial, language: str) -> list[tuple[str, str]]:
    """What the person must know on every page: where recruitment is halted or its approval has lapsed."""
    if person is None or not trial.state.recruitment_open:
        return []
    protocol, state = trial.protocol, trial.state
    found = [
        _(
            "Recruitment (%(place)s) is halted since %(day)s by order of: %(who)s. "
            "Participants already enrolled go on."
        )
        % {
            "place": site_label(protocol, one.site, language),
            "day": one.ordered_on,
            "who": said(AUTHORITY_LABELS, one.ordered_by),
        }
        for one in state.oversight.halts
        if one.restart is None and (not one.site or person.covers(one.site))
    ]
    for site in protocol.site_by_id:
        if person.covers(site) and state.site(site).open:
            until = approval_until(protocol, state, site)
            if until is not None and until < trial.today(site):
                found.append(
                    _(
                        "Recruitment (%(place)s) stands still: the ethics approval ended on %(day)s. "
                        "Participants already enrolled go on."
                    )
                    % {"place": site_label(protocol, site, language), "day": until}
                )
    return [("warn", words) for words in found]


def _menu(person: Person, page: str) -> list[tuple[str, str, bool, None]]:
    here = PART_OF.get(page, page)
    return [
        (page_label(name), reverse(name), name == here, None)
        for name in MENU
        if may_open(name, person.role)
    ]


def _rehearsal(person: Person | None) -> dict[str, Any]:
    from .flows.rehearsal import has_ended

    trial = serving().trial()
    first_site = trial.protocol.identity.sites[0].id
    return {
        "day": trial.today(first_site),
        "advance_url": reverse("rehearsal") if person else None,
        "may_advance": person is not None,
        "ended": has_ended(serving()),
    }
