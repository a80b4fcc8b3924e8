"""The CONSORT flow diagram (CONSORT 2025): enrollment, allocation, follow-up, analysis."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.analysis.results import ArmFlow, Counted, Results

from ..words import known_or, say, text_of
from .svg import INK, box, frame, label, short, wrapped

_LINE, _PAD, _GAP = 17.0, 12.0, 28.0
_WIDTH, _ARM_ROOM, _MIDDLE, _SIDE = 760.0, 236.0, 300.0, 330.0
_CRITERIA_SHOWN = 6


@dataclass(frozen=True, slots=True)
class _Line:
    """A line in a box: indented by `level`, its count flush right."""

    text: str
    count: str = ""
    level: int = 0
    bold: bool = False


def _layout(lines: list[_Line], room: float) -> list[_Line]:
    """The lines wrapped to the box's width; the count stays with the first piece."""
    out: list[_Line] = []
    for line in lines:
        space = room - 14 * line.level - (9 * len(line.count) + 12 if line.count else 0)
        for number, piece in enumerate(wrapped(line.text, space, most=2)):
            out.append(_Line(piece, line.count if number == 0 else "", line.level, line.bold))
    return out


def _height(lines: list[_Line]) -> float:
    return len(lines) * _LINE + 2 * _PAD - 4


def _draw(x: float, y: float, width: float, height: float, lines: list[_Line], accent: bool) -> str:
    out = [box(x, y, width, height, accent=accent)]
    for number, line in enumerate(lines):
        baseline = y + _PAD + 10 + number * _LINE
        soft = line.level > 0
        out.append(
            label(x + _PAD + 14 * line.level, baseline, line.text, bold=line.bold, soft=soft)
        )
        if line.count:
            right = x + width - _PAD
            out.append(label(right, baseline, line.count, anchor="end", bold=line.bold, soft=soft))
    return "".join(out)


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """A line with an arrow head, straight down or to the right, or down and then right."""
    path = f"M{short(x1)} {short(y1)}"
    path += (
        f"V{short(y2)}"
        if x1 == x2
        else f"V{short(y2)}H{short(x2 - 1)}"
        if y1 != y2
        else f"H{short(x2 - 1)}"
    )
    if x1 == x2:
        head = f"M{short(x2 - 4)} {short(y2 - 7)}L{short(x2)} {short(y2)}L{short(x2 + 4)} {short(y2 - 7)}"
    else:
        head = f"M{short(x2 - 7)} {short(y2 - 4)}L{short(x2)} {short(y2)}L{short(x2 - 7)} {short(y2 + 4)}"
    return f'<path class="flow" fill="none" stroke="{INK}" d="{path}{head}"/>'


def _enrollment(results: Results, language: str) -> list[_Line]:
    flow = results.flow
    lines = [
        _Line(say("not_randomized", language), str(flow.screened - flow.randomized), bold=True)
    ]
    lines.append(_Line(say("not_eligible", language), str(flow.not_eligible)))
    for one in sorted(flow.criteria, key=lambda c: -c.count)[:_CRITERIA_SHOWN]:
        text = text_of(one.label, language) if one.label else one.id
        lines.append(_Line(text, str(one.count), 1))
    further = len(flow.criteria) - _CRITERIA_SHOWN
    if further > 0:
        lines.append(_Line(say("more_criteria", language, count=further), "", 1))
    for key, count in (
        ("consent_refused", flow.consent_refused),
        ("other_reason", flow.other_reason),
        ("withdrawn_before", flow.withdrawn_before),
        ("data_use_withdrawn", flow.data_use_withdrawn_before),
        ("in_screening", flow.in_screening),
    ):
        if count:
            lines.append(_Line(say(key, language), str(count)))
    return lines


def _reasons(key: str, reasons: tuple[Counted, ...], language: str) -> list[_Line]:
    total = sum(reason.count for reason in reasons)
    lines = [_Line(say(key, language), str(total))]
    lines += [_Line(known_or(one.id, language), str(one.count), 1) for one in reasons]
    return lines


