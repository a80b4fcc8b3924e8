"""What is sent and answered, as Pydantic models: the OpenAPI document is written from them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from equipoise.conduct.commands import Causality, Outcome, Seriousness
from equipoise.conduct.state import STATUSES
from equipoise.web.labels import ACTION_LABELS

MAX_VALUES = 500
"""Items in one save; no form has nearly as many."""
MAX_TEXT = 4000
"""Characters of a text, as on the pages."""

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Name = Annotated[str, StringConstraints(max_length=80)]
Seq = Annotated[int, Field(ge=0, le=2**53)]


class Answer(BaseModel):
    """What is answered: nothing that is not described."""

    model_config = ConfigDict(extra="forbid")


class Given(BaseModel):
    """What is sent: nothing that is not known, and nothing taken for what it is not."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Write(Given):
    """A change. `device_time` is when it was made, where that is not now."""

    device_time: AwareDatetime | None = None


# -- the trial ------------------------------------------------------------------------------------


class LedgerHead(Answer):
    """The ledger's last position and its hash (SHA-256, hex)."""

    seq: int
    hash: str


class TrialAnswer(Answer):
    """The trial as a whole. `now` is the trial's time: the machine's, or a rehearsal's virtual clock."""

    id: str
    title: str
    mode: Literal["live", "training", "rehearsal"]
    now: str
    protocol_version: str
    recruitment_open: bool
    locked: bool
    ledger: LedgerHead


class VersionLine(Answer):
    """A protocol version: its content hash, and the sites where it is in force."""

    version: str
    in_force_at: list[str]


class VersionsAnswer(Answer):
    """The protocol versions the trial knows, the first first."""

    versions: list[VersionLine]


class DocumentAnswer(Answer):
    """A protocol version as the published JSON Schema describes it."""

    version: str
    protocol: dict[str, Any]


class SiteLine(Answer):
    """A site. `protocol_version` is the one in force there; empty until it was opened."""

    id: str
    name: str
    city: str
    timezone: str
    today: date
    open: bool
    protocol_version: str


class SitesAnswer(Answer):
    """The sites of the trial."""

    sites: list[SiteLine]


class CheckpointAnswer(Answer):
    """The newest signed checkpoint: keep it away from the machine it came from."""

    trial: str
    seq: int
    hash: str
    root: str
    peaks: str
    time: str
    reason: str
    key: str
    signature: str


# -- participants ---------------------------------------------------------------------------------


class ParticipantsGiven(Given):
    """Which participants. `after` is the `next` of the page before."""

    model_config = ConfigDict(strict=False)

    site: Annotated[str, StringConstraints(max_length=20)] = ""
    status: Literal["", *STATUSES] = ""  # type: ignore[valid-type]
    after: Annotated[str, StringConstraints(max_length=40)] = ""


class ParticipantLine(Answer):
    """A participant in the list. Dates that are not known are empty."""

    id: str
    site: str
    status: str
    screened_on: str
    consented_on: str
    randomized_on: str
    next_visit: str
    next_due: str
    open_queries: int


class ParticipantsAnswer(Answer):
    """A page of participants. `next` is empty on the last one."""

    participants: list[ParticipantLine]
    total: int
    next: str


class VisitLine(Answer):
    """A visit as the participant stands to it, with its window."""

    id: str
    label: str
    status: str
    target: date | None
    opens: date | None
    closes: date | None
    provisional: bool
    performed_on: date | None
    forms: list[str]


class FormLine(Answer):
    """A form that was saved."""

    visit: str
    form: str
    repeat: str
    performed_on: date
    saves: int
    complete: bool
    signed: bool


class ParticipantAnswer(Answer):
    """One participant. `arm` is null for whoever may not know it, and for who has none."""

    id: str
    site: str
    status: str
    version: int
    screened_on: date | None
    randomized_on: date | None
    randomization_number: int | None
    arm: str | None
    off_study_on: date | None
    completed_on: date | None
    visits: list[VisitLine]
    forms: list[FormLine]
    queries: list[int]
    adverse_events: list[int]


class ValueLine(Answer):
    """A value as typed and as understood. `masked`: it is there, and not for this role."""

    item: str
    raw: str | None
    value: str | None
    unit: str | None
    code: str | None
    precision: str | None
    saved_by: str
    saved_at: str
    masked: bool = False


class SignatureLine(Answer):
    """The last signature under a form; `stands` is false once the form has changed."""

    by: str
    at: str
    meaning: str
    hash: str
    stands: bool


class FormAnswer(Answer):
    """A form at its address. `saves` is 0 for one that nobody has saved; give it back as `based_on`."""

    participant: str
    visit: str
    form: str
    repeat: str
    title: str
    saves: int
    performed_on: date | None
    complete: bool
    signature: SignatureLine | None
    values: list[ValueLine]


class FormSaved(Answer):
    """What a save did. `repeated`: the key had been used before, and nothing new has happened."""

    repeated: bool
    form: FormAnswer
    missing: list[str]
    queries: list[int]


class FormGiven(Write):
    """Values by item, as typed: a text, with the unit after the number where it is not the item's own.

    What is not named stays; an empty text clears a value. `reason` is needed to change one already saved.
    `based_on` is the `saves` that were seen: a form that another saved meanwhile is not overwritten.
    """

    values: Annotated[
        dict[Name, Annotated[str, StringConstraints(max_length=20_000)]],
        Field(max_length=MAX_VALUES),
    ]
    performed_on: date | None = None
    based_on: Annotated[int, Field(ge=0, le=10**9)] | None = None
    reason: Text = ""


