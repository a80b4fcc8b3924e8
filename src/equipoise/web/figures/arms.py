"""How participants are allocated and what each arm is given, against the anchors of the schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .svg import Say, escaped, fitting, short, width_of, wrapped


@dataclass(frozen=True, slots=True)
class RegimenBar:
    """A regimen from an anchor's day to another's; the words under it say the dose."""

    name: str
    dose: str
    start_anchor: str
    start_day: int
    stop_anchor: str
    stop_day: int


@dataclass(frozen=True, slots=True)
class ArmRow:
    """An arm with what it is given."""

    label: str
    kind: str
    ratio: int
    regimens: Sequence[RegimenBar] = ()
    otherwise: str = ""
    """What is said where there is no regimen to draw."""


@dataclass(frozen=True, slots=True)
class ArmsDiagram:
    """`anchors` are (id, label) in the order in which a participant meets them."""

    target: str
    scheme: str
    strata: str
    anchors: Sequence[tuple[str, str]]
    arms: Sequence[ArmRow]


WIDTH = 1040
_LEFT, _ARM_X, _ARM_W, _PLOT_X = 0, 250, 190, 470


def arms_diagram(diagram: ArmsDiagram, say: Say = str) -> str:
    """The diagram as SVG; its words are repeated under it by the page that shows it."""
    rows = [max(len(arm.regimens), 1) for arm in diagram.arms]
    top, row_height = 40.0, 64.0
    out: list[str] = []
    heights = [count * row_height + 16 for count in rows]
    middle = top + sum(heights) / 2
    height = max(top + sum(heights) + 8, middle + 132)
    axis = _axis(diagram, out, height)
    out.append(f'<rect class="box" x="0.5" y="{short(middle - 34)}" width="118" height="68"/>')
    for line, text in enumerate(wrapped(diagram.target, 106, 13, 3)):
        out.append(
            f'<text class="t-mid t-bold" x="59" y="{short(middle - 8 + line * 17)}">{escaped(text)}</text>'
        )
    out.append(f'<circle class="box accent" cx="176" cy="{short(middle)}" r="24"/>')
    ratio = ":".join(str(arm.ratio) for arm in diagram.arms)
    out.append(f'<text class="t-mid t-bold" x="176" y="{short(middle + 4)}">R {ratio}</text>')
    out.append(f'<path class="flow" d="M119 {short(middle)}H152"/>')
    for line, text in enumerate(wrapped(diagram.scheme, 220, 11, 2)):
        out.append(
            f'<text class="t-soft" x="0" y="{short(middle + 56 + line * 14)}">{escaped(text)}</text>'
        )
    for line, text in enumerate(wrapped(diagram.strata, 220, 11, 3)):
        out.append(
            f'<text class="t-soft" x="0" y="{short(middle + 86 + line * 14)}">{escaped(text)}</text>'
        )
    y = top
    for arm, tall in zip(diagram.arms, heights, strict=True):
        center = y + tall / 2
        out.append(
            f'<path class="flow" d="M200 {short(middle)}H222V{short(center)}H{_ARM_X}"/>'
            f'<path class="tick" d="M{_ARM_X} {short(center)}l-8-4v8z"/>'
            f'<rect class="box" x="{_ARM_X}" y="{short(center - 28)}" width="{_ARM_W}" height="56"/>'
        )
        lines = wrapped(arm.label, _ARM_W - 20, 13, 2)
        for line, text in enumerate(lines):
            out.append(
                f'<text class="t-bold" x="{_ARM_X + 10}" y="{short(center - 8 + 15 * line)}">{escaped(text)}</text>'
            )
        out.append(
            f'<text class="t-soft" x="{_ARM_X + 10}" y="{short(center - 6 + 15 * len(lines))}">'
            f"{escaped(fitting(arm.kind, _ARM_W - 20, 11))}</text>"
        )
        for index, bar in enumerate(arm.regimens):
            _bar(bar, axis, y + 8 + index * row_height, out, say)
        if not arm.regimens:
            for line, text in enumerate(wrapped(arm.otherwise, WIDTH - _PLOT_X - 16, 12, 3)):
                out.append(
                    f'<text class="t-soft" x="{_PLOT_X + 8}" y="{short(center - 4 + 15 * line)}">{escaped(text)}</text>'
                )
        y += tall
    title = escaped(say("Arms and regimens"))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        f'<svg width="{WIDTH}" height="{short(height)}" viewBox="0 0 {WIDTH} {short(height)}" role="img" '
        f'aria-label="{title}">{"".join(out)}</svg></div>'
    )


def _axis(diagram: ArmsDiagram, out: list[str], height: float) -> dict[str, float]:
    used = {
        anchor
        for arm in diagram.arms
        for bar in arm.regimens
        for anchor in (bar.start_anchor, bar.stop_anchor)
    }
    shown = [(name, label) for name, label in diagram.anchors if name in used]
    first = diagram.anchors[0] if diagram.anchors else None
    if first is not None and first not in shown and len(shown) < 3:
        shown.insert(0, first)
    room = (WIDTH - _PLOT_X - 160) / max(len(shown) - 1, 1)
    places = {}
    for index, (name, label) in enumerate(shown):
        x = _PLOT_X + 60 + index * room
        places[name] = x
        out.append(f'<path class="then" d="M{short(x)} 22V{short(height - 4)}"/>')
        out.append(
            f'<text class="t-soft t-mid" x="{short(x)}" y="14">{escaped(fitting(label, room + 40, 11))}</text>'
        )
    return places


def _bar(bar: RegimenBar, axis: dict[str, float], y: float, out: list[str], say: Say) -> None:
    def place(anchor: str, day: int) -> float:
        # schematic: days shift a little off their anchor, never past the next
        return axis.get(anchor, _PLOT_X) + max(-44.0, min(44.0, day * 3.2))

    left, right = place(bar.start_anchor, bar.start_day), place(bar.stop_anchor, bar.stop_day)
    right = max(right, left + 12)
    out.append(
        f'<rect class="full" x="{short(left)}" y="{short(y + 26)}" width="{short(right - left)}" height="12"/>'
    )
    out.append(
        f'<text class="t-bold" x="{short(left)}" y="{short(y + 5)}">'
        f"{escaped(fitting(bar.name, WIDTH - left - 8))}</text>"
        f'<text class="t-soft" x="{short(left)}" y="{short(y + 20)}">'
        f"{escaped(fitting(bar.dose, WIDTH - left - 8, 11))}</text>"
    )
    start, stop = _signed(bar.start_day, say), _signed(bar.stop_day, say)
    out.append(
        f'<text class="t-soft" x="{short(left)}" y="{short(y + 51)}">{escaped(start)}</text>'
    )
    if right - left > width_of(start, 11) + width_of(stop, 11) + 8:
        out.append(
            f'<text class="t-soft t-end" x="{short(right)}" y="{short(y + 51)}">{escaped(stop)}</text>'
        )


def _signed(day: int, say: Say) -> str:
    if day == 0:
        return say("that day")
    number = f"+{day}" if day > 0 else f"−{-day}"
    return f"{number} {say('d')}"
