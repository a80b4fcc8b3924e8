"""One participant on one line of days: what was planned, done, given, felt and decided.

The figure is two drawings side by side, lane names and days, so that the names stay when the days
scroll. Under it stands the same content as a table, one row a day; the page's script reads a day aloud
from that table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from .svg import Say, escaped, fitting, noop, short, width_of, wrapped

LABEL_WIDTH = 164
AXIS_HEIGHT = 66
GAP = 10


@dataclass(frozen=True, slots=True)
class Point:
    """A value on a day. `words` is what is read aloud: `WHO 1979 grade 3`, `61.2 kg`."""

    day: date
    value: float
    words: str


@dataclass(frozen=True, slots=True)
class StepLane:
    """An ordinal grade, holding until the next assessment, up to `highest`; `scale` names it."""

    label: str
    scale: str
    points: Sequence[Point]
    highest: int
    until: date | None = None
    """The day to which the last grade is drawn (today, or the end of the study)."""


@dataclass(frozen=True, slots=True)
class LineLane:
    """A measured quantity; `filled` for one that accumulates, such as a delivered dose."""

    label: str
    unit: str
    points: Sequence[Point]
    filled: bool = False
    from_zero: bool = False


@dataclass(frozen=True, slots=True)
class CountLane:
    """How many of `of` were taken each day: one cell an occasion."""

    label: str
    of: int
    days: Mapping[date, tuple[bool | None, ...]]
    """Per day and occasion: taken, not taken, or not known."""


@dataclass(frozen=True, slots=True)
class VisitMark:
    """A visit: its window as a bar, and what became of it."""

    label: str
    target: date
    opens: date
    closes: date
    status: str
    """`done`, `part`, `due`, `missed` or `pending`."""
    performed_on: date | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class VisitLane:
    """All visits that apply."""

    label: str
    visits: Sequence[VisitMark]


@dataclass(frozen=True, slots=True)
class Span:
    """From a day to a day, or still going on (`end` None); `level` 1 to 5 chooses its tone."""

    start: date
    end: date | None
    level: int
    words: str
    serious: bool = False


@dataclass(frozen=True, slots=True)
class SpanLane:
    """Adverse events."""

    label: str
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Tick:
    """A decision or signature on a day."""

    day: date
    words: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class TickLane:
    """Decisions and signatures."""

    label: str
    ticks: Sequence[Tick]


Lane = StepLane | LineLane | CountLane | VisitLane | SpanLane | TickLane


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is drawn, from `start` to `end`. `anchors` are the days the schedule counts from."""

    start: date
    end: date
    today: date
    lanes: Sequence[Lane]
    anchors: Sequence[tuple[date, str]] = ()
    title: str = "Timeline"
    weekdays: Sequence[str] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

    @property
    def days(self) -> int:
        """How many days are drawn."""
        return (self.end - self.start).days + 1

    @property
    def step(self) -> float:
        """Width of a day: the whole trial on a desktop, never under 5 units."""
        return max(5.0, min(14.0, round(920 / self.days, 2)))


@dataclass(slots=True)
class _Drawing:
    """The two drawings while lanes are added; `top` is where the next lane begins."""

    timeline: Timeline
    say: Say
    plot: list[str]
    names: list[str]
    top: float

    def x(self, day: date) -> float:
        return (day - self.timeline.start).days * self.timeline.step

    def name(self, label: str, note: str, height: float) -> None:
        room = LABEL_WIDTH - 12
        lines = wrapped(label, room, 12, 2)
        y = self.top + height / 2 + 4 - 6.5 * (len(lines) - 1 + bool(note))
        for line in lines:
            self.names.append(f'<text class="t-bold" x="0" y="{short(y)}">{escaped(line)}</text>')
            y += 13.5
        if note:
            self.names.append(
                f'<text class="t-soft" x="0" y="{short(y)}">{escaped(fitting(note, room, 11))}</text>'
            )

    def close(self, height: float) -> None:
        self.top += height + GAP
        y = short(self.top - GAP / 2)
        width = short(self.timeline.days * self.timeline.step)
        self.plot.append(f'<path class="rule" d="M0 {y}H{width}"/>')
        self.names.append(f'<path class="rule" d="M0 {y}H{LABEL_WIDTH}"/>')


