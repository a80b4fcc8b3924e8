"""Refusals about the statistical analysis plan."""

from __future__ import annotations

from .template import Template

PLANNING: dict[str, Template] = {
    "another-plan": Template(
        "this is not the analysis plan of the protocol in force ({now})",
        "这不是现行方案的统计分析计划({now})",
        "ICH E9 5.1",
        "open the plan again, read it, and sign that",
        "请重新打开并阅读统计分析计划后再签名",
    ),
    "plan-after-unblinding": Template(
        "results by group can be seen already: a plan signed now would not have been made before",
        "各组结果已可见：此时签署的计划不能视为事先制定",
        "ICH E9 5.1",
        "describe the analysis as decided on afterwards, in the report",
        "请在报告中说明该分析系事后决定",
    ),
    "plan-already-signed": Template(
        "{person} has signed this plan already",
        "{person} 已签署该计划",
        "conduct.planning",
        "nothing is left to do; a changed plan can be signed after an amendment",
        "无需再签；方案修订后可签署变更的计划",
    ),
}
