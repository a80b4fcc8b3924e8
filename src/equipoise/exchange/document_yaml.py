"""Writing a protocol document as YAML that a person likes to read and edit.

Every section has a heading; prose stands in blocks; numbers stay exact; what a registry gave as
a string stays a string.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

_SECTIONS = {
    "identity": "Who runs the trial, where, and under which names and dates.",
    "design": "Allocation, model, masking, purpose, phase and target.",
    "arms": "The groups participants are allocated to.",
    "interventions": "What is given. Write `regimen:` as data: dose, unit, times a day, first and last day.",
    "eligibility": (
        "Who may take part. A criterion stays the investigator's judgement until `met_when` "
        "gives an expression that decides it from data."
    ),
    "record": (
        "What the registry's record says besides: shown on the record page, never acted on.\n"
        "`raw` holds the record's own wording where the text above was cleaned of markup."
    ),
}

_HEADER = (
    "Draft made from a registry record. `equipoise check` names what is missing or contradictory;\n"
    "mend the text, or record a decision under `decisions:`. Then write items, forms, schedule,\n"
    "randomization, endpoints and analyses, and set `readiness: complete`."
)


class _Dumper(yaml.CSafeDumper):
    """The C emitter with the styles below."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: yaml.representer.BaseRepresenter, text: str) -> yaml.ScalarNode:
    block = "\n" in text and text.isprintable() is False and _blockable(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)


def _blockable(text: str) -> bool:
    """A literal block can hold it: no tab or control character, no blank at a line's end or start."""
    lines = text.split("\n")
    return all(line.isprintable() and line == line.rstrip() for line in lines) and not lines[
        0
    ].startswith(" ")


def _decimal(dumper: yaml.representer.BaseRepresenter, number: Decimal) -> yaml.ScalarNode:
    text = format(number, "f")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text if "." in text else f"{text}.0")


_Dumper.add_representer(str, _string)
_Dumper.add_representer(Decimal, _decimal)


def document_yaml(document: Mapping[str, Any]) -> str:
    """The document as YAML, section by section, ending in a newline."""
    parts = [_comment(_HEADER)]
    for name, section in document.items():
        text = yaml.dump(
            {name: section},
            Dumper=_Dumper,
            allow_unicode=True,
            sort_keys=False,
            width=100,
            indent=2,
        )
        heading = _SECTIONS.get(name)
        parts.append(f"\n{_comment(heading)}{text}" if heading else text)
    return "".join(parts)


def _comment(words: str) -> str:
    return "".join(f"# {line}\n" for line in words.split("\n"))