def timeline_figure(timeline: Timeline, say: Say = str) -> str:
    """The whole figure as HTML: two drawings, the reading line, and the table of days."""
    drawing = _Drawing(timeline, say, [], [], AXIS_HEIGHT)
    for lane in timeline.lanes:
        match lane:
            case StepLane():
                _steps(drawing, lane)
            case LineLane():
                _line(drawing, lane)
            case CountLane():
                _counts(drawing, lane)
            case VisitLane():
                _visits(drawing, lane)
            case SpanLane():
                _spans(drawing, lane)
            case TickLane():
                _ticks(drawing, lane)
    height = short(drawing.top)
    width = timeline.days * timeline.step
    today = (timeline.today - timeline.start).days
    title = escaped(timeline.title)
    behind, over = _axis(drawing, drawing.top)
    return (
        f'<figure data-timeline data-start="{timeline.start}" data-days="{timeline.days}" '
        f'data-step="{timeline.step}" data-today="{today}" '
        f'data-label="{escaped(say("Read a day: arrow keys move by a day, page keys by a week"))}" '
        f'data-nothing="{escaped(say("nothing recorded"))}">'
        f'<div class="timeline"><svg width="{LABEL_WIDTH}" height="{height}" aria-hidden="true" '
        f'focusable="false">{"".join(drawing.names)}</svg>'
        f'<div class="plot" tabindex="0" role="region" aria-label="{title}"><div class="over">'
        f'<svg width="{short(width)}" height="{height}" role="img" aria-label="{title}" '
        f'focusable="false">{behind}{"".join(drawing.plot)}{over}</svg></div></div></div>'
        f'<p class="reading"><output data-reading>'
        f"{escaped(say('Point at a day, or tab to the drawing and use the arrow keys.'))}"
        f"</output></p>{_legend(timeline, say)}"
        f"<details><summary>{escaped(say('The same, day by day, as a table'))}</summary>"
        f"{day_table(timeline, say)}</details></figure>"
    )


# -- the lanes ------------------------------------------------------------------------------------


def _axis(drawing: _Drawing, height: float) -> tuple[str, str]:
    timeline, step = drawing.timeline, drawing.timeline.step
    bottom = short(height)
    behind: list[str] = []
    weekends = []
    day = timeline.start
    while day <= timeline.end:
        if day.weekday() == 5:
            weekends.append(
                f"M{short(drawing.x(day))} 20h{short(2 * step)}V{bottom}h{short(-2 * step)}z"
            )
        if day.day == 1 or day == timeline.start:
            x = drawing.x(day)
            behind.append(f'<path class="rule" d="M{short(x)} 4V{bottom}"/>')
            near = abs((day - timeline.today).days) * step < 48
            if (
                not near
                and (timeline.end - day).days * step > 46
                and (day.day == 1 or (_next_month(day) - day).days * step > 56)
            ):
                behind.append(f'<text class="t-soft" x="{short(x + 4)}" y="14">{day:%Y-%m}</text>')
        day += timedelta(days=1)
    behind.insert(0, f'<path class="wash" d="{"".join(weekends)}"/>')
    over: list[str] = []
    ends = [-99.0, -99.0, -99.0]
    together: dict[date, list[str]] = {}
    for when, label in sorted(timeline.anchors):
        if timeline.start <= when <= timeline.end:
            together.setdefault(when, []).append(label)
    for when, labels in together.items():
        label = ", ".join(labels)
        x = drawing.x(when) + step / 2
        room = width_of(label, 11) + 8
        before = x + room > timeline.days * step
        left = x - room if before else x
        row = next((n for n in (0, 1, 2) if left > ends[n]), None)
        over.append(f'<path class="then" d="M{short(x)} {23 + 14 * (row or 0)}V{bottom}"/>')
        if row is not None:
            ends[row] = left + room
            over.append(
                f'<text class="t-soft{" t-end" if before else ""}" '
                f'x="{short(x - 4 if before else x + 4)}" y="{32 + 14 * row}">{escaped(label)}</text>'
            )
    if timeline.start <= timeline.today <= timeline.end:
        x = drawing.x(timeline.today) + step / 2
        word = drawing.say("today")
        flip = x + width_of(word) + 8 > timeline.days * step
        behind.append(f'<path class="now" d="M{short(x)} 4V{bottom}"/>')
        over.append(
            f'<text class="t-bold{" t-end" if flip else ""}" '
            f'x="{short(x - 5 if flip else x + 5)}" y="14">{escaped(word)}</text>'
        )
    return "".join(behind), "".join(over)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _steps(drawing: _Drawing, lane: StepLane) -> None:
    timeline = drawing.timeline
    unit = 35 / max(lane.highest, 1)
    height = 50.0
    base = drawing.top + height
    drawing.name(lane.label, lane.scale, height)
    out = drawing.plot
    points = sorted(lane.points, key=lambda point: point.day)
    for index, point in enumerate(points):
        last = index + 1 == len(points)
        after = (lane.until or point.day) if last else points[index + 1].day
        after = max(after, point.day)
        x = drawing.x(point.day)
        width = max((after - point.day).days, 1) * timeline.step
        grade = round(point.value)
        tall = 3 + grade * unit
        out.append(
            f'<rect class="g{min(grade, 5)}" x="{short(x)}" y="{short(base - tall)}" '
            f'width="{short(width)}" height="{short(tall)}"/>'
        )
        if grade and (index == 0 or round(points[index - 1].value) != grade):
            out.append(
                f'<text class="t-bold" x="{short(x + 2)}" y="{short(max(base - tall - 3, drawing.top + 9))}">'
                f"{grade}</text>"
            )
    drawing.close(height)


