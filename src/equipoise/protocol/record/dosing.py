"""Checks of what is given when: start and stop, dose, and screening against the first dose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from equipoise.protocol.checks.finding import Finding

from .facts import ArmFacts, InterventionFacts, Passage, RecordFacts
from .findings import finding, quoted
from .language import normal, tokens
from .timing import Moment, moments, resolve_course

CODES = (
    "timing-conflict",
    "dose-ambiguity",
    "screening-before-first-dose",
    "route-mismatch",
)


def check(facts: RecordFacts, today: date | None) -> Iterator[Finding]:
    """All findings on dosing."""
    yield from _timing_conflicts(facts)
    yield from _dose_ambiguities(facts)
    yield from _screening_before_first_dose(facts)
    yield from _route_mismatches(facts)


# timing-conflict --------------------------------------------------------------------------------


def _pairs(facts: RecordFacts) -> Iterator[tuple[Passage, Passage]]:
    """Texts that speak of the same intervention: its own, its arms', and its variants."""
    by_id = {intervention.id: intervention for intervention in facts.interventions}
    for intervention in facts.interventions:
        for variant in intervention.variants:
            yield intervention.description, variant
    linked = any(arm.interventions for arm in facts.arms)
    for arm in facts.arms:
        for intervention in (
            [by_id[name] for name in arm.interventions if name in by_id]
            if linked
            else [one for one in facts.interventions if _mentions(arm, one)]
        ):
            for text in (intervention.description, *intervention.variants):
                if _only_about(arm, intervention, facts):
                    yield arm.description, text


def _mentions(arm: ArmFacts, intervention: InterventionFacts) -> bool:
    name = tokens(intervention.name)
    said = tokens(f"{arm.label} {arm.description.text}")
    return bool(name) and len(name & said) * 2 > len(name)


def _only_about(arm: ArmFacts, intervention: InterventionFacts, facts: RecordFacts) -> bool:
    """An arm of several interventions tells several timings; only one it has alone can conflict."""
    return len(arm.interventions) <= 1


def _timing_conflicts(facts: RecordFacts) -> Iterator[Finding]:
    reported: set[tuple[str, str, str]] = set()
    for one, other in _pairs(facts):
        first, second = moments(one.text), moments(other.text)
        first, second = resolve_course(first, second), resolve_course(second, first)
        for role, word, chinese in (
            ("start", "starts", "开始"),
            ("stop", "stops", "停止"),
        ):
            conflict = _conflict(first, second, role)
            if conflict is None or (role, one.place, other.place) in reported:
                continue
            reported.add((role, one.place, other.place))
            left, right = conflict
            yield finding(
                "timing-conflict",
                "error",
                one.place,
                (
                    f"Two texts disagree on when the intervention {word}: {one.place} says "
                    f"{_day(left)}, {other.place} says {_day(right)}.",
                    f"两处文字对干预何时{chinese}说法不一：{one.place} 为{_day_zh(left)}，"
                    f"{other.place} 为{_day_zh(right)}。",
                ),
                (
                    "Make both texts say the same day, or record a decision that names the one "
                    "that holds.",
                    "使两处文字一致，或记录一项决定，指明以哪一处为准。",
                ),
                qualifier=role,
            )


def _conflict(first: list[Moment], second: list[Moment], role: str) -> tuple[Moment, Moment] | None:
    """Two days that cannot both be meant; None where the texts can be reconciled."""
    left = [moment for moment in first if moment.role == role and moment.days is not None]
    right = [moment for moment in second if moment.role == role and moment.days is not None]
    if {moment.where for moment in left} & {moment.where for moment in right}:
        return None
    for one in left:
        for other in right:
            if one.event == other.event:
                return one, other
    return None


def _day(moment: Moment) -> str:
    point = "the first day" if moment.point == "start" else "the last day"
    if moment.days is None or moment.days == 0:
        return f"{point} of {moment.event}"
    count = abs(moment.days).normalize()
    unit = "day" if count == 1 else "days"
    return f"{count:f} {unit} {'before' if moment.days < 0 else 'after'} {point} of {moment.event}"