def _stages(arm: ArmFlow, title: str, language: str) -> list[list[_Line]]:
    """The boxes of an arm: allocation, follow-up, analysis."""
    allocated = [_Line(say("allocated", language, arm=title), str(arm.allocated), bold=True)]
    if arm.has_product:
        allocated.append(_Line(say("received", language), str(arm.received)))
        allocated.append(_Line(say("not_received", language), str(arm.not_received)))
    else:
        allocated.append(_Line(say("no_product", language)))
    followed = [
        *_reasons("left_treatment", arm.left_treatment, language),
        *_reasons("left_follow_up", arm.left_follow_up, language),
        _Line(say("completed", language), str(arm.completed)),
    ]
    if arm.on_study:
        followed.append(_Line(say("on_study", language), str(arm.on_study)))
    analyzed = [
        _Line(say("analyzed", language), str(arm.analyzed), bold=True),
        *_reasons("not_analyzed", arm.not_analyzed, language),
    ]
    return [allocated, followed, analyzed]


def flow_figure(results: Results, language: str, name: str = "flow") -> str:
    """The flow diagram of the results, as SVG."""
    flow = results.flow
    arms = flow.arms
    width = max(_WIDTH, len(arms) * (_ARM_ROOM + _GAP))
    center = width / 2 - 80 if len(arms) > 1 else width / 3
    body: list[str] = []

    screened = [_Line(say("assessed", language), str(flow.screened), bold=True)]
    if flow.rescreened:
        screened.append(_Line(say("rescreened", language), str(flow.rescreened), 1))
    screened = _layout(screened, _MIDDLE - 2 * _PAD)
    y = 4.0
    body.append(_draw(center - _MIDDLE / 2, y, _MIDDLE, _height(screened), screened, False))
    y += _height(screened)

    side = _layout(_enrollment(results, language), _SIDE - 2 * _PAD)
    side_x = width - _SIDE - 2
    side_y = y + 18
    body.append(_draw(side_x, side_y, _SIDE, _height(side), side, False))
    trunk_bottom = side_y + _height(side) + 18
    body.append(_arrow(center, y, side_x, side_y + _height(side) / 2))
    body.append(_arrow(center, y, center, trunk_bottom))

    middle = [_Line(say("randomized", language), str(flow.randomized), bold=True)]
    if flow.data_use_withdrawn_after:
        middle.append(
            _Line(say("data_use_counted", language), str(flow.data_use_withdrawn_after), 1)
        )
    middle = _layout(middle, _MIDDLE - 2 * _PAD)
    y = trunk_bottom
    body.append(_draw(center - _MIDDLE / 2, y, _MIDDLE, _height(middle), middle, True))
    y += _height(middle)

    labels = {arm.id: text_of(arm.label, language) for arm in results.arms}
    column = (width - 4 - _GAP * (len(arms) - 1)) / max(len(arms), 1)
    stages = [
        [_layout(lines, column - 2 * _PAD) for lines in _stages(arm, labels[arm.arm], language)]
        for arm in arms
    ]
    centers = [2 + index * (column + _GAP) + column / 2 for index in range(len(arms))]
    if arms:
        fork = y + _GAP / 2
        left, right = min(*centers, center), max(*centers, center)
        body.append(
            f'<path class="flow" fill="none" stroke="{INK}" '
            f'd="M{short(center)} {short(y)}V{short(fork)}M{short(left)} {short(fork)}H{short(right)}"/>'
        )
        start = fork
        for number in range(3):
            top = start + (_GAP / 2 + 6 if number == 0 else _GAP)
            height = max(_height(boxes[number]) for boxes in stages)
            for boxes, middle_x in zip(stages, centers, strict=True):
                body.append(_arrow(middle_x, start, middle_x, top))
                accent = number == 2
                body.append(
                    _draw(middle_x - column / 2, top, column, height, boxes[number], accent)
                )
            start = top + height
        y = start
    description = say(
        "flow_desc",
        language,
        screened=flow.screened,
        randomized=flow.randomized,
        analyzed=sum(arm.analyzed for arm in arms),
    )
    return frame(name, width, y + 4, say("flow", language), description, body)
