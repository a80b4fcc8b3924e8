"""Checks of randomization: the ratio, and what it is stratified by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from equipoise.protocol.checks.finding import Finding

from .facts import RecordFacts
from .findings import finding
from .language import prose

CODES = ("no-allocation-ratio", "no-strata")


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


def check(facts: RecordFacts, today: date | None) -> Iterator[Finding]:
    """All findings on randomization."""
    if facts.allocation != "randomized":
        return
    said = prose(facts)
    if not facts.ratio_stated and not _ratio_said(said):
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
    if not facts.strata_stated and not _factors_said(said):
        named = _STRATA.search(said)
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
