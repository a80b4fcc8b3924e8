"""What the oversight of a trial asks for on a day: documents, ethics approvals, and what is outstanding.

Everything here follows from the protocol, the trial's state and the day; nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from equipoise.protocol.document import EssentialDocument, Protocol
from equipoise.quantity.dates import months_after

from .state import FiledDocument, Oversight, TrailReview, TrialState

DocumentState = Literal["missing", "expired", "expiring", "in_force"]


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A record the protocol asks for, for the trial (no site) or a site, with what is on file.

    `filed` is the version in force; `about` names the person where it is one's own record.
    """

    required: EssentialDocument
    site: str
    about: str
    state: DocumentState
    filed: FiledDocument | None


def document_lines(
    protocol: Protocol, trial: TrialState, sites: Iterable[str], today: date
) -> Iterator[DocumentLine]:
    """Every record asked for at these sites and for the trial, in the protocol's order."""
    newest = versions_in_force(trial.oversight)
    held: dict[tuple[str, str], list[FiledDocument]] = {}
    for one in newest.values():
        held.setdefault((one.document, one.site), []).append(one)
    wanted = list(sites)
    for required in protocol.monitoring.essential_documents:
        for site in [""] if required.level == "trial" else wanted:
            found = held.get((required.id, site), [])
            if not found:
                yield DocumentLine(required, site, "", "missing", None)
            for one in found:
                yield DocumentLine(required, site, one.about, _state(required, one, today), one)


def lacking_to_open(
    protocol: Protocol, trial: TrialState, site: str, today: date
) -> list[DocumentLine]:
    """The records without which a site of a live trial does not open."""
    return [
        line
        for line in document_lines(protocol, trial, [site], today)
        if line.required.before_opening and line.state in ("missing", "expired")
    ]


def versions_in_force(oversight: Oversight) -> dict[tuple[str, str, str], FiledDocument]:
    """The newest line of the log for each record and person, by what it is a version of."""
    newest: dict[tuple[str, str, str], FiledDocument] = {}
    for one in oversight.documents:
        before = newest.get(one.kind)
        if not one.withdrawn and (before is None or before.dated <= one.dated):
            newest[one.kind] = one
    return newest


def _state(required: EssentialDocument, filed: FiledDocument, today: date) -> DocumentState:
    if filed.expires_on is None:
        return "in_force"
    if filed.expires_on < today:
        return "expired"
    remind = timedelta(days=required.remind_days)
    return "expiring" if filed.expires_on - remind <= today else "in_force"


def approval_until(protocol: Protocol, trial: TrialState, site: str) -> date | None:
    """The last day of the ethics committee's approval at a site; None where it has no end.

    A day the committee named counts always. The protocol's period counts from the decision, in a rehearsal not:
    there nobody plays the committee.
    """
    until, since = None, trial.site(site).approved_on
    for one in trial.oversight.ethics:
        if one.site != site or one.decision == "submitted" or (since and one.on < since):
            continue
        since = one.on
        until = one.on - timedelta(days=1) if one.decision == "not_approved" else one.valid_until
    plan = protocol.monitoring.continuing_review
    if until is None and since is not None and plan is not None and trial.mode != "rehearsal":
        return months_after(since, plan.months) - timedelta(days=1)
    return until


ApprovalState = Literal["lapsed", "ending", "in_force"]


def approval_state(protocol: Protocol, trial: TrialState, site: str, today: date) -> ApprovalState:
    """Whether the approval of an opened site holds on a day, or ends soon."""
    until = approval_until(protocol, trial, site)
    if until is None:
        return "in_force"
    if until < today:
        return "lapsed"
    plan = protocol.monitoring.continuing_review
    days = plan.remind_days if plan else _REMIND_DAYS
    return "ending" if until - timedelta(days=days) <= today else "in_force"


_REMIND_DAYS = 60
"""Days before the end of an approval at which it is spoken of, where the protocol names none."""


def recruitment_stands_still(protocol: Protocol, trial: TrialState, site: str, today: date) -> bool:
    """Whether recruitment at an open site is halted, or its ethics approval has lapsed."""
    if trial.oversight.standing_halts(site):
        return True
    return approval_state(protocol, trial, site, today) == "lapsed"


