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
from ..eligibility import Assessment, assess, assessment_hash, strata_of
from ..environment import ParticipantEnvironment
from ..refusal import Reason, Refused, refuse
from ..schedule import offset_day, participant_anchors, plan_visits, visit_targets
from ..state import ParticipantState, Stamp
from .administration import recruitment_closed
from .context import Context, Decided, on_record


def screen(command: c.ScreenParticipant, context: Context) -> Decided:
    """Give the next number of the site, and keep the identity sealed."""
    site = command.site
    reasons: list[Reason] = []
    state = context.site_state(site)
    if site not in context.protocol.site_by_id or not state.open:
        reasons.append(_site_not_open(site))
    if context.actor.site and context.actor.site != site:
        reasons.append(
            refuse(
                "other-site",
                f"{context.actor.id} acts for site {context.actor.site}, not {site}",
                f"{context.actor.id} 属于中心 {context.actor.site}，不能代表 {site}",
                "conduct.sites",
                "ask the staff of that site",
                "请联系该中心人员",
                "site",
            )
        )
    if not context.trial.recruitment_open:
        reasons.append(recruitment_closed())
    identity, faults = _identity(command.identity, context)
    reasons += faults
    if command.previous is not None:
        reasons += _previous_reasons(command.previous, context)
    if reasons:
        raise Refused(reasons)
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
    return refuse(
        "site-not-open",
        f"site {site} is not open for recruitment",
        f"中心 {site} 未开放招募",
        "conduct.sites",
        "open the site with its ethics approval first",
        "请先凭伦理批件开放该中心",
        "site",
    )


def _identity(given: Mapping[str, str], context: Context) -> tuple[str, list[Reason]]:
    reasons: list[Reason] = []
    kept = {}
    for name, raw in sorted(given.items()):
        item = context.protocol.item_by_id.get(name)
        if item is None or item.type != "identity":
            reasons.append(
                refuse(
                    "unknown-item",
                    f"{name!r} is no identity item",
                    f"{name!r} 不是身份信息项目",
                    "items",
                    "use the protocol's identity items",
                    "请使用方案中的身份信息项目",
                    name,
                )
            )
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
        return [
            refuse(
                "unknown-participant",
                f"no earlier screening {previous!r} here",
                f"此处没有既往筛选 {previous!r}",
                "conduct.rescreening",
                "check the number",
                "请核对编号",
                "previous",
            )
        ]
    if before.status not in ("screen_failed", "consent_refused"):
        return [
            refuse(
                "screening-not-ended",
                f"the screening {previous} has not ended",
                f"筛选 {previous} 尚未结束",
                "conduct.rescreening",
                "go on with that screening, or end it first",
                "请继续或先结束该次筛选",
                "previous",
            )
        ]
    return []


def _before_allocation(participant: ParticipantState) -> list[Reason]:
    reasons = on_record(participant)
    if participant.randomized is not None:
        reasons.append(
            refuse(
                "already-randomized",
                f"{participant.id} was randomized on {participant.randomized_on}",
                f"{participant.id} 已于 {participant.randomized_on} 随机",
                "conduct.randomization",
                "a participant is randomized once",
                "每位受试者只能随机一次",
            )
        )
    if participant.failed is not None:
        reasons.append(
            refuse(
                "screening-ended",
                f"the screening of {participant.id} has ended",
                f"{participant.id} 的筛选已结束",
                "conduct.screening",
                "rescreen under a new number",
                "请以新编号重新筛选",
            )
        )
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
            refuse(
                "unknown-consent-version",
                f"there is no consent form version {command.version!r}",
                f"没有知情同意书版本 {command.version!r}",
                "consents",
                f"versions: {', '.join(versions)}",
                f"现有版本：{', '.join(versions)}",
                "version",
            )
        )
    today = context.today(participant.site)
    if command.signed_on > today:
        reasons.append(_in_future("signed_on", str(command.signed_on)))
    if any(record.version == command.version for record in participant.consents):
        reasons.append(
            refuse(
                "already-consented",
                f"version {command.version} has been signed already",
                f"版本 {command.version} 已签署",
                "conduct.consent",
                "nothing to do",
                "无需操作",
                "version",
            )
        )
    if reasons:
        raise Refused(reasons)
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
    return refuse(
        "date-in-future",
        f"{day} is still to come",
        f"{day} 尚未到来",
        "conduct.dates",
        "give a day up to today",
        "请填写不晚于今天的日期",
        field,
    )