class DiaryAnswer(Answer):
    """One day of a diary. `saves` is 0 for one that nobody has recorded."""

    participant: str
    diary: str
    day: date
    saves: int
    assisted: bool | None
    values: list[ValueLine]


class DiarySaved(Answer):
    """What recording a day did."""

    repeated: bool
    diary_day: DiaryAnswer


class DiaryGiven(Write):
    """Values by item, as typed. `assisted`: staff write on the participant's word."""

    values: Annotated[
        dict[Name, Annotated[str, StringConstraints(max_length=20_000)]],
        Field(max_length=MAX_VALUES),
    ]
    assisted: bool = True
    reason: Text = ""


# -- queries --------------------------------------------------------------------------------------


class QueriesGiven(Given):
    """Which queries. `after` is the `next` of the page before."""

    model_config = ConfigDict(strict=False)

    status: Literal["open", "answered", "closed"] = "open"
    after: Annotated[str, StringConstraints(max_length=80)] = ""


class QueryLine(Answer):
    """A query in the list; its text stands on its own address."""

    participant: str
    number: int
    site: str
    visit: str
    form: str
    repeat: str
    item: str
    check: str
    status: str
    raised_at: str
    raised_by: str
    due_on: str
    """Last day for what it waits for; empty where the protocol has no rule."""


class QueriesAnswer(Answer):
    """A page of queries, the oldest first."""

    queries: list[QueryLine]
    next: str


class QueryAnswer(Answer):
    """One query with what was said. `again` is what was asked each time it was opened again."""

    participant: str
    number: int
    visit: str
    form: str
    repeat: str
    item: str
    check: str
    status: str
    text: str
    answer: str
    again: list[str]
    raised_at: str
    raised_by: str


class QueryDone(Answer):
    """What an act on a query did."""

    repeated: bool
    query: QueryAnswer


class QuestionGiven(Write):
    """A question about a value, or (with an empty item) about the form."""

    item: Name = ""
    text: Text


class QueryGiven(Write):
    """Answer a query, close it, or ask again."""

    act: Literal["answer", "close", "reopen"]
    text: Text = ""


# -- adverse events -------------------------------------------------------------------------------


class AdverseEventsGiven(Given):
    """Which adverse events. `after` is the `next` of the page before."""

    model_config = ConfigDict(strict=False)

    after: Annotated[str, StringConstraints(max_length=80)] = ""


class AdverseEventLine(Answer):
    """An adverse event in the list. `clock_due` is the next deadline that runs; empty for none."""

    participant: str
    number: int
    site: str
    term: str
    grade: int
    serious: bool
    started_on: str
    ended_on: str
    outcome: str
    clock_due: str


class AdverseEventsAnswer(Answer):
    """A page of adverse events, by participant."""

    adverse_events: list[AdverseEventLine]
    next: str


class ClockLine(Answer):
    """A reporting clock of a serious event."""

    clock: str
    to: str
    due_at: str
    submitted_at: str | None
    on_time: bool | None


class AdverseEventAnswer(Answer):
    """One adverse event as known now. `term` is the protocol's term, or `verbatim` the words used."""

    participant: str
    number: int
    term: str
    verbatim: str
    grade: int
    scale: str
    started_on: date
    ended_on: date | None
    seriousness: list[str]
    causality: dict[str, str]
    outcome: str
    action: str
    narrative: str
    reported_at: str
    reported_by: str
    clocks: list[ClockLine]


class AdverseEventDone(Answer):
    """What a report or an update did."""

    repeated: bool
    adverse_event: AdverseEventAnswer


Action = Annotated[str, StringConstraints(pattern=f"^({'|'.join(ACTION_LABELS)})$")]
Grade = Annotated[int, Field(ge=1, le=5)]
Causes = Annotated[dict[Name, Causality], Field(max_length=50)]


class AdverseEventGiven(Write):
    """A first report. `term` is a term of the protocol, or one in words."""

    term: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    grade: Grade
    started_on: date
    ended_on: date | None = None
    seriousness: Annotated[list[Seriousness], Field(max_length=6)] = []
    causality: Causes = {}
    outcome: Outcome = "unknown"
    action: Action = "none"
    narrative: Text = ""


class AdverseEventChange(Write):
    """What was learned since: only what is named changes."""

    grade: Grade | None = None
    ended_on: date | None = None
    seriousness: Annotated[list[Seriousness], Field(max_length=6)] | None = None
    causality: Causes | None = None
    outcome: Outcome | None = None
    action: Action | None = None
    narrative: Text = ""
    reason: Text = ""


# -- events ---------------------------------------------------------------------------------------


class EventsGiven(Given):
    """Events after a position of the ledger, from at most so many positions."""

    model_config = ConfigDict(strict=False)

    after: Seq = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class EventLine(Answer):
    """An event of the ledger. Sealed fields are left out of `payload` and named in `sealed`."""

    seq: int
    stream: str
    version: int
    type: str
    schema_version: int
    protocol_version: str
    site: str
    actor: str
    role: str
    device_time: str | None
    server_time: str
    payload: dict[str, Any]
    sealed: list[str]
    previous: str
    hash: str


class EventsAnswer(Answer):
    """Events the token may see. Ask again with `after` = `next`; `more` says whether anything follows."""

    events: list[EventLine]
    next: int
    more: bool
