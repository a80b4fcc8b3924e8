"""The examples of the page on expressions answer as the page says."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from equipoise.protocol.document import SCHEMA, Protocol
from equipoise.protocol.expression import Datum, ExpressionError, compile_condition
from equipoise.quantity.dates import PartialDate

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "expressions.md").read_text(
    encoding="utf-8"
)


def _blocks(kind: str) -> list[str]:
    found = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in found for line in block.splitlines()]


EXAMPLES = [tuple(line.split(" -> ")) for line in _blocks("text")]
ANSWERS = {"yes": True, "no": False, "unknown": None}


def _codelist(name: str, codes: list[str]) -> dict[str, object]:
    return {"id": name, "label": name, "codes": [{"code": code, "label": code} for code in codes]}


def _item(name: str, kind: str, **more: object) -> dict[str, object]:
    return {"id": name, "label": name, "type": kind, **more}


PROTOCOL = Protocol.model_validate(
    {
        "schema": SCHEMA,
        "id": "page",
        "readiness": "draft",
        "identity": {"titles": {"brief": "Page"}},
        "arms": [{"id": "spray", "label": "Spray"}, {"id": "control", "label": "Control"}],
        "codelists": [
            _codelist("ecog_score", ["0", "1", "2", "3", "4"]),
            _codelist("nyha", ["I", "II", "III", "IV"]),
        ],
        "items": [
            _item("age", "integer", unit="a"),
            _item("alt", "decimal", unit="U/L", laboratory=True),
            _item("birth_date", "date"),
            _item("creatinine", "decimal", unit="umol/L"),
            _item("creatinine_clearance", "decimal", unit="mL/min"),
            _item("ecog", "code", codelist="ecog_score"),
            _item("height", "decimal", unit="cm"),
            _item("last_mi", "partial_date"),
            _item("nyha_class", "code", codelist="nyha"),
            _item("platelets", "decimal", unit="10*9/L"),
            _item("pregnant", "boolean"),
            _item("temperature", "decimal", unit="Cel"),
            _item("weight", "decimal", unit="kg"),
        ],
        "schedule": {"anchors": [{"id": "consent", "label": "Consent", "event": "consent"}]},
    }
)


def _datum(text: str) -> Datum:
    if match := re.fullmatch(r"([0-9.]+) '(.+)'", text):
        return Datum(Decimal(match.group(1)), match.group(2))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return Datum(date.fromisoformat(text))
    if re.fullmatch(r"\d{4}-\d{2}", text):
        return Datum(PartialDate.parse(text))
    return Datum(text == "true") if text in ("true", "false") else Datum(text.strip("'"))


class Participant:
    """The participant of the page."""

    known: ClassVar = {
        name: _datum(text) for name, text in (line.split(": ") for line in _blocks("yaml"))
    }

    def value(self, name: str) -> Datum | None:
        return self.known.get(name)

    def reference(self, item: str, bound: str) -> Datum | None:
        return self.known.get(f"{'uln' if bound == 'upper' else 'lln'}({item})")


def test_the_page_has_its_examples_and_its_participant() -> None:
    assert len(EXAMPLES) >= 30
    assert len(Participant.known) >= 14


@pytest.mark.parametrize(("text", "answer"), EXAMPLES)
def test_an_example_of_the_page_answers_as_the_page_says(text: str, answer: str) -> None:
    if not answer.startswith("refused: "):
        assert compile_condition(text, PROTOCOL).evaluate(Participant()).value is ANSWERS[answer]
        return
    with pytest.raises(ExpressionError) as caught:
        compile_condition(text, PROTOCOL)
    assert answer.removeprefix("refused: ") in caught.value.remedy
