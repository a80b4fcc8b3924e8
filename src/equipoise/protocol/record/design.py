"""Checks of the design: what kind of study it is, purpose, masking, outcomes, size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from equipoise.protocol.checks.finding import Finding

from .facts import RecordFacts
from .findings import finding, quoted
from .language import normal, prose
from .product import gives_product

CODES = (
    "not-interventional",
    "not-randomized",
    "no-primary-outcome",
    "outcome-without-time-frame",
    "purpose-title-mismatch",
    "no-sample-size-rationale",
    "no-target",
    "control-undefined",
    "no-safety-plan",
)


def check(facts: RecordFacts, today: date | None) -> Iterator[Finding]:
    """All findings on design."""
    yield from _kind(facts)
    yield from _outcomes(facts)
    yield from _purpose(facts)
    yield from _size(facts)
    yield from _control(facts)
    yield from _safety(facts)


def _kind(facts: RecordFacts) -> Iterator[Finding]:
    if facts.study_type != "interventional":
        kind = facts.study_type.replace("_", " ")
        yield finding(
            "not-interventional",
            "error",
            "design.study_type",
            (
                f"This is not an interventional trial: the record says {kind}. Nothing is "
                "allocated, so it cannot be run as a randomized trial.",
                "本研究不是干预性试验（记录为观察性或扩展使用），不分配干预，不能作为随机试验运行。",
            ),
            (
                "Keep it as a record, or design an interventional trial from it.",
                "仅作记录保存，或据此另行设计干预性试验。",
            ),
        )
    if facts.allocation != "randomized":
        said = {
            "non_randomized": "participants are allocated, but not at random",
            "not_applicable": "there is nothing to allocate to (a single group)",
            "unspecified": "it states no allocation",
        }[facts.allocation]
        yield finding(
            "not-randomized",
            "error" if facts.study_type == "interventional" else "note",
            "design.allocation",
            (
                f"This is not a randomized trial: by the record {said}.",
                "本研究不是随机试验：记录中未作随机分配或未说明分配方法。",
            ),
            (
                "Set `allocation: randomized` with a randomization scheme if it is one.",
                "如确为随机试验，请写明 `allocation: randomized` 及随机方案。",
            ),
        )


def _outcomes(facts: RecordFacts) -> Iterator[Finding]:
    primary = [outcome for outcome in facts.outcomes if outcome.role == "primary"]
    if not primary:
        yield finding(
            "no-primary-outcome",
            "error",
            "endpoints",
            (
                "No primary outcome is stated: nothing says what the trial will be judged by.",
                "未说明主要结局：无从判断试验成败的标准。",
            ),
            (
                "Add a primary endpoint with its measure and time frame.",
                "补充主要终点及其测量方法与时间范围。",
            ),
        )
    for number, outcome in enumerate(primary, 1):
        if not outcome.time_frame.strip():
            yield finding(
                "outcome-without-time-frame",
                "warning",
                outcome.place,
                (
                    f"The primary outcome “{quoted(outcome.measure)}” has no time frame.",
                    f"主要结局“{quoted(outcome.measure)}”未写时间范围。",
                ),
                ("State when it is assessed.", "写明评估时间。"),
                qualifier=str(number),
            )


# purpose-title-mismatch -------------------------------------------------------------------------

_PREVENTION = re.compile(
    r"\b(?:prevent(?!ive (?:medicine|services?|health))\w*|prophyla\w+|avert\w*|"
    r"(?:reduc\w+|decreas\w+|lower\w*) (?:of )?(?:the )?(?:incidence|occurrence|risk|onset|development)|protect\w* against|"
    r"protection (?:from|against)|(?:keep|stop)\w*\b.{0,60}?\bfrom (?:developing|occurring|forming|arising)|(?:ward|stave|fend|head)\w* off|"
    r"forestall\w*|pre-?empt\w*)\b"
)
_PREVENTION_NAMES = re.compile(
    r"\b(?:centers? for disease control and prevention|prevention (?:cent\w+|institute|program(?:me)?)|"
    r"(?:relapse|recurrence|re-?bleed\w*|secondary|stroke) prevention|prevent\w* (?:relapse|recurrence|progression|re\w+)|"
    r"prevention of (?:relapse|recurren\w*|progression|metasta\w+|re\w+))\b"
)
_TREATMENT = re.compile(
    r"(?<!access to )(?<!adherence to )\b(?:treatment (?:of|for)|treating|to treat|therapy (?:of|for)|(?:as|in) (?:the )?(?:first[- ]line |second[- ]line )?treatment of)\b"
)


def _purpose(facts: RecordFacts) -> Iterator[Finding]:
    titles = [title for title in facts.titles if title]
    prevention = next(
        (
            title
            for title in titles
            if _PREVENTION.search(_PREVENTION_NAMES.sub(" ", normal(title.text)))
        ),
        None,
    )
    treatment = next((title for title in titles if _TREATMENT.search(normal(title.text))), None)
    if facts.purpose == "treatment" and prevention is not None:
        title, said, field = prevention, ("prevention", "预防"), ("treatment", "治疗")
    elif facts.purpose == "prevention" and treatment is not None and prevention is None:
        title, said, field = treatment, ("treatment", "治疗"), ("prevention", "预防")
    else:
        return
    yield finding(
        "purpose-title-mismatch",
        "error",
        "design.purpose",
        (
            f"The title speaks of {said[0]} (“{quoted(title.text)}”), the primary purpose is "
            f"{field[0]}: the two need different participants and different endpoints.",
            f"标题称“{said[1]}”，主要目的却为“{field[1]}”：二者所需受试者与终点不同。",
        ),
        (
            "Change the purpose or the title, or record which of the two the trial tests.",
            "修改主要目的或标题，或记录试验究竟检验哪一项。",
        ),
    )


# size -------------------------------------------------------------------------------------------

_RATIONALE = re.compile(
    r"\b(?:statistical power|power (?:analysis|calculation)|\d+(?:\.\d+)?\s*(?:%|percent|per cent) (?:statistical )?power|"
    r"power\s*(?:of|is|at|was|=|:|to be)?\s*(?:about |approximately |at least )?(?:0?\.\d+|\d{2}(?:\.\d+)?\s*(?:%|percent|per cent))|power\s*\(?1\s*-|"
    r"type (?:i|1|ii|2) error|alpha (?:level )?(?:of|=|:)|effect size (?:of|=)|(?:α|alpha|beta|β|1\s*-\s*β)\s*(?:=|of \d)|g\*?\s?power|nquery|"
    r"(?:sample size|(?:number|sample) of (?:participants|patients|subjects|\d+))[^.;]{0,60}\b(?:calculat|estimat|determin|deriv|based|justif|comput|chosen|rests?|assum|precision|confidence)\w*|"
    r"(?:calculat|estimat|determin|deriv|comput|justif)\w* (?:the |a |of |required |necessary |needed )*(?:\w+ )?sample size|"
    r"no (?:formal )?(?:sample size|power)|(?:pilot|feasibility) (?:study|trial)[^.]{0,80}(?:sample size|no (?:formal )?power)|"
    r"\d+ (?:\w+ ){0,2}(?:per|in each|for each|each|a) (?:group|arm)[^.;]{0,30}(?:needed|required|necessary)|"
    r"(?:assum|expect|anticipat)\w*[^.;]{0,120}\d[^.]{0,120}(?:needed|required|necessary)|"
    r"(?:detect|demonstrate|show) (?:an? |the )?(?:\w+ ){0,3}(?:difference|reduction|fall|increase|decrease|effect|improvement)[^.;]{0,40}\d)\b|"
    r"\b(?:α|β)\s*=|significance level[^.;]{0,60}\b(?:power|sample size)\b"
)


def _size(facts: RecordFacts) -> Iterator[Finding]:
    if facts.study_type != "interventional":
        return
    if facts.target is None and facts.status != "withdrawn":
        yield finding(
            "no-target",
            "error",
            "design.sample_size",
            ("No target number of participants is stated.", "未写计划入组人数。"),
            ("State how many are to be enrolled.", "写明计划入组人数。"),
        )
    if not facts.sample_size_rationale and not _RATIONALE.search(prose(facts)):
        yield finding(
            "no-sample-size-rationale",
            "warning",
            "design.sample_size.rationale",
            (
                "The number of participants is not justified: no effect, power or significance "
                "level is stated.",
                "未说明样本量依据：无效应量、把握度或显著性水平。",
            ),
            (
                "Give the calculation: endpoint, expected rates or difference, alpha, power, "
                "attrition.",
                "给出计算：终点、预期率或差值、α、把握度与脱落率。",
            ),
        )


# control-undefined, no-safety-plan --------------------------------------------------------------

_CARE = re.compile(
    r"\b(?:supportive care|usual care|standard care|standard of care|routine care|best supportive care|"
    r"conventional (?:care|treatment|therapy)|standard (?:treatment|therapy)|routine (?:treatment|nursing)|treatment as usual)\b"
)
_GIVEN_CARE = re.compile(
    r"(?:^|\b(?:receiv\w*|gets?|given|provided|continue\w*|with|only|plus|and|undergo\w*)\b[^.;]{0,60}?)"
    + _CARE.pattern
)
_GUIDED = re.compile(
    r"\b(?:guidelines?|protocols?|policy|policies|recommendations?|consist\w*|includ\w+|such as|e\.g)\b"
)
_SPELLED_OUT = re.compile(
    r"\b(?:consist\w*|includ\w+|compris\w+|such as|e\.g|i\.e|namely|according to|per|following)\b|[(:]"
)


def _control(facts: RecordFacts) -> Iterator[Finding]:
    if facts.study_type != "interventional" or facts.allocation != "randomized":
        return
    by_id = {intervention.id: intervention for intervention in facts.interventions}
    for arm in facts.arms:
        text = normal(arm.description.text)
        match = _GIVEN_CARE.search(text)
        if match is None or (arm.type or "no_intervention") in (
            "experimental",
            "placebo_comparator",
        ):
            continue
        described = any(
            len(by_id[name].description.text) > 60
            or _GUIDED.search(normal(by_id[name].description.text))
            for name in arm.interventions
            if name in by_id
        )
        if (
            _SPELLED_OUT.search(text[match.end() : match.end() + 80])
            or described
            or len(text) > 350
        ):
            continue
        if re.search(r"\bexperiment|\bintervention (?:group|arm)", normal(arm.label)):
            continue
        named = _CARE.search(match[0])
        care = named[0] if named else match[0]
        yield finding(
            "control-undefined",
            "warning",
            arm.place,
            (
                f"The group “{quoted(arm.label)}” gets “{care}”, and what that is is not "
                f"said: it may hold drugs that act on the outcome.",
                f"“{quoted(arm.label)}”接受“{care}”，但未写明内容，其中可能含影响结局的药物。",
            ),
            (
                "List what the care consists of, and what is allowed and forbidden in all groups.",
                "列出具体内容，以及各组允许与禁止的合并用药。",
            ),
            qualifier=arm.id,
        )


_SAFETY = re.compile(
    r"\b(?:safety|adverse|side effects?|toxicit\w*|tolerab\w*|complication\w*|harms?|serious events?|susar|sae|dsmb|"
    r"data (?:and )?safety monitoring|stopping rules?|monitoring committee)\b"
)


def _safety(facts: RecordFacts) -> Iterator[Finding]:
    if (
        facts.study_type != "interventional"
        or not gives_product(facts)
        or facts.safety_plan
        or facts.monitoring_committee
    ):
        return
    said = " ".join(
        [
            normal(facts.summary.text),
            normal(facts.description.text),
            *(normal(title.text) for title in facts.titles),
            *(normal(f"{one.measure} {one.description}") for one in facts.outcomes),
            *(normal(arm.description.text) for arm in facts.arms),
            normal(facts.model_text.text),
        ]
    )
    if _SAFETY.search(said):
        return
    yield finding(
        "no-safety-plan",
        "warning",
        "safety",
        (
            "A product is given, and neither adverse events nor safety monitoring are mentioned.",
            "试验给予产品，却未提及不良事件或安全性监测。",
        ),
        (
            "Say how adverse events are collected, who reviews them and when the trial stops.",
            "写明不良事件的收集、审查与停止规则。",
        ),
    )
