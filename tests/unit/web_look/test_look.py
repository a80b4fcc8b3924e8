"""What every page's look promises: one small sheet, readable colors, no inline code, no other host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import equipoise.web

WEB = Path(equipoise.web.__file__).parent
SHEET = (WEB / "static" / "equipoise.css").read_text(encoding="utf-8")
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))


def colors(dark: bool) -> dict[str, str]:
    """Custom properties of a mode; the dark ones stand over the light ones."""
    blocks = re.findall(r":root \{(.*?)\}", SHEET, re.S)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", blocks[0]))
    if dark:
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", blocks[1]))
    return found


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_one_style_sheet_is_under_twenty_kilobytes_and_asks_nobody():
    assert [path.name for path in (WEB / "static").rglob("*.css")] == ["equipoise.css"]
    assert len(SHEET.encode()) < 20_000
    assert "url(" not in SHEET
    assert "@import" not in SHEET
    assert "http" not in SHEET


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("text", "ground"),
    [(text, ground) for text in ("ink", "soft", "accent", "bad", "warn", "good") for ground in ("paper", "wash")]
    + [("bad", "bad-wash"), ("warn", "warn-wash"), ("good", "good-wash"), ("accent", "accent-wash"),
       ("on-accent", "accent"), ("ink", "bad-wash"), ("ink", "warn-wash"), ("soft", "bad-wash")],
)  # fmt: skip
def test_text_is_readable_on_every_ground_it_stands_on(dark, text, ground):
    palette = colors(dark)
    assert contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_borders_of_fields_and_the_focus_ring_stand_out(dark):
    palette = colors(dark)
    assert contrast(palette["strong"], palette["paper"]) >= 2.9
    assert contrast(palette["accent"], palette["paper"]) >= 3


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_inline_code_or_names_another_host(template):
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)


def test_scripts_are_our_own_or_vendored_with_their_license():
    scripts = {
        path.relative_to(WEB / "static").as_posix() for path in (WEB / "static").rglob("*.js")
    }
    vendored = {name for name in scripts if name.startswith("vendor/")}
    assert vendored == {"vendor/htmx.min.js"}
    assert "Zero-Clause BSD" in (WEB / "static" / "vendor" / "htmx.LICENSE").read_text(
        encoding="utf-8"
    )
    for name in scripts - vendored:
        source = (WEB / "static" / name).read_text(encoding="utf-8")
        assert "eval(" not in source
        assert "innerHTML" not in source


def test_a_signal_color_always_comes_with_a_shape():
    for signal in ("bad", "warn", "good"):
        assert re.search(rf'\.mark\.{signal}::before {{content: "."', SHEET)


SOURCES = sorted(
    path
    for room in ("web", "reporting", "registry")
    for kind in ("*.html", "*.py")
    for path in (WEB.parent / room).rglob(kind)
)
SCROLLED = re.compile(
    r'<(?:div|section) class="(?:scroll|aside|plot)"[^>]*>|<figure[^>]*>|<pre[^>]*>'
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_whatever_may_have_to_be_scrolled_is_reached_by_keyboard_and_has_a_name(path):
    """A table fits or not by fonts and screen, so every frame that could scroll is focusable."""
    for tag in SCROLLED.findall(path.read_text(encoding="utf-8")):
        if "data-timeline" in tag:
            continue  # its plot is the part that scrolls
        assert 'tabindex="0"' in tag, tag
        if 'class="scroll"' in tag and "{named}" not in tag:
            assert 'role="region"' in tag, tag
            assert "aria-label" in tag or "{% if caption %}" in tag, tag


def test_the_frames_that_may_scroll_are_found():
    tags = [tag for path in SOURCES for tag in SCROLLED.findall(path.read_text(encoding="utf-8"))]
    assert sum('class="scroll"' in tag for tag in tags) > 20
