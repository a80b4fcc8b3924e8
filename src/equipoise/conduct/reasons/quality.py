"""Refusals about the oversight of data: source verification, freezing, locking."""

from __future__ import annotations

from .template import Template

QUALITY: dict[str, Template] = {
    "already-verified": Template(
        "every value asked for at {address} is verified",
        "{address} 所选数值均已核查",
        "conduct.verification",
        "nothing to do",
        "无需操作",
    ),
    "not-verifiable": Template(
        "{item} at {address} holds nothing that a source document could show",
        "{address} 的 {item} 没有可与源文件核对的内容",
        "conduct.verification",
        "choose values that were captured; what is computed or identifies the person is not verified",
        "请选择已采集的数值；自动计算或可识别身份的内容不作核查",
    ),
    "nothing-to-verify": Template(
        "nothing was saved at {address}",
        "{address} 没有已保存的内容",
        "conduct.verification",
        "choose a form that was saved",
        "请选择已保存的表单",
    ),
    "form-held": Template(
        "{address} of {participant} was {hold} by {who} on {at}",
        "{participant} 的 {address} 已由 {who} 于 {at} {hold}",
        "conduct.holds",
        "ask for it to be unlocked, with the reason",
        "请说明原因并申请解除",
    ),
    "participant-held": Template(
        "the data of {participant} were {hold} by {who} on {at}",
        "{participant} 的数据已由 {who} 于 {at} {hold}",
        "conduct.holds",
        "ask for them to be unlocked, with the reason",
        "请说明原因并申请解除",
    ),
    "site-held": Template(
        "the data of site {site} are {hold}",
        "中心 {site} 的数据已{hold}",
        "conduct.holds",
        "ask for them to be unlocked, with the reason",
        "请说明原因并申请解除",
    ),
    "trial-locked": Template(
        "the database of the trial is locked",
        "试验数据库已锁定",
        "conduct.holds",
        "the sponsor unlocks it, with the reason",
        "须由申办方说明原因后解锁",
    ),
    "already-held": Template(
        "this is {hold} already",
        "已处于{hold}状态",
        "conduct.holds",
        "nothing to do",
        "无需操作",
    ),
    "not-held": Template(
        "nothing is frozen or locked at this level",
        "此层级没有冻结或锁定",
        "conduct.holds",
        "open it at the level at which it was frozen or locked: form, participant, site or trial",
        "请在冻结或锁定所在的层级(表单、受试者、中心或试验)解除",
    ),
    "form-incomplete": Template(
        "{participant}: the form {address} is not complete",
        "{participant}：表单 {address} 未完成",
        "conduct.holds",
        "complete it first",
        "请先完成该表单",
    ),
    "query-not-closed": Template(
        "{participant}: query {number} is not closed",
        "{participant}：第 {number} 号质疑未关闭",
        "conduct.holds",
        "answer and close it first",
        "请先回答并关闭该质疑",
    ),
    "participant-under-way": Template(
        "{participant} is still under way",
        "{participant} 仍在研究中",
        "conduct.holds",
        "wait for the end of the participation, or freeze single forms",
        "请等待其参与结束，或仅冻结单个表单",
    ),
    "visit-unsettled": Template(
        "{participant}: the visit {visit} has neither data nor a reason for missing it",
        "{participant}：访视 {visit} 既无数据也无缺失原因",
        "conduct.holds",
        "enter it, or state that it did not take place",
        "请录入，或说明未进行访视",
    ),
    "safety-report-due": Template(
        "{participant}: a report on adverse event {number} is still due",
        "{participant}：第 {number} 号不良事件尚有报告未提交",
        "conduct.holds",
        "record that the report was sent",
        "请登记报告已提交",
    ),
    "signature-missing": Template(
        "{participant}: nobody has signed {address} as it stands",
        "{participant}：{address} 的现有内容未签名",
        "monitoring.lock_needs",
        "have the investigator sign it",
        "请研究者签名",
    ),
    "verification-missing": Template(
        "{participant}: the source verification of {address} is not complete",
        "{participant}：{address} 的源数据核查未完成",
        "monitoring.lock_needs",
        "verify what the plan asks for",
        "请完成计划要求的核查",
    ),
    "site-recruits": Template(
        "site {site} still recruits",
        "中心 {site} 仍在招募",
        "conduct.holds",
        "close the site or the recruitment first",
        "请先关闭该中心或停止招募",
    ),
    "recruitment-still-open": Template(
        "recruitment is still open",
        "招募尚未结束",
        "conduct.holds",
        "close recruitment first",
        "请先停止招募",
    ),
}
