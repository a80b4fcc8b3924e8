"""The manual's page of refusals, made from the catalog: `python -m equipoise.conduct.manual`."""

from __future__ import annotations

import sys

from .reasons import CATALOG


def refusals_page() -> str:
    """The page as Markdown."""
    lines = [
        "# Refusals",
        "",
        "<!-- made by `python -m equipoise.conduct.manual`; a test keeps it current -->",
        "",
        "Every reason for which a command can be refused, with the rule and the way out. A refused command",
        "changes nothing. Words in braces differ from case to case.",
        "",
        "| code | what is wrong | rule | way out |",
        "| --- | --- | --- | --- |",
    ]
    for code, template in sorted(CATALOG.items()):
        cells = (f"`{code}`", template.en, template.rule, template.remedy_en)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(refusals_page())
