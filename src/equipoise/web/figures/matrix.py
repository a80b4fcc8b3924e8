"""Two tables drawn as matrices: the schedule of activities, and one participant's forms by visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from .svg import Say, escaped, noop

FORM_SHAPES = {
    "empty": ("·", noop("not filled in")),
    "part": ("◐", noop("part-filled")),
    "done": ("●", noop("filled in")),
    "queried": ("?", noop("queried")),
    "void": ("⊘", noop("verification void")),
    "verified": ("✓", noop("verified")),
    "frozen": ("▤", noop("frozen")),
    "locked": ("▣", noop("locked")),
    "signed": ("✎", noop("signed")),
}
"""A form's state as a shape and in words; color only repeats them."""

_FORM_TONES = {
    "queried": "warn",
    "void": "warn",
    "verified": "good",
    "signed": "good",
    "part": "warn",
}

VISIT_SHAPES = {
    "done": ("✓", noop("done")),
    "part": ("◐", noop("begun")),
    "due": ("○", noop("due")),
    "missed": ("✕", noop("missed")),
    "pending": ("·", noop("planned")),
    "late": ("▲", noop("late")),
}


@dataclass(frozen=True, slots=True)
class VisitColumn:
    """A visit at the head of a matrix: its label, its state and its day."""

    id: str
    label: str
    status: str
    day: date | None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class FormCell:
    """A form at a visit: its state, its page where one may be opened, and what else is true of it."""

    status: str
    address: str = ""
    also: tuple[str, ...] = ()


def form_matrix(
    visits: Sequence[VisitColumn],
    forms: Sequence[tuple[str, str]],
    cells: Mapping[tuple[str, str], FormCell],
    say: Say = str,
) -> str:
    """Forms (id, label) down, visits across; a form not asked at a visit leaves the cell blank."""
    words = {status: (shape, say(word)) for status, (shape, word) in FORM_SHAPES.items()}
    visit_words = {status: (shape, say(word)) for status, (shape, word) in VISIT_SHAPES.items()}
    head = [f'<th scope="col">{escaped(say("Form"))}</th>']
    for visit in visits:
        shape, word = visit_words.get(visit.status, ("", visit.status))
        day = f"{visit.day:%m-%d}" if visit.day else ""
        about = f"~{day}" if visit.provisional and day else day
        head.append(
            f'<th scope="col">{escaped(visit.label)}<br><span class="soft small nowrap">{about}</span>'
            f'<br><span class="soft" title="{escaped(word)}"><span aria-hidden="true">{shape}</span>'
            f'<span class="said">{escaped(word)}</span></span></th>'
        )
    body = []
    for form, label in forms:
        row = [f'<tr><th scope="row">{escaped(label)}</th>']
        for visit in visits:
            cell = cells.get((visit.id, form))
            if cell is None:
                row.append("<td></td>")
                continue
            told = [words[one] for one in (cell.status, *cell.also)]
            shape = "".join(one for one, _word in told)
            word = ", ".join(one for _shape, one in told)
            inner = (
                f'<span aria-hidden="true">{shape}</span>'
                f'<span class="said">{escaped(label)}, {escaped(visit.label)}: {escaped(word)}</span>'
            )
            if cell.address:
                inner = f'<a href="{escaped(cell.address)}" title="{escaped(word)}">{inner}</a>'
            tone = _FORM_TONES.get(cell.status)
            row.append(f'<td class="{tone}">{inner}</td>' if tone else f"<td>{inner}</td>")
        row.append("</tr>")
        body.append("".join(row))
    used = {one for cell in cells.values() for one in (cell.status, *cell.also)}
    legend = "".join(
        f'<li><span aria-hidden="true">{shape}</span> {escaped(word)}</li>'
        for status, (shape, word) in words.items()
        if status in used
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(say("Forms by visit"))}">'
        f'<table class="matrix"><thead><tr>{"".join(head)}</tr></thead>'
        f'<tbody>{"".join(body)}</tbody></table></div><ul class="legend">{legend}</ul>'
    )


@dataclass(frozen=True, slots=True)
class ScheduleColumn:
    """A planned visit: label, epoch, the anchor its day is counted from, window, and footnote."""

    id: str
    label: str
    epoch: str
    anchor: str
    day: str
    window: str
    note: str = ""


def schedule_matrix(
    visits: Sequence[ScheduleColumn],
    activities: Sequence[tuple[str, frozenset[str]]],
    say: Say = str,
) -> str:
    """The schedule of activities: activities (label, visit ids) down, visits across, by epoch."""
    epochs = _groups([visit.epoch for visit in visits])
    anchors = _groups([visit.anchor for visit in visits])
    notes = [visit.note for visit in visits if visit.note]
    footnotes = {note: index + 1 for index, note in enumerate(dict.fromkeys(notes))}
    head = "".join(
        f'<th scope="col">{escaped(visit.label)}'
        + (f"<sup>{footnotes[visit.note]}</sup>" if visit.note else "")
        + f'<br><span class="soft small nowrap">{escaped(visit.day)}</span>'
        + f'<br><span class="soft small nowrap">{escaped(visit.window)}</span></th>'
        for visit in visits
    )
    yes = escaped(say("at this visit"))
    mark = f'<td><span aria-hidden="true">●</span><span class="said">{yes}</span></td>'
    body = "".join(
        f'<tr><th scope="row">{escaped(label)}</th>'
        + "".join(mark if visit.id in at else "<td></td>" for visit in visits)
        + "</tr>"
        for label, at in activities
    )
    explained = "".join(
        f"<li><sup>{number}</sup> {escaped(note)}</li>" for note, number in footnotes.items()
    )
    name = escaped(say("Schedule of activities"))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table class="matrix">'
        f'<thead><tr><td class="phase"></td>{epochs}</tr>'
        f'<tr><th scope="row" class="phase">{escaped(say("Days counted from"))}</th>{anchors}</tr>'
        f'<tr><th scope="col">{escaped(say("Activity"))}</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
        + (f'<ul class="legend">{explained}</ul>' if explained else "")
    )


def _groups(labels: Sequence[str]) -> str:
    """Neighbors with the same label under one heading."""
    groups: list[tuple[str, int]] = []
    for label in labels:
        if groups and groups[-1][0] == label:
            groups[-1] = (label, groups[-1][1] + 1)
        else:
            groups.append((label, 1))
    return "".join(
        f'<th scope="colgroup" colspan="{count}" class="phase">{escaped(label)}</th>'
        for label, count in groups
    )