def _line(drawing: _Drawing, lane: LineLane) -> None:
    height = 40.0
    drawing.name(lane.label, lane.unit, height)
    points = sorted(lane.points, key=lambda point: point.day)
    if points:
        values = [point.value for point in points]
        low = 0.0 if lane.filled or lane.from_zero else min(values)
        high = max(max(values), low)
        spread = (high - low) or 1.0
        floor = drawing.top + height - 3
        half = drawing.timeline.step / 2
        places = [
            (drawing.x(p.day) + half, floor - (p.value - low) / spread * (height - 16))
            for p in points
        ]
        path = "L".join(f"{short(x)} {short(y)}" for x, y in places)
        if lane.filled:
            drawing.plot.append(
                f'<path class="area" d="M{short(places[0][0])} {short(floor)}L{path}'
                f'V{short(floor)}z"/>'
            )
        drawing.plot.append(f'<path class="lined" d="M{path}"/>')
        dots = "".join(f"M{short(x - 2)} {short(y)}a2 2 0 1 0 4 0a2 2 0 1 0-4 0" for x, y in places)
        drawing.plot.append(f'<path class="dot" d="{dots}"/>')
        for x, y, point in _told(places, points):
            drawing.plot.append(
                f'<text class="t-soft t-mid" x="{short(x)}" y="{short(y - 5)}">{point.value:g}</text>'
            )
    drawing.close(height)


def _told(
    places: Sequence[tuple[float, float]], points: Sequence[Point]
) -> Iterable[tuple[float, float, Point]]:
    """The points whose value is written: first, last, lowest and highest, where there is room."""
    values = [point.value for point in points]
    chosen = [len(values) - 1, 0, values.index(max(values)), values.index(min(values))]
    taken: list[float] = []
    for index in chosen:
        x, y = places[index]
        if all(abs(x - other) > 30 for other in taken):
            taken.append(x)
            yield max(x, 12), y, points[index]


def _counts(drawing: _Drawing, lane: CountLane) -> None:
    cell = 8.0
    height = max(lane.of * (cell + 2), 36)
    known = [taken for day in lane.days.values() for taken in day if taken is not None]
    note = f"{sum(known)} / {len(known)}" if known else ""
    drawing.name(lane.label, note, height)
    wide = max(drawing.timeline.step - 1.5, 3)
    kinds: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for day, occasions in lane.days.items():
        x = short(drawing.x(day) + 0.75)
        for row, taken in enumerate(occasions):
            y = drawing.top + row * (cell + 2)
            kinds[taken].append(f"M{x} {short(y)}h{short(wide)}v{short(cell)}h{short(-wide)}z")
    for taken, kind in ((True, "full"), (False, "none"), (None, "window")):
        if kinds[taken]:
            drawing.plot.append(f'<path class="{kind}" d="{"".join(kinds[taken])}"/>')
    drawing.close(height)