def _no_consent(participant: ParticipantState) -> Reason:
    return refuse(
        "no-consent",
        f"{participant.id} has not given consent",
        f"{participant.id} 未签署知情同意书",
        "ICH E6(R3) 2.8",
        "record the signed consent first",
        "请先登记已签署的知情同意书",
    )


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
            reasons.append(
                refuse(
                    "not-a-judgement",
                    f"criterion {name!r} is not left to judgement",
                    f"标准 {name!r} 不由研究者判断",
                    "eligibility.criteria",
                    "it is decided from the data: correct the data",
                    "该标准由数据判定：请更正数据",
                    name,
                )
            )
    if reasons:
        raise Refused(reasons)
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
        return [
            refuse(
                "not-assessed",
                "eligibility has not been assessed",
                "尚未判定入选资格",
                "eligibility.criteria",
                "assess eligibility first",
                "请先判定入选资格",
            )
        ]
    again = assess_now(context, participant, _judgements_of(participant))
    reasons = []
    for answer in again.criteria:
        if answer.passes is True:
            continue
        criterion = answer.criterion
        number = f" {criterion.number}" if criterion.number else ""
        kind_zh = "入选" if criterion.kind == "inclusion" else "排除"
        if answer.passes is None:
            what = ", ".join(answer.missing)
            reasons.append(
                refuse(
                    "criterion-unknown",
                    f"{criterion.kind} criterion{number} cannot be decided: {what} missing",
                    f"{kind_zh}标准{number} 无法判定：缺少 {what}",
                    f"eligibility.{criterion.id}",
                    "supply what is missing",
                    "请补充缺失内容",
                    criterion.id,
                )
            )
        else:
            verb = "is not met" if criterion.kind == "inclusion" else "applies"
            verb_zh = "不符合" if criterion.kind == "inclusion" else "符合（须排除）"
            reasons.append(
                refuse(
                    "not-eligible",
                    f"{criterion.kind} criterion{number} {verb}: {criterion.text.en}",
                    f"{kind_zh}标准{number} {verb_zh}：{criterion.text.in_language('zh-Hans')}",
                    f"eligibility.{criterion.id}",
                    "the participant cannot take part; no one can override this",
                    "该受试者不能参加；任何人都不能绕过",
                    criterion.id,
                )
            )
    if not reasons:
        recorded = participant.assessments[-1].criteria
        if assessment_hash(again.payload()) != assessment_hash(recorded):
            reasons.append(
                refuse(
                    "assessment-outdated",
                    "the data have changed since eligibility was assessed",
                    "判定入选资格后数据有变",
                    "eligibility",
                    "assess and sign again",
                    "请重新判定并签名",
                )
            )
    return reasons