_EVENT_ZH = {
    "radiotherapy": "放疗",
    "chemotherapy": "化疗",
    "surgery": "手术",
    "randomization": "随机",
    "enrollment": "入组",
    "consent": "知情同意",
    "transplantation": "移植",
    "first dose": "首次给药",
    "hospital admission": "入院",
    "discharge": "出院",
    "delivery": "分娩",
    "course": "疗程",
}


def _day_zh(moment: Moment) -> str:
    event = _EVENT_ZH.get(moment.event, moment.event)
    point = f"{event}首日" if moment.point == "start" else f"{event}末日"
    if moment.days is None or moment.days == 0:
        return point
    return f"{point}{'前' if moment.days < 0 else '后'} {abs(moment.days).normalize():f} 天"


# dose-ambiguity ---------------------------------------------------------------------------------

_OCCASION = r"(?:application|administration|dose|dosing|time|occasion|use|session|treatment|rinse|gargle|intake|feeding)"
_ACTUATION = r"(?:spray|puff|actuation|pump|squirt|press|spritz|stroke|push|shot|drop|inhalation|nebuli[sz]ation|jet|burst)"
_AMOUNT = r"(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>ml|[µμu]l|microlit(?:er|re)s?|millilit(?:er|re)s?|cc|mg|milligrams?|g|µg|μg|mcg|micrograms?|ug|iu|units?|l|drops)"
_LINK = r"\s*(?:\([^)]{0,20}\)\s*)?\(?(?:/|(?:per|for (?:1|a)|for each|for every|in each|in every|at each|at every|with each|with every|each|every|a)\s+(?:single\s+|one\s+|1\s+|individual\s+)?)\s*"
_LINK_REVERSED = r"(?:each|every|per|one|a single|1)\s+(?:single\s+)?"
_DELIVERS = r"\s*(?:\w+\s+){0,3}?(?:of|is|=|:|contains|delivers|gives|dispenses|yields|emits|ejects|provides|releases|uses|consists of|equals|should be|will be|being)?\s*(?:about|approx\.?|approximately|around|roughly|~|≈|circa)?\s*(?:of\s*)?"


@dataclass(frozen=True, slots=True)
class _Portion:
    amount: Decimal
    unit: str
    by: str
    word: str
    place: str


def _quantity(match: re.Match[str]) -> tuple[Decimal, str]:
    """Amount and unit, volumes in milliliters."""
    amount, unit = Decimal(match["amount"]), match["unit"]
    if unit.startswith(("ml", "millil", "cc")):
        return amount, "mL"
    if re.fullmatch(r"[µμu]l|microlit(?:er|re)s?", unit):
        return amount / 1000, "mL"
    return amount, {"milligrams": "mg", "milligram": "mg"}.get(unit, unit)


def _portions(passage: Passage) -> Iterator[_Portion]:
    text = normal(passage.text)
    for by, nouns in (("occasion", _OCCASION), ("actuation", _ACTUATION)):
        for pattern in (
            rf"{_AMOUNT}{_LINK}(?P<word>{nouns})(?:s|es|ing)?\b",
            rf"\b{_LINK_REVERSED}(?P<word>{nouns})\b{_DELIVERS}{_AMOUNT}\b",
        ):
            for match in re.finditer(pattern, text):
                yield _Portion(*_quantity(match), by, match["word"], passage.place)
    for told in (_EACH_PRESS, _VOLUME):
        for match in told.finditer(text):
            yield _Portion(*_quantity(match), "actuation", match["word"] or "press", passage.place)


_EACH_PRESS = re.compile(
    r"\b(?:(?:each|every) time [^.;]{0,40}?\b(?P<word>press|pump|spray|actuat|squeez|trigger|puff)\w*\b|"
    r"(?:press|pump|spray|actuat|squeez)\w*(?: \w+){0,3} once\b)[^.;]{0,40}?\b" + _AMOUNT + r"\b"
)
"""`Each time the nozzle is pressed 1.5 mL is released`."""
_VOLUME = re.compile(
    rf"\b(?P<word>{_ACTUATION})(?:'s)?\s+(?:volume|size|output|amount|dose|dosage)\b{_DELIVERS}{_AMOUNT}\b"
)

