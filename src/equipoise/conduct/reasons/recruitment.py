"""Refusals about halts of recruitment and their end."""

from __future__ import annotations

from .template import Template

RECRUITMENT: dict[str, Template] = {
    "recruitment-halted": Template(
        "recruitment {place} is halted since {day}, ordered by {who} (halt {number})",
        "自 {day} 起{who}已要求暂停{place}招募（第 {number} 号暂停）",
        "conduct.recruitment",
        "wait until the sponsor records the restart with the authorization of {who}; "
        "participants already enrolled go on",
        "请等待申办方凭{who}的批准登记恢复招募；已入组的受试者继续参加",
    ),
    "already-halted": Template(
        "{who} has halted recruitment {place} already",
        "{who}已暂停{place}招募",
        "conduct.recruitment",
        "nothing to do: it stays halted until the restart is recorded",
        "无需操作：在登记恢复之前一直处于暂停状态",
    ),
    "no-such-halt": Template(
        "no halt {number} stands",
        "没有生效中的第 {number} 号暂停",
        "conduct.recruitment",
        "choose a halt that stands from the page of recruitment",
        "请在招募页面选择生效中的暂停",
    ),
    "restart-not-authorized": Template(
        "the halt was ordered by {who}, who alone can authorize the restart",
        "该暂停由{who}要求，只能由其批准恢复",
        "conduct.recruitment",
        "obtain the authorization of {who} and name its document",
        "请取得{who}的批准并填写其文件编号",
    ),
    "no-authorization": Template(
        "the document that authorizes the restart is not named",
        "未填写批准恢复的文件",
        "conduct.recruitment",
        "name the letter, minutes or decision with its number and date",
        "请填写函件、会议纪要或决定的编号和日期",
    ),
    "authorized-before-halt": Template(
        "the authorization of {day} is older than the halt of {since}",
        "批准日期 {day} 早于暂停日期 {since}",
        "conduct.recruitment",
        "name the authorization that was given after the halt",
        "请填写暂停之后给出的批准",
    ),
    "unknown-authority": Template(
        "{given} cannot order a halt or authorize a restart",
        "{given} 不能要求暂停或批准恢复",
        "conduct.recruitment",
        "choose one of: {known}",
        "请选择：{known}",
    ),
}
