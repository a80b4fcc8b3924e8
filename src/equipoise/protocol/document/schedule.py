"""When things happen: anchors, epochs, visits with windows, diaries."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Expression, Id, Offset, Part, Text


class Anchor(Part):
    """A day the schedule counts from.

    `event` anchors are the dates of consent, randomization and screening. `item` anchors are the
    latest value of a date item; until it is known, the value of `planned` stands in and every
    window that rests on it is provisional.
    """

    id: Id
    label: Text
    event: Literal["screening", "consent", "randomization"] | None = None
    item: Id | None = None
    planned: Id | None = None


class Epoch(Part):
    """A stretch of the trial, from one offset to another (inclusive); open where not given."""

    id: Id
    label: Text
    start: Offset | None = None
    end: Offset | None = None


class Visit(Part):
    """A planned contact. Target day = anchor + `day`; the window is `before`/`after` days around it.

    `until` names an anchor: the visit is not due when its target falls on or after that day
    (weekly visits during radiotherapy stop with the last fraction). `only_when` limits the visit,
    for instance to an arm.
    """

    id: Id
    label: Text
    epoch: Id
    anchor: Id
    day: int
    before: int = Field(default=0, ge=0)
    after: int = Field(default=0, ge=0)
    forms: list[Id] = []
    until: Id | None = None
    only_when: Expression | None = None
    phase: Literal["screening", "baseline", "treatment", "follow_up"] = "treatment"
    """Screening and baseline visits come before randomization and are never missed by date."""


class Diary(Part):
    """A daily form kept by the participant from `start` to `stop`, in the arms named (all if none).

    Where `intervention` is given, the days are those of its regimen and doses are counted by the
    boolean items in `dose_items`, one an occasion.
    """

    id: Id
    label: Text
    form: Id
    arms: list[Id] = []
    intervention: Id | None = None
    start: Offset | None = None
    stop: Offset | None = None
    dose_items: list[Id] = []


class Consent(Part):
    """A version of the consent form and when it came into force."""

    version: str
    label: Text
    approved: str | None = None


class Schedule(Part):
    """The schedule of activities."""

    anchors: list[Anchor] = []
    epochs: list[Epoch] = []
    visits: list[Visit] = []
    diaries: list[Diary] = []
    log_forms: list[Id] = []
