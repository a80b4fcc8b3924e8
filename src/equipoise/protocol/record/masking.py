"""Check of masking: an outcome that rests on judgement needs somebody who does not know the allocation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from equipoise.protocol.checks.finding import Finding

from .facts import OutcomeFacts, RecordFacts
from .findings import finding, quoted
from .language import normal

CODES = ("open-label-subjective-outcome",)


_SUBJECTIVE = re.compile(
    r"\b(?:pain|scale|scales|score|scores|scoring|grade[ds]?|grading|severity|severe|questionnaire|quality of life|qol|symptom\w*|satisfaction|"
    r"visual analog\w*|vas|nrs|patient[- ]reported|self[- ]reported|survey|interview|rating|rated|inventory|"
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


def check(facts: RecordFacts, today: date | None) -> Iterator[Finding]:
    """The finding on an outcome judged by somebody who knows the allocation."""
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
