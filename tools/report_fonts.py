#!/usr/bin/env python3
"""Make the fonts that ship for the study report: Noto Sans SC, regular and bold, cut to what reports need.

    python tools/report_fonts.py [FOLDER [FOLDER]]     # of NotoSansCJK-*.ttc, and of DejaVuSans*.ttf

Needs fontTools (`pip install fonttools`; made with 4.68) and Noto Sans CJK (Debian's fonts-noto-cjk puts it
into /usr/share/fonts/opentype/noto). The signs among them that Noto Sans SC lacks (superscripts: 10⁹/L) come from
DejaVu Sans (Debian's fonts-dejavu-core). Kept are the characters of GB 2312, Latin with its European letters, Greek,
and the punctuation and signs of statistics. The same source gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

OUT = Path(__file__).resolve().parents[1] / "src" / "equipoise" / "reporting" / "paper" / "fonts"
SOURCE = Path("/usr/share/fonts/opentype/noto")
SIGNS = Path("/usr/share/fonts/truetype/dejavu")
WEIGHTS = {"Regular": "DejaVuSans.ttf", "Bold": "DejaVuSans-Bold.ttf"}
"""The weights, and where each takes its further signs from."""
FAMILY = "Noto Sans SC"
SIMPLIFIED = 2
"""The place of Simplified Chinese in Noto's collections."""

RANGES = (
    (0x0020, 0x007E), (0x00A0, 0x017F), (0x0370, 0x03FF), (0x2010, 0x2027), (0x2030, 0x203E),
    (0x2070, 0x209C), (0x20AC, 0x20AC), (0x2100, 0x214F), (0x2150, 0x218B), (0x2190, 0x21FF),
    (0x2200, 0x22FF), (0x2460, 0x24FF), (0x2500, 0x25FF), (0x2600, 0x266F), (0x3000, 0x303F),
    (0xFF00, 0xFFEF),
)  # fmt: skip


def wanted() -> set[int]:
    """Every code point that is asked for; what the source does not have is left out."""
    points = {point for first, last in RANGES for point in range(first, last + 1)}
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                points.add(ord(bytes((high, low)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return points


def options() -> subset.Options:
    """What is kept of a font besides its glyphs."""
    kept = subset.Options()
    kept.layout_features = ["kern", "mark", "mkmk", "locl"]
    kept.layout_scripts = ["DFLT", "latn", "hani"]
    kept.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    kept.hinting = False
    kept.notdef_outline = True
    kept.drop_tables += ["vhea", "vmtx", "VORG"]
    return kept


def cut(font: TTFont, points: set[int], out: Path) -> set[int]:
    """Write the part of a font that holds these code points; answers with those it has."""
    font.recalcTimestamp = False  # the same source gives the same bytes
    cutter = subset.Subsetter(options())
    cutter.populate(unicodes=points)
    cutter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 3, 4, 6):
            text = record.toUnicode().replace("Noto Sans CJK SC", FAMILY)
            record.string = text.replace("NotoSansCJKsc", "NotoSansSC")
    subset.save_font(font, str(out), options())
    return set(font.getBestCmap())


def make(source: Path, signs: Path, weight: str) -> set[int]:
    """Write one weight; answers with the code points it holds."""
    font = TTCollection(str(source / f"NotoSansCJK-{weight}.ttc")).fonts[SIMPLIFIED]
    held = cut(font, wanted(), OUT / f"NotoSansSC-{weight}.otf")
    further = TTFont(str(signs / WEIGHTS[weight]), recalcTimestamp=False)
    return held | cut(further, wanted() - held, OUT / f"DejaVuSans-{weight}.ttf")


def spans(points: set[int]) -> list[str]:
    """The code points as runs, `4E00-4E01`, one a line."""
    out: list[str] = []
    ordered = sorted(points)
    start = previous = ordered[0]
    for point in [*ordered[1:], -1]:
        if point != previous + 1:
            out.append(f"{start:04X}" if start == previous else f"{start:04X}-{previous:04X}")
            start = point
        previous = point
    return out


def main() -> None:
    """Both weights, and the list of the characters that both weights hold."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
    signs = Path(sys.argv[2]) if len(sys.argv) > 2 else SIGNS
    held = set.intersection(*(make(source, signs, weight) for weight in WEIGHTS))
    (OUT / "characters.txt").write_text("\n".join(spans(held)) + "\n", encoding="ascii")
    for weight in WEIGHTS:
        size = (OUT / f"NotoSansSC-{weight}.otf").stat().st_size
        print(f"{weight}: {size:,} bytes, {len(held):,} characters")


if __name__ == "__main__":
    main()
