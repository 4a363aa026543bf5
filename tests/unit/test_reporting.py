"""Charts, labels and headline tables show what they are given, and nothing else."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest

from analysis.domain import Event, EventTable, TradeSeries, parse_day
from analysis.reporting.charts import series_chart
from analysis.reporting.charts.theme import SMALL, WIDTHS, extent
from analysis.reporting.charts.timeline import PAD, Span, event_marks
from analysis.reporting.headline import (
    EVERYTHING_ELSE,
    Headline,
    break_change,
    fraction,
    signed,
    window_words,
)
from analysis.reporting.labels import KIND_COLOURS, event_label, kind_words
from analysis.reporting.tables import SERIES_COLUMNS, series_csv

WIDTH_OF_A_TERMINAL = 100
YEARS = [str(year) for year in range(2000, 2020)]


def event(name: str, day: str, title: str = "", kind: str = "event") -> Event:
    return Event(name, title or f"Event {name}", parse_day(day), kind=kind)


def layers(chart: dict) -> list[dict]:
    """Return every drawing layer of a specification with its data resolved."""
    datasets = chart.get("datasets", {})
    found = []

    def walk(part: dict, inherited: dict | None) -> None:
        data = part.get("data", inherited)
        for name in ("layer", "vconcat"):
            for child in part.get(name, []):
                walk(child, data)
        if "mark" in part:
            values = data.get("values") or datasets[data["name"]]
            found.append({"mark": part["mark"]["type"], "values": values})

    walk(chart, None)
    return found


def test_a_chart_holds_every_observation_break_and_event_inside_the_sample() -> None:
    values = [None if k == 5 else float(k + 1) for k in range(20)]
    series = TradeSeries.from_values(
        YEARS, values, unit="USD million", status=["E" if k == 7 else None for k in range(20)]
    )
    events = EventTable((event("in", "2010-05-01"), event("out", "2031-01-01"), event("before", "1990")))
    breaks = [
        {"first_after": "2008", "ci": {"lower": "2006", "upper": "2008"}},
        {"first_after": "2015", "ci": None},
    ]
    drawn = layers(series_chart(series, events=events, breaks=breaks).to_dict())
    line = next(layer["values"] for layer in drawn if layer["mark"] == "line")
    assert [row["value"] for row in line] == values
    assert line[7]["status"] == "estimated"
    assert {row["label"] for layer in drawn if layer["mark"] == "text" for row in layer["values"]} == {
        "Event in"
    }
    band = next(layer["values"] for layer in drawn if layer["mark"] == "rect")
    assert [(row["first_after"], row["from"], row["to"]) for row in band] == [
        ("2008", "2007-01-01", "2009-12-31")
    ], "a break without a set has no band"


def test_a_chart_without_events_and_breaks_has_no_strip() -> None:
    chart = series_chart(TradeSeries.from_values(YEARS, [1.0] * 20)).to_dict()
    assert len(chart["vconcat"]) == 1


def test_labels_meet_neither_each_other_nor_a_stem() -> None:
    span = Span(parse_day("2000"), parse_day("2020"))
    days = ("2001", "2001-02", "2001-03", "2009-06", "2010", "2019", "2019-06", "2019-07")
    table = [event(str(k), day, "A label of some length" if k % 2 else "Short") for k, day in enumerate(days)]
    marks = event_marks(table, span)
    assert len(marks) == len(days)
    boxes = []
    for mark in marks:
        at = span.pixel(parse_day(mark["day"]))
        width = extent([mark["label"]], SMALL) + PAD
        left, right = (at - width, at) if mark["flipped"] else (at, at + width)
        assert left >= 0
        assert right <= WIDTHS["wide"]
        boxes.append((mark["row"], left, right, at))
    for k, (row, left, right, _) in enumerate(boxes):
        for j, (other_row, other_left, other_right, other_at) in enumerate(boxes):
            if k == j:
                continue
            assert row != other_row or right <= other_left or other_right <= left, "two labels meet"
            assert not (left < other_at < right and other_row <= row), "a stem runs through a label"


def test_labels_are_short_and_every_kind_has_a_colour() -> None:
    from analysis import catalogue

    for one in catalogue.events():
        assert 3 <= len(event_label(one)) <= 28
        assert kind_words(one.kind) in KIND_COLOURS
    assert event_label(catalogue.events()["unscr_2371"]) == "UN 2371"


def test_csv_leaves_missing_cells_empty_and_defuses_formulas() -> None:
    series = TradeSeries.from_values(["2016", "2017"], [1.25, None], id="=cmd()", unit="@x")
    rows = list(csv.reader(io.StringIO(series_csv(series))))
    assert tuple(rows[0]) == SERIES_COLUMNS
    assert rows[1][:6] == ["'=cmd()", "A", "2016", "1.25", "A", "'@x"]
    assert rows[2][3:5] == ["", "M"]


RECORD = {
    "series": "x",
    "level": 0.95,
    "change": {
        "per": "month",
        "unit": "USD million",
        "from_window": "2016-01..2016-12",
        "to_window": "2018-01..2018-06",
        "annualised": {"from": 1200.0, "to": 600.0, "absolute": -600.0},
    },
    "contributions": [
        {
            "kind": "trend",
            "event_ids": [],
            "label": "Trend",
            "estimate": 5.0,
            "lower": 1.0,
            "upper": 9.0,
            "share": -0.1,
            "grade": None,
        },
        {
            "kind": "event",
            "event_ids": ["a", "b"],
            "label": "A + B",
            "estimate": -50.0,
            "lower": -70.0,
            "upper": -30.0,
            "share": 1.0,
            "grade": "B",
        },
    ],
    "residual": {"estimate": -5.0, "lower": -9.0, "upper": 4.0},
}


def test_a_record_of_an_earlier_engine_is_annualised_and_adds_up() -> None:
    head = Headline.of(RECORD, "Exports", EventTable((event("a", "2017"), event("b", "2017"))))
    assert [row.label for row in head.rows] == ["Trend", "Event a + Event b", "Not explained by a named part"]
    assert sum(row.estimate for row in head.rows) == pytest.approx(head.change)
    first, second = head.sentences()
    assert (
        first == "Exports, as recorded and in nominal terms: from 1,200 USD million a year in 2016 to 600 in "
        "2018-01 to 2018-06, a fall of 600."
    )
    assert "earlier engine" in second
    assert "−840" in head.text()
    assert "100 %" in head.text()


def test_an_answer_shows_its_sentence_sums_and_doubts_within_a_terminal() -> None:
    interval = {"estimate": -40.0, "lower": -60.0, "upper": -20.0}
    rows = [{**row, "kind": "growth"} if row["kind"] == "trend" else row for row in RECORD["contributions"]]
    record = {
        **RECORD,
        "contributions": rows,
        "sentence": "Of the fall of 600, 480 came with two events.",
        "everything_else": {"estimate": 0.0, "lower": -20.0, "upper": 20.0},
        "sums": [
            {
                "label": "All events",
                "event_ids": ["a", "b"],
                **interval,
                "percent": 80.0,
                "percent_lower": 40.0,
                "percent_upper": 120.0,
                "grade": "A",
            }
        ],
        "doubts": [{"text": "The data prefer another date. " * 8}],
    }
    head = Headline.of(record, "Exports", EventTable((event("a", "2017"), event("b", "2017"))))
    text = head.text()
    assert head.sentences() == (record["sentence"],)
    assert [row.label for row in head.sums] == ["All events, together"]
    assert [row.label for row in head.rows] == ["Event a + Event b", EVERYTHING_ELSE]
    assert head.sums[0].estimate == -480
    assert head.lead == "80 % of the fall came with all events (95 % interval 40 % to 120 %; precise)."
    (together,) = head.sums
    assert replace(head, sums=(replace(together, share=1.2),)).lead.endswith("there would have been no fall.")
    assert replace(head, sums=(replace(together, grade="D"),)).lead == "", "a share without a sign is none"
    assert replace(head, sums=(replace(together, grade="exact"),)).lead == "", "the sentence gives it"
    assert text.index("All events, together") < text.index("Event a + Event b") < text.index("Doubt: ")
    assert max(map(len, text.splitlines())) <= WIDTH_OF_A_TERMINAL
    assert "precise" in text
    assert "80 %" in text


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert [fraction(value) for value in (-0.004, 0.0, -0.5, 1.0)] == ["0.00", "0.00", "−0.50", "1.00"]
    assert [signed(value) for value in (-0.4, 0.4)] == ["0", "0"]


def test_the_change_at_a_break_has_its_interval() -> None:
    logs = {"magnitude": -1.0, "se": 0.2, "percent": 100 * math.expm1(-1.0)}
    low, high = (100 * math.expm1(-1.0 + sign * 1.959964 * 0.2) for sign in (-1, 1))
    assert break_change(logs) == f"−63 % [{signed(low)}, {signed(high)}]"
    assert break_change({"magnitude": 50.0, "se": 10.0, "percent": None}) == "+50 [+30, +70]"


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ("2016", "2016"),
        ("2016-01..2016-12", "2016"),
        ("2016-01..2017-12", "2016 to 2017"),
        ("2015-Q2..2016-Q1", "2015-Q2 to 2016-Q1"),
        ("2016-03", "2016-03"),
        ("2015-W01..2015-W53", "2015"),
        ("2015-W01..2015-W52", "2015-W01 to 2015-W52"),
    ],
)
def test_windows_in_words(window: str, words: str) -> None:
    assert window_words(window) == words


def test_signs_are_typographic() -> None:
    assert [signed(value) for value in (-1234.4, 0.0, 12.5)] == ["−1,234", "0", "+12"]
