"""When a text says that something starts and stops, as days counted from an event.

`Begin 7 days prior to radiotherapy initiation`, `the first spray is taken one week before the
first fraction` and `starting a week ahead of irradiation` all mean radiotherapy's first day less
seven. The texts are read in two steps: phrases that name a point of an event (its first day, its
completion) become tokens, then durations and prepositions around the tokens become offsets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Literal

from .language import days, normal, sentences

Point = Literal["start", "end"]
Role = Literal["start", "stop", "none"]

COURSE = "course"
"""`The treatment course` without saying whose: resolved from the rest of the text."""

_EVENTS = (
    (
        "radiotherapy",
        r"(?:(?:concurrent|concomitant) )?(?:chemo-?radio-?therapy|chemo-?radiation(?: therapy)?|"
        r"radio-?chemotherapy|radiation(?:[- ]?(?:therapy|treatment))?|radio-?therapy|irradiation|"
        r"imrt|ccrt|crt|rt)",
    ),
    ("chemotherapy", r"chemo-?therapy"),
    ("surgery", r"(?:surgery|the operation|operation|surgical procedure|resection)"),
    ("randomization", r"(?:randomi[sz]ation|allocation|randomly assigned)"),
    ("enrollment", r"(?:enrol+ment|study entry|recruitment)"),
    ("consent", r"(?:informed )?consent"),
    ("transplantation", r"(?:(?:stem cell |bone marrow )?transplant(?:ation)?|hsct)"),
    ("first dose", r"(?:(?<=before )|(?<=before the )|(?<=prior to )|(?<=prior to the )|(?<=after )|(?<=after the )|(?<=from )|(?<=from the ))(?:first|initial) (?:dose|administration)(?: of (?:the )?(?:study|trial|investigational) (?:drug|product|treatment|medication))?"),
    ("hospital admission", r"(?:hospital )?admission|hospitali[sz]ation"),
    ("discharge", r"(?:hospital )?discharge"),
    ("delivery", r"(?:delivery|childbirth)"),
)  # fmt: skip
_FILL = (
    r"(?:(?:the|a|an|this|that|its|his|her|their|of|planned|scheduled|intended|patient'?s|patients'|"
    r"whole|entire|full|complete|conventional|definitive|radical|external beam|standard|"
    r"course of|course|treatment with|treatment)\s+){0,6}"
)
_UNIT = r"(?:session|fraction|exposure|treatment|day|sitting|cycle|dose|date)s?"
_STARTS = (
    r"(?:start|initiation|beginning|commencement|onset|outset|beginning|begin|starting|"
    r"initiating|commencing)"
)
_ENDS = (
    r"(?:end|completion|conclusion|finish|termination|cessation|close|ending|completing|finishing|"
    r"concluding)"
)
_STARTED = r"(?:starts?|begins?|commences?|initiation|started|begun|began|initiated|start date|commencement|beginning|onset)"
_ENDED = r"(?:ends?|ended|finishes|finished|finish|completes?|completed|completion|concludes?|concluded|conclusion|over|complete|stops?|termination)"
_AUXILIARY = (
    r"(?:(?:course|treatment|therapy|is|are|has|have|was|were|been|being|has been)\s+){0,4}"
)


def _patterns() -> list[tuple[str, Point | None, re.Pattern[str]]]:
    made: list[tuple[str, Point | None, re.Pattern[str]]] = []
    for event, words in (
        *_EVENTS,
        (
            COURSE,
            r"(?:treatment|therapy|therapeutic|study treatment)?\s*(?:course|period)|treatment|therapy",
        ),
    ):
        point_of: tuple[tuple[Point, str], ...] = (
            ("start", rf"(?:(?:first|1st|initial|opening)\s+{_UNIT}|day 1|{_STARTS})"),
            ("end", rf"(?:(?:last|final|closing)\s+{_UNIT}|{_ENDS})"),
        )
        for point, before in point_of:
            made.append(
                (
                    event,
                    point,
                    re.compile(
                        rf"\b{_FILL}{before}\s+{_FILL}(?:{words})\b(?! group| arm)(?:\s+(?:course|treatment|therapy|period)\b)*"
                    ),
                )
            )
        if event != COURSE:
            for point, which in (
                ("start", "first|1st|initial|opening"),
                ("end", "last|final|closing"),
            ):
                made.append(
                    (event, point, re.compile(rf"\b{_FILL}(?:{which})\s+(?:{words})\s+{_UNIT}\b"))
                )
        for point, after in (("start", _STARTED), ("end", _ENDED)):
            made.append(
                (
                    event,
                    point,
                    re.compile(
                        rf"\b{_FILL}(?:{words})(?:'s)?\s+{_AUXILIARY}(?:{after}|(?:first|1st|initial)\s+{_UNIT}|day 1)\b"
                        if point == "start"
                        else rf"\b{_FILL}(?:{words})(?:'s)?\s+{_AUXILIARY}(?:{after}|(?:last|final)\s+{_UNIT})\b"
                    ),
                )
            )
        if event == "radiotherapy":
            made.append(
                (
                    event,
                    "start",
                    re.compile(rf"\b{_FILL}(?:first|1st|initial)\s+(?:fraction|irradiation)\b"),
                )
            )
            made.append(
                (event, "end", re.compile(rf"\b{_FILL}(?:last|final)\s+(?:fraction|irradiation)\b"))
            )
        if event != COURSE:
            made.append(
                (event, None, re.compile(rf"\b{_FILL}(?:{words})\b(?:\s+(?:course|treatment)\b)?"))
            )
    return made


_PATTERNS = _patterns()
_NAMES = [event for event, _ in _EVENTS] + [COURSE]
_COURSE = len(_EVENTS)
_TOKEN = r"⟦(?P<event>\d+):(?P<point>start|end|any)⟧"
"""A point of an event, named by number so that no later pattern can match inside it."""
_DURATION = r"(?P<count>\d+(?:\.\d+)?)\s+(?:full |whole |calendar |consecutive |more |further |additional |extra )?(?P<unit>hours?|days?|weeks?|fortnights?|months?|years?)"
_BEFORE = r"(?:before|prior to|ahead(?: of)?|preceding|in advance(?: of)?|pre|previous to|earlier than|until|to)"
_AFTER = r"(?:after|post|following|past|from|since|subsequent to|beyond|later than|of|once|when)"
_FURTHER = r"(?:and|plus|\+|then)\s+(?:continu\w+\s+)?(?:for\s+)?(?:a\s+|an\s+)?(?:further|another|additional|more|extra)?\s*"

_KINDS = ("before", "after", "further", "next", "plain")


def _numbered(pattern: str, number: int) -> str:
    """The pattern with its group names told apart, so that it can stand twice in one expression."""
    return re.sub(r"\(\?P<(\w+)>", rf"(?P<\g<1>{number}>", pattern)


_EXPRESSION = re.compile(
    "|".join(
        (
            rf"(?P<before>{_numbered(_DURATION, 1)}\s+{_BEFORE}\s+{_numbered(_TOKEN, 1)})",
            rf"(?P<after>{_numbered(_DURATION, 2)}\s+{_AFTER}\s+{_numbered(_TOKEN, 2)})",
            rf"(?P<further>{_numbered(_TOKEN, 3)}\s*,?\s*{_FURTHER}{_numbered(_DURATION, 3)})",
            rf"(?P<next>(?:the\s+)?day\s+(?P<side>before|after|prior\s+to|following)\s+{_numbered(_TOKEN, 4)})",
            rf"(?P<plain>{_numbered(_TOKEN, 5)})",
        )
    )
)
_START_CUE = re.compile(
    r"\b(?:begin(?:s|ning)?|began|begun|start(?:s|ed|ing)?|initiat(?:e|es|ed|ing|ion)|commenc(?:e|es|ed|ing|ement)|"
    r"(?:first|initial) (?:dose|spray|application|administration|use)|the first(?: 1)?(?= (?:,|is\b|on\b|at\b|\d))|start(?= ?:)|first (?:applied|used|given|taken|sprayed|administered)|onset of dosing|day 1 of (?:dosing|use))\b"
)
_STOP_CUE = re.compile(
    r"\b(?:until|till|til|through|up to|continu(?:e|es|ed|ing|ously)|stop(?:s|ped|ping)?|end(?:s|ed|ing)?|"
    r"discontinu(?:e|es|ed|ing)|ceas(?:e|es|ed|ing)|finish(?:es|ed|ing)?|last(?:s|ed|ing)?|"
    r"(?:last|final) (?:dose|spray|application|administration|use)|the (?:last|final)(?: 1)?(?= (?:,|is\b|on\b|at\b|\d))|"
    r"last (?:applied|used|given|taken|sprayed|administered)|(?:kept|keep|go|goes|going) (?:on|up|going)|carr(?:y|ied|ies) on|maintain(?:ed|s)?|"
    r"terminat(?:e|es|ed|ing)|"
    r"conclud(?:e|es|ed|ing)|complet(?:e|es|ed|ing))\b"
)
_ADJACENT_START = re.compile(
    r"\b(?:from|since|as of)\s+(?:about\s+|approximately\s+|the\s+|day\s+)*$"
)
_ADJACENT_STOP = re.compile(
    r"(?:\b(?:to|through|until|till|throughout)\b|-)\s*(?:about\s+|approximately\s+|the\s+|and\s+including\s+|day\s+)*$"
)
_THROUGHOUT = re.compile(
    r"\b(?:during|throughout|for the (?:whole |entire |full )?(?:duration|length)(?: of)?|in the course(?: of)?|over the (?:course|whole)(?: of)?|"
    r"all through|while|(?:for )?as long as|alongside|(?:every|each) day|all days|the days)\s+(?:the\s+)?$"
)
_TOGETHER_WITH = re.compile(
    r"\b(?:concurrent(?:ly)?|simultaneous(?:ly)?|together|in parallel|coinciding|coincides|at the same time)\s+(?:with|as)\s+$"
)
_BARE_BEFORE = re.compile(
    r"\b(?:before|prior to|ahead(?: of)?|preceding|pre|in advance(?: of)?)\s+$"
)
_AT = re.compile(r"\b(?:at|on|by|upon|until|up to|when|at the time of|as of)\s+$")
_BARE_AFTER = re.compile(r"\b(?:after|post|following|upon)\s+$")


@dataclass(frozen=True, slots=True)
class Moment:
    """A day a text names: `days` from the first or last day of `event`.

    `days` None means before or after it without saying how long. `words` is the sentence.
    """

    role: Role
    event: str
    point: Point
    days: Decimal | None
    words: str
    side: Literal["before", "after", "at"] = "at"

    @property
    def where(self) -> tuple[str, Point, Decimal | None]:
        """What makes two moments the same day."""
        return self.event, self.point, self.days


def _tokenized(sentence: str, antecedent: str | None = None) -> str:
    """The sentence with its events as tokens; `antecedent` is the event the one before it named."""
    text = re.sub(r"\b(post|pre)-(?=\w)", r"\1 ", sentence)
    text = _SIGNED_DAY.sub(
        lambda match: f"{match['count']} days {'before' if match['sign'] == '-' else 'after'}", text
    )
    text = _WEEK_BEFORE.sub("1 week ", text)
    text = _NUMBERED_DAY.sub(r"\g<count> days \g<side>", text)
    text = _SHARED_EVENT.sub(r"\g<first> of \g<event>\g<between>", text)
    text = re.sub(r"\s*[,:]\s*", lambda match: f" {match[0].strip()} ", text)
    for event, point, pattern in _PATTERNS:
        text = pattern.sub(f"⟦{_NAMES.index(event)}:{point or 'any'}⟧", text)
    text = re.sub(rf"{_NOT_COUNTED_FROM}⟦{_COURSE}:end⟧{_BEFORE_A_DAY}", "ends", text)
    text = re.sub(rf"{_NOT_COUNTED_FROM}⟦{_COURSE}:start⟧{_BEFORE_A_DAY}", "begins", text)
    text = _SHARED_AFTER.sub(r"\g<before> \g<event>", text)
    named = re.findall(_TOKEN, text)
    last: str | None = str(named[-1][0]) if named else antecedent
    if last is None:
        return text
    for referred, reference in _REFERENCES:
        token = f"⟦{last}:{referred}⟧"
        text = reference.sub(partial(_in_place, token), text)
    return text


def _in_place(token: str, reference: re.Match[str]) -> str:
    """The token for what a reference means, behind the preposition the reference was known by."""
    lead = reference.groupdict().get("lead")
    return f"{lead} {token}" if lead else token


_NOT_COUNTED_FROM = r"(?<!after )(?<!before )(?<!until )(?<!when )(?<!since )"
_BEFORE_A_DAY = r"(?=\s+(?:with|on|at|by|when|from|together|concurrently|simultaneously|alongside|as soon as|\d))"
"""`The treatment starts with …` says when something starts; it is no day to count from."""

_NUMBERED_DAY = re.compile(
    r"\b(?:day|d)\s*[-+]?\s?(?P<count>\d+)\s+(?P<side>before|prior to|ahead of|preceding|after|following|post)\b"
)
_SIGNED_DAY = re.compile(
    r"\b(?:day|d)\s*(?P<sign>[-+])\s?(?P<count>\d+)\s+(?:relative to|with respect to|counted from|of)\b"
)
_WEEK_BEFORE = re.compile(r"\b(?:in|during|over) the (?:last )?week (?=before|prior to|preceding)")
_SHARED_AFTER = re.compile(
    r"(?P<before>\d+ (?:day|week)s? (?:before|prior to|ahead of))"
    r"(?=\s*,?\s*(?:(?:to|and|until|through|during|throughout|,)\s+){1,3}(?:for |up to )?\d+ (?:day|week)s? (?:after|following|post) (?P<event>⟦\d+:any⟧))"
)
"""`From 1 week before to 2 weeks after radiotherapy`."""
_SHARED_EVENT = re.compile(
    r"\b(?P<first>(?:the )?(?:start|beginning|first (?:day|fraction|session)|onset|initiation|first))"
    r"(?=(?P<between>\s+(?:until|through|to|and|till|up to)\s+(?:the )?(?:very )?(?:end|last (?:day|fraction|session)|completion|conclusion|last)"
    r"\s+of\s+(?P<event>(?:the\s+)?[a-z-]+(?:\s+therapy)?)))"
)
"""`From start to end of radiotherapy`: both belong to radiotherapy."""

_REFERENCES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "end",
        re.compile(
            r"\b(?:it|that|this)\s+(?:has been |is |has |was |itself )?(?:ends|ended|finishes|finished|over|completed|complete|concludes|stops)\b|"
            r"\bits (?:end|completion|conclusion|termination)\b|(?<=after )completion\b(?! of)|(?<=following )completion\b(?! of)|"
            r"\b(?P<lead>after|following|to|until|till|with|on|of|at|by|through)\s+the (?:last|final)"
            r"(?: (?:session|sitting|exposure|treatment|day)\b(?! of)|(?: 1)?(?=\s*(?:[.,;)]|$)))"
        ),
    ),
    (
        "start",
        re.compile(
            r"\b(?:it|that|this)\s+(?:is |has |was |itself )?(?:begins|starts|begun|started|commences|initiated)\b|"
            r"\bits (?:start|beginning|initiation|commencement|onset)\b|"
            r"\b(?P<lead>before|on|with|at|from|of)\s+the first"
            r"(?: (?:session|sitting|exposure|treatment|day)\b(?! of)|(?: 1)?(?=\s*(?:[.,;)]|$)))"
        ),
    ),
    (
        "any",
        re.compile(
            r"(?:(?<=after )|(?<=since )|(?<=following )|(?<=before )|(?<=with ))(?:it|that|this)\b(?! ⟦)"
        ),
    ),
)
"""Words that point back to the event named last: `after it`, `its completion`, `the last one`."""


def moments(text: str) -> list[Moment]:
    """Every day a text names relative to an event, in order, with what happens on it."""
    found: list[Moment] = []
    antecedent: str | None = None
    for sentence in sentences(normal(text)):
        tokenized = _tokenized(sentence, antecedent)
        named = re.findall(_TOKEN, tokenized)
        antecedent = str(named[-1][0]) if named else antecedent
        cursor = 0
        said: list[Moment] = []
        for match in _EXPRESSION.finditer(tokenized):
            said.extend(_read(match, tokenized, sentence, cursor))
            cursor = match.end()
        found.extend(_as_stretch(said))
    return _resolved(found)


def _as_stretch(said: list[Moment]) -> list[Moment]:
    """`For 7 days before and 14 days after X`: with no verb at all, the first starts, the last stops."""
    bare = [
        one for one in said if one.role == "none" and one.side == "before" and one.days is not None
    ]
    if len(bare) != 1 or not any(
        one.side == "after" and one.event == bare[0].event and one.role in ("none", "stop")
        for one in said
    ):
        return said
    return [
        replace(one, role="start")
        if one is bare[0]
        else replace(one, role="stop")
        if one.side == "after" and one.role == "none"
        else one
        for one in said
    ]


def _read(match: re.Match[str], text: str, sentence: str, cursor: int) -> list[Moment]:
    groups = match.groupdict()
    before = text[: match.start()]
    since = text[cursor : match.start()]
    number, kind = next(
        (index, name) for index, name in enumerate(_KINDS, 1) if groups[name] is not None
    )
    event, named = _NAMES[int(groups[f"event{number}"])], groups[f"point{number}"]
    offset: Decimal | None
    side: Literal["before", "after", "at"]
    if kind in ("before", "after", "further"):
        offset = days(groups[f"count{number}"], groups[f"unit{number}"])
        side = "before" if kind == "before" else "after"
        offset = -offset if kind == "before" else offset
        named = "end" if kind == "further" and named == "any" else named
    elif kind == "next":
        earlier = groups["side"].startswith(("before", "prior"))
        offset, side = Decimal(-1 if earlier else 1), "before" if earlier else "after"
    else:
        uncued = not (_START_CUE.search(since) or _STOP_CUE.search(since))
        if named == "any" and (
            _THROUGHOUT.search(before)
            or (_TOGETHER_WITH.search(before) and uncued)
            or re.match(r"\s+days\b", text[match.end() :])
        ):
            return [
                Moment("start", event, "start", Decimal(0), sentence),
                Moment("stop", event, "end", Decimal(0), sentence),
            ]
        offset, side = Decimal(0), "at"
        if _BARE_BEFORE.search(before):
            offset, side = None, "before"
        elif _BARE_AFTER.search(before):
            offset, side = None, "after"
    if side == "before":
        since = re.sub(r"\bup to (?:about )?$", "", since)  # `up to 7 days before` is no end
    role = _role(since, before, text[match.end() :])
    if role == "none" and kind == "after" and re.search(r"\bfor (?:up to )?$", before):
        role = "stop"
    if kind == "plain" and role == "none" and side == "at" and not _AT.search(before):
        return []  # the event is spoken of, not counted from
    point: Point
    if named == "any":
        point = (
            "start" if side == "before" else "end" if side == "after" or role == "stop" else "start"
        )
    else:
        point = "start" if named == "start" else "end"
    if event == COURSE and role == "none":
        return []
    return [Moment(role, event, point, offset, sentence, side)]


def _role(since: str, before: str, after: str) -> Role:
    """Whether the day is a start or a stop: by the nearest cue before it, else after it."""
    if _ADJACENT_START.search(before):
        return "start"
    starts = [match.end() for match in _START_CUE.finditer(since)]
    stops = [match.end() for match in _STOP_CUE.finditer(since)]
    if not starts and not stops and _ADJACENT_STOP.search(before):
        return "stop"
    if starts or stops:
        return "start" if (starts[-1] if starts else -1) > (stops[-1] if stops else -1) else "stop"
    ahead = after.split("⟦")[0]
    if re.match(r"\s*,?\s*(?:and\s+)?(?:through|until|till|up to|to|-)\s+(?:\w+\s+){0,4}$", ahead):
        return "start"  # the first end of a stretch: `7 days before A through 14 days after B`
    first_start, first_stop = _START_CUE.search(ahead), _STOP_CUE.search(ahead)
    if first_start and (not first_stop or first_start.start() < first_stop.start()):
        return "start"
    return "stop" if first_stop and not first_start else "none"


def _resolved(found: list[Moment]) -> list[Moment]:
    """`The treatment course` means the course of the event the text counts from."""
    named = [moment.event for moment in found if moment.event != COURSE]
    if not named:
        return found
    return [
        replace(moment, event=named[0]) if moment.event == COURSE else moment for moment in found
    ]


def resolve_course(found: list[Moment], other: list[Moment]) -> list[Moment]:
    """Resolve a course that only the other text explains."""
    named = [moment.event for moment in other if moment.event != COURSE]
    if not named:
        return found
    return [
        replace(moment, event=named[0]) if moment.event == COURSE else moment for moment in found
    ]
