"""Results as the registry's upload takes them: XML by `RRSUploadSchema.xsd`, schema version 2017.04.18.

Written from the very `resultsSection` that the JSON holds, so that the two cannot differ. The schema leaves
pick-lists to comments; their values are spelled as the registry's own records show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from equipoise.quantity.characters import carried_by_xml

SCHEMA_VERSION = "2017.04.18"
NAMESPACE = "http://clinicaltrials.gov/rrs"

REASONS = frozenset(
    {"Adverse Event", "Death", "Lack of Efficacy", "Lost to Follow-up", "Physician Decision", "Pregnancy",
     "Protocol Violation", "Withdrawal by Subject"}
)  # fmt: skip
"""Reasons for not completing that the pick-list has; another one is `Other` with its own name."""

PARAMETERS = frozenset(
    {"Cox Proportional Hazard", "Hazard Ratio (HR)", "Hazard Ratio, log", "Mean Difference (Final Values)",
     "Mean Difference (Net)", "Median Difference (Final Values)", "Median Difference (Net)", "Odds Ratio (OR)",
     "Odds Ratio, log", "Risk Difference (RD)", "Risk Ratio (RR)", "Risk Ratio, log", "Slope"}
)  # fmt: skip
STATISTICAL_METHODS = frozenset(
    {"ANCOVA", "ANOVA", "Chi-squared", "Chi-squared, Corrected", "Cochran-Mantel-Haenszel", "Fisher Exact",
     "Kruskal-Wallis", "Log Rank", "Mantel Haenszel", "McNemar", "Mixed Models Analysis", "Regression, Cox",
     "Regression, Linear", "Regression, Logistic", "Sign Test", "t-test, 1 sided", "t-test, 2 sided",
     "Wilcoxon (Mann-Whitney)"}
)  # fmt: skip
OTHER = "Other"

_PARAM_TYPES = {
    "GEOMETRIC_MEAN": "Geometric Mean", "GEOMETRIC_LEAST_SQUARES_MEAN": "Geometric Least Squares Mean",
    "LEAST_SQUARES_MEAN": "Least Squares Mean", "LOG_MEAN": "Log Mean", "MEAN": "Mean", "MEDIAN": "Median",
    "NUMBER": "Number", "COUNT_OF_PARTICIPANTS": "Count of Participants",
    "COUNT_OF_UNITS": "Count of Units",
}  # fmt: skip
_DISPERSIONS = {
    "STANDARD_DEVIATION": "Standard Deviation", "STANDARD_ERROR": "Standard Error",
    "INTER_QUARTILE_RANGE": "Inter-Quartile Range", "FULL_RANGE": "Full Range",
}  # fmt: skip
_KINDS = {
    "PRIMARY": "Primary", "SECONDARY": "Secondary", "OTHER_PRE_SPECIFIED": "Other Pre-specified",
    "POST_HOC": "Post-Hoc",
}  # fmt: skip
_TESTS = {"SUPERIORITY": "Superiority", "NON_INFERIORITY": "Non-Inferiority",
          "EQUIVALENCE": "Equivalence", "OTHER": "Other"}  # fmt: skip
_SIDES = {"ONE_SIDED": "1-Sided", "TWO_SIDED": "2-Sided"}
_ASSESSMENTS = {
    "NON_SYSTEMATIC_ASSESSMENT": "Non-systematic Assessment",
    "SYSTEMATIC_ASSESSMENT": "Systematic Assessment",
}
_BASELINE_TITLES = frozenset({"Age, Continuous", "Sex: Female, Male", "Region of Enrollment"})
"""Characteristics the pick-list has; another one is study specific, with its own title."""

Section = Mapping[str, Any]


def results_xml(section: Section) -> bytes:
    """The upload file of a `resultsSection`, UTF-8. What the section does not say is left out."""
    ElementTree.register_namespace("rrs", NAMESPACE)
    root = ElementTree.Element(f"{{{NAMESPACE}}}result", {"partialUpload": "false"})
    _baseline(root, section["baselineCharacteristicsModule"])
    more = section.get("moreInfoModule", {})
    caveat = more.get("limitationsAndCaveats", {}).get("description")
    if caveat:
        _text(ElementTree.SubElement(root, "limitationsAndCaveats"), description=caveat)
    measures = ElementTree.SubElement(root, "outcomeMeasures")
    for index, measure in enumerate(section["outcomeMeasuresModule"]["outcomeMeasures"], 1):
        _outcome(ElementTree.SubElement(measures, "outcomeMeasure"), measure, f"OM{index}")
    _flow(root, section["participantFlowModule"])
    contact = more.get("pointOfContact", {})
    if contact:
        _text(
            ElementTree.SubElement(root, "pointOfContact"),
            email=contact.get("email"),
            organizationName=contact.get("organization"),
            phoneNumber=contact.get("phone"),
            title=contact.get("title"),
        )
    _events(root, section["adverseEventsModule"])
    ElementTree.indent(root)
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        + ElementTree.tostring(root, encoding="unicode").encode()
        + b"\n"
    )


def _text(parent: ElementTree.Element, **values: object) -> None:
    """Elements with text, in the order given; what says nothing is left out."""
    for name, value in values.items():
        if value is not None and value != "":
            ElementTree.SubElement(parent, name).text = carried_by_xml(str(value))


def _each(parent: ElementTree.Element, whole: str, part: str, entries: Iterable[Any]) -> list[Any]:
    """An element of parts, one for each entry: pairs of part and entry."""
    holder = ElementTree.SubElement(parent, whole)
    return [(ElementTree.SubElement(holder, part), entry) for entry in entries]


# -- baseline and outcome measures ---------------------------------------------------------------


def _reporting_groups(
    parent: ElementTree.Element,
    whole: str,
    part: str,
    groups: Iterable[Section],
    analyzed: Mapping[str, str],
    name: Callable[[str], str],
) -> None:
    for element, group in _each(parent, whole, part, groups):
        _group(element, group, analyzed, name)


def _group(
    element: ElementTree.Element,
    group: Section,
    analyzed: Mapping[str, str],
    name: Callable[[str], str],
) -> None:
    element.set("id", name(group["id"]))
    _text(
        element,
        description=group.get("description"),
        subjectsAnalyzed=analyzed.get(group["id"]),
        title=group["title"],
    )


def _denominators(tree: Section) -> dict[str, str]:
    return {
        one["groupId"]: one["value"] for part in tree.get("denoms", ()) for one in part["counts"]
    }


def _measure(element: ElementTree.Element, measure: Section, name: Callable[[str], str]) -> None:
    """What baseline and outcome measures have in common."""
    dispersion = measure.get("dispersionType", "")
    percent, _, rest = dispersion.partition("% ")
    interval = rest == "Confidence Interval"
    _text(
        element,
        ciPctLevel=percent if interval else None,
        dispersionType=rest if interval else _DISPERSIONS.get(dispersion, dispersion),
    )
    analyzed = _denominators(measure)
    for row, one in _each(element, "measureRows", "measureRow", measure.get("classes", ())):
        by_group: dict[str, list[tuple[str | None, Section]]] = {}
        for category in one["categories"]:
            for cell in category["measurements"]:
                by_group.setdefault(cell["groupId"], []).append((category.get("title"), cell))
        values = ElementTree.SubElement(row, "reportedValues")
        for group, cells in by_group.items():
            value = ElementTree.SubElement(values, "reportedValue")
            _text(value, reportingGroupId=name(group))
            for entry, (title, cell) in _each(value, "reportedEntries", "reportedEntry", cells):
                _text(
                    entry,
                    catName=title,
                    dispersionLowerLimit=cell.get("lowerLimit"),
                    dispersionSpread=cell.get("spread"),
                    dispersionUpperLimit=cell.get("upperLimit"),
                    naComment=cell.get("comment"),
                    parameterValue=cell.get("value"),
                )
            _text(value, subjectsAnalyzed=analyzed.get(group))
        _text(row, title=one.get("title"))


def _baseline(root: ElementTree.Element, module: Section) -> None:
    baseline = ElementTree.SubElement(root, "baseline")
    for element, measure in _each(
        baseline, "baselineMeasures", "baselineMeasure", module["measures"]
    ):
        _measure(element, measure, str)
        listed = measure["title"] in _BASELINE_TITLES
        _text(
            element,
            measureDescription=measure.get("description"),
            parameterType=_PARAM_TYPES[measure["paramType"]],
            populationAnalysisDescription=measure.get("populationDescription"),
            title=measure["title"] if listed else "Study Specific Characteristic",
            unitOfMeasure=measure["unitOfMeasure"],
            otherTitle=None if listed else measure["title"],
        )
    analyzed = _denominators(module)
    *groups, total = module["groups"]
    _reporting_groups(
        baseline, "baselineReportingGroups", "baselineReportingGroup", groups, analyzed, str
    )
    _text(baseline, populationAnalysisDescription=module.get("populationDescription"))
    _group(ElementTree.SubElement(baseline, "totalBaselineReportingGroup"), total, analyzed, str)


def _outcome(element: ElementTree.Element, measure: Section, prefix: str) -> None:
    """Ids are unique in the whole document, so that groups carry the number of their measure."""

    def name(group: str) -> str:
        return f"{prefix}.{group}"

    _measure(element, measure, name)
    _text(
        element,
        measureDescription=measure.get("description"),
        parameterType=_PARAM_TYPES.get(measure.get("paramType", "")),
        populationAnalysisDescription=measure.get("populationDescription"),
        timeFrame=measure["timeFrame"],
        title=measure["title"],
        unitOfMeasure=measure.get("unitOfMeasure"),
        measureType=_KINDS[measure["type"]],
    )
    for analysis, one in _each(
        element, "outcomeMeasureAnalyses", "measureAnalysis", measure.get("analyses", ())
    ):
        _analysis(analysis, one, name)
    _reporting_groups(
        element,
        "outcomeReportingGroups",
        "outcomeReportingGroup",
        measure["groups"],
        _denominators(measure),
        name,
    )


def _analysis(element: ElementTree.Element, one: Section, name: Callable[[str], str]) -> None:
    for part, group in _each(
        element, "outcomeReportingGroups", "outcomeReportingGroupId", one["groupIds"]
    ):
        part.text = name(group)
    method, parameter = one.get("statisticalMethod"), one.get("paramType", "")
    _text(
        element,
        ciLowerLimit=one.get("ciLowerLimit"),
        ciNumSides=_SIDES.get(one.get("ciNumSides", "")),
        ciPctValue=one.get("ciPctValue"),
        ciUpperLimit=one.get("ciUpperLimit"),
        ciUpperLimitNaComment=one.get("ciUpperLimitComment"),
        estimateComment=one.get("estimateComment"),
        groupDescription=one.get("groupDescription"),
        otherAnalysis=one.get("otherAnalysisDescription"),
        otherMethodName=method if method and method not in STATISTICAL_METHODS else None,
        otherTypeName=parameter if parameter not in PARAMETERS else None,
        parameterType=parameter if parameter in PARAMETERS else OTHER,
        parameterValue=one.get("paramValue"),
        pValue=one.get("pValue"),
        statisticalMethod=(method if method in STATISTICAL_METHODS else OTHER) if method else None,
        statisticalTestComment=one.get("statisticalComment"),
        statisticalTestType=_TESTS.get(one.get("nonInferiorityType", "")),
    )


# -- flow and events -----------------------------------------------------------------------------


def _flow(root: ElementTree.Element, module: Section) -> None:
    flow = ElementTree.SubElement(root, "participantFlow")
    for element, group in _each(flow, "participantFlowGroups", "flowGroup", module["groups"]):
        element.set("id", group["id"])
        _text(element, description=group.get("description"), title=group["title"])
    for element, period in _each(flow, "periods", "period", module["periods"]):
        by_type = {one["type"]: one for one in period["milestones"]}
        _milestone(ElementTree.SubElement(element, "completedMilestone"), by_type.pop("COMPLETED"))
        started = by_type.pop("STARTED")
        by_type.pop("NOT COMPLETED", None)  # the registry takes it from the reasons
        for reason, one in _each(
            element, "dropWithdrawReasons", "dropWithdrawReason", period.get("dropWithdraws", ())
        ):
            for detail, stats in _each(
                reason, "dropWithdrawReasonDetails", "reasonDetail", one["reasons"]
            ):
                _text(
                    detail,
                    reportingGroupId=stats["groupId"],
                    subjectsAffected=stats["numSubjects"],
                )
            listed = one["type"] in REASONS
            _text(
                reason,
                otherReasonName=None if listed else one["type"],
                reasonType=one["type"] if listed else OTHER,
            )
        for milestone, one in _each(element, "milestones", "milestone", by_type.values()):
            _milestone(milestone, one)
            _text(milestone, titleOther=one["type"])
        _milestone(ElementTree.SubElement(element, "startedMilestone"), started)
        _text(element, title=period["title"])
    _text(
        flow,
        preAssignmentDescription=module.get("preAssignmentDetails"),
        recruitmentDetails=module.get("recruitmentDetails"),
    )


def _milestone(element: ElementTree.Element, one: Section) -> None:
    for part, stats in _each(
        element, "milestoneAchievements", "milestoneAchievement", one["achievements"]
    ):
        without = stats["numSubjects"] == "NA"
        _text(
            part,
            reportingGroupId=stats["groupId"],
            comment=None if without else stats.get("comment"),
            subjectsAchieve=None if without else stats["numSubjects"],
            subjectsNaComment=stats.get("comment") if without else None,
        )


def _events(root: ElementTree.Element, module: Section) -> None:
    events = ElementTree.SubElement(root, "reportedEvents")
    _text(
        events,
        allCauseMortComment=module.get("allCauseMortalityComment"),
        frequencyReportingThreshold=module["frequencyThreshold"],
    )
    _terms(events, "frequentAdverseEvents", "frequentEvent", module.get("otherEvents", ()))
    for element, group in _each(
        events, "interventionGroups", "interventionGroup", module["eventGroups"]
    ):
        element.set("id", group["id"])
        _text(
            element,
            description=group.get("description"),
            numDeaths=group["deathsNumAffected"],
            numSubjectsFrequentEvents=group["otherNumAffected"],
            numSubjectsSeriousEvents=group["seriousNumAffected"],
            partAtRiskAllCauseMort=group["deathsNumAtRisk"],
            partAtRiskFrequentEvents=group["otherNumAtRisk"],
            partAtRiskSeriousEvents=group["seriousNumAtRisk"],
            title=group["title"],
        )
    _text(events, notes=module.get("description"))
    _terms(events, "seriousAdverseEvents", "seriousEvent", module.get("seriousEvents", ()))
    _text(events, timeFrame=module["timeFrame"])


def _terms(parent: ElementTree.Element, whole: str, part: str, terms: Iterable[Section]) -> None:
    for element, term in _each(parent, whole, part, terms):
        for stats, one in _each(element, "adverseEventStats", "eventStats", term["stats"]):
            _text(
                stats,
                reportingGroupId=one["groupId"],
                numEvents=one["numEvents"],
                numSubjectsAffected=one["numAffected"],
                numSubjects=one["numAtRisk"],
            )
        _text(
            element,
            assessmentType=_ASSESSMENTS[term["assessmentType"]],
            organSystemName=term["organSystem"],
            sourceVocabulary=term.get("sourceVocabulary"),
            term=term["term"],
        )
