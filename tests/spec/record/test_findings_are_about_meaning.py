"""Whatever words, order and numbers a record uses, in whichever of its two forms, a finding is about
what it means: a fact said in other words clears it, the same gap in other words does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from equipoise.protocol.checks import Finding
from equipoise.protocol.record import check_record, facts_of
from support.first_record import ARM_TIMING, TIMING, drafts_of, parts, put

TODAY = date(2026, 11, 25)

Changes = dict[str, Any]
Case = tuple[str, Changes]


def arm(words: str) -> Changes:
    return {"arm": put(ARM_TIMING, words)}


def use(words: str) -> Changes:
    return {"use": put(TIMING, words)}


def dose(words: str) -> Changes:
    return {"use": put("4. Dosage: Approximately 1.5mL per spray.", f"4. Dosage: {words}.")}


def each(code: str, make: Callable[[str], Changes], *texts: str) -> list[Case]:
    return [(code, make(text)) for text in texts]


def told(part: str) -> Callable[[str], Changes]:
    return lambda words: {part: words}


def criterion(part: str, old: str, *, after: str = "") -> Callable[[str], Changes]:
    return lambda words: {part: put(old, words + after)}


def renumbered(shift: int, style: str) -> Callable[[str], str]:
    return lambda text: re.sub(
        r"(?m)^(\d+)\. ", lambda match: style.format(int(match[1]) + shift), text
    )


def relabeled(labels: list[str]) -> Callable[[str], str]:
    return lambda text: re.sub(r"(?m)^(\d+)\. ", lambda match: labels[int(match[1])], text)


ROMAN = [
    f"{one}. " for one in ["-", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi"]
]
LETTERS = [f"{one}) " for one in "-abcdefghijk"]
CIRCLED = [f"{one} " for one in "-①②③④⑤⑥⑦⑧⑨⑩⑪"]

STEROIDS = "Long-term use of immunosuppressants or corticosteroids at a prednisone-equivalent dose"
CARDIAC = "Significant cardiovascular disease, including"
ECG = "Electrocardiogram (ECG) without clinically significant abnormalities"
SURGERY = "2. Head and neck surgery within the preceding 4 weeks;"
MUCOSA = (
    "9. Intact oral mucosa before initiation of radiotherapy. Absence of active oral infections or "
    "severe periodontal disease before initiation of radiotherapy;"
)
LAST = "11. Any other condition"
HOSPITAL = ("The First Affiliated Hospital of Guangxi Medical University", "Nanning")
GRADED = (("Oral mucositis of WHO grade 3 or 4", "from the first to the last fraction"),)
TITLE_TREATS = "Exosomes for the Treatment of Established Oral Mucositis"

PLAINLY_STATED: list[Case] = [
    *each("timing-conflict", arm,
        "The spray is used from 7 days before radiotherapy to 14 days after its completion.",
        "The first dose is taken a week before radiotherapy starts, the last dose a fortnight after radiotherapy ends.",
        "Spray for seven days before, during, and for fourteen days after radiotherapy.",
        "Initiation and duration as described under Interventions."),
    *each("timing-conflict", use,
        "Given from the first to the last fraction.", "Used throughout the course of radiotherapy.",
        "Start with the first radiotherapy session; stop with the last one.",
        "The drug is given on every day of radiotherapy."),
    *each("dose-ambiguity", dose,
        "ten actuations of 0.15 mL each make one application of 1.5 mL, that is 10 sprays per application",
        "one application is 1.5 mL, given as one spray of 1.5 mL",
        "approximately 1.5 mL per spray; one application consists of a single spray",
        "0.1 mL per spray, 15 sprays per application (1.5 mL)"),
    ("criteria-numbering-gap/inclusion", {"inclusion": renumbered(-1, "{}. ")}),
    ("criteria-numbering-gap/exclusion", {"exclusion": renumbered(-1, "({}) ")}),
    ("criteria-numbering-gap", {"inclusion": renumbered(-1, "{}. "), "exclusion": renumbered(8, "{}. ")}),
    ("criteria-numbering-gap/inclusion", {"inclusion": lambda text: re.sub(r"(?m)^\d+\. ", "* ", text)}),
    ("no-primary-outcome", {"primary": GRADED}),
    ("no-primary-outcome", {"primary": (("Overall survival", "2 years"),)}),
    ("no-conditions", {"conditions": ("Stomatitis", "Head and Neck Neoplasms")}),
    ("no-conditions", {"conditions": ("口腔黏膜炎",)}),
    *each("no-summary", told("summary"), "A spray against sores of the mouth is tried.", "What it is about: sores of the mouth."),
    *each("purpose-title-mismatch", told("title"), TITLE_TREATS, "Exosomes in Radiation-Induced Oral Mucositis"),
    ("purpose-title-mismatch", {"title": "Exosomes to Prevent Oral Mucositis", "purpose": "PREVENTION"}),
    ("sites-missing", {"sites": (HOSPITAL, ("People's Hospital of Liuzhou", "Liuzhou"), ("Yulin First People's Hospital", "Yulin"))}),
    ("sites-missing", {"sponsors": ("First Affiliated Hospital of Guangxi Medical University", "A Science Foundation", "A Biotech Co., Ltd.")}),
    *each("no-allocation-ratio", told("summary"),
        "Half of the participants are allocated to each group.", "100 patients are randomized to each arm.",
        "The two groups are of equal size.", "There is a 50% chance of being assigned to either group.",
        "Allocation is one to one.", "Randomisation （1：1）。", "Patients are randomised equally to spray or control.",
        "Participants are split evenly between the two groups."),
    *each("no-strata", told("design_text"),
        "Randomization will be done separately for each hospital.", "Separate randomization lists are kept for each centre.",
        "Unstratified permuted-block randomization.", "Strata: centre; chemotherapy.",
        "Randomization is balanced across hospitals and by tumor site.", "Minimization balances the groups for age and site."),
    *each("no-sample-size-rationale", told("description"),
        "We assumed that 40% of controls and 20% of treated patients develop severe mucositis; 82 per arm are needed.",
        "To detect a reduction from 46% to 26%, 100 patients per group are needed.",
        "A sample of 200 gives 90% power to detect a fall from 46% to 26%.",
        "No formal sample size calculation was made; 200 is what the hospitals can recruit in two years.",
        "The number of participants was derived from an expected incidence of 45%."),
    *each("open-label-subjective-outcome", lambda words: {"primary": GRADED, "design_text": words},
        "Mucositis is graded by physicians who do not know the allocation.",
        "The dentist who grades the mouth is kept ignorant of the group.",
        "Grading is done by someone to whom the allocation is not disclosed.",
        "Those who grade the mucosa will not be informed of the assigned group.", "Assessment is blind."),
    ("open-label-subjective-outcome", {"masking": "SINGLE", "masked": ("OUTCOMES_ASSESSOR",)}),
    ("open-label-subjective-outcome", {"primary": (("Change in body weight", "8 weeks"),)}),
    ("contact-missing", {"facility": (("Rensheng Wang", "(0771) 535 6114"),)}),
    ("contact-missing", {"central": (("Study office", "office@example.org"),)}),
    ("contact-missing", {"central": (("Study office", "+86-771-5350100 ext. 12"),)}),
    *each("vague-term/exclusion_9/long-term", criterion("exclusion", STEROIDS),
        "Use of immunosuppressants or corticosteroids on more than 14 consecutive days before randomization at a dose",
        "Long-term use, defined as longer than three months, of immunosuppressants or corticosteroids at a dose"),
    *each("vague-term/exclusion_4/significant", criterion("exclusion", CARDIAC),
        "Any of these cardiovascular diseases:", "Significant cardiovascular disease, defined as any of:"),
    *each("vague-term/exclusion_4/severe", criterion("exclusion", "severe arrhythmia"),
        "arrhythmia (CTCAE grade 3 or above)", "sustained ventricular tachycardia"),
    *each("vague-term/inclusion_8/significant", criterion("inclusion", ECG),
        "QTcF below 470 ms on a 12-lead ECG", "sinus rhythm, no block of second degree or higher"),
    *each("vague-term/inclusion_9/severe", criterion("inclusion", "severe periodontal disease"),
        "periodontitis of stage III or IV", "periodontal pockets of 6 mm or deeper"),
    *each("vague-term/exclusion_2/recent", criterion("exclusion", SURGERY),
        "2. Recent (within 28 days before randomization) head and neck surgery;"),
    *each("screening-before-first-dose", criterion("inclusion", MUCOSA),
        "9. Intact oral mucosa before the first dose of the spray;",
        "9. Intact oral mucosa no later than 8 days before the first fraction;",
        "9. Intact oral mucosa before initiation of the spray or of radiotherapy, whichever comes first;"),
    *each("screening-before-first-dose", use, "Begin on the day radiotherapy starts and continue until 14 days post-radiotherapy completion."),
    *each("pregnancy-not-addressed", criterion("exclusion", LAST, after=LAST),
        "12. Expectant or nursing mothers;\n", "12. Women of childbearing potential without effective birth control;\n"),
    ("pregnancy-not-addressed", {"inclusion": lambda text: f"{text}\n11. Negative serum hCG in women able to bear children."}),
    ("pregnancy-not-addressed", {"sex": "MALE"}),
    *each("start-date-passed", told("start"), "2026-11-25", "2026-11", "2027-02"),
    *each("start-date-passed", told("status"), "RECRUITING", "WITHDRAWN"),
    ("recruitment-rate", {"target": 20}),
    *each("recruitment-rate", told("completion"), "2040-01-31"),
    ("recruitment-rate", {"sites": tuple((f"Hospital {number}", f"City {number}") for number in range(20))}),
]  # fmt: skip

DIFFERENTLY_WORDED: list[Case] = [
    *(
        (f"timing-conflict/{role}", changes)
        for role in ("start", "stop")
        for _, changes in [
            *each("", arm,
                "Dosing coincides with the radiotherapy course: first spray on the day irradiation begins, final spray on the day it ends.",
                "The spray is used from start to end of radiotherapy.",
                "Treatment with the spray begins concurrently with radiotherapy and ends with it.",
                "Study drug will be started at the first radiotherapy session and maintained to the last session.",
                "The exosomes are first applied at the beginning of radiation and last applied at its end.",
                "Sprays start with radiotherapy，and stop with radiotherapy。"),
            *each("", use,
                "The first spray is given seven days before RT; the last, fourteen days after RT ends.",
                "From day -7 before radiotherapy to day 14 after the end of radiotherapy.",
                "Treatment window: 7 days pre-RT through 14 days post-RT.",
                "Spraying starts on the seventh day before radiotherapy and continues until the fourteenth day after radiotherapy.",
                "Administration begins 168 hours before the first fraction and ends 336 hours after the last.",
                "Begin seven days before radiotherapy starts；continue until fourteen days after it ends。",
                "Dosing starts up to 1 wk before RT and ends 2 wks after RT.",
                "Dosing is to commence a week ahead of the radiotherapy and to be kept going for another fortnight once radiotherapy has been completed."),
        ]
    ),
    *each("dose-ambiguity", dose,
        "every time the nozzle is pressed 1.5 mL is released", "spray volume 1.5 mL", "approximately 1500 µL per spray",
        "1.5 ml (per spray)", "per spray approx. 1.5 mL", "pressing once yields 1.5 mL",
        "1.5 mL per spray, two sprays per application"),
    *(
        (f"criteria-numbering-gap/{kind}", {kind: change})
        for kind in ("inclusion", "exclusion")
        for change in (
            renumbered(1, "{}. "), renumbered(3, "{}) "), renumbered(0, "（{}）"), renumbered(0, "{}、"),
            relabeled(ROMAN), relabeled(LETTERS), relabeled(CIRCLED),
        )
    ),
    ("no-primary-outcome", {"secondary": GRADED}),
    ("no-primary-outcome", {"summary": "The trial looks at sores of the mouth."}),
    ("no-conditions", {"summary": "Patients with radiation-induced oral mucositis are studied."}),
    ("no-conditions", {"primary": GRADED}),
    ("no-summary", {"description": "A spray against sores of the mouth is tried."}),
    ("no-summary", {"conditions": ("Mucositis",)}),
    *each("purpose-title-mismatch", told("title"),
        "Exosomes to Avert and Treat Radiation-Induced Oral Mucositis", "Exosomes to Ward Off Oral Mucositis",
        "Can Exosomes Keep Oral Mucositis From Developing During Radiotherapy?", "Exosomes for Reducing the Incidence of Oral Mucositis"),
    ("purpose-title-mismatch", {"title": TITLE_TREATS, "purpose": "PREVENTION"}),
    ("purpose-title-mismatch", {"title": "Exosomes in Oral Mucositis", "official": "A Trial of Exosomes for Prophylaxis of Oral Mucositis"}),
    ("sites-missing", {"sponsors": ("Guangxi Medical University First Affiliated Hospital", "Liuzhou General Hospital", "Yulin City Hospital")}),
    ("sites-missing", {"sites": (HOSPITAL, ("Yulin First People's Hospital", "Yulin"))}),
    ("sites-missing", {"sponsors": ("First Affiliated Hospital of Guangxi Medical University", "A Foundation", "A Company"), "summary": "Three hospitals take part in this study."}),
    *each("no-allocation-ratio", told("summary"),
        "The dilution ratio is 1:1.", "Patients are randomized at 9:30 on the first day.",
        "Randomization takes place within 1 to 2 days of consent.", "Participants are allocated in random order.",
        "Results are equal to those in earlier groups."),
    *each("no-strata", told("design_text"),
        "Stratified randomization is performed by a computer.", "A stratified block design.",
        "Results will be stratified by sex in the analysis.", "Permuted blocks are used."),
    *each("no-sample-size-rationale", told("description"),
        "The sample size is 200.", "The laser has a power of 80 W.", "P < 0.05 is considered significant.",
        "200 patients will be enrolled, 100 in each group."),
    *each("open-label-subjective-outcome", lambda words: {"primary": GRADED, "design_text": words},
        "Neither patients nor assessors are blinded.", "None of the assessors is masked.",
        "Everyone is aware of the treatment, the graders included.", "Patients do not know each other."),
    *each("open-label-subjective-outcome", lambda words: {"primary": ((words, "8 weeks"),)},
        "Mouth ulcers of the worst kind seen during radiotherapy", "Worst mucosal reaction by RTOG criteria",
        "Quality of life (EORTC QLQ-H&N35)"),
    ("contact-missing", {"facility": (("Professor Wang",),)}),
    ("contact-missing", {"facility": (), "central": (("Study office",),)}),
    *each("vague-term/exclusion_9/long-term", criterion("exclusion", STEROIDS),
        "Immunosuppressants or corticosteroids taken over a long period at a dose", "Lengthy use of immunosuppressants at a dose"),
    *each("vague-term/exclusion_8/severe", criterion("exclusion", "Severe psychiatric disorders that"),
        "Psychiatric disorders of a severe kind that", "Major psychiatric disorders that"),
    *each("vague-term/exclusion_4/significant", criterion("exclusion", CARDIAC),
        "Relevant cardiovascular disease, including", "Cardiovascular disease of significance, including"),
    *each("vague-term/exclusion_5/severe", criterion("exclusion", "Severe hepatic or renal dysfunction"),
        "Profound hepatic or renal dysfunction", "Severely impaired liver or kidney function"),
    *each("vague-term/inclusion_8/significant", criterion("inclusion", ECG),
        "ECG showing no abnormality of clinical significance", "Electrocardiogram free of relevant abnormalities"),
    *each("vague-term/exclusion_2/recent", criterion("exclusion", SURGERY),
        "2. Head and neck surgery a short time ago;", "2. Surgery of head or neck in the recent past;"),
    *each("screening-before-first-dose", criterion("inclusion", MUCOSA),
        "9. Prior to the first radiation session the lining of the mouth is whole;", "9. No mouth sores before RT;",
        "9. Oral mucosa intact when radiotherapy starts;", "9. Intact oral mucosa one day before radiotherapy;"),
    *each("screening-before-first-dose", use,
        "Dosing may begin up to a week before irradiation and goes on until two weeks after it.",
        "Use from 1 week before to 2 weeks after radiotherapy."),
    *each("pregnancy-not-addressed", criterion("exclusion", LAST, after=LAST),
        "12. Residents of nursing homes;\n", "12. Conceivable risk of bleeding;\n", "12. Women with anemia;\n"),
    ("pregnancy-not-addressed", {"sex": "FEMALE"}),
    *each("start-date-passed", told("start"), "2026-10", "2026-11-24"),
    ("recruitment-rate", {"target": 150}),
    *each("recruitment-rate", told("status"), "RECRUITING"),
    *each("recruitment-rate", told("start"), "2027-01"),
]  # fmt: skip


def named(findings: list[Finding], code: str) -> list[str]:
    """The ids among findings that are this code or one of its kind."""
    return [one.id for one in findings if one.id == code or one.id.startswith(f"{code}/")]


def findings(changes: Changes) -> list[list[Finding]]:
    """The findings in the record's two forms."""
    return [check_record(facts_of(draft.protocol), TODAY) for draft in drafts_of(parts(**changes))]


