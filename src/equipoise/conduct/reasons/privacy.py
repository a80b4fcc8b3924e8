"""Refusals about erasure, redaction, restoration and copies of a person's own data."""

from __future__ import annotations

from .template import Template

PRIVACY: dict[str, Template] = {
    "already-erased": Template(
        "what identified {participant} was erased by {who} on {at}",
        "{participant} 的身份信息已由 {who} 于 {at} 删除",
        "conduct.privacy",
        "nothing to do",
        "无需操作",
    ),
    "no-identity": Template(
        "nothing on record identifies {participant}",
        "记录中没有可识别 {participant} 的信息",
        "conduct.privacy",
        "nothing to do",
        "无需操作",
    ),
    "still-takes-part": Template(
        "{participant} still takes part: the site must be able to reach the person",
        "{participant} 仍在参加试验：研究中心须能联系到本人",
        "ICH E6(R3) 2.9",
        "record first that the participation has ended (refusal, screening failure, withdrawal, completion)",
        "请先登记参加已结束（拒绝、筛选失败、退出或完成）",
    ),
    "no-such-text": Template(
        "{participant} has no text {value} that can be redacted",
        "{participant} 没有可遮蔽的文本 {value}",
        "conduct.privacy",
        "choose one from the participant's list of texts; what was redacted before stays so",
        "请从该受试者的文本列表中选择；已遮蔽的内容不可恢复",
    ),
    "reason-repeats-text": Template(
        "the reason repeats the text that is to go",
        "原因中重复了要遮蔽的文本",
        "conduct.privacy",
        "say why without quoting it",
        "请勿引用原文，仅说明原因",
    ),
    "redaction-asked-already": Template(
        "{who} has asked for this already (redaction {number})",
        "{who} 已提出该申请（遮蔽 {number}）",
        "conduct.privacy",
        "have it approved or declined",
        "请批准或拒绝该申请",
    ),
    "redaction-not-open": Template(
        "redaction {number} of {participant} does not wait for an answer",
        "{participant} 的遮蔽申请 {number} 不在待答复状态",
        "conduct.privacy",
        "choose one that is open",
        "请选择待答复的申请",
    ),
    "not-at-the-backup": Template(
        "the ledger ends at {seq}, not at the backup's {backup}",
        "账本结束于 {seq}，而备份结束于 {backup}",
        "conduct.restoration",
        "a restoration is recorded by `equipoise restore`, before anything else happens",
        "恢复由 `equipoise restore` 在其他操作之前登记",
    ),
    "redaction-needs-another": Template(
        "{who} asked for this redaction, and cannot approve it",
        "{who} 提出了该遮蔽申请，不能由本人批准",
        "conduct.privacy",
        "have another person approve it",
        "请由另一人批准",
    ),
    "copy-for-nobody": Template(
        "it is not said to whom the copy is given",
        "未说明副本交给谁",
        "conduct.privacy",
        "name the participant, or the person who receives it for them",
        "请填写受试者本人，或代其领取的人",
    ),
    "copy-cannot-be-made": Template(
        "there is no copy in {given}",
        "没有 {given} 的副本",
        "conduct.privacy",
        "choose one of: {known}",
        "请选择：{known}",
    ),
    "copy-out-of-date": Template(
        "the record of {participant} has changed since the copy was made",
        "制作副本后，{participant} 的记录又有变动",
        "conduct.privacy",
        "make the copy once more",
        "请重新制作副本",
    ),
}
