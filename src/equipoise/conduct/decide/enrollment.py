"""From the screening log to the allocation."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date

from equipoise.protocol.expression import compile_expression

from .. import commands as c
from .. import events as e
from ..capture import read_value, unreadable_reason
from ..eligibility import Assessment, CriterionAnswer, assess, assessment_hash, strata_of
from ..environment import ParticipantEnvironment
from ..reasons import reason
from ..refusal import Reason, RefusedError, words
from ..schedule import offset_day, participant_anchors, plan_visits, visit_targets
from ..state import ParticipantState, Stamp, folded
from .administration import recruitment_closed
from .context import Context, Decided, on_record
from .recruitment import consent_stopped, recruitment_stopped


def screen(command: c.ScreenParticipant, context: Context) -> Decided:
    """Give the next number of the site, and keep the identity sealed."""
    site = command.site
    reasons: list[Reason] = []
    state = context.site_state(site)
    if site not in context.protocol.site_by_id or not state.open:
        reasons.append(_site_not_open(site))
    if context.actor.site and context.actor.site != site:
        reasons.append(
            reason(
                "other-site", "site", actor=context.actor.id, own_site=context.actor.site, site=site
            )
        )
    if not context.trial.recruitment_open:
        reasons.append(recruitment_closed())
    reasons += recruitment_stopped(context, site)
    identity, faults = _identity(command.identity, context)
    reasons += faults
    if command.previous is not None:
        reasons += _previous_reasons(command.previous, context)
    if reasons:
        raise RefusedError(reasons)
    number = state.screened + 1
    participant = f"{site}-{number:04d}"
    screened = e.ParticipantScreened(
        number=number,
        screened_on=str(context.today(site)),
        identity=identity,
        previous=command.previous,
    )
    decided = Decided(answer={"participant": participant})
    decided.events.append((f"participant/{participant}", site, screened))
    return decided


def _site_not_open(site: str) -> Reason:
    return reason("site-not-open", "site", site=site)


def _identity(given: Mapping[str, str], context: Context) -> tuple[str, list[Reason]]:
    reasons: list[Reason] = []
    kept = {}
    for name, raw in sorted(given.items()):
        item = context.protocol.item_by_id.get(name)
        if item is None or item.type != "identity":
            reasons.append(reason("not-an-identity-item", name, name=name))
            continue
        if not raw.strip():
            continue
        fault = unreadable_reason(item, raw, context.protocol)
        if fault is not None:
            reasons.append(fault)
        else:
            kept[name] = read_value(item, raw, context.protocol).value
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text if kept else "", reasons


def _previous_reasons(previous: str, context: Context) -> list[Reason]:
    before = context.participant(previous)
    if before is None or (context.actor.site and before.site != context.actor.site):
        return [reason("unknown-screening", "previous", previous=previous)]
    if before.status not in ("screen_failed", "consent_refused"):
        return [reason("screening-not-ended", "previous", previous=previous)]
    return []


def _before_allocation(participant: ParticipantState) -> list[Reason]:
    reasons = on_record(participant)
    if participant.randomized is not None:
        reasons.append(
            reason("already-randomized", participant=participant.id, day=participant.randomized_on)
        )
    if participant.failed is not None:
        reasons.append(reason("screening-ended", participant=participant.id))
    return reasons


def record_consent(command: c.RecordConsent, context: Context) -> Decided:
    """Consent to a version of the consent form, or its refusal."""
    participant = context.known(command.participant)
    reasons = on_record(participant)
    if participant.failed is not None:
        reasons += [r for r in _before_allocation(participant) if r.code == "screening-ended"]
    versions = [consent.version for consent in context.protocol.consents]
    if command.version not in versions:
        reasons.append(
            reason(
                "unknown-consent-version",
                "version",
                version=command.version,
                versions=", ".join(versions),
            )
        )
    today = context.today(participant.site)
    if command.signed_on > today:
        reasons.append(_in_future("signed_on", str(command.signed_on)))
    if command.given and participant.randomized is None:
        reasons += consent_stopped(context, participant.site, command.signed_on)
    if any(record.version == command.version for record in participant.consents):
        reasons.append(reason("already-consented", "version", version=command.version))
    if reasons:
        raise RefusedError(reasons)
    if command.given:
        return Decided().on_participant(
            participant,
            e.ConsentRecorded(version=command.version, signed_on=str(command.signed_on)),
        )
    return Decided().on_participant(
        participant,
        e.ConsentRefused(version=command.version, on=str(command.signed_on), reason=command.reason),
    )


def _in_future(field: str, day: str) -> Reason:
    return reason("date-in-future", field, day=day)


def _no_consent(participant: ParticipantState) -> Reason:
    return reason("no-consent", participant=participant.id)


def assess_now(
    context: Context, participant: ParticipantState, judgements: Mapping[str, bool]
) -> Assessment:
    """Every criterion, from the data as they stand."""
    return assess(
        context.protocol,
        participant,
        judgements,
        context.site_state(participant.site).ranges,
        today=context.today(participant.site),
    )


def assess_eligibility(command: c.AssessEligibility, context: Context) -> Decided:
    """Decide all criteria and keep the answers with the values they rest on."""
    participant = context.known(command.participant)
    reasons = _before_allocation(participant)
    if participant.consent is None:
        reasons.append(_no_consent(participant))
    judged = {cr.id for cr in context.protocol.eligibility.criteria if cr.judgement}
    for name in command.judgements:
        if name not in judged:
            reasons.append(reason("not-a-judgement", name, name=name))
    if reasons:
        raise RefusedError(reasons)
    assessment = assess_now(context, participant, command.judgements)
    number = len(participant.assessments) + 1
    assessed = e.EligibilityAssessed(
        eligible=assessment.eligible, criteria=assessment.payload(), assessment=number
    )
    decided = Decided().on_participant(participant, assessed)
    decided.answer = {
        "eligible": assessment.eligible,
        "failed": list(assessment.failed),
        "undecided": list(assessment.undecided),
    }
    return decided


def _judgements_of(participant: ParticipantState) -> dict[str, bool]:
    """The judgements behind the last assessment, for deciding it again on today's data."""
    if not participant.assessments:
        return {}
    return {
        entry["id"]: entry["judged"]
        for entry in participant.assessments[-1].criteria
        if entry["judged"] is not None
    }


