"""Small invented dictionaries: MedDRA's shape without a word of MedDRA."""

from __future__ import annotations

from pathlib import Path

CLASSES = {"90001": ("Mouth things", "口腔之事"), "90002": ("Skin things", "皮肤之事")}
PREFERRED = {
    "50001": ("Sore of mouth", "口腔疼痛", "90001"),
    "50002": ("Dryness of mouth", "口腔干燥", "90001"),
    "50003": ("Redness of skin", "皮肤发红", "90002"),
}
LOWEST = {
    "10001": ("Sore of mouth", "口腔疼痛", "50001", "Y"),
    "10002": ("Sore tongue", "舌痛", "50001", "Y"),
    "10003": ("Mouth-dryness", "口干", "50002", "Y"),
    "10004": ("Redness of skin", "皮肤发红", "50003", "Y"),
    "10005": ("Old redness word", "旧称发红", "50003", "N"),
}


def meddra(folder: Path, language: str = "en", **moved: str) -> Path:
    """A folder of the six files. `moved` gives preferred terms another class, as `p50002="90002"`."""
    folder.mkdir(parents=True, exist_ok=True)
    at = 0 if language == "en" else 1
    above = {pt: moved.get(f"p{pt}", names[2]) for pt, names in PREFERRED.items()}
    lines = {
        "llt.asc": [
            "$".join((code, row[at], row[2], *[""] * 6, row[3], "", "")) for code, row in LOWEST.items()
        ],
        "pt.asc": [f"{code}${row[at]}$${above[code]}$$$$$$$" for code, row in PREFERRED.items()],
        "hlt.asc": ["70001$A group$$$$$$$"],
        "hlgt.asc": ["80001$A larger group$$$$$$$"],
        "soc.asc": [f"{code}${row[at]}$Abbr$$$$$$$" for code, row in CLASSES.items()],
        "mdhier.asc": [
            f"{code}$70001$80001${soc}${PREFERRED[code][at]}$A group$A larger group${CLASSES[soc][at]}$Abbr$$"
            f"{above[code]}${'Y' if soc == above[code] else 'N'}$"
            for code in PREFERRED
            for soc in CLASSES
        ],
    }  # fmt: skip
    for name, content in lines.items():
        (folder / name).write_text("\n".join(content) + "\n", encoding="utf-8")
    return folder


DRUGS = """term,code,preferred_term,class
Invented rinse,D1,Invented bicarbonate,Mouth preparations
Invented pain pill,D2,Inventamol,Analgesics
"""