_COUNT = r"(?P<count>\d+|a single|single|an?)"
_ACTUATIONS = rf"(?:\w+\s+)?{_ACTUATION}(?:s|es)?\b"
_ACTUATION_COUNTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_COUNT}\s+{_ACTUATIONS}[^.;]{{0,30}}?(?:/|\b(?:per|for each|in each|at each|each|for every)\b)\s*(?:single\s+)?{_OCCASION}\b",
        rf"\b{_OCCASION}s?\b(?:[^.;]|(?<=\d)\.(?=\d)){{0,40}}?\b(?:is|=|consists? of|comprises?|equals|corresponds to|contains|means|given as|made up of|delivered as|as|in|with|by)\s+(?:\w+\s+)?{_COUNT}\s+{_ACTUATIONS}",
        rf"\b{_OCCASION}s?\b[^.;()]{{0,20}}[(,]\s*(?:=|i\.e\.,?|that is,?|as|in)?\s*{_COUNT}\s+{_ACTUATIONS}",
    )
)


def _actuations_per_occasion(texts: list[Passage]) -> Decimal | None:
    """How many actuations a text says make one administration; None where it does not say."""
    for text in texts:
        for pattern in _ACTUATION_COUNTS:
            match = pattern.search(normal(text.text))
            if match is not None:
                return Decimal(match["count"]) if match["count"].isdigit() else Decimal(1)
    return None


def _adds_up(count: Decimal | None, actuation: _Portion, occasions: list[_Portion]) -> bool:
    """Whether the number of actuations is said and agrees with every amount per administration."""
    return count is not None and all(
        one.amount == count * actuation.amount for one in occasions if one.unit == actuation.unit
    )


def _dose_ambiguities(facts: RecordFacts) -> Iterator[Finding]:
    for intervention in facts.interventions:
        texts = [intervention.description, *intervention.variants]
        texts += [
            arm.description for arm in facts.arms if intervention.id in arm.interventions
        ] or [arm.description for arm in facts.arms if _mentions(arm, intervention)]
        portions = [portion for text in texts for portion in _portions(text)]
        count = _actuations_per_occasion(texts)
        occasions = [one for one in portions if one.by == "occasion"]
        actuations = [one for one in portions if one.by == "actuation"]
        for actuation in actuations:
            same = next(
                (
                    one
                    for one in occasions
                    if (one.amount, one.unit) == (actuation.amount, actuation.unit)
                ),
                None,
            )
            if _adds_up(count, actuation, occasions):
                continue
            dose = f"{actuation.amount.normalize():f} {actuation.unit}"
            if same is None:
                same = next((one for one in occasions if one.unit == actuation.unit), None)
            clash = clash_zh = ""
            if same is not None:
                whole = f"{same.amount.normalize():f} {same.unit}"
                clash = f" and {whole} per {same.word} ({same.place})"
                clash_zh = f"，又写每次 {whole}（{same.place}）"
            gap = ("how many make one administration is not said", "未说明一次给药含几喷")
            if count is not None:
                gap = (
                    f"{count:f} to an administration does not give that amount",
                    f"每次 {count:f} 喷与每次给药量不符",
                )
            yield finding(
                "dose-ambiguity",
                "error",
                actuation.place,
                (
                    f"The dose can be read in two ways: {dose} per {actuation.word} "
                    f"({actuation.place}){clash}; {gap[0]}.",
                    f"剂量可有两种读法：每喷 {dose}（{actuation.place}）{clash_zh}；{gap[1]}。",
                ),
                (
                    "State the amount per administration and, for a spray, how many actuations "
                    "of what volume make it up.",
                    "写明每次给药量；喷雾剂还应写明每次几喷、每喷多少。",
                ),
            )
            break


# screening-before-first-dose --------------------------------------------------------------------


_WHICHEVER_FIRST = re.compile(
    r"\bwhichever (?:of \w+ )?(?:comes|is|occurs|happens) (?:the )?(?:first|earlier|earliest|sooner)\b"
)


