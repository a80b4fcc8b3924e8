"""Refusals about the oversight of data: source verification."""

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
}
