"""Every operation of the interface: where it stands, which page's row of the permission table governs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from . import bodies as b
from . import reading, writing

BASE = "api/v1/"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address.

    `page` is the page whose rights it has: who may read there may read here, who may write there may
    write here, at the same sites. `given` describes the parameters of a GET, or the body of a change.
    """

    id: str
    method: str
    path: str
    page: str
    about: str
    answer: type[BaseModel]
    handler: Callable[..., BaseModel]
    given: type[BaseModel] | None = None
    status: int = 200

    @property
    def changes(self) -> bool:
        """Whether it brings a command."""
        return self.method != "GET"


_P = "participants/<str:participant>"
_FORM = _P + "/forms/<slug:visit>/<slug:form>/<str:repeat>"
_DIARY = _P + "/diary/<slug:diary>/<str:day>"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "readTrial", "GET", "trial", "protocol", "The trial as a whole.", b.TrialAnswer, reading.trial,
    ),
    Operation(
        "listProtocolVersions", "GET", "protocol/versions", "protocol",
        "The protocol versions the trial knows.", b.VersionsAnswer, reading.versions,
    ),
    Operation(
        "readProtocolVersion", "GET", "protocol/versions/<slug:version>", "protocol",
        "One version of the protocol.", b.DocumentAnswer, reading.document,
    ),
    Operation("listSites", "GET", "sites", "protocol", "The sites.", b.SitesAnswer, reading.sites),
    Operation(
        "readCheckpoint", "GET", "checkpoint", "trust", "The newest signed checkpoint.",
        b.CheckpointAnswer, reading.checkpoint,
    ),
    Operation(
        "listParticipants", "GET", "participants", "participants",
        "Participants by number, fifty at a time.", b.ParticipantsAnswer, reading.participants,
        b.ParticipantsGiven,
    ),
    Operation(
        "readParticipant", "GET", _P, "participant", "One participant: visits, forms, queries, events.",
        b.ParticipantAnswer, reading.participant,
    ),
    Operation(
        "readForm", "GET", _FORM, "form", "A form at a visit.", b.FormAnswer, reading.form,
    ),
    Operation(
        "saveForm", "PATCH", _FORM, "form", "Save a form, part-filled or whole.", b.FormSaved,
        writing.save_form, b.FormGiven,
    ),
    Operation(
        "raiseQuery", "POST", _FORM + "/queries", "raise_query", "Ask about a value.", b.QueryDone,
        writing.raise_query, b.QuestionGiven, 201,
    ),
    Operation(
        "readDiaryDay", "GET", _DIARY, "diary_day", "One day of a diary.", b.DiaryAnswer,
        reading.diary_day,
    ),
    Operation(
        "recordDiaryDay", "PATCH", _DIARY, "diary_day", "Record a day of a diary.", b.DiarySaved,
        writing.record_diary_day, b.DiaryGiven,
    ),
    Operation(
        "listQueries", "GET", "queries", "queries", "Queries by status, the oldest first.",
        b.QueriesAnswer, reading.queries, b.QueriesGiven,
    ),
    Operation(
        "readQuery", "GET", _P + "/queries/<int:number>", "query", "One query.", b.QueryAnswer,
        reading.query,
    ),
    Operation(
        "actOnQuery", "POST", _P + "/queries/<int:number>", "query",
        "Answer a query, close it, or ask again.", b.QueryDone, writing.act_on_query, b.QueryGiven,
    ),
    Operation(
        "listAdverseEvents", "GET", "adverse-events", "safety", "Adverse events by participant.",
        b.AdverseEventsAnswer, reading.adverse_events, b.AdverseEventsGiven,
    ),
    Operation(
        "reportAdverseEvent", "POST", _P + "/adverse-events", "report_adverse_event",
        "Report an adverse event.", b.AdverseEventDone, writing.report_adverse_event,
        b.AdverseEventGiven, 201,
    ),
    Operation(
        "readAdverseEvent", "GET", _P + "/adverse-events/<int:number>", "adverse_event",
        "One adverse event with its clocks.", b.AdverseEventAnswer, reading.adverse_event,
    ),
    Operation(
        "updateAdverseEvent", "PATCH", _P + "/adverse-events/<int:number>", "adverse_event",
        "Record what was learned of an adverse event.", b.AdverseEventDone,
        writing.update_adverse_event, b.AdverseEventChange,
    ),
    Operation(
        "listEvents", "GET", "events", "participant",
        "What happened after a position of the ledger, without what is sealed.", b.EventsAnswer,
        reading.events, b.EventsGiven,
    ),
)  # fmt: skip
"""The whole interface, besides its own description."""


def by_path() -> dict[str, dict[str, Operation]]:
    """Operations by address, then by method."""
    found: dict[str, dict[str, Operation]] = {}
    for one in OPERATIONS:
        found.setdefault(one.path, {})[one.method] = one
    return found


def arguments_of(path: str) -> list[tuple[str, Any]]:
    """The parts of an address that vary: their names, each with its converter."""
    parts = [part[1:-1].partition(":") for part in path.split("/") if part.startswith("<")]
    return [(name, kind) for kind, _colon, name in parts]