def _screening_before_first_dose(facts: RecordFacts) -> Iterator[Finding]:
    earliest: dict[str, tuple[Decimal, str]] = {}
    texts = [arm.description for arm in facts.arms]
    for intervention in facts.interventions:
        texts += [intervention.description, *intervention.variants]
    for text in texts:
        for moment in moments(text.text):
            if (
                moment.role == "start"
                and moment.point == "start"
                and moment.days is not None
                and moment.days < 0
            ):
                known = earliest.get(moment.event)
                if known is None or moment.days < known[0]:
                    earliest[moment.event] = (moment.days, text.place)
    for criterion in facts.criteria:
        for moment in moments(criterion.passage.text):
            if moment.event not in earliest or moment.point != "start" or moment.side == "after":
                continue
            first_dose, where = earliest[moment.event]
            at_least = re.search(
                r"(?:at least|no later than|>=|≥|more than) (?:the )?\d", moment.words
            )
            if _WHICHEVER_FIRST.search(moment.words):
                continue
            judged = moment.days if at_least and moment.days is not None else Decimal(0)
            if judged <= first_dose:
                continue
            early = abs(first_dose).normalize()
            event_zh = _EVENT_ZH.get(moment.event, moment.event)
            yield finding(
                "screening-before-first-dose",
                "warning",
                criterion.passage.place,
                (
                    f"The criterion is judged up to the start of {moment.event} "
                    f"(“{quoted(criterion.passage.text)}”), while dosing may begin {early:f} days "
                    f"before it ({where}): a participant could be dosed first and found "
                    "ineligible later.",
                    f"该标准以{event_zh}开始时为准，而给药可在其前 {early:f} 天开始（{where}）："
                    "受试者可能先用药、后被判不合格。",
                ),
                (
                    "Judge the criterion before randomization or before the first dose, whichever "
                    "comes first.",
                    "将判定时点改为随机前或首次给药前（取较早者）。",
                ),
                qualifier=criterion.id,
            )
            break


# route-mismatch ---------------------------------------------------------------------------------

_INHALED = re.compile(r"\b(?:aerosoli[sz]ed|nebuli[sz]\w*|inhal\w+|aerosol)\b")
_OTHER_ROUTES = (
    ("a spray onto the oral mucosa", "口腔黏膜喷雾", re.compile(r"\b(?:oral|mouth|buccal|throat)\b[^.;]{0,30}\bspray|spray\w*[^.;]{0,40}\b(?:oral|mouth|mucos\w+)")),
    ("injection", "注射", re.compile(r"\b(?:inject\w+|intraven\w+|subcutaneous\w*|intramuscular\w*|infus\w+)\b")),
    ("a mouth rinse", "含漱", re.compile(r"\b(?:mouthwash|mouth rinse|gargl\w+|rinse with)\b")),
    ("tablets or capsules", "片剂或胶囊", re.compile(r"\b(?:tablets?|capsules?)\b")),
)  # fmt: skip


def _route_mismatches(facts: RecordFacts) -> Iterator[Finding]:
    titled = [title for title in facts.titles if title and _INHALED.search(normal(title.text))]
    instructions = [
        text
        for intervention in facts.interventions
        for text in (intervention.description, *intervention.variants)
        if text
    ]
    if not titled or not instructions or len(facts.interventions) != 1:
        return
    said = " ".join(normal(text.text) for text in instructions)
    names = " ".join(normal(intervention.name) for intervention in facts.interventions)
    arms = " ".join(normal(arm.description.text) for arm in facts.arms)
    if _INHALED.search(said) or _INHALED.search(names) or _INHALED.search(arms):
        return
    for english, chinese, pattern in _OTHER_ROUTES:
        if pattern.search(said):
            word = _INHALED.search(normal(titled[0].text))
            yield finding(
                "route-mismatch",
                "warning",
                titled[0].place,
                (
                    f"The title says “{word[0] if word else ''}”, the instructions describe "
                    f"{english}: the route decides device, dose and airway safety.",
                    f"标题用语指吸入或雾化，用法却是{chinese}：给药途径决定装置、剂量与气道安全。",
                ),
                (
                    "Name the same route in the title and the instructions.",
                    "使标题与用法中的给药途径一致。",
                ),
            )
            return
