"""The data dictionary: items, codelists, forms with their checks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Expression, Id, Number, Part, Text

ItemType = Literal[
    "integer", "decimal", "boolean", "date", "partial_date", "time", "code", "text", "identity"
]


class Code(Part):
    """One value of a codelist. `code` is stable ASCII; `rank` orders ordinal lists."""

    code: str = Field(pattern=r"^[A-Za-z0-9_.+-]{1,40}$")
    label: Text
    description: Text | None = None


class Codelist(Part):
    """A closed list of codes, in order. `scale` and `version` name a published grading scale."""

    id: Id
    label: Text
    codes: list[Code] = Field(min_length=1)
    scale: str | None = None
    version: str | None = None


class Standards(Part):
    """The item in the world's vocabularies."""

    loinc: str | None = None
    cdash: str | None = None
    sdtm: str | None = None
    ctcae: str | None = None
    note: str | None = None


class Item(Part):
    """One datum. Values outside `minimum`–`maximum` are refused; outside `expected` they are queried.

    `unit` is UCUM; `units` lists other units a site may type, converted on entry. `identity` items
    (names, telephone numbers) and `text` items are sealed in the ledger. `derived` items are computed.
    `laboratory: true` gives the item a reference range per site for `uln()` and `lln()`.
    """

    id: Id
    label: Text
    type: ItemType
    help: Text | None = None
    unit: str | None = None
    units: list[str] = []
    decimals: int | None = Field(default=None, ge=0, le=6)
    minimum: Number | None = None
    maximum: Number | None = None
    expected_minimum: Number | None = None
    expected_maximum: Number | None = None
    codelist: Id | None = None
    derived: Expression | None = None
    laboratory: bool = False
    loinc_group: str | None = None
    coding: Literal["events", "drugs"] | None = None
    """Words to be coded against a dictionary of events and diagnoses, or of drugs."""
    standards: Standards = Standards()
    max_length: int = Field(default=400, ge=1, le=8000)


class FormItem(Part):
    """An item on a form. `only_when` is skip logic: the field is asked when it is true."""

    item: Id
    required: bool = True
    only_when: Expression | None = None


class EditCheck(Part):
    """A rule over a form's values: when `expression` is false, the message applies.

    `query` opens an automatic query; `refuse` stops the save.
    """

    id: Id
    expression: Expression
    message: Text
    action: Literal["query", "refuse"] = "query"
    item: Id | None = None


class Form(Part):
    """A page of items filled at a visit (or at any time, for a `log` form)."""

    id: Id
    title: Text
    items: list[FormItem] = Field(min_length=1)
    checks: list[EditCheck] = []
    log: bool = False
    """Rows may be added at any time (concomitant drugs); such a form belongs to no visit."""
    roles: list[str] = []
    note: Text | None = None