def eligibility_reasons(context: Context, participant: ParticipantState) -> list[Reason]:
    """Why the last assessment does not (or no longer) make the participant eligible."""
    if not participant.assessments:
        return [reason("not-assessed")]
    again = assess_now(context, participant, _judgements_of(participant))
    reasons = [_criterion_reason(answer) for answer in again.criteria if answer.passes is not True]
    if not reasons:
        recorded, now = participant.assessments[-1].criteria, again.payload()
        if now != recorded and assessment_hash(now) != assessment_hash(recorded):
            reasons.append(reason("assessment-outdated"))
    return reasons


def _criterion_reason(answer: CriterionAnswer) -> Reason:
    criterion = answer.criterion
    inclusion = criterion.kind == "inclusion"
    names = {
        "kind": words("inclusion", "入选") if inclusion else words("exclusion", "排除"),
        "number": f" {criterion.number}" if criterion.number else "",
        "criterion": criterion.id,
    }
    if answer.passes is None:
        what = ", ".join(answer.missing)
        return reason("criterion-unknown", criterion.id, what=what, **names)
    verb = words("is not met", "不符合") if inclusion else words("applies", "符合（须排除）")
    return reason("not-eligible", criterion.id, verb=verb, text=criterion.text, **names)


def sign_eligibility(command: c.SignEligibility, context: Context) -> Decided:
    """The investigator's signature on the last assessment, as long as it still holds."""
    participant = context.known(command.participant)
    reasons = _before_allocation(participant) + eligibility_reasons(context, participant)
    if participant.assessments and participant.assessments[-1].signed_by:
        reasons.append(reason("already-signed", who=participant.assessments[-1].signed_by))
    if reasons:
        raise RefusedError(reasons)
    last = participant.assessments[-1]
    return Decided().on_participant(
        participant,
        e.EligibilitySigned(
            assessment=last.number,
            assessment_hash=assessment_hash(last.criteria),
            meaning="I confirm that this participant is eligible",
        ),
    )


