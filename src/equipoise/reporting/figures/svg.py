"""Pieces of SVG: escaped text, coordinates, text that fits, the frame of a figure.

Colors come twice: as presentation attributes, which serve a printed page, and as classes, with which
a page's style sheet puts its own in their place (light and dark).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

ACCENT, INK, SOFT, LINE, PAPER = "#0a6b66", "#14191b", "#56605f", "#d8dedd", "#ffffff"
FONTS = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', "
    "'Noto Sans CJK SC', sans-serif"
)


def short(value: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def width_of(text: str, size: float = 12) -> float:
    """Roughly how wide a text is in a system font, in user units; CJK characters are square."""
    wide = sum(1 for letter in text if unicodedata.east_asian_width(letter) in "WF")
    return size * (wide + 0.56 * (len(text) - wide))


def wrapped(text: str, room: float, size: float = 12, most: int = 3) -> list[str]:
    """The text in at most `most` lines no wider than `room`; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    current = ""
    for piece in _pieces(text):
        if current and width_of(current + piece.rstrip(), size) > room:
            lines.append(current.rstrip())
            current = piece.lstrip()
        else:
            current += piece
    if current.strip():
        lines.append(current.rstrip())
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [_fitting(line, room, size) for line in lines]


def _pieces(text: str) -> list[str]:
    """Pieces between which a line may end: after a space, and around CJK characters."""
    pieces: list[str] = []
    for letter in text:
        square = unicodedata.east_asian_width(letter) in "WF"
        before = pieces[-1][-1] if pieces else " "
        if square or before == " " or unicodedata.east_asian_width(before) in "WF":
            pieces.append(letter)
        else:
            pieces[-1] += letter
    return pieces


def _fitting(text: str, room: float, size: float) -> str:
    if width_of(text, size) <= room:
        return text
    while text and width_of(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def label(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    soft: bool = False,
    bold: bool = False,
    fill: str = "",
    style: str = "",
) -> str:
    """A line of text; 12 units high, or 11 where `soft`."""
    classes = [name for name, on in (("t-soft", soft), ("t-bold", bold)) if on]
    classes += {"middle": ["t-mid"], "end": ["t-end"]}.get(anchor, [])
    classes += [style] if style else []
    attributes = f' class="{" ".join(classes)}"' if classes else ""
    if anchor != "start":
        attributes += f' text-anchor="{anchor}"'
    if bold:
        attributes += ' font-weight="650"'
    color = fill or (SOFT if soft else INK)
    return (
        f'<text x="{short(x)}" y="{short(y)}" font-size="{11 if soft else 12}" fill="{color}"'
        f"{attributes}>{escape(text)}</text>"
    )


def rule(x1: float, y1: float, x2: float, y2: float, *, kind: str = "rule") -> str:
    """A straight line: `rule` is faint, `axis` plain."""
    color = LINE if kind == "rule" else "#8d9896"
    return (
        f'<path class="{kind}" stroke="{color}" fill="none" '
        f'd="M{short(x1)} {short(y1)}L{short(x2)} {short(y2)}"/>'
    )


def box(x: float, y: float, width: float, height: float, *, accent: bool = False) -> str:
    """A frame of a flow diagram."""
    style, stroke = ("box accent", ACCENT) if accent else ("box", INK)
    weight = 2 if accent else 1
    return (
        f'<rect class="{style}" x="{short(x)}" y="{short(y)}" width="{short(width)}" '
        f'height="{short(height)}" rx="2" fill="{PAPER}" stroke="{stroke}" stroke-width="{weight}"/>'
    )


def frame(
    name: str, width: float, height: float, title: str, description: str, body: Sequence[str]
) -> str:
    """A whole figure. `name` makes its ids; title and description are read out in its place."""
    ids = escape(name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {short(width)} {short(height)}" '
        f'width="{short(width)}" height="{short(height)}" role="img" class="figure" '
        f'aria-labelledby="{ids}-title {ids}-desc" font-family="{FONTS}">'
        f'<title id="{ids}-title">{escape(title)}</title>'
        f'<desc id="{ids}-desc">{escape(description)}</desc>'
        f"{''.join(body)}</svg>"
    )
