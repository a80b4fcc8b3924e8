"""Checks of the design: what kind of study it is, purpose, masking, outcomes, size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from equipoise.protocol.checks.finding import Finding

from .facts import OutcomeFacts, RecordFacts
from .findings import finding, quoted
from .language import normal
from .product import gives_product

CODES = (
    "not-interventional",
    "not-randomized",
    "no-primary-outcome",
    "outcome-without-time-frame",
    "purpose-title-mismatch",
    "no-allocation-ratio",
    "no-strata",
    "no-sample-size-rationale",
    "no-target",
    "open-label-subjective-outcome",
    "control-undefined",
    "no-safety-plan",
)


def check(facts: RecordFacts, today: date | None) -> Iterator[Finding]:
    """All findings on design."""
    yield from _kind(facts)
    yield from _outcomes(facts)
    yield from _purpose(facts)
    yield from _randomization(facts)
    yield from _size(facts)
    yield from _open_label(facts)
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


# randomization ----------------------------------------------------------------------------------

_ALLOCATING = r"(?:random\w*|allocat\w*|assign\w*|groups?|arms?|cohorts?)"
_DILUTING = re.compile(
    r"\b(?:dilut\w*|mix(?:ed|ture|ing)?|titers?|titres?|concentrations?|saline|buffer|solution|solvent|v/v|w/w|"
    r"volume|weight|molar|energy|inspir\w*|expir\w*)\b"
)
_PROPORTION = re.compile(
    r"(?<![\d.:])(?<!at )(?<!weeks )(?<!days )(?<!hours )(?:[1-9]\d?\s*:\s*)+[1-9]\d?(?![\d:]|\.\d)(?!\s*(?:am|pm|a\.m|p\.m|h\b|o'clock))|"
    r"(?:(?:ratio|proportion)(?: \w+){0,2} |\b(?:random\w*|allocat\w*|assign\w*)(?: \w+){0,2}? )(?<!within )(?<!every )[1-9](?: to [1-9])+\b"
    r"(?! (?:hours?|days?|weeks?|months?|minutes?|years?|times?|patients|participants|groups|arms))"
)
_EVENLY = re.compile(
    r"\b(?:random\w*|allocat\w*|assign\w*|divid\w*|split|distribut\w*)\b[^.;]{0,60}?\b(?:equally|evenly)\b|"
    r"\b(?:equally|evenly) (?:random|allocat|assign|divid|split|distribut)\w*|"
    r"\b(?:equal|same|even) (?:\w+ )?(?:numbers?|sizes?|proportions?|chances?|probabilit(?:y|ies)|likelihood|ratios?|allocation|groups|arms|parts|halves)\b"
    rf"[^.;]{{0,60}}\b{_ALLOCATING}\b|"
    rf"\b{_ALLOCATING}\b[^.;]{{0,60}}\b(?:equal|same|even) (?:\w+ )?(?:numbers?|sizes?|proportions?|chances?|probabilit(?:y|ies)|likelihood|ratios?|allocation|groups|arms|parts|halves)\b|"
    r"\bequal (?:allocation|randomi[sz]ation|assignment|distribution)\b"
)
_EACH_SIZE = re.compile(
    r"\b(?:half|50\s*%|50 percent|1 (?:third|quarter)|33(?:\.\d+)?\s*%)[^.;]{0,50}\b(?:random\w*|allocat\w*|assign\w*|receiv\w*|group|arm|chance)\b|"
    r"\b\d+ (?:(?:\w+ )?(?:patients|participants|subjects|people|persons|women|men|children|cases|individuals|volunteers|adults) )?(?:(?:are|is|were|will be) (?:\w+ )?)?(?:in|per|to|into|for) (?:each|every|both|either|(?:the|a) (?:single )?)?\s*(?:(?:study|treatment|of the) )?(?:group|arm|cohort)s?\b|"
    r"\beach (?:have|has|having|with|compris\w*|contain\w*|includ\w*|consist\w* of|of) \d+ (?:patients|participants|subjects|people|persons)\b|"
    r"\b(?:each|every) (?:group|arm)\b[^.;]{0,40}?\b\d+ (?:patients|participants|subjects|people|persons|women|men|children|cases|individuals|volunteers)\b|"
    r"\b(?:n\s*=\s*)?\d+ (?:patients|participants|subjects|people|persons) each\b|\b\(?n\s*=\s*\d+ (?:each|per (?:group|arm))"
)


def _ratio_said(prose: str) -> bool:
    """Whether a clause gives the proportions in which participants are allocated.

    A proportion counts where the clause speaks of allocation, and not of a dilution or an hour.
    """
    for clause in re.split(r"(?<!\d)[.](?=\s|$)|(?<=\d)\.(?=\s|$)|;|\n", prose):
        if _PROPORTION.search(clause):
            allocating = re.search(r"\b(?:random\w*|allocat\w*|assign\w*)\b", clause)
            named = re.search(rf"\bratio\b|\b{_ALLOCATING}\b", clause)
            if named and (allocating or not _DILUTING.search(clause)):
                return True
        if _EVENLY.search(clause) or _EACH_SIZE.search(clause):
            return True
    return False


_STRATA = re.compile(
    r"\b(?:stratif\w*|strata|stratum|minimi[sz]ation|"
    r"simple randomi[sz]\w*|unrestricted randomi[sz]\w*|without stratif\w*|biased coin|dynamic allocation)\b"
)
_AGENCY = re.compile(
    r"\b(?:perform|do|done|conduct|generat|carried out|prepar|made|implement|manag|creat|produc|us|achiev|assign|comput|undertak|ensur)\w*"
    r"(?: (?!separate|independent)\w+){0,2} (?:by|with|on|through|for|based on)\b|\bby (?:means of|using|an? (?:\w+ )?(?:computer|statistician|software|program|system|person|researcher))\b|"
    r"\bfor each (?:participant|patient|subject)\b"
)
"""Who does it and with what, which is no factor: `performed by a statistician`."""
_FACTORS = re.compile(
    r"\b(?:stratif\w*|strata|stratum|minimi[sz]ation)\b(?! (?:squamous|epitheli))[^.;]{0,40}?\b(?:by|according to|based on|for|on|factors?|into|with|within|across)\b\s*\S+|"
    r"\b(?:stratif\w*|strata|stratum)\s*\(\s*\w|"
    r"\b(?:stratif\w*|strata|stratum)\b[^.;]{0,20}:\s*\S+|"
    r"\b(?:no|without|not|non-?|never) ?(?:\w+ ){0,2}strat\w*|\bunstratified|\b(?:simple|unrestricted|complete) randomi[sz]\w*|"
    r"\b(?:random\w*|allocat\w*|assign\w*)\b[^.;]{0,50}\b(?:separate(?:ly)?|independently)\b[^.;]{0,20}\b(?:for|at|in|by|within|per)\b|"
    r"\bseparate(?:ly)?\b[^.;]{0,20}\b(?:random\w*|allocat\w*)[^.;]{0,30}\b(?:for|at|in|by|within|per)\b|"
    r"\b(?:random\w*|allocat\w*)\b[^.;]{0,40}\b(?:balanc\w*|blocked|within)\b[^.;]{0,20}\b(?:by|across|between|over|for|on|with respect to|within|each)\b[^.;]{0,30}\b(?:sites?|cent(?:er|re)s?|hospitals?|institutions?|stage|sex|gender|age|tumou?r|disease|severity|strat\w*)\b"
)


def _factors_said(prose: str) -> bool:
    """Whether the prose names what randomization is stratified by, or says that it is not.

    Strata of an analysis are none of the randomization.
    """
    return any(
        _FACTORS.search(_AGENCY.sub(" ", sentence))
        for sentence in re.split(r"[.](?=\s|$)|\n", prose)
        if not _ANALYZING.search(sentence) or re.search(r"\b(?:random|allocat|assign)", sentence)
    )


_ANALYZING = re.compile(r"\b(?:analy[sz]\w*|results?|reported|compar\w*|subgroups?|regression)\b")


def _prose(facts: RecordFacts) -> str:
    return "\n".join(normal(passage.text) for passage in facts.passages())


def _randomization(facts: RecordFacts) -> Iterator[Finding]:
    if facts.allocation != "randomized":
        return
    prose = _prose(facts)
    if not facts.ratio_stated and not _ratio_said(prose):
        yield finding(
            "no-allocation-ratio",
            "error",
            "randomization.ratio",
            (
                "Participants are randomized, but in what ratio is not said.",
                "受试者将被随机分配，但未说明分配比例。",
            ),
            ("State the ratio, for instance 1:1.", "写明比例，如 1:1。"),
        )
    if not facts.strata_stated and not _factors_said(prose):
        named = _STRATA.search(prose)
        yield finding(
            "no-strata",
            "warning",
            "randomization.strata",
            (
                "Stratification is mentioned without its factors."
                if named
                else "Stratification factors are not stated, nor that there are none.",
                "提到分层但未写分层因素。" if named else "未说明分层因素，也未说明不分层。",
            ),
            (
                "Name the factors and their levels, or say that randomization is not stratified.",
                "写明分层因素及水平，或说明不分层。",
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
    if not facts.sample_size_rationale and not _RATIONALE.search(_prose(facts)):
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


# open-label-subjective-outcome ------------------------------------------------------------------

_SUBJECTIVE = re.compile(
    r"\b(?:pain|scale|scales|score|scores|scoring|grade[ds]?|grading|severity|severe|questionnaire|quality of life|qol|symptom\w*|satisfaction|"
    r"visual analog\w*|vas|nrs|patient[- ]reported|self[- ]reported|survey|interview|rating|rated|index of|inventory|"
    r"depress\w+|anxiety|fatigue|comfort|nausea|sleep quality|function(?:al)? (?:status|assessment|outcome)|clinical (?:response|improvement|assessment|cure)|"
    r"response rate|objective response|progression|remission|toxicit\w+|reactions?|ulcer\w*|lesions?|sores?|soreness|discomfort|erythema|inflammation|swelling|dysphagia|xerostomia|dry mouth|"
    r"intensity|worst|rtog|ctcae|eortc|who (?:criteria|scale|grade)|adverse (?:events?|effects?|reactions?)|side effects?|mucositis|appearance|"
    r"healing|judg\w+|opinion|acceptab\w+|checklist|adherence|perceived|feeling|well-?being|stress|disability|cognit\w+|"
    r"efficacy|effectiveness|relief|incidence of (?:\w+ ){0,3}(?:mucositis|delirium|nausea|vomiting|dermatitis|neuropathy))\b"
)
_OBJECTIVE = re.compile(
    r"\b(?:overall survival|mortality|death|serum|plasma|blood (?:level|glucose|pressure|loss)|concentration|hba1c|"
    r"auc|cmax|pharmacokinetic\w*|viral load|antibod\w+|weight|body mass index|bmi|length of (?:hospital )?stay|"
    r"duration of surgery|operating time|ct scan|mri|radiograph\w*|bone (?:density|loss|level)|hemoglobin|"
    r"pregnancy rate|live birth|culture|pcr|ecg|lvef|ejection fraction|gait speed|heart rate|spo2|fev1|steps)\b"
)
_ASSESSING = re.compile(
    r"\b(?:assess\w*|evaluat\w*|rat(?:e|es|ed|ing|er|ers)|examin\w*|adjudicat\w*|review(?:er|ers|ed|s)?|read(?:er|ers|ing|ings)?|"
    r"radiologists?|pathologists?|observ\w*|grad(?:e|es|ed|ing|er|ers)|scor(?:e|es|ed|ing|er|ers)|judg\w*|outcomes?|end-?points?|statistic\w*|measur\w*)\b"
)
_UNAWARE = re.compile(
    r"\b(?:blind\w*|mask\w*|unaware|ignorant|without know(?:ledge|ing)|independent(?:ly)?|"
    r"(?:not|never|cannot|n't) (?:be |have )?(?:\w+ )?(?:know|told|informed|aware|disclosed|given|shown|see|learn|access|revealed|communicated)\w*|"
    r"(?:concealed|hidden|withheld|kept) from (?:the )?(?:\w+ ){0,2}(?:assess|evaluat|rater|examiner|grader|reviewer|statistic|observer|those who|whoever)\w*)\b"
)
_MASKED_DESIGN = re.compile(
    r"\b(?:blinded|masked)[- ](?:end-?point|central|independent|assess\w*|outcome)|\bprobe design\b|\bsingle[- ]blind|"
    r"\bindependent (?:central |blinded )?(?:review|adjudication)"
)
_NEGATED = re.compile(
    r"\b(?:no|not|non|without|isn't|aren't|un|nobody|none|neither|nor)\b[^.;]{0,60}\b(?:blind|mask)\w*|"
    r"\b(?:unblinded|non-?blinded|unmasked)\b|"
    r"(?:blind|mask)\w*[^.;]{0,30}\b(?:not|impossible|unfeasible|infeasible)\b(?! (?:know|be told|told|informed))"
)


def _subjective(outcome: OutcomeFacts) -> bool:
    if outcome.subjective is not None:
        return outcome.subjective
    measure = normal(outcome.measure)
    if _OBJECTIVE.search(measure):
        return False
    return _SUBJECTIVE.search(f"{measure} {normal(outcome.description)}") is not None


def _assessor_masked(facts: RecordFacts) -> bool:
    if "outcomes_assessor" in facts.masked:
        return True
    for passage in facts.passages():
        for sentence in re.split(r"[.;\n]", normal(passage.text)):
            said = _MASKED_DESIGN.search(sentence) or (
                _ASSESSING.search(sentence) and _UNAWARE.search(sentence)
            )
            if said and not _NEGATED.search(sentence):
                return True
    return False


def _open_label(facts: RecordFacts) -> Iterator[Finding]:
    if (
        facts.study_type != "interventional"
        or facts.allocation != "randomized"
        or facts.masking not in (None, "none")
        or _assessor_masked(facts)
    ):
        return
    primary = [outcome for outcome in facts.outcomes if outcome.role == "primary"]
    subjective = next((outcome for outcome in primary if _subjective(outcome)), None)
    if primary and subjective is None:
        return
    if subjective is None:
        what = ("no primary outcome is given that could be judged without bias", "又未给出主要结局")
        place = "design.masking"
    else:
        what = (
            f"the primary outcome “{quoted(subjective.measure)}” rests on somebody's judgement",
            f"主要结局“{quoted(subjective.measure)}”依赖主观判断",
        )
        place = subjective.place
    yield finding(
        "open-label-subjective-outcome",
        "warning",
        place,
        (
            f"Nobody is masked, no masked assessor is stated, and {what[0]}.",
            f"未设盲，未说明盲法评估者，{what[1]}。",
        ),
        (
            "Have the outcome graded by someone who does not know the allocation, and say so.",
            "由不知分组者评估结局，并写明。",
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
            "A product is tested, and neither adverse events nor safety monitoring are mentioned.",
            "试验给予产品，却未提及不良事件或安全性监测。",
        ),
        (
            "Say how adverse events are collected, who reviews them and when the trial stops.",
            "写明不良事件的收集、审查与停止规则。",
        ),
    )