def ids(cases: list[Case]) -> list[str]:
    return [f"{number}-{code}" for number, (code, _) in enumerate(cases)]


def test_both_forms_of_the_record_show_the_same_findings() -> None:
    page, study = ({one.id for one in found} for found in findings({}))
    # the page lost which sponsor leads and the type of the responsible party; the registry has them
    assert page - study == {"lead-sponsor-missing", "responsible-party-missing"}
    assert study <= page


@pytest.mark.parametrize(("code", "changes"), PLAINLY_STATED, ids=ids(PLAINLY_STATED))
def test_what_is_said_in_whatever_words_is_not_missed(code: str, changes: Changes) -> None:
    for found in findings(changes):
        assert named(found, code) == []


@pytest.mark.parametrize(("code", "changes"), DIFFERENTLY_WORDED, ids=ids(DIFFERENTLY_WORDED))
def test_a_gap_in_whatever_words_is_still_found(code: str, changes: Changes) -> None:
    for found in findings(changes):
        assert named(found, code), [one.id for one in found]


@pytest.mark.parametrize(
    ("changes", "may_go"),
    [
        ({"conditions": ("Mucositis",)}, {"no-conditions"}),
        ({"summary": "A spray is tried."}, {"no-summary"}),
        ({"primary": GRADED}, {"no-primary-outcome"}),
        ({"start": "2027-01-31"}, {"start-date-passed"}),
        ({"purpose": "PREVENTION"}, {"purpose-title-mismatch"}),
        (arm("Begin a week before the first fraction, end two weeks after the last fraction."),
         {"timing-conflict/start", "timing-conflict/stop"}),
        (dose("about 1.5 mL per application"), {"dose-ambiguity"}),
        ({"design_text": "Randomization is stratified by site."}, {"no-strata"}),
        ({"design_text": "Participants are randomized 1:1."}, {"no-allocation-ratio"}),
        ({"central": (("Office", "office@example.org"),)}, {"contact-missing"}),
        ({"exclusion": put(LAST, f"12. Pregnancy;\n{LAST}")}, {"pregnancy-not-addressed"}),
    ],
)  # fmt: skip
def test_mending_one_thing_leaves_all_others_as_they_were(
    changes: Changes, may_go: set[str]
) -> None:
    for before, after in zip(findings({}), findings(changes), strict=True):
        were, are = {one.id for one in before}, {one.id for one in after}
        assert were - are == may_go
        assert are <= were
