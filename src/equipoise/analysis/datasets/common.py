"""What the builders of data sets share."""

from __future__ import annotations

from equipoise.quantity.text import Text

from ..cut import DataCut
from .frame import Type, Variable
from .trace import Trace


def text(en: str, zh: str) -> Text:
    """A text in both languages."""
    return Text({"en": en, "zh-Hans": zh})


AS_RECORDED = text("as recorded", "按记录")
PARTICIPANT = text("Participant", "受试者")
ARM = text("Arm allocated", "分配组别")


def variable(
    name: str,
    label: Text,
    kind: Type,
    source: str,
    derivation: Text = AS_RECORDED,
    unit: str | None = None,
    codelist: str | None = None,
) -> Variable:
    """A variable, as recorded where nothing else is said."""
    return Variable(name, label, kind, derivation, source, unit, codelist)


class Building:
    """A cut and the trace of its events."""

    def __init__(self, data: DataCut, trace: Trace) -> None:
        self.data, self.trace = data, trace
        self.protocol = data.protocol
        self.subject = {subject.id: subject for subject in data.subjects}