def _visits(drawing: _Drawing, lane: VisitLane) -> None:
    height = 42.0
    timeline, say = drawing.timeline, drawing.say
    drawing.name(lane.label, _visit_note(lane, say), height)
    middle = drawing.top + 33
    for visit in lane.visits:
        left, right = drawing.x(visit.opens), drawing.x(visit.closes) + timeline.step
        soon = visit.status == "due" and visit.opens <= timeline.today
        drawing.plot.append(
            f'<rect class="window{" soon" if soon else ""}" x="{short(left)}" y="{short(middle - 4)}" '
            f'width="{short(right - left)}" height="8"/>'
        )
    ends = [-99.0, -99.0]
    for visit in sorted(lane.visits, key=lambda visit: visit.performed_on or visit.target):
        x = drawing.x(visit.performed_on or visit.target) + timeline.step / 2
        drawing.plot.append(_visit_shape(visit, x, middle))
        label = fitting(visit.label, 84, 11)
        room = width_of(label, 11)
        at = min(max(x, room / 2), timeline.days * timeline.step - room / 2)
        row = next((n for n in (1, 0) if at - room / 2 > ends[n]), None)
        if row is not None:
            ends[row] = at + room / 2 + 5
            drawing.plot.append(
                f'<text class="t-soft t-mid" x="{short(at)}" y="{short(drawing.top + 9 + 13 * row)}">'
                f"{escaped(label)}</text>"
            )
    drawing.close(height)


def _visit_note(lane: VisitLane, say: Say) -> str:
    done = sum(1 for visit in lane.visits if visit.status in ("done", "part"))
    return f"{done} / {len(lane.visits)} {say('done')}"


def _visit_shape(visit: VisitMark, x: float, y: float) -> str:
    if visit.status == "done":
        return f'<circle class="done" cx="{short(x)}" cy="{short(y)}" r="4.5"/>'
    if visit.status == "part":
        return (
            f'<circle class="due" cx="{short(x)}" cy="{short(y)}" r="4.5"/>'
            f'<path class="tick" d="M{short(x)} {short(y - 4.5)}a4.5 4.5 0 0 1 0 9z"/>'
        )
    if visit.status == "missed":
        return f'<path class="missed" d="M{short(x - 4)} {short(y - 4)}l8 8m0-8l-8 8"/>'
    return f'<circle class="due" cx="{short(x)}" cy="{short(y)}" r="4"/>'


def _spans(drawing: _Drawing, lane: SpanLane) -> None:
    timeline = drawing.timeline
    rows: list[float] = []
    out: list[str] = []
    for span in sorted(lane.spans, key=lambda span: span.start):
        left = drawing.x(span.start)
        end = min(span.end or timeline.today, timeline.end)
        right = max(drawing.x(end) + timeline.step, left + timeline.step)
        words = fitting(span.words, 190, 11)
        reach = max(right, left + width_of(words, 11) + 14)
        row = next((n for n, free in enumerate(rows) if left > free), len(rows))
        if row == len(rows):
            rows.append(0)
        rows[row] = reach + 6
        y = drawing.top + row * 22
        shape = (
            f'<rect class="g{min(max(span.level, 1), 5)}" x="{short(left)}" y="{short(y + 14)}" '
            f'width="{short(right - left)}" height="5"/>'
        )
        if span.serious:
            shape += f'<path class="tick" d="M{short(left)} {short(y + 11)}l4-8 4 8z"/>'
        if span.end is None:
            shape += f'<path class="g{min(max(span.level, 1), 5)}" d="M{short(right)} {short(y + 12)}l7 4.5-7 4.5z"/>'
        indent = 10 if span.serious else 0
        flip = left + indent + width_of(words, 11) > timeline.days * timeline.step
        at = right if flip else left + indent
        out.append(
            f'{shape}<text class="t-soft{" t-end" if flip else ""}" x="{short(at)}" '
            f'y="{short(y + 11)}">{escaped(words)}</text>'
        )
    height = max(len(rows) * 22.0, 24.0)
    serious = sum(1 for span in lane.spans if span.serious)
    note = f"{len(lane.spans)}" + (f", {serious} {drawing.say('serious')}" if serious else "")
    drawing.name(lane.label, note, height)
    drawing.plot += out
    drawing.close(height)


