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
_DURATION = r"(?P<count>\d+(?:\.\d+)?)\s+(?:full |whole |calendar |consecutive )?(?P<unit>days?|weeks?|fortnights?|months?|years?)"
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
    r"(?:first|initial) (?:dose|spray|application|administration|use)|onset of dosing|day 1 of (?:dosing|use))\b"
)
_STOP_CUE = re.compile(
    r"\b(?:until|till|til|through|up to|continu(?:e|es|ed|ing|ously)|stop(?:s|ped|ping)?|end(?:s|ed|ing)?|"
    r"discontinu(?:e|es|ed|ing)|ceas(?:e|es|ed|ing)|finish(?:es|ed|ing)?|last(?:s|ed|ing)?|"
    r"last (?:dose|spray|application|administration|use)|terminat(?:e|es|ed|ing)|"
    r"conclud(?:e|es|ed|ing)|complet(?:e|es|ed|ing))\b"
)
_ADJACENT_START = re.compile(r"\b(?:from|since|as of)\s+(?:about\s+|approximately\s+|the\s+)*$")
_ADJACENT_STOP = re.compile(
    r"(?:\b(?:to|through|until|till|throughout)\b|-)\s*(?:about\s+|approximately\s+|the\s+|and\s+including\s+)*$"
)
_THROUGHOUT = re.compile(
    r"\b(?:during|throughout|for the (?:whole |entire )?duration of|in the course of)\s+(?:the\s+)?$"
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


def _tokenized(sentence: str) -> str:
    text = re.sub(r"\b(post|pre)-(?=\w)", r"\1 ", sentence)
    text = re.sub(r"\s*[,:]\s*", lambda match: f" {match[0].strip()} ", text)
    for event, point, pattern in _PATTERNS:
        text = pattern.sub(f"⟦{_NAMES.index(event)}:{point or 'any'}⟧", text)
    text = re.sub(rf"⟦{_COURSE}:end⟧(?=\s+(?:with|on|at|by|when|\d))", "ends", text)
    text = re.sub(rf"⟦{_COURSE}:start⟧(?=\s+(?:with|on|at|when|from|\d))", "begins", text)
    return _PRONOUN.sub(_antecedent(text), text)


_PRONOUN = re.compile(
    r"(?:(?<=after )|(?<=since ))(?:it|that|this|its (?:end|completion)|completion)\b(?! ⟦)|"
    r"(?<=following )(?:it|that|completion)\b(?! ⟦)|(?<=before )(?:it|that)\b(?! ⟦)"
)


def _antecedent(text: str) -> str:
    """What `after it` refers to: the event named last."""
    named = re.findall(_TOKEN, text)
    return f"⟦{named[-1][0]}:any⟧" if named else "it"


def moments(text: str) -> list[Moment]:
    """Every day a text names relative to an event, in order, with what happens on it."""
    found: list[Moment] = []
    for sentence in sentences(normal(text)):
        tokenized = _tokenized(sentence)
        cursor = 0
        for match in _EXPRESSION.finditer(tokenized):
            found.extend(_read(match, tokenized, sentence, cursor))
            cursor = match.end()
    return _resolved(found)


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
        if _THROUGHOUT.search(before) and named == "any":
            return [
                Moment("start", event, "start", Decimal(0), sentence),
                Moment("stop", event, "end", Decimal(0), sentence),
            ]
        offset, side = Decimal(0), "at"
        if _BARE_BEFORE.search(before):
            offset, side = None, "before"
        elif _BARE_AFTER.search(before):
            offset, side = None, "after"
    role = _role(since, before, text[match.end() :])
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
