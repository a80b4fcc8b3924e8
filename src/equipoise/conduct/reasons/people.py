"""Refusals about delegation and training."""

from __future__ import annotations

from .template import Template

PEOPLE: dict[str, Template] = {
    "already-delegated": Template(
        "{person} has the tasks of {role} in those days already",
        "{person} 在该期间已被授权承担 {role} 的任务",
        "conduct.delegation",
        "end the other delegation first, or choose days after it",
        "请先终止原授权，或选择其后的日期",
    ),
    "delegated-backwards": Template(
        "{day} is before today ({today})",
        "{day} 早于今天（{today}）",
        "ICH E6(R3) 2.3",
        "tasks are delegated before they are done; begin today",
        "任务须先授权后执行；请从今天开始",
    ),
    "delegation-ends-early": Template(
        "the last day ({until}) is before the first ({since})",
        "截止日期（{until}）早于起始日期（{since}）",
        "conduct.delegation",
        "correct the days",
        "请更正日期",
    ),
    "no-reason-for-ending": Template(
        "the reason is missing",
        "未填写原因",
        "conduct.delegation",
        "say why the delegation ends",
        "请说明终止授权的原因",
    ),
    "no-reason-for-reset": Template(
        "the reason is missing",
        "未填写原因",
        "conduct.second-factor",
        "say why the second factor is taken back, and how you made sure who asks",
        "请说明收回第二验证因素的原因，以及如何核实申请人身份",
    ),
    "no-such-delegation": Template(
        "no delegation {number} stands at site {site}",
        "中心 {site} 没有生效中的授权 {number}",
        "conduct.delegation",
        "see the delegation log",
        "请查看授权记录表",
    ),
    "not-a-hash": Template(
        "this is no SHA-256 in hexadecimal digits",
        "这不是十六进制的 SHA-256 值",
        "conduct.access-review",
        "sign the list as the page shows it",
        "请按页面显示的清单签署",
    ),
    "not-delegated": Template(
        "the tasks of {role} are not delegated to {actor} at site {site} today",
        "{actor} 今天未被授权在中心 {site} 承担 {role} 的任务",
        "ICH E6(R3) 2.3",
        "have the investigator sign the delegation log",
        "请由研究者签署授权记录表",
    ),
    "not-trained": Template(
        "no training of {actor} on protocol version {version} is logged",
        "没有 {actor} 接受方案版本 {version} 培训的记录",
        "ICH E6(R3) 2.3",
        "train the person, then have the investigator or administrator record it",
        "请先培训该人员，再由研究者或管理员记录",
    ),
    "person-without-role": Template(
        "{person} holds no role here",
        "{person} 在此没有角色",
        "conduct.delegation",
        "have the administrator grant a role first",
        "请先由管理员授予角色",
    ),
    "role-not-delegated": Template(
        "the tasks of {role} are not delegated by an investigator",
        "{role} 的任务不由研究者授权",
        "conduct.delegation",
        "delegated are: {roles}",
        "可授权的角色：{roles}",
    ),
    "training-day": Template(
        "{day} is no day on which training can have been given",
        "{day} 不可能是培训日期",
        "conduct.training",
        "give the day of the training, today or earlier",
        "请填写培训日期，不晚于今天",
    ),
    "unknown-training": Template(
        "{subject} is neither gcp nor a protocol version known to the trial",
        "{subject} 既不是 gcp，也不是试验已登记的方案版本",
        "conduct.training",
        "choose from the list",
        "请从列表中选择",
    ),
}
