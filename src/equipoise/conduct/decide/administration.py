"""Decisions about the trial and its sites."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from equipoise.quantity.units import commensurable

from .. import commands as c
from .. import events as e
from ..refusal import Reason, Refused, refuse
from .context import Context, Decided


def create_trial(command: c.CreateTrial, context: Context) -> Decided:
    """Begin the ledger; the person who does so becomes administrator."""
    if context.trial.created:
        raise Refused(
            [
                refuse(
                    "already-created",
                    "this trial has been created already",
                    "该试验已经创建",
                    "conduct.trial",
                    "open it instead",
                    "请直接打开",
                )
            ]
        )
    created = e.TrialCreated(
        title=context.protocol.identity.titles.brief.en,
        public_key=command.public_key,
        rehearsal=command.rehearsal,
    )
    grant = e.RoleGranted(person=context.actor.id, granted_role=context.actor.role, at_site="")
    return Decided().on_trial(created).on_trial(grant)


def commit_randomization(command: c.CommitRandomization, context: Context) -> Decided:
    """One commitment, before the first allocation, for ever."""
    if context.trial.commitment is not None:
        raise Refused(
            [
                refuse(
                    "already-committed",
                    "the randomization has been committed to already",
                    "随机方案承诺已经写入",
                    "conduct.commitment",
                    "a commitment is never replaced",
                    "承诺不可更换",
                )
            ]
        )
    return Decided().on_trial(
        e.RandomizationCommitted(commitment=command.commitment, source=command.source)
    )


def _known_site(site: str, context: Context) -> list[Reason]:
    if site in context.protocol.site_by_id:
        return []
    return [
        refuse(
            "unknown-site",
            f"the protocol has no site {site!r}",
            f"方案中没有中心 {site!r}",
            "identity.sites",
            f"sites: {', '.join(context.protocol.site_by_id)}",
            f"现有中心：{', '.join(context.protocol.site_by_id)}",
            "site",
        )
    ]


def _role_reasons(person: str, role: str, site: str, context: Context) -> list[Reason]:
    reasons = _known_site(site, context) if site else []
    roles = [grant.role for grant in context.protocol.roles]
    if role not in roles:
        reasons.append(
            refuse(
                "unknown-role",
                f"the protocol has no role {role!r}",
                f"方案中没有角色 {role!r}",
                "roles",
                f"roles: {', '.join(roles)}",
                f"现有角色：{', '.join(roles)}",
                "role",
            )
        )
    if not person.strip():
        reasons.append(
            refuse(
                "no-person",
                "no person is named",
                "未指明人员",
                "conduct.roles",
                "name the account",
                "请填写账户名",
                "person",
            )  # fmt: skip
        )
    return reasons


def grant_role(command: c.GrantRole, context: Context) -> Decided:
    """Give a role of the protocol to a person."""
    reasons = _role_reasons(command.person, command.role, command.site, context)
    if (command.person, command.role, command.site) in context.trial.grants:
        reasons.append(
            refuse(
                "already-granted",
                f"{command.person} already is {command.role}",
                f"{command.person} 已具有角色 {command.role}",
                "conduct.roles",
                "nothing to do",
                "无需操作",
            )
        )
    if reasons:
        raise Refused(reasons)
    return Decided().on_trial(
        e.RoleGranted(person=command.person, granted_role=command.role, at_site=command.site),
        command.site,
    )


def revoke_role(command: c.RevokeRole, context: Context) -> Decided:
    """Take a role back from a person who holds it."""
    if (command.person, command.role, command.site) not in context.trial.grants:
        raise Refused(
            [
                refuse(
                    "not-granted",
                    f"{command.person} is not {command.role} there",
                    f"{command.person} 在该处没有角色 {command.role}",
                    "conduct.roles",
                    "see the list of rights on the trust page",
                    "请查看信任页面的权限列表",
                )
            ]
        )
    return Decided().on_trial(
        e.RoleRevoked(person=command.person, granted_role=command.role, at_site=command.site),
        command.site,
    )


def open_site(command: c.OpenSite, context: Context) -> Decided:
    """A site opens with its ethics approval; it may open again after a closure."""
    reasons = _known_site(command.site, context)
    if context.site_state(command.site).open:
        reasons.append(
            refuse(
                "already-open",
                f"site {command.site} is open",
                f"中心 {command.site} 已开放",
                "conduct.sites",
                "nothing to do",
                "无需操作",
            )
        )
    if not command.ethics_approval.strip():
        reasons.append(
            refuse(
                "no-ethics-approval",
                "the ethics approval is not named",
                "未填写伦理批件",
                "ICH E6(R3) 1.4",
                "give its number and date",
                "请填写批件号和日期",
                "ethics_approval",
            )
        )
    if not reasons and command.approved_on > context.today(command.site):
        reasons.append(
            refuse(
                "approval-in-future",
                f"the approval is dated {command.approved_on}, which is still to come",
                f"批件日期 {command.approved_on} 尚未到来",
                "ICH E6(R3) 1.4",
                "a site opens after its approval",
                "中心须在批准之后开放",
                "approved_on",
            )
        )
    if context.protocol.readiness != "activatable":
        reasons.append(
            refuse(
                "protocol-not-activatable",
                f"the protocol is {context.protocol.readiness}, not activatable",
                "方案尚不可启用",
                "protocol.readiness",
                "settle its findings first (equipoise check)",
                "请先处理核查发现（equipoise check）",
            )
        )
    if reasons:
        raise Refused(reasons)
    opened = e.SiteOpened(
        ethics_approval=command.ethics_approval, approved_on=str(command.approved_on)
    )
    return Decided().on_site(command.site, opened)


def close_site(command: c.CloseSite, context: Context) -> Decided:
    """Recruitment stops at one site."""
    reasons = _known_site(command.site, context)
    if not reasons and not context.site_state(command.site).open:
        reasons.append(
            refuse(
                "not-open",
                f"site {command.site} is not open",
                f"中心 {command.site} 未开放",
                "conduct.sites",
                "nothing to do",
                "无需操作",
            )
        )
    if reasons:
        raise Refused(reasons)
    return Decided().on_site(command.site, e.SiteClosed(reason=command.reason))


def close_recruitment(command: c.CloseRecruitment, context: Context) -> Decided:
    """Recruitment stops everywhere."""
    if not context.trial.recruitment_open:
        raise Refused([recruitment_closed()])
    return Decided().on_trial(e.RecruitmentClosed(reason=command.reason))


def recruitment_closed() -> Reason:
    """Why nobody can be screened or randomized any more."""
    return refuse(
        "recruitment-closed",
        "recruitment is closed",
        "招募已结束",
        "design.sample_size.target",
        "no further participants are needed",
        "不再需要新的受试者",
    )


def release_results(command: c.ReleaseResults, context: Context) -> Decided:
    """The public record may show results from now on."""
    if context.trial.results_released:
        raise Refused(
            [
                refuse(
                    "already-released",
                    "the results are released",
                    "结果已发布",
                    "conduct.results",
                    "nothing to do",
                    "无需操作",
                )
            ]
        )
    return Decided().on_trial(e.ResultsReleased())


def set_laboratory_range(command: c.SetLaboratoryRange, context: Context) -> Decided:
    """A reference range of a site's laboratory, in a unit that fits the item."""
    reasons = _known_site(command.site, context)
    item = context.protocol.item_by_id.get(command.item)
    if item is None or not item.laboratory:
        reasons.append(
            refuse(
                "not-a-laboratory-item",
                f"{command.item!r} is no laboratory item of the protocol",
                f"{command.item!r} 不是方案中的实验室项目",
                "items",
                "use an item marked `laboratory: true`",
                "请使用标记为 laboratory: true 的项目",
                "item",
            )
        )
    elif item.unit and not commensurable(command.unit, item.unit):
        reasons.append(
            refuse(
                "wrong-unit",
                f"{command.unit!r} cannot be converted to {item.unit}",
                f"{command.unit!r} 无法换算为 {item.unit}",
                f"items.{item.id}.unit",
                f"give the range in {item.unit}",
                f"请以 {item.unit} 为单位",
                "unit",
            )
        )
    bounds = []
    for name, text in (("lower", command.lower), ("upper", command.upper)):
        try:
            bounds.append(Decimal(text) if text is not None else None)
        except InvalidOperation:
            reasons.append(
                refuse(
                    "not-a-number",
                    f"{text!r} is not a number",
                    f"{text!r} 不是数字",
                    "conduct.laboratory",
                    "type a number",
                    "请输入数字",
                    name,
                )
            )
    if bounds == [None, None]:
        reasons.append(
            refuse(
                "empty-range",
                "neither limit is given",
                "上下限均未填写",
                "conduct.laboratory",
                "give at least one limit",
                "请至少填写一个界限",
            )
        )
    if len(bounds) == 2 and None not in bounds and bounds[0] >= bounds[1]:  # type: ignore[operator]
        reasons.append(
            refuse(
                "range-order",
                "the lower limit is not below the upper",
                "下限不低于上限",
                "conduct.laboratory",
                "exchange or correct them",
                "请更正上下限",
            )
        )
    if reasons:
        raise Refused(reasons)
    return Decided().on_site(
        command.site,
        e.LaboratoryRangeSet(
            item=command.item,
            lower=command.lower,
            upper=command.upper,
            unit=command.unit,
            valid_from=str(command.valid_from),
            sex=command.sex,
        ),
    )