def sign_eligibility(command: c.SignEligibility, context: Context) -> Decided:
    """The investigator's signature on the last assessment, as long as it still holds."""
    participant = context.known(command.participant)
    reasons = _before_allocation(participant) + eligibility_reasons(context, participant)
    if participant.assessments and participant.assessments[-1].signed_by:
        reasons.append(
            refuse(
                "already-signed",
                f"signed by {participant.assessments[-1].signed_by}",
                f"已由 {participant.assessments[-1].signed_by} 签名",
                "conduct.signature",
                "nothing to do",
                "无需操作",
            )
        )
    if reasons:
        raise Refused(reasons)
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
        reasons.append(
            refuse(
                "no-reason",
                "a reason is needed",
                "须填写原因",
                "conduct.screening",
                "say why the screening ends",
                "请说明筛选结束的原因",
                "reason",
            )  # fmt: skip
        )
    if reasons:
        raise Refused(reasons)
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
            refuse(
                "consent-outdated",
                f"consent was given to version {participant.consent.version}, in force is {current}",
                f"已签署版本 {participant.consent.version}，现行版本为 {current}",
                "consents",
                "obtain consent to the current version",
                "请签署现行版本",
            )
        )
    if not context.site_state(participant.site).open:
        reasons.append(_site_not_open(participant.site))
    if not context.trial.recruitment_open:
        reasons.append(recruitment_closed())
    if protocol.randomization is None:
        reasons.append(
            refuse(
                "no-randomization",
                "the protocol randomizes nobody",
                "方案未设随机",
                "randomization",
                "describe the scheme in the protocol",
                "请在方案中写明随机方案",
            )  # fmt: skip
        )
    elif context.trial.commitment is None:
        reasons.append(
            refuse(
                "no-commitment",
                "the randomization seed has not been committed to",
                "随机种子尚未作出承诺",
                "conduct.commitment",
                "activate the randomization first",
                "请先启用随机",
            )
        )
    reasons += eligibility_reasons(context, participant)
    if participant.assessments and not participant.assessments[-1].signed_by:
        reasons.append(
            refuse(
                "eligibility-not-signed",
                "the investigator has not signed the eligibility assessment",
                "研究者尚未签署入选资格判定",
                "ICH E6(R3) 2.7",
                "have it signed",
                "请由研究者签名",
            )
        )
    _, unknown = strata_of(protocol, participant)
    for factor in unknown:
        reasons.append(
            refuse(
                "stratum-unknown",
                f"the stratum factor {factor!r} is not known",
                f"分层因素 {factor!r} 未知",
                "randomization.strata",
                "enter the item it rests on",
                "请填写其依据的项目",
                factor,
            )
        )
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
            reasons.append(
                refuse(
                    "anchor-unknown",
                    f"the day of {randomization.latest.anchor} is not known",
                    f"{randomization.latest.anchor} 的日期未知",
                    "randomization.latest",
                    "enter the planned date",
                    "请填写计划日期",
                )
            )
        elif context.today(participant.site) > latest:
            reasons.append(
                refuse(
                    "too-late",
                    f"the last day for randomization was {latest}",
                    f"随机的最后日期为 {latest}",
                    "randomization.latest",
                    "the regimen could not start in time; plan a later start of treatment",
                    "用药无法按时开始；请推迟治疗开始日期",
                )
            )
    environment = ParticipantEnvironment(
        participant,
        context.site_state(participant.site).ranges,
        today=context.today(participant.site),
    )
    for condition in randomization.requires:
        if compile_expression(condition, context.protocol).evaluate(environment).value is not True:
            reasons.append(
                refuse(
                    "condition-not-met",
                    f"not (yet) true: {condition}",
                    f"条件不成立：{condition}",
                    "randomization.requires",
                    "see the protocol",
                    "请查看方案",
                )
            )
    return reasons


def randomize(command: c.Randomize, context: Context) -> Decided:
    """One guarded decision: allocate, schedule, and order the first supply."""
    participant = context.known(command.participant)
    reasons = randomization_reasons(context, participant)
    if reasons:
        raise Refused(reasons)
    protocol = context.protocol
    strata, _ = strata_of(protocol, participant)
    last = participant.assessments[-1]
    signature = {
        "assessment": last.number,
        "hash": assessment_hash(last.criteria),
        "signed_by": last.signed_by,
        "signed_at": last.signed_at,
    }
    arm, number, request = context.allocate(participant.id, strata, signature)
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
    after = participant.applied(randomized, stamp, participant.site)
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
