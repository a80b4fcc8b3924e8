"""The timeline says what it draws, draws nothing it was not given, and keeps to the content policy."""

from __future__ import annotations

import re
from datetime import date, timedelta
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from equipoise.web.figures.svg import fitting, width_of, wrapped
from equipoise.web.figures.timeline import (
    CountLane,
    LineLane,
    Point,
    Span,
    SpanLane,
    StepLane,
    Tick,
    TickLane,
    Timeline,
    VisitLane,
    VisitMark,
    day_table,
    timeline_figure,
)

START = date(2027, 1, 1)


def day(number: int) -> date:
    return START + timedelta(days=number)


def timeline(*lanes, today: int = 30) -> Timeline:
    return Timeline(
        START, day(60), day(today), lanes, [(day(3), "Consent"), (day(10), "First fraction")]
    )


FULL = timeline(
    LineLane("Dose", "Gy", [Point(day(12), 4.2, "4.2 Gy"), Point(day(20), 12.6, "12.6 Gy")], filled=True),
    CountLane("Diary", 3, {day(11): (True, False, None), day(12): (True, True, True)}),
    StepLane("Mucositis", "WHO 1979", [Point(day(12), 0, "WHO 1979: 0"), Point(day(20), 3, "WHO 1979: 3")], 4,
             day(30)),
    VisitLane("Visits", [
        VisitMark("W1", day(14), day(12), day(16), "done", day(13)),
        VisitMark("W2", day(21), day(19), day(23), "missed"),
        VisitMark("W3", day(30), day(28), day(32), "due"),
    ]),
    SpanLane("Events", [Span(day(15), None, 3, "Nausea <severe>", serious=True),
                        Span(day(15), day(18), 1, "Fever")]),
    TickLane("Decisions", [Tick(day(3), "consent signed", True), Tick(day(9), "deviation")]),
)  # fmt: skip


def drawings(html: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.S)]


def test_every_drawing_is_well_formed_and_styled_by_class_alone():
    html = timeline_figure(FULL)
    for drawing in drawings(html):
        for element in drawing.iter():
            assert "style" not in element.attrib
            assert not [name for name in element.attrib if name.startswith("on")]
    assert "<script" not in html
    assert "<style" not in html


def test_words_from_the_data_are_escaped():
    html = timeline_figure(FULL)
    assert "Nausea &lt;severe&gt;" in html
    assert "<severe>" not in html


def test_the_table_says_what_the_drawing_shows_day_by_day():
    table = ElementTree.fromstring(re.search(r"<table.*</table>", day_table(FULL), re.S)[0].replace(
        "<table data-days>", "<table>"))  # fmt: skip
    heads = [cell.text for cell in table.find("thead/tr")]
    assert heads == ["Day", "Dose", "Diary", "Mucositis", "Visits", "Events", "Decisions"]
    rows = {row.get("data-day"): [cell.text or "" for cell in row] for row in table.find("tbody")}
    assert rows[str(day(12))][1:4] == ["4.2 Gy", "3 / 3", "WHO 1979: 0"]
    assert rows[str(day(11))][2] == "1 / 3"
    assert rows[str(day(13))][4] == "W1 done"
    assert rows[str(day(21))][4] == "W2 missed"
    assert rows[str(day(18))][5] == "Fever ends"
    assert str(day(25)) not in rows


def test_a_grade_is_drawn_until_the_next_assessment():
    svg = next(d for d in drawings(timeline_figure(FULL)) if d.get("role") == "img")
    bars = {
        e.get("class"): e
        for e in svg.iter()
        if e.tag == "rect" and e.get("class") in ("g0", "g3") and e.get("height") != "5"
    }
    step = FULL.step
    assert abs(float(bars["g0"].get("width")) - 8 * step) < 0.1
    assert abs(float(bars["g3"].get("width")) - 10 * step) < 0.1


def test_each_occasion_of_a_day_is_one_cell_by_what_became_of_it():
    svg = next(d for d in drawings(timeline_figure(FULL)) if d.get("role") == "img")
    cells = {
        e.get("class"): e.get("d").count("M")
        for e in svg.iter()
        if e.tag == "path" and e.get("class") in ("full", "none")
    }
    assert cells == {"full": 4, "none": 1}


def test_a_visit_is_a_shape_by_its_state_on_the_bar_of_its_window():
    svg = next(d for d in drawings(timeline_figure(FULL)) if d.get("role") == "img")
    classes = [e.get("class") for e in svg.iter()]
    assert classes.count("done") == 1
    assert classes.count("missed") == 1
    assert classes.count("due") == 1
    assert (
        sum(1 for name in classes if (name or "").startswith("window")) == 4
    )  # three bars, one unknown dose
    assert classes.count("window soon") == 1


def test_an_empty_timeline_is_still_a_figure_with_a_table():
    html = timeline_figure(
        timeline(StepLane("Mucositis", "WHO", [], 4), LineLane("Weight", "kg", []))
    )
    assert drawings(html)
    assert "<tbody></tbody>" in html


def test_every_phrase_of_its_own_is_translated_and_the_rest_is_left_alone():
    html = timeline_figure(FULL, lambda phrase: f"«{phrase}»")
    assert "«visit done»" in html
    assert "W1 «done»" in html
    assert "«Dose»" not in html


@given(
    st.lists(
        st.tuples(st.integers(-5, 70), st.floats(-1e6, 1e6), st.text(max_size=8)), max_size=12
    ),
    st.integers(-20, 90),
)
def test_whatever_the_days_and_values_the_drawing_is_well_formed(points, today):
    safe = [Point(day(n), value, re.sub(r"[^\w ]", "", words)) for n, value, words in points]
    spans = [
        Span(p.day, None if i % 2 else p.day + timedelta(days=i), i % 6, p.words)
        for i, p in enumerate(safe)
    ]
    html = timeline_figure(
        timeline(LineLane("Weight", "kg", safe), SpanLane("Events", spans), today=today)
    )
    assert len(drawings(html)) >= 2


@given(st.text(alphabet="abc 中文字", max_size=60), st.floats(20, 200))
def test_fitted_and_wrapped_text_is_never_wider_than_its_room(text, room):
    assert width_of(fitting(text, room)) <= room
    lines = wrapped(text, room, most=2)
    assert len(lines) <= 2
    assert all(width_of(line) <= room for line in lines)
