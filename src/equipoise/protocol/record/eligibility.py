"""Checks of the eligibility criteria as text: gaps, vagueness, overlap, what nobody thought of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from equipoise.protocol.checks.finding import Finding

from .facts import CriterionFacts, RecordFacts
from .findings import KIND_ZH, finding, quoted
from .language import normal
from .product import gives_product
from .thresholds import Threshold, thresholds
from .vague import vague_terms

CODES = (
    "criteria-missing",
    "criteria-numbering-gap",
    "vague-term",
    "window-without-anchor",
    "threshold-overlap",
    "age-mismatch",
    "compound-criterion",
    "analyte-ambiguous",
    "pregnancy-not-addressed",
    "allergy-not-addressed",
)


def check(facts: RecordFacts, today: date | None) -> Iterator[Finding]:
    """All findings on eligibility."""
    yield from _criteria_missing(facts)
    yield from _numbering_gaps(facts)
    for criterion in facts.criteria:
        yield from vague_terms(criterion)
        yield from _window_without_anchor(criterion)
        yield from _compound(criterion)
        yield from _analyte(criterion)
    yield from _threshold_overlaps(facts)
    yield from _age_mismatch(facts)
    yield from _pregnancy(facts)
    yield from _allergy(facts)


def _criteria_missing(facts: RecordFacts) -> Iterator[Finding]:
    if facts.criteria_text and not facts.criteria:
        yield finding(
            "criteria-missing",
            "warning",
            "eligibility.text",
            (
                "The criteria stand in one text without the headings “Inclusion” and “Exclusion”: "
                "which keep a person out cannot be told by rule.",
                "标准为整段文字，未分“入选”与“排除”，无法按规则区分。",
            ),
            ("Write them as two lists.", "分列为两个清单。"),
            qualifier="headings",
        )
        return
    for kind in ("inclusion", "exclusion"):
        if any(criterion.kind == kind for criterion in facts.criteria):
            continue
        yield finding(
            "criteria-missing",
            "error" if kind == "inclusion" else "warning",
            "eligibility.criteria",
            (f"The record lists no {kind} criteria.", f"记录未列出{KIND_ZH[kind]}。"),
            (
                f"List the {kind} criteria, or record the decision that there are none.",
                f"列出{KIND_ZH[kind]}，或记录“无”的决定。",
            ),
            qualifier=kind,
        )


# criteria-numbering-gap -------------------------------------------------------------------------

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9,
          "x": 10, "xi": 11, "xii": 12, "xiii": 13, "xiv": 14, "xv": 15}  # fmt: skip


def _ordinals(numbers: list[str]) -> list[int] | None:
    """Numbers as integers; letters and Roman numerals too; None where they are something else."""
    words = [number.strip().lower() for number in numbers]
    if all(word.isdigit() for word in words):
        return [int(word) for word in words]
    if (
        len(words) > 1
        and all(word in _ROMAN for word in words)
        and any(len(word) > 1 for word in words)
    ):
        return [_ROMAN[word] for word in words]
    if all(len(word) == 1 and "a" <= word <= "z" for word in words):
        return [ord(word) - ord("a") + 1 for word in words]
    return None


def _numbering_gaps(facts: RecordFacts) -> Iterator[Finding]:
    last_before = 0
    for kind in ("inclusion", "exclusion"):
        listed = [criterion for criterion in facts.criteria if criterion.kind == kind]
        unnumbered = sum(1 for criterion in listed if criterion.number is None)
        ordinals = _ordinals([one.number for one in listed if one.number is not None])
        if not ordinals:
            continue
        missing = _missing(ordinals, last_before)
        last_before = max(ordinals)
        if not missing or len(missing) <= unnumbered:
            continue
        names = ", ".join(str(number) for number in missing)
        yield finding(
            "criteria-numbering-gap",
            "error",
            "eligibility.criteria",
            (
                f"The numbering of the {kind} criteria has a gap: "
                f"{f'item {names} is' if len(missing) == 1 else f'items {names} are'} missing. Whether "
                "a criterion was lost or only a number cannot be told from the record.",
                f"{KIND_ZH[kind]}编号有缺：缺第 {names} 条。仅凭记录无法判断是遗漏了标准还是编号有误。",
            ),
            (
                "Supply the missing criterion from the approved protocol, or renumber the list if "
                "nothing is missing. Never make one up.",
                "依获批方案补全缺失条目；若无缺失则更正编号。切勿臆造。",
            ),
            qualifier=kind,
        )


def _missing(ordinals: list[int], last_before: int) -> list[int]:
    """Numbers a list leaves out.

    A list may start again at 1 (sub-lists), or go on from the list before it.
    """
    present = set(ordinals)
    first = last_before + 1 if min(present) == last_before + 1 else 1
    everything = [number for number in range(first, max(present) + 1) if number not in present]
    if not everything:
        return []
    runs: list[list[int]] = [[]]
    for number in ordinals:
        if runs[-1] and number <= runs[-1][-1]:
            runs.append([])
        runs[-1].append(number)
    missing: list[int] = []
    for index, run in enumerate(runs):
        begin = first if index == 0 else 1
        if index and run[0] != 1:
            begin = run[0]
        missing += [number for number in range(begin, run[-1] + 1) if number not in run]
    return sorted(set(missing))


# window-without-anchor --------------------------------------------------------------------------

_WINDOW = re.compile(
    r"\b(?:(?:within|in|during|over|for)\s+)?(?:the\s+)?(?:past|last|preceding|previous|prior|recent)\s+"
    r"(?P<length>\d+(?:\s*(?:-|to)\s*\d+)?\s+(?:hours?|days?|weeks?|months?|years?))"
    r"|\bwithin\s+(?:the\s+)?(?P<plain>\d+\s+(?:days?|weeks?|months?|years?))(?=\s*(?:[.;,)]|$))"
)
_ANCHORED = re.compile(
    r"^\s*\)?,?\s*(?:before|prior|preceding|of\b|from|to\b|after|following|pre-|leading|until|at\b|since|ahead)"
)
_ANCHOR_WORDS = re.compile(
    r"\b(?:before|prior to|preceding|of|from|at|since|leading up to|until)\s+(?:the\s+)?(?:\w+\s+){0,4}?"
    r"(?:enrol\w+|randomi[sz]\w+|screening|consent\w*|inclusion|baseline|first (?:dose|administration|visit|study)|"
    r"study (?:entry|start|drug|treatment|visit|enrol\w+|participation)|treatment|recruitment|registration|surgery|"
    r"operation|procedure|visit|admission|dosing|intervention|start|initiation|vaccin\w+|day [-\d]+|day 1|"
    r"entry|injection|infusion|transplant\w*|biopsy|diagnosis|delivery|icf|signing|assessment|"
    r"participation|therapy|radiotherapy|chemotherapy|study|trial|test\w*|examination|implantation|testing)"
)


def _window_without_anchor(criterion: CriterionFacts) -> Iterator[Finding]:
    if criterion.anchored:
        return
    text = normal(criterion.passage.text)
    for match in _WINDOW.finditer(text):
        sentence_end = re.search(r"[.;\n]", text[match.end() :])
        rest = text[match.end() :][: sentence_end.start() if sentence_end else None]
        before = re.split(r"[.;]\s", text[: match.start()])[-1]
        if _ANCHORED.match(rest) or _ANCHOR_WORDS.search(rest) or _ANCHOR_WORDS.search(before):
            continue
        if match["plain"] and re.search(r"\bafter|following|from\b", before):
            continue
        length = match["length"] or match["plain"]
        yield finding(
            "window-without-anchor",
            "warning",
            criterion.passage.place,
            (
                f"“{match[0].strip()}” does not say before what: {length} before consent, "
                f"randomization or the first dose are different days. "
                f"“{quoted(criterion.passage.text)}”",
                f"“{match[0].strip()}”未说明以何时为基准：知情同意、随机、首次给药是不同的日期。",
            ),
            (
                "Name the day the window ends on, for instance “before randomization”.",
                "写明时间窗的基准日，如“随机前”。",
            ),
            qualifier=criterion.id,
        )
        return


# compound-criterion, analyte-ambiguous, thresholds ----------------------------------------------


_EXPLAINS = re.compile(
    r"(?:\W*)(?:note|if|however|these|this|those|that|such|for|except|unless|prior|in case|in the case|when|where|with the|"
    r"as|also|specifically|in particular|for instance|namely|i\.e|e\.g|it|they|he|she|please|examples?|including|subjects? who|patients? who|participants? (?:who|with|must)|"
    r"subjects? (?:with|must|may|are|will)|patients? (?:with|may|are|must|will|on|in|should)|participants? (?:may|are|will|on)|"
    r"a |an |the |all |any |both|only|other|women|men|females?|males?|eligib\w+|allowed|exceptions?|must|may|not|no |at |\()",
    re.IGNORECASE,
)


_ALLOWS = re.compile(
    r"\b(?:(?:is|are|was|were|be) (?:\w+ ){0,2}?(?:allowed|permitted|acceptable|accepted|eligible|exempt\w*|considered|included|recommended|encouraged|preferred)|"
    r"(?:examples?|includes?|included) |(?:is|are) defined\b|\bmeans\b|\bnot (?:be )?(?:required|needed|necessary|an exclusion)\b|"
    r"\b(?:may|will|can|should|must)(?: need to)? be (?:\w+ )?(?:performed|made|done|used|detected|determined|repeated|tested|assessed|measured|negative|screen\w*)\b|"
    r"^(?:to confirm|in general|see |refer to|because|according to|for (?:the )?(?:definition|details)))",
    re.IGNORECASE,
)
"""A sentence that lets somebody in or explains a term is no second test."""
_NOTE = re.compile(r"\(?\bnote\s*:", re.IGNORECASE)
_ABBREVIATED = re.compile(
    r"\b(Drs?|Prof|Mr|Mrs|Ms|St|vs|approx|incl|No|Fig|resp|e\.g|i\.e|etc|cf|ca)\.(?=\s+[A-Z0-9])"
)


def _compound(criterion: CriterionFacts) -> Iterator[Finding]:
    if criterion.anchored:
        return
    text = criterion.passage.text
    told = re.sub(r"\s*\([^()]*\)", "", _NOTE.split(text, maxsplit=1)[0])
    told = _ABBREVIATED.sub(r"\1", told)
    parts = [
        part
        for part in re.split(r"(?<=[a-z)\]])[.;；]\s+(?=[A-Z])", told.split("\n")[0])
        if len(part.split()) >= 3 and not _EXPLAINS.match(part) and not _ALLOWS.search(part)
    ]
    tested = {threshold.analyte for threshold in thresholds(text)}
    joined_by_or = re.search(r"\bor\b", normal(text)) is not None
    if len(parts) < 2 and (len(tested) < 2 or joined_by_or):
        return
    number = f" {criterion.number}" if criterion.number else ""
    what = (
        f"tests {', '.join(sorted(tested))}"
        if len(tested) >= 2
        else f"holds {len(parts)} statements"
    )
    yield finding(
        "compound-criterion",
        "note",
        criterion.passage.place,
        (
            f"{criterion.kind.capitalize()} criterion{number} {what} in one entry: a failure of "
            "screening cannot name which of them it was.",
            f"{KIND_ZH[criterion.kind]}{number}一条含多项判断，筛选失败时无法指明是哪一项。",
        ),
        ("Split it into one criterion per test.", "拆分为每条只判断一件事。"),
        qualifier=criterion.id,
    )


_ANALYTE = re.compile(
    r"\b(?:transaminases?|aminotransferases?|liver enzymes?)\b(?P<rest>(?:[^.;]|\.(?=\d)){0,60}?(?:[<>≤≥]|times|x uln|more than|less than|at most|exceed|normal))"
)
_ANALYTE_NAMED = re.compile(r"\b(?:alt|ast|sgpt|sgot|alat|asat|alanine|aspartate|glutam\w+)\b")


def _analyte(criterion: CriterionFacts) -> Iterator[Finding]:
    text = normal(criterion.passage.text)
    if criterion.anchored or not _ANALYTE.search(text) or _ANALYTE_NAMED.search(text):
        return
    yield finding(
        "analyte-ambiguous",
        "warning",
        criterion.passage.place,
        (
            "A limit is set on transaminases without saying which: ALT, AST, either or both? "
            f"“{quoted(criterion.passage.text)}”",
            "对“转氨酶”设限而未说明是 ALT、AST、任一还是两者。",
        ),
        ("Name the analytes and how they combine.", "写明具体项目及其组合方式。"),
        qualifier=criterion.id,
    )


def _threshold_overlaps(facts: RecordFacts) -> Iterator[Finding]:
    """An inclusion limit and a different exclusion limit on the same measure."""
    inclusions: dict[tuple[str, str], tuple[Threshold, CriterionFacts]] = {}
    for criterion in facts.criteria:
        if criterion.kind == "inclusion":
            for threshold in thresholds(criterion.passage.text):
                inclusions.setdefault((threshold.analyte, threshold.scale), (threshold, criterion))
    reported: set[str] = set()
    for criterion in facts.criteria:
        if criterion.kind != "exclusion":
            continue
        for threshold in thresholds(criterion.passage.text):
            known = inclusions.get((threshold.analyte, threshold.scale))
            if known is None or threshold.analyte in reported:
                continue
            limit, inclusion = known
            if limit.is_lower == threshold.is_lower or limit.value == threshold.value:
                continue
            reported.add(threshold.analyte)
            low, high = sorted((limit.value, threshold.value))
            yield finding(
                "threshold-overlap",
                "warning",
                criterion.passage.place,
                (
                    f"{threshold.analyte[0].upper()}{threshold.analyte[1:]} has two limits: inclusion "
                    f"({inclusion.passage.place}) {limit}, exclusion {threshold}. Between {low:f} "
                    f"and {high:f} the two lists do not say the same.",
                    f"{threshold.analyte} 有两个界值：入选 {limit}（{inclusion.passage.place}），"
                    f"排除 {threshold}；在 {low:f} 与 {high:f} 之间两处不一致。",
                ),
                (
                    "Use one limit, or say what decides between the two.",
                    "统一为一个界值，或说明两者之间如何判定。",
                ),
                qualifier=re.sub(r"\W+", "-", threshold.analyte),
            )


_AGE_RANGE = re.compile(
    r"\b(?:age[ds]?|aged between|years of age|between the ages of)\b[^.;\n]{0,30}?(?P<low>\d{1,3})\s*(?:years?(?: old)?\s*)?(?:-|to|and|~)\s*(?P<high>\d{1,3})\b(?!\s*(?:months?|weeks?|days?|hours?))"
)


def _age_mismatch(facts: RecordFacts) -> Iterator[Finding]:
    low, high = _years(facts.minimum_age), _years(facts.maximum_age)
    for criterion in facts.criteria:
        match = _AGE_RANGE.search(normal(criterion.passage.text))
        if criterion.kind != "inclusion" or match is None:
            continue
        said_low, said_high = Decimal(match["low"]), Decimal(match["high"])
        if said_low >= said_high or said_high > 120 or "month" in normal(criterion.passage.text):
            return
        if (low is not None and low != said_low) or (high is not None and high != said_high):
            fields = f"{facts.minimum_age or '–'} / {facts.maximum_age or '–'}"
            yield finding(
                "age-mismatch",
                "error",
                criterion.passage.place,
                (
                    f"The criterion says {said_low:f} to {said_high:f} years, the age fields say "
                    f"{fields}.",
                    f"标准写 {said_low:f} 至 {said_high:f} 岁，年龄字段为 {fields}。",
                ),
                ("Make the text and the age fields agree.", "使文字与年龄字段一致。"),
            )
        return


def _years(age: str | None) -> Decimal | None:
    match = re.fullmatch(r"\s*(\d+)\s*years?\s*", age or "", re.IGNORECASE)
    return Decimal(match[1]) if match else None


# what nobody thought of -------------------------------------------------------------------------

_PREGNANCY = re.compile(
    r"\b(?:pregnan\w*|gravid\w*|breast[- ]?feed\w*|lactat\w*|"
    r"nursing (?:wom[ae]n|mothers?|females?|patients?|subjects?|participants?|infants?|period)|(?:or|and) nursing\b(?! (?:home|care|staff|facilit))|"
    r"nursing(?= ?(?:[,;.)/]|$| or | and (?!care)))|(?:able|capable|ability) (?:to|of) (?:bear|hav|becom)\w*|h?cg\b|bear(?:ing)? (?:a )?child(?:ren)?|contracept\w*|child[- ]?bearing|gestation\w*|"
    r"obstetric\w*|maternal|(?:in|during|of|active|induc\w+) labou?r|c[ae]esarean|postpartum|post-?menopaus\w*|menopaus\w*|birth control|fertil\w+|"
    r"parturi\w+|antenatal|prenatal|expectant mothers?|conceive[ds]?|conceiving|conception)\b|怀孕|妊娠|哺乳"
)
_ALLERGY = re.compile(
    r"\b(?:allerg\w*|hyper-?sensitiv\w*|anaphyla\w*|intoleran\w*|sensitivity to|adverse reactions? to|contraindicat\w*|"
    r"not tolerat\w*|atop\w+|reaction to)\b|过敏"
)


def _all_criteria(facts: RecordFacts) -> str:
    return normal(
        "\n".join([facts.criteria_text.text, *(one.passage.text for one in facts.criteria)])
    )


def _may_be_pregnant(facts: RecordFacts) -> bool:
    low, high = _years(facts.minimum_age), _years(facts.maximum_age)
    if facts.sex == "male" or (low is not None and low >= 50) or (high is not None and high < 12):
        return False
    young = facts.maximum_age or ""
    return not re.search(r"month|week|day|hour|minute", young.lower())


def _pregnancy(facts: RecordFacts) -> Iterator[Finding]:
    about = normal(" ".join([title.text for title in facts.titles] + list(facts.conditions)))
    if (
        facts.study_type != "interventional"
        or not gives_product(facts)
        or not _may_be_pregnant(facts)
        or facts.pregnancy
        or not (facts.criteria or facts.criteria_text)
        or _PREGNANCY.search(_all_criteria(facts))
        or _PREGNANCY.search(about)
        or re.search(r"\b(?:prostat\w*|erectile|testicular)\b", about)
    ):
        return
    yield finding(
        "pregnancy-not-addressed",
        "error",
        "eligibility.criteria",
        (
            "Neither pregnancy, breast-feeding nor contraception is mentioned, though the trial "
            "gives a product to people who may be pregnant.",
            "试验向可能妊娠者给药，却未提及妊娠、哺乳或避孕。",
        ),
        (
            "Exclude pregnancy and breast-feeding and require contraception, or state why they "
            "are allowed.",
            "排除妊娠与哺乳并要求避孕，或说明允许的理由。",
        ),
    )


def _allergy(facts: RecordFacts) -> Iterator[Finding]:
    if (
        facts.study_type != "interventional"
        or not gives_product(facts)
        or not (facts.criteria or facts.criteria_text)
        or _ALLERGY.search(_all_criteria(facts))
    ):
        return
    yield finding(
        "allergy-not-addressed",
        "warning",
        "eligibility.criteria",
        (
            "Allergy or hypersensitivity to the product is not mentioned in the criteria.",
            "标准中未提及对试验产品过敏。",
        ),
        (
            "Exclude known hypersensitivity to the product or its excipients, or state why not.",
            "排除已知对产品或其辅料过敏者，或说明不排除的理由。",
        ),
    )