def fail_screening(command: c.FailScreening, context: Context) -> Decided:
    """End the screening, naming the criteria not met."""
    participant = context.known(command.participant)
    reasons = _before_allocation(participant)
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
    failed: tuple[str, ...] = ()
    if participant.consent is not None:
        failed = assess_now(context, participant, _judgements_of(participant)).failed
    return Decided().on_participant(
        participant, e.ScreeningFailed(criteria=failed, reason=command.reason)
    )


def randomization_reasons(context: Context, participant: ParticipantState) -> list[Reason]:
    """Everything that stands between this participant and an allocation; empty when nothing does."""
    protocol = context.protocol
    reasons = _before_allocation(participant)
    current = protocol.consents[-1].version if protocol.consents else None
    if participant.consent is None:
        reasons.append(_no_consent(participant))
    elif current is not None and participant.consent.version != current:
        reasons.append(
            reason("consent-outdated", version=participant.consent.version, current=current)
        )
    if not context.site_state(participant.site).open:
        reasons.append(_site_not_open(participant.site))
    if not context.trial.recruitment_open:
        reasons.append(recruitment_closed())
    reasons += recruitment_stopped(context, participant.site)
    if protocol.randomization is None:
        reasons.append(reason("no-randomization"))
    elif context.trial.commitment is None:
        reasons.append(reason("no-commitment"))
    reasons += eligibility_reasons(context, participant)
    if participant.assessments and not participant.assessments[-1].signed_by:
        reasons.append(reason("eligibility-not-signed"))
    _, unknown = strata_of(protocol, participant)
    for factor in unknown:
        reasons.append(reason("stratum-unknown", factor, factor=factor))
    reasons += _timing_reasons(context, participant)
    return reasons


def _timing_reasons(context: Context, participant: ParticipantState) -> list[Reason]:
    randomization = context.protocol.randomization
    if randomization is None:
        return []
    reasons = []
    if randomization.latest is not None:
        anchors = participant_anchors(context.protocol, participant)
        latest = offset_day(randomization.latest, anchors)
        if latest is None:
            reasons.append(reason("anchor-unknown", anchor=randomization.latest.anchor))
        elif context.today(participant.site) > latest:
            reasons.append(reason("too-late", latest=latest))
    environment = ParticipantEnvironment(
        participant,
        context.site_state(participant.site).ranges,
        today=context.today(participant.site),
    )
    for condition in randomization.requires:
        if compile_expression(condition, context.protocol).evaluate(environment).value is not True:
            reasons.append(reason("condition-not-met", condition=condition))
    return reasons


def randomize(command: c.Randomize, context: Context) -> Decided:
    """One guarded decision: allocate, schedule, and order the first supply."""
    participant = context.known(command.participant)
    reasons = randomization_reasons(context, participant)
    if reasons:
        raise RefusedError(reasons)
    protocol = context.protocol
    strata, _ = strata_of(protocol, participant)
    arm, number, request = context.allocate(participant.id, strata)
    today = context.today(participant.site)
    randomized = e.ParticipantRandomized(
        number=number,
        strata=strata,
        arm=arm,
        request=request,
        randomized_on=str(today),
    )
    decided = Decided().on_participant(participant, randomized)
    stamp = Stamp(participant.seq, context.actor.id, context.actor.role, context.at.isoformat())
    after = folded(participant, randomized, stamp, participant.site)
    targets, provisional = visit_targets(plan_visits(protocol, after))
    decided.on_participant(participant, e.VisitsScheduled(targets=targets, provisional=provisional))
    for supply in protocol.supply:
        if supply.intervention in protocol.arm_by_id[arm].interventions:
            days = _first_supply_days(supply.dispensing_visits, targets)
            units = math.ceil(supply.units_per_day * (days + supply.overage_days))
            decided.on_participant(
                participant, e.SupplyOrdered(intervention=supply.intervention, units=units)
            )
    target = protocol.design.sample_size.target if protocol.design.sample_size else None
    if target is not None and context.trial.randomized + 1 >= target:
        decided.on_trial(e.RecruitmentClosed(reason=f"{target} participants are randomized"))
    decided.answer = {"arm": arm, "number": number, "strata": strata}
    return decided


def _first_supply_days(visits: list[str], targets: Mapping[str, str]) -> int:
    """Days from the first to the second dispensing visit; a week where only one is planned."""
    days = sorted(date.fromisoformat(targets[visit]) for visit in visits if visit in targets)
    return (days[1] - days[0]).days if len(days) > 1 else 7