def _ticks(drawing: _Drawing, lane: TickLane) -> None:
    height = 26.0
    drawing.name(lane.label, "", height)
    plain, strong = [], []
    for tick in lane.ticks:
        x = drawing.x(tick.day) + drawing.timeline.step / 2
        if tick.strong:
            strong.append(f"M{short(x)} {short(drawing.top + 4)}l5 9-5 9-5-9z")
        else:
            plain.append(f"M{short(x - 1)} {short(drawing.top + 5)}h2v16h-2z")
    drawing.plot.append(f'<path class="tick" d="{"".join(plain)}"/>')
    drawing.plot.append(f'<path class="dot" d="{"".join(strong)}"/>')
    drawing.close(height)


# -- words ----------------------------------------------------------------------------------------

_VISIT_WORDS = {
    "done": noop("done"),
    "part": noop("begun"),
    "due": noop("due"),
    "missed": noop("missed"),
    "pending": noop("planned"),
}


def _legend(timeline: Timeline, say: Say) -> str:
    kinds = {type(lane) for lane in timeline.lanes}
    entries = []
    if VisitLane in kinds:
        entries += [
            ('<circle class="done" cx="7" cy="7" r="4.5"/>', say("visit done")),
            ('<circle class="due" cx="7" cy="7" r="4.5"/>', say("visit due")),
            ('<path class="missed" d="M3 3l8 8m0-8l-8 8"/>', say("visit missed")),
            ('<rect class="window" x="0" y="3" width="14" height="8"/>', say("visit window")),
        ]
    if CountLane in kinds:
        entries += [
            ('<rect class="full" x="2" y="2" width="9" height="9"/>', say("dose taken")),
            ('<rect class="none" x="2" y="2" width="9" height="9"/>', say("dose not taken")),
        ]
    if SpanLane in kinds:
        entries.append(('<path class="tick" d="M3 11l4-8 4 8z"/>', say("serious event")))
    if TickLane in kinds:
        entries.append(('<path class="tick" d="M6 1h2v12h-2z"/>', say("decision")))
        entries.append(
            ('<path class="dot" d="M7 0l4 7-4 7-4-7z"/>', say("signature or allocation"))
        )
    items = "".join(
        f'<li class="row"><svg width="14" height="14" aria-hidden="true" focusable="false">{shape}</svg>'
        f"{escaped(words)}</li>"
        for shape, words in entries
    )
    return f'<ul class="legend">{items}</ul>' if items else ""


def _readings(lane: Lane, say: Say) -> Iterable[tuple[date, str]]:
    match lane:
        case StepLane() | LineLane():
            for point in lane.points:
                yield point.day, point.words
        case CountLane():
            for day, occasions in lane.days.items():
                taken = sum(1 for one in occasions if one)
                yield day, f"{taken} / {lane.of}"
        case VisitLane():
            for visit in lane.visits:
                word = say(_VISIT_WORDS.get(visit.status, visit.status))
                yield visit.performed_on or visit.target, f"{visit.label} {word}"
        case SpanLane():
            for span in lane.spans:
                yield span.start, f"{span.words} {say('begins')}"
                if span.end is not None:
                    yield span.end, f"{span.words} {say('ends')}"
        case TickLane():
            for tick in lane.ticks:
                yield tick.day, tick.words


def day_table(timeline: Timeline, say: Say = str) -> str:
    """The timeline's content as a table: one row for each day on which there is anything."""
    columns = len(timeline.lanes)
    days: dict[date, list[str]] = {}
    for column, lane in enumerate(timeline.lanes):
        for day, words in _readings(lane, say):
            row = days.get(day)
            if row is None:
                row = days[day] = [""] * columns
            row[column] = f"{row[column]}, {words}" if row[column] else words
    weekdays = [escaped(name) for name in timeline.weekdays]
    head = "".join(f'<th scope="col">{escaped(lane.label)}</th>' for lane in timeline.lanes)
    body = "".join(
        f'<tr data-day="{day}"><th scope="row" class="nowrap">{day} {weekdays[day.weekday()]}</th>'
        + "".join(f"<td>{escaped(words)}</td>" for words in days[day])
        + "</tr>"
        for day in sorted(days)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(timeline.title)}">'
        f'<table data-days><thead><tr><th scope="col">{escaped(say("Day"))}</th>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
