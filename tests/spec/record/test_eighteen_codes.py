"""Each gap of the first trial's record is found, goes when the text is mended, stays when it is reworded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from equipoise.protocol.checks import Finding

INTERVENTION_TIMING = (
    "Begin 7 days prior to radiotherapy initiation and continue until 14 days post-radiotherapy "
    "completion."
)
ARM_START = "Initiation of the study drug on the first day of radiotherapy"
ARM_STOP = "continuing through the completion of the treatment course."
CRITERION_9 = (
    "9. Intact oral mucosa before initiation of radiotherapy. Absence of active oral infections or "
    "severe periodontal disease before initiation of radiotherapy;"
)
PURPOSE = "PARALLEL\nTREATMENT\nNONE"
TITLE_WORDS = "for the Prevention and Treatment of Radiation-Induced"
SITE = "The First Affiliated Hospital of Guangxi Medical University\nNanning, Guangxi, China\n"
SITES = (
    f"{SITE}LiuZhou People's Hospital\nLiuzhou, Guangxi, China\n"
    "First People's Hospital of Yulin\nYulin, Guangxi, China\n"
)
SUMMARY_LINE = (
    "Review the sponsor-provided synopsis that highlights what the study is about and why it is "
    "being conducted.\n"
)
CONDITIONS_LINE = "See the medical conditions and disease areas that this research is targeting or investigating.\n"
CONTACTS_LINE = (
    "Reach out to these primary contacts for questions about participation or study logistics.\n"
)
BODY = "A spray against sores of the mouth is tried in two groups of patients.\n"
PRIMARY = (
    "Primary Outcomes\nOral mucositis of WHO grade 3 or higher\nTime Frame: from the first to the "
    "last fraction\n"
)
OBJECTIVE = "Primary Outcomes\nOverall survival\nTime Frame: 2 years\n"
ELIGIBILITY = "Eligibility Criteria\nCheck the participation"
RENUMBER_LATER = [(f"\n{number}. ", f"\n{number}) ") for number in range(2, 12)]

Edits = tuple[tuple[str, str], ...]

MENDED: list[tuple[str, Edits]] = [
    ("timing-conflict/start", ((ARM_START, "Initiation of the study drug 7 days before the first day of radiotherapy"),)),
    ("timing-conflict/start", ((INTERVENTION_TIMING, "Begin on the first day of radiotherapy and continue until 14 days post-radiotherapy completion."),)),
    ("timing-conflict/stop", ((ARM_STOP, "continuing until 14 days after the last fraction of radiotherapy."),)),
    ("timing-conflict/stop", ((INTERVENTION_TIMING, "Begin 7 days prior to radiotherapy initiation and continue until the last fraction."),)),
    ("dose-ambiguity", (("Approximately 1.5mL per spray", "Approximately 1.5mL per application"),)),
    ("dose-ambiguity", (("Approximately 1.5mL per spray", "0.15 mL per spray, 10 sprays per application"),)),
    ("criteria-numbering-gap/inclusion", (("2. Age 18-75", "1. Head and neck cancer;\n2. Age 18-75"),)),
    ("criteria-numbering-gap/exclusion", (("2. Head and neck surgery", "1. Prior radiotherapy;\n2. Head and neck surgery"),)),
    ("no-primary-outcome", ((ELIGIBILITY, PRIMARY + ELIGIBILITY),)),
    ("no-conditions", ((CONDITIONS_LINE, CONDITIONS_LINE + "Oral mucositis due to radiation\n"),)),
    ("no-summary", ((SUMMARY_LINE, SUMMARY_LINE + BODY),)),
    ("purpose-title-mismatch", ((PURPOSE, "PARALLEL\nPREVENTION\nNONE"),)),
    ("purpose-title-mismatch", ((TITLE_WORDS, "for the Treatment of Radiation-Induced"),)),
    ("sites-missing", ((SITE, SITES),)),
    ("no-allocation-ratio", ((PURPOSE, f"{PURPOSE}\nParticipants are randomized in a ratio of 1:1."),)),
    ("no-allocation-ratio", ((SUMMARY_LINE, SUMMARY_LINE + "Patients are assigned equally to the two groups.\n"),)),
    ("no-strata", ((PURPOSE, f"{PURPOSE}\nRandomization is stratified by site and chemotherapy."),)),
    ("no-strata", ((PURPOSE, f"{PURPOSE}\nSimple randomization without stratification is used."),)),
    ("no-sample-size-rationale", ((SUMMARY_LINE, SUMMARY_LINE + "With 80% power and a two-sided alpha of 0.05, 100 a group detect 46% against 26%.\n"),)),
    ("open-label-subjective-outcome", ((PURPOSE, f"{PURPOSE}\nOUTCOMES_ASSESSOR"),)),
    ("open-label-subjective-outcome", ((PURPOSE, f"{PURPOSE}\nThe outcome is graded by assessors blinded to the group."),)),
    ("open-label-subjective-outcome", ((PURPOSE, f"{PURPOSE}\nThe grader is not told the allocation."),)),
    ("open-label-subjective-outcome", ((ELIGIBILITY, OBJECTIVE + ELIGIBILITY),)),
    ("contact-missing", ((CONTACTS_LINE, CONTACTS_LINE + "Study office\nRole: contact\n+86 771 555 0100\n"),)),
    ("contact-missing", (("Role: primary", "Role: primary\noffice@example.org"),)),
    ("vague-term/exclusion_9/long-term", (("Long-term use of", "Use for more than 4 weeks before randomization of"),)),
    ("vague-term/exclusion_8/severe", (("Severe psychiatric disorders", "Psychiatric disorders"),)),
    ("vague-term/exclusion_4/severe", (("severe arrhythmia", "arrhythmia of CTCAE grade 3 or higher"),)),
    ("vague-term/exclusion_5/severe", (("Severe hepatic or renal dysfunction, such as cirrhosis", "Hepatic or renal dysfunction: cirrhosis"),)),
    ("vague-term/exclusion_4/significant", (("Significant cardiovascular disease, including", "Cardiovascular disease:"),)),
    ("vague-term/inclusion_8/significant", (("without clinically significant abnormalities", "with QTcF below 470 ms and sinus rhythm"),)),
    ("vague-term/inclusion_9/severe", (("severe periodontal disease", "periodontal disease (grade 3 or 4)"),)),
    ("screening-before-first-dose/inclusion_9", ((CRITERION_9, "9. Intact oral mucosa at randomization;"),)),
    ("screening-before-first-dose/inclusion_9", ((INTERVENTION_TIMING, "Begin on the first day of radiotherapy and continue until 14 days post-radiotherapy completion."),)),
    ("pregnancy-not-addressed", (("11. Any other condition", "12. Pregnant or breast-feeding women;\n11. Any other condition"),)),
    ("start-date-passed", (("2026-01-31", "2027-01-31"),)),
    ("start-date-passed", (("NOT_YET_RECRUITING", "RECRUITING"),)),
    ("recruitment-rate", (("2028-02-29", "2038-02-28"),)),
    ("recruitment-rate", (("200 participants", "20 participants"),)),
]  # fmt: skip

REWORDED: list[tuple[str, Edits]] = [
    ("timing-conflict/start", ((ARM_START, "The spray is first used with the opening radiotherapy session, when dosing begins on day 1 of irradiation"),)),
    ("timing-conflict/start", ((INTERVENTION_TIMING, "Dosing runs from one week before the first fraction to two weeks after the last fraction."),)),
    ("timing-conflict/start", ((INTERVENTION_TIMING, "A week ahead of irradiation the spray is begun; it is stopped a fortnight following the end of RT."),)),
    ("timing-conflict/stop", ((ARM_STOP, "going on until radiotherapy is completed."),)),
    ("timing-conflict/stop", ((INTERVENTION_TIMING, "It is to be kept up until two weeks after completion of radiation therapy, having been started seven days prior to its start."),)),
    ("timing-conflict/stop", ((ARM_STOP, "lasting until the end of the treatment course."),)),
    ("dose-ambiguity", (("Approximately 1.5mL per spray", "Each puff delivers about 1.5 ml"),)),
    ("dose-ambiguity", (("a dosage of approximately 1.5 mL per application", "about one and a half mL at each administration"),)),
    ("dose-ambiguity", (("Approximately 1.5mL per spray", "1.5 mL/actuation"),)),
    ("criteria-numbering-gap/inclusion", tuple(RENUMBER_LATER)),
    ("criteria-numbering-gap/inclusion", (("2. Age 18-75", "3. Age 18-75"), ("3. Scheduled", "4. Scheduled"), ("4. Eastern", "5. Eastern"), ("5. White", "6. White"), ("6. Transaminases", "7. Transaminases"), ("7. Serum", "8. Serum"), ("8. Cardiac", "9. Cardiac"), ("9. Intact", "10. Intact"), ("10. Signed", "11. Signed"))),
    ("criteria-numbering-gap/exclusion", (("2. Head and neck surgery", "(2) Operations on the head or neck"), ("3. Current part", "(3) Current part"), ("4. Significant", "(4) Significant"))),
    ("criteria-numbering-gap/exclusion", (("5. Severe hepatic or renal dysfunction, such as cirrhosis or chronic renal insufficiency (creatinine clearance \\<30 mL/min);\n", ""),)),
    ("no-primary-outcome", ((ELIGIBILITY, "Secondary Outcomes\nPain on a scale from 0 to 10\nTime Frame: weekly\n" + ELIGIBILITY),)),
    ("no-primary-outcome", ((ELIGIBILITY, "Primary Outcomes\n" + ELIGIBILITY),)),
    ("no-conditions", (("Conditions\n", "CONDITIONS:\n"),)),
    ("no-conditions", ((CONDITIONS_LINE, "See the conditions and disease areas this research is targeting or investigating.\n"),)),
    ("no-summary", ((SUMMARY_LINE, "Read the sponsor-provided synopsis that highlights what this study is about and why it is conducted.\n"),)),
    ("no-summary", (("Brief Summary\n" + SUMMARY_LINE, ""),)),
    ("purpose-title-mismatch", ((TITLE_WORDS, "as Prophylaxis and Treatment of Radiation-Induced"),)),
    ("purpose-title-mismatch", ((TITLE_WORDS, "to Prevent and to Treat Radiation-Induced"),)),
    ("purpose-title-mismatch", ((PURPOSE, "TREATMENT\nNONE\nPARALLEL"),)),
    ("sites-missing", (("LiuZhou People's Hospital", "The People's Hospital of Liuzhou"),)),
    ("sites-missing", ((SITE, "First Affiliated Hospital, Guangxi Medical University\nNanning, Guangxi, China\n"),)),
    ("sites-missing", ((SITE, SITE + "LiuZhou People's Hospital\nLiuzhou, Guangxi, China\n"),)),
    ("no-allocation-ratio", ((PURPOSE, f"{PURPOSE}\nPatients are allocated by chance to one of two groups."),)),
    ("no-allocation-ratio", ((SUMMARY_LINE, SUMMARY_LINE + "The spray is diluted 1:1 with saline.\n"),)),
    ("no-allocation-ratio", (("RANDOMIZED", "Allocation: RANDOMIZED"),)),
    ("no-strata", ((PURPOSE, f"{PURPOSE}\nStratified block randomization is used."),)),
    ("no-strata", ((PURPOSE, f"{PURPOSE}\nPermuted blocks are used."),)),
    ("no-sample-size-rationale", ((SUMMARY_LINE, SUMMARY_LINE + "Two hundred patients will take part.\n"),)),
    ("no-sample-size-rationale", (("200 participants", "Enrollment: 200 patients"),)),
    ("open-label-subjective-outcome", ((ELIGIBILITY, PRIMARY + ELIGIBILITY),)),
    ("open-label-subjective-outcome", ((PURPOSE, "PARALLEL\nTREATMENT\nNone (Open Label)"),)),
    ("open-label-subjective-outcome", ((PURPOSE, f"{PURPOSE}\nAssessors are not blinded."),)),
    ("contact-missing", (("Rensheng Wang", "Dr. R. Wang, Oncology"),)),
    ("contact-missing", (("Rensheng Wang\nRole: primary\n", ""),)),
    ("vague-term/exclusion_9/long-term", (("Long-term use of", "Prolonged use of"),)),
    ("vague-term/exclusion_9/long-term", (("Long-term use of", "Longterm treatment with"),)),
    ("vague-term/exclusion_8/severe", (("Severe psychiatric disorders", "Serious mental disease"),)),
    ("vague-term/exclusion_2/recent", (("Head and neck surgery within the preceding 4 weeks", "Recent surgery of the head or neck"),)),
    ("vague-term/exclusion_4/significant", (("Significant cardiovascular disease", "Clinically relevant disease of heart or vessels"),)),
    ("vague-term/inclusion_9/severe", (("severe periodontal disease", "periodontal disease that is severe"),)),
    ("screening-before-first-dose/inclusion_9", ((CRITERION_9, "9. No lesion of the oral mucosa at the start of irradiation;"),)),
    ("screening-before-first-dose/inclusion_9", ((INTERVENTION_TIMING, "The spray is started a week before the first fraction."),)),
    ("screening-before-first-dose/inclusion_9", ((CRITERION_9, "9. The mouth is free of lesions prior to radiation therapy;"),)),
    ("pregnancy-not-addressed", (("11. Any other condition", "11. Any further circumstance"),)),
    ("pregnancy-not-addressed", (("mesenchymal stem cell-derived exosomes\n", "MSC exosomes\n"),)),
    ("start-date-passed", (("2026-01-31", "2026-01"),)),
    ("start-date-passed", (("2026-01-31\n2028-02-29", "2028-02-29\n2026-01-31"),)),
    ("recruitment-rate", (("200 participants", "200 patients"),)),
    ("recruitment-rate", ((SITE, SITES),)),
]  # fmt: skip

CODES = {
    "timing-conflict", "dose-ambiguity", "criteria-numbering-gap", "no-primary-outcome",
    "no-conditions", "no-summary", "purpose-title-mismatch", "sites-missing",
    "no-allocation-ratio", "no-strata", "no-sample-size-rationale",
    "open-label-subjective-outcome", "contact-missing", "vague-term",
    "screening-before-first-dose", "pregnancy-not-addressed", "start-date-passed",
    "recruitment-rate",
}  # fmt: skip


def code(finding: str) -> str:
    return finding.partition("/")[0]


def test_the_record_shows_every_one_of_the_eighteen(ids: Callable[..., set[str]]) -> None:
    found = ids()
    assert {code(one) for one in found} >= CODES
    assert {"timing-conflict/start", "timing-conflict/stop"} <= found
    assert {"criteria-numbering-gap/inclusion", "criteria-numbering-gap/exclusion"} <= found
    assert {
        "vague-term/exclusion_9/long-term",
        "vague-term/exclusion_4/severe",
        "vague-term/exclusion_4/significant",
        "vague-term/exclusion_5/severe",
        "vague-term/exclusion_8/severe",
        "vague-term/inclusion_8/significant",
        "vague-term/inclusion_9/severe",
    } <= found


def test_each_code_is_mended_and_reworded_below() -> None:
    assert {code(finding) for finding, _ in MENDED} == CODES
    assert {code(finding) for finding, _ in REWORDED} == CODES


@pytest.mark.parametrize(
    ("finding", "edits"), MENDED, ids=[f"{i}-{f}" for i, (f, _) in enumerate(MENDED)]
)
def test_mending_the_text_clears_the_finding(
    finding: str, edits: Edits, ids: Callable[..., set[str]]
) -> None:
    assert finding in ids()
    assert finding not in ids(*edits)


@pytest.mark.parametrize(
    ("finding", "edits"), REWORDED, ids=[f"{i}-{f}" for i, (f, _) in enumerate(REWORDED)]
)
def test_rewording_or_renumbering_leaves_the_finding(
    finding: str, edits: Edits, ids: Callable[..., set[str]]
) -> None:
    assert finding in ids(*edits)


def test_the_rate_is_said_in_numbers(found: Callable[..., list[Finding]]) -> None:
    message = next(one for one in found() if one.code == "recruitment-rate").message
    assert "13.1 participants per site per month" in message.en
    assert "13.1" in message.in_language("zh-Hans")


def test_what_depends_on_the_calendar_waits_for_a_day(
    found: Callable[..., list[Finding]],
) -> None:
    codes = {one.code for one in found(today=None)}
    assert not codes & {"start-date-passed", "recruitment-rate", "completion-date-passed"}


def test_every_finding_speaks_both_languages_and_says_the_way_out(
    found: Callable[..., list[Finding]],
) -> None:
    for one in found():
        assert one.message.has("zh-Hans"), one.id
        assert one.remedy.has("zh-Hans"), one.id
        assert one.place, one.id