def site_status(protocol: Protocol, trial: TrialState, site: str, today: date) -> str:
    """A site's recruitment status as it is now, in the registry's codes."""
    if trial.site(site).open and trial.recruitment_open:
        still = recruitment_stands_still(protocol, trial, site, today)
        return "suspended" if still else "recruiting"
    if trial.site(site).opened_on is not None:
        return "active_not_recruiting"
    return protocol.site_by_id[site].recruitment_status


def overall_status(protocol: Protocol, trial: TrialState, today: date) -> str:
    """The trial's recruitment status: recruiting as soon as one site is, suspended while all that were are."""
    sites = [site_status(protocol, trial, site.id, today) for site in protocol.identity.sites]
    for status in ("recruiting", "suspended", "active_not_recruiting"):
        if status in sites:
            return status
    return protocol.identity.registry_status or "not_yet_recruiting"


OutstandingKind = Literal[
    "ethics", "document", "visit", "report", "action", "signal", "trail_review"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Something that oversight asks of a site or (no site) of the trial; `due` is its last day."""

    kind: OutstandingKind
    site: str
    ref: str
    due: date | None
    late: bool


def outstanding(
    protocol: Protocol, trial: TrialState, sites: Iterable[str], today: date
) -> list[Outstanding]:
    """What is to be done for these sites and the trial, what is late first.

    Documents that are missing count outside a rehearsal only: there nobody keeps a file.
    """
    wanted = list(sites)
    found = []
    for site in wanted:
        if trial.site(site).open and trial.recruitment_open:
            state = approval_state(protocol, trial, site, today)
            if state != "in_force":
                until = approval_until(protocol, trial, site)
                found.append(Outstanding("ethics", site, "", until, state == "lapsed"))
    for line in document_lines(protocol, trial, wanted, today):
        if line.state == "in_force" or (line.state == "missing" and trial.mode == "rehearsal"):
            continue
        due = line.filed.expires_on if line.filed else None
        opened = not line.site or trial.site(line.site).opened_on is not None
        late = line.state == "expired" or (
            line.state == "missing" and line.required.before_opening and opened
        )
        found.append(Outstanding("document", line.site, line.required.id, due, late))
    found += [
        Outstanding("signal", one.site, str(one.number), None, False)
        for one in trial.oversight.signals
        if one.site in wanted and not one.closed_at
    ]
    found += _of_visits(trial.oversight, wanted, today)
    found += _of_the_trail(protocol, trial, wanted, today)
    return sorted(found, key=lambda one: (not one.late, one.due or date.max, one.kind))


def last_trail_review(trial: TrialState, site: str) -> TrailReview | None:
    """The review that covers a site and goes furthest: its own, or one of the whole trial."""
    covering = (one for one in trial.trail_reviews if one.site in ("", site))
    return max(covering, key=lambda one: one.upto, default=None)


def _of_the_trail(
    protocol: Protocol, trial: TrialState, sites: list[str], today: date
) -> Iterator[Outstanding]:
    """Reviews of the audit trail that are due. In a rehearsal nobody plays the reviewer."""
    plan = protocol.monitoring.trail_review
    if plan is None or trial.mode == "rehearsal":
        return
    for site in sites:
        opened, last = trial.site(site).opened_on, last_trail_review(trial, site)
        begun = last.until if last is not None else opened
        if begun is None:
            continue
        due = months_after(begun, plan.months)
        if due - timedelta(days=plan.remind_days) <= today:
            yield Outstanding("trail_review", site, "", due, due < today)


_VISIT_AHEAD = timedelta(days=14)
"""So long before a planned visit it is spoken of."""


def _of_visits(oversight: Oversight, sites: list[str], today: date) -> Iterator[Outstanding]:
    """Visits to make, reports to sign and to acknowledge, and actions to do; `ref` is `visit` or `visit/finding`."""
    for visit in oversight.visits:
        if visit.site not in sites:
            continue
        number = str(visit.number)
        if visit.status == "planned" and visit.planned_on - _VISIT_AHEAD <= today:
            late = visit.planned_on < today
            yield Outstanding("visit", visit.site, number, visit.planned_on, late)
        if visit.status == "signed":
            yield Outstanding("report", visit.site, number, None, False)
        for one in visit.open_findings:
            ref = f"{number}/{one.number}"
            yield Outstanding("action", visit.site, ref, one.due, one.due < today)
