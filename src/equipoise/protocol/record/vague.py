"""Words in a criterion that nothing defines: severe, recent, significant, long-term."""

from __future__ import annotations

import re
from collections.abc import Iterator

from equipoise.protocol.checks.finding import Finding

from .facts import CriterionFacts
from .findings import KIND_ZH, finding, quoted
from .language import normal
from .thresholds import thresholds

_VAGUE: tuple[tuple[str, str, str], ...] = (
    ("long-term", "长期", r"long[- ]?term|longterm|prolonged|lengthy|chronic(?:ally)? (?:use|using|treat\w+|receiv\w+|tak\w+|steroid|corticosteroid)|"
     r"(?:for|over|during) (?:a )?(?:very )?(?:long|lengthy|extended|considerable) (?:time|period|while)|extended (?:period|use|treatment|course)|"
     r"sustained (?:use|treatment|therapy|intake)|continual (?:use|treatment)|permanent (?:use|treatment)"),
    ("recent", "近期", r"recent(?:ly)?|lately|newly|(?:a )?short (?:time|while) (?:ago|before|earlier)|shortly (?:ago|before|beforehand)|not long (?:ago|before)|of late"),
    ("severe", "严重", r"severe(?:ly)?|serious(?:ly)?|grave(?:ly)?|profound(?:ly)?|major(?= (?:\w+ ){0,2}(?:disorders?|diseases?|illness\w*|dysfunction|impairment|conditions?)\b)"),
    ("significant", "显著", r"(?:clinically[- ])?significant(?:ly)?|(?:clinical )?(?:significance|relevance)|relevant(?= (?:\w+ ){0,2}(?:abnormalit\w+|diseases?|disorders?|changes?|findings?|illness\w*|conditions?)\b)|clinically[- ](?:relevant|important|meaningful)|substantial(?:ly)?|considerabl[ey]|marked(?:ly)?"),
    ("uncontrolled", "未控制", r"uncontrolled|poorly controlled|inadequately controlled|not (?:well|adequately) controlled|uncontrollable"),
    ("adequate", "足够", r"(?:adequate|sufficient|satisfactory|acceptable|good) (?=(?:[a-z/]+ ){0,4}(?:functions?|reserve|health|condition|performance|nutrition\w*|compliance)\b)"),
    ("abnormal", "异常", r"abnormal(?:ly)?"),
)  # fmt: skip
_NOT_VAGUE = re.compile(
    r"""severe\ acute\ respiratory|severe\ combined\ immuno|severe\ aplastic|severe\ fever\ with\ thrombo
    |statistical(?:ly)?\ significan|(?:unknown|undetermined|uncertain)\ significance|significant\ other|long[- ]term\ (?:care|follow|outcome|surviv|memory|disability|facilit)
    |serious\ adverse|major\ depress|major\ (?:trauma\ cent|histocompat|salivary|bleeding|surgery|surgical|adverse|salivary)
    |newly[- ](?:diagnosed|formed|developed)|recently[- ]diagnosed\ (?:with|type)
    |(?:abnormal|acceptable|adequate|sufficient)\ (?:uterine\ bleed|contracept|method|birth|form|means|command|fluency|language)
    |(?:adequate|acceptable|sufficient|effective)\ (?:and\ )?(?:\w+\ )?contracept
    |abnormally\ invasive|important\ to|major\ (?:pathologic|molecular|cognitive|psychiatric\ disorder\ \(dsm)
    |relevant\ (?:section|regulation|guideline|provision|law)|severe\ mental\ illness\ \(smi\)
    |major\ (?:component|part)|newly\ |marketing|good\ clinical\ practice""",
    re.VERBOSE,
)  # fmt: skip
_DEFINED_AFTER = re.compile(
    r"""^[^.;,(]{0,60}?(?:
        \(\s*(?:at\ least|more\ than|less\ than|i\.?e\.?|that\ is|defined|meaning|grade|stage|class|nyha|ctcae|child|gold|who|score|[<>≥≤=]|
             (?:\w+[\s-]){0,4}(?:[<>≥≤=]|grade\b|stage\b|class\b|score\b)|\d)
      | ,?\s*(?:is\ |are\ |as\ )?defined\ (?:as|by)|,?\s*(?:i\.e\.|that\ is|meaning)\b
      | \s(?:grade|stage|class)\s*[\divx≥>]
    )""",
    re.VERBOSE,
)
_GRADED_BEFORE = re.compile(
    r"(?:grade|stage|class|score|level|type)\s*(?:of\s*)?\W{0,3}[\divx]*\s*(?:or more|or higher)?\s*[(,]?\s*$|"
    r"(?:mild|moderate)\s*(?:to|or|-|/|,|and)\s*$"
)


def vague_terms(criterion: CriterionFacts) -> Iterator[Finding]:
    """The words of a criterion that two investigators may judge differently, each once."""
    if criterion.anchored:
        return
    text = normal(criterion.passage.text)
    exempt = [match.span() for match in _NOT_VAGUE.finditer(text)]
    reported: set[str] = set()
    for name, chinese, pattern in _VAGUE:
        for match in re.finditer(rf"\b(?:{pattern})\b", text):
            if name in reported or any(start <= match.start() < end for start, end in exempt):
                continue
            if _DEFINED_AFTER.match(text[match.end() :]) and not _by_example(text[match.end() :]):
                continue
            if name == "adequate" and (":" in text[match.end() :][:80] or thresholds(text)):
                continue
            if name == "severe" and _GRADED_BEFORE.search(text[: match.start()]):
                continue
            if name in ("recent", "long-term") and _dated(text, match.start(), match.end()):
                continue
            reported.add(name)
            number = f" {criterion.number}" if criterion.number else ""
            yield finding(
                "vague-term",
                "warning",
                criterion.passage.place,
                (
                    f"“{match[0]}” in {criterion.kind} criterion{number} is not defined: two "
                    f"investigators may judge it differently. “{quoted(criterion.passage.text)}”",
                    f"{KIND_ZH[criterion.kind]}{number}中的“{match[0]}”（{chinese}）未定义，"
                    "不同研究者可能判断不一。",
                ),
                (
                    "Define it by a grade, a threshold or a duration, or record who judges it and "
                    "how.",
                    "以分级、阈值或时长加以定义，或记录由谁、如何判断。",
                ),
                qualifier=f"{criterion.id}/{name}",
            )


def _by_example(after: str) -> bool:
    """`such as`, `including`, `e.g.` give examples, which define nothing."""
    head = re.split(r"\(|\bdefined\b", after, maxsplit=1)[0]
    return re.search(r"\b(?:such as|including|e\.g|for example|like)\b", head) is not None


def _dated(text: str, start: int, end: int) -> bool:
    """A duration beside the word says how recent or how long."""
    around = text[max(0, start - 60) : end + 80]
    return re.search(r"\d+(?:\.\d+)?\s*(?:hours?|days?|weeks?|months?|years?)", around) is not None
