"""A small protocol with an item of each kind, and an environment to evaluate in."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from equipoise.protocol.document import SCHEMA, Protocol
from equipoise.protocol.expression import Datum


def small_protocol() -> Protocol:
    """Items of every type, two arms, consent as anchor."""
    return Protocol.model_validate(
        {
            "schema": SCHEMA,
            "id": "small",
            "readiness": "draft",
            "identity": {"titles": {"brief": "Small"}},
            "arms": [{"id": "spray", "label": "Spray"}, {"id": "control", "label": "Control"}],
            "codelists": [
                {
                    "id": "ecog_score",
                    "label": "ECOG",
                    "codes": [{"code": str(grade), "label": str(grade)} for grade in range(5)],
                },
                {
                    "id": "nyha",
                    "label": "NYHA",
                    "codes": [{"code": c, "label": c} for c in ("I", "II", "III", "IV")],
                },
            ],
            "items": [
                {"id": "platelets", "label": {"en": "Platelets", "zh-Hans": "血小板"},
                 "type": "decimal", "unit": "10*9/L", "laboratory": True},
                {"id": "alt", "label": "ALT", "type": "decimal", "unit": "U/L", "laboratory": True},
                {"id": "ecog", "label": "ECOG", "type": "code", "codelist": "ecog_score"},
                {"id": "nyha_class", "label": "NYHA", "type": "code", "codelist": "nyha"},
                {"id": "last_mi", "label": "Last infarction", "type": "partial_date"},
                {"id": "birth_date", "label": "Born", "type": "date"},
                {"id": "age", "label": "Age", "type": "integer", "unit": "a"},
                {"id": "pain", "label": "Pain", "type": "integer"},
                {"id": "temperature", "label": "Temperature", "type": "decimal", "unit": "Cel"},
                {"id": "weight", "label": "Weight", "type": "decimal", "unit": "kg"},
                {"id": "height", "label": "Height", "type": "decimal", "unit": "cm"},
                {"id": "bmi", "label": "BMI", "type": "decimal", "unit": "kg/m2",
                 "derived": "weight / (height * height)"},
                {"id": "pregnant", "label": "Pregnant", "type": "boolean"},
                {"id": "meal", "label": "Meal", "type": "time"},
                {"id": "remark", "label": "Remark", "type": "text"},
                {"id": "person_name", "label": "Name", "type": "identity"},
            ],
            "schedule": {"anchors": [{"id": "consent", "label": "Consent", "event": "consent"}]},
        }
    )  # fmt: skip


class Bed:
    """What is known about one participant."""

    def __init__(
        self, values: Mapping[str, Datum], limits: Mapping[tuple[str, str], Datum] | None = None
    ) -> None:
        self.values = values
        self.limits = limits or {}

    def value(self, name: str) -> Datum | None:
        return self.values.get(name)

    def reference(self, item: str, bound: str) -> Datum | None:
        return self.limits.get((item, bound))


@pytest.fixture(scope="session")
def protocol() -> Protocol:
    return small_protocol()


@pytest.fixture(scope="session")
def bed() -> type[Bed]:
    return Bed
