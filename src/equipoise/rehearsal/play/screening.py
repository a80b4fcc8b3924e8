"""From the screening log to the allocation, or to the end of the screening."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import ParticipantState

from ..generate import NEVER
from .calendar import working_day
from .entries import other_level
from .visits import fill_visit, first_supply

if TYPE_CHECKING:
    from .person import VirtualPerson

PATIENCE_DAYS = 10
"""After so many days a screening that cannot be decided is ended."""
_AGAIN = ("assessment-outdated", "eligibility-not-signed", "criterion-unknown", "not-assessed")


def arrive(person: VirtualPerson, today: int) -> int:
    """The first contact: screening log, consent or refusal, screening visit."""
    stage = person.stage
    trial, replicate = stage.trial, stage.replicate
    if not trial.state.recruitment_open:
        return NEVER
    if not trial.state.site(person.home_site).open:
        waited = today - int(replicate.screened[person.index])
        return today + 1 if waited < PATIENCE_DAYS else NEVER
    _screen(person, today, "screen", None)
    return today + 1 if person.pid else NEVER


def return_for_rescreening(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """A person who failed comes once more, under a new number."""
    day = int(person.stage.replicate.rescreened[person.index])
    trial = person.stage.trial
    if day >= NEVER or person.cured or state.status != "screen_failed":
        return NEVER
    if not trial.state.recruitment_open or not trial.state.site(state.site).open:
        return NEVER
    if today < day:
        return day
    _screen(person, today, "rescreen", person.pid)
    return today + 1


def _screen(person: VirtualPerson, today: int, what: str, previous: str | None) -> None:
    replicate = person.stage.replicate
    identity = {
        item: text.replace("{person}", person.label)
        for item, text in replicate.assumptions.participants.identity.items()
    }
    command = c.ScreenParticipant(site=person.home_site, identity=identity, previous=previous)
    person.pid, before = None, person.pid
    outcome = person.do(command, what)
    if isinstance(outcome, Refusal):
        person.pid = before
        return
    person.pid = str(outcome.answer["participant"])
    person.earlier = previous
    refuses = bool(replicate.refuses[person.index])
    reasons = replicate.assumptions.accrual.refusal_reasons
    consent = c.RecordConsent(
        participant=person.pid,
        version=replicate.protocol.consents[-1].version if replicate.protocol.consents else "1",
        signed_on=date.fromordinal(today),
        given=not refuses,
        reason=reasons[int(replicate.refusal[person.index]) % len(reasons)] if refuses else "",
    )
    person.do(consent, f"consent/{what}", today)
    if refuses:
        return
    wrong = wrong_stratum(person)
    for index, visit in enumerate(replicate.protocol.schedule.visits):
        if visit.phase == "screening":
            fill_visit(person, index, visit, today, instead=wrong)


def stratum_item(person: VirtualPerson) -> str | None:
    """The stratum item that staff get wrong for a person, or None (asked once: `person.ticked_wrongly`)."""
    replicate = person.stage.replicate
    draws = replicate.staff.wrong_stratum[person.index]
    if draws[0] >= replicate.assumptions.staff.wrong_stratum:
        return None
    randomization = replicate.protocol.randomization
    items = [factor.item for factor in randomization.strata if factor.item] if randomization else []
    return items[int(draws[1] * len(items))] if items else None


def wrong_stratum(person: VirtualPerson) -> dict[str, str]:
    """The level ticked by mistake, by item."""
    name = person.ticked_wrongly
    if name is None:
        return {}
    replicate = person.stage.replicate
    item = replicate.protocol.item_by_id[name]
    text = replicate.typed(name, person.index, None, int(replicate.screened[person.index]))
    codelist = replicate.protocol.codelist_by_id.get(item.codelist or "")
    codes = tuple(code.code for code in codelist.codes) if codelist else ()
    other = other_level(item, text, codes) if text is not None else None
    return {name: other} if other is not None else {}


def go_on(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """The days between consent and randomization."""
    trial, replicate = person.stage.trial, person.stage.replicate
    screened = state.screened_on.toordinal() if state.screened_on else today
    if state.consent is None:
        return NEVER
    decide_on = working_day(screened + 1)
    planned = max(int(replicate.randomized[person.index]), decide_on)
    # who is expected today hears of the end of recruitment at once, everyone else tomorrow
    open_for_them = trial.state.recruitment_open if today >= planned else person.stage.recruiting
    if not open_for_them:
        _fail(person, today, "recruitment is closed")
        return NEVER
    if today < decide_on:
        return decide_on
    if today >= planned:
        _baseline_visits(person, state, today)
        state = person.state()
    if not _eligible(person, state, today):
        if person.state().failed is not None:
            return NEVER
        if today - planned >= PATIENCE_DAYS:
            _fail(person, today, "eligibility could not be decided in time")
            return NEVER
        return planned if today < planned else working_day(today + 1)
    if today < planned:
        return planned
    return _randomize(person, today)


def _baseline_visits(person: VirtualPerson, state: ParticipantState, today: int) -> None:
    """Visits before the allocation that come after screening: done on the day planned for it."""
    begun = {address.visit for address in state.forms}
    for index, visit in enumerate(person.stage.protocol.schedule.visits):
        if visit.phase == "baseline" and visit.id not in begun:
            fill_visit(person, index, visit, today)


def _eligible(person: VirtualPerson, state: ParticipantState, today: int) -> bool:
    """Whether a signed assessment stands; assesses and signs where it does not yet."""
    if state.status == "eligible":
        return True
    if state.assessments:
        last = state.assessments[-1]
        if last.stamp.seq > max((form.last.seq for form in state.forms.values()), default=0):
            return False
    _check_against_source(person, state, today)
    return _assess(person, today, "assess")


def _assess(person: VirtualPerson, today: int, what: str) -> bool:
    replicate = person.stage.replicate
    failure = int(replicate.failure[person.index])
    forced = None
    if failure >= 0 and not person.cured:
        forced = replicate.assumptions.participants.screening_failures[failure]
    judgements = {}
    for criterion in replicate.protocol.eligibility.criteria:
        if criterion.judgement:
            fits = criterion.kind == "inclusion"
            if forced and forced.judgement is not None and forced.criterion == criterion.id:
                fits = forced.judgement
            judgements[criterion.id] = fits
    command = c.AssessEligibility(participant=person.pid or "", judgements=judgements)
    outcome = person.do(command, what, today)
    if isinstance(outcome, Refusal):
        return False
    if outcome.answer["eligible"] is True:
        sign = c.SignEligibility(participant=person.pid or "")
        return bool(person.do(sign, f"{what}/sign", today))
    if outcome.answer["eligible"] is False:
        _fail(person, today, "not eligible")
    return False


def _check_against_source(person: VirtualPerson, state: ParticipantState, today: int) -> None:
    """Before eligibility is decided, what was mistyped is found and corrected."""
    ticked = person.ticked_wrongly
    for address, form in state.forms.items():
        day = form.performed_on.toordinal()
        wrong = {}
        for name, captured in form.values.items():
            if name == ticked or captured.value.code == "derived":
                continue
            text = person.truth(name, day, state)
            if text is not None and captured.value.raw not in ("", text):
                wrong[name] = text
        if wrong:
            person.save(
                address,
                wrong,
                day,
                f"recheck/{form.saves}",
                today=today,
                reason="checked against the source before eligibility was decided",
            )


def _randomize(person: VirtualPerson, today: int) -> int:
    command = c.Randomize(participant=person.pid or "")
    outcome = person.do(command, "randomize", today)
    outdated = isinstance(outcome, Refusal) and bool(set(outcome.codes) & set(_AGAIN))
    if outdated and _assess(person, today, "reassess"):
        outcome = person.do(command, "randomize", today)
    if not isinstance(outcome, Refusal):
        first_supply(person, today)
    if isinstance(outcome, Refusal) and person.state().failed is None:
        if "recruitment-closed" in outcome.codes:
            _fail(person, today, "recruitment is closed")
        elif "too-late" in outcome.codes:
            _fail(person, today, "too late for the treatment to start in time")
        elif today - int(person.stage.replicate.randomized[person.index]) >= PATIENCE_DAYS:
            _fail(person, today, "could not be randomized in time")
    return today + 1


def _fail(person: VirtualPerson, today: int, reason: str) -> None:
    command = c.FailScreening(participant=person.pid or "", reason=reason)
    person.do(command, "fail", today)
