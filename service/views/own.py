"""A reader's own series: CSV in, the same pages out; nothing is kept."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

if TYPE_CHECKING:
    import altair as alt

from analysis.domain import EventTable, TradeSeries, Window
from analysis.domain.reading import Row
from analysis.domain.text import readable, what_is_wrong
from analysis.errors import InputError, TradebreaksError
from analysis.reporting.charts import series_chart, specification, waterfall_chart
from analysis.reporting.headline import Headline
from analysis.reporting.labels import event_label
from service.answers import Answers
from service.compute import tasks
from service.schemas import AttributionRequest, BreaksRequest, EventIn, ObservationIn, Scale
from service.validation import read_model

EXAMPLE = "period,value\n2010,100\n2011,112\n"
FIELDS = ("csv", "period", "value", "events", "events_from", "from", "to", "unit", "title", "scale", "store")
SCALES = ("", *get_args(Scale))
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
LONGEST_TITLE = 120


class FieldError(InputError):
    """What is wrong, and in which field of the form."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message, pointer=f"/{name}")
        self.field = name


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV with a header."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(slots=True)
class OwnForm:
    """What the form holds, as sent.

    Attributes
    ----------
    values : dict
        By the names of `FIELDS`.
    header : tuple of str
        Columns of the CSV, to be mapped.
    error : FieldError or None
    """

    values: dict[str, str]
    header: tuple[str, ...] = ()
    error: FieldError | None = None

    @classmethod
    def of(cls, values: Mapping[str, str]) -> OwnForm:
        """Take the known fields; the others are empty."""
        return cls({name: values.get(name, "") for name in FIELDS})


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """The answer on a reader's own series.

    `charts` holds the name, the drawing and the specification of each chart.
    """

    series: TradeSeries
    request: AttributionRequest
    headline: Headline
    record: dict[str, Any]
    breaks: dict[str, Any] | None
    breaks_reason: str
    names: dict[str, str]
    charts: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)


def read_table(text: str, name: str) -> Table:
    """Read CSV with a header, separated by commas, semicolons or tabs.

    Raises
    ------
    FieldError
        Naming the line.
    """
    what = "events" if name == "events" else "series"
    if not text.strip():
        raise FieldError(name, f"Your {what}: there is no CSV. Paste it, or choose a file.")
    wrong = what_is_wrong(text.lstrip("\ufeff"), allowed="\t\r\n")
    if wrong is not None:
        raise FieldError(name, f"Your {what}: the text holds {wrong}: take it out.")
    first = text.lstrip("\ufeff").strip("\r\n").split("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=separator, strict=True))
    except csv.Error as problem:
        raise FieldError(name, f"Your {what} cannot be read as CSV: {problem}.") from None
    filled = [(number, line) for number, line in enumerate(lines, 1) if any(cell.strip() for cell in line)]
    if not filled:
        raise FieldError(name, f"Your {what}: there are separators, but no cells.")
    header = tuple(cell.strip() for cell in filled[0][1])
    if len(set(header)) != len(header):
        raise FieldError(name, f"Your {what}: the header names a column twice.")
    rows = []
    for number, line in filled[1:]:
        if len(line) != len(header):
            raise FieldError(
                name,
                f"Your {what}, row {number}: {len(line)} cells, but the header has {len(header)} columns "
                f"({SEPARATORS[separator]}s separate them).",
            )
        cells = {key: cell.strip() for key, cell in zip(header, line, strict=True)}
        rows.append(Row(cells, f"row {number} of your {what}"))
    if not rows:
        raise FieldError(name, f"Your {what}: a header, but no rows.")
    return Table(header, tuple(rows))


def question(form: OwnForm) -> AttributionRequest:
    """Read the form as a question.

    Raises
    ------
    FieldError
        Naming field, row and column.
    """
    table = read_table(form.values["csv"], "csv")
    form.header = table.header
    period = _column(form, table, "period", 0)
    value = _column(form, table, "value", 1)
    try:
        observations = [ObservationIn(period=row.text(period), value=row.number(value)) for row in table.rows]
    except ValidationError:
        bad = next(row for row in table.rows if len(row.text(period)) not in range(4, 11))
        raise FieldError(
            "csv", f"{bad.place}: '{bad.text(period)}' in the column '{period}' is no period such as 2016-03."
        ) from None
    except InputError as error:
        raise FieldError("csv", f"{error.message}.") from None
    for name in ("from", "to"):
        if not form.values[name].strip():
            raise FieldError(
                name, f"The window '{name}' is empty: give a period or a range such as 2016..2017."
            )
        try:
            Window.parse(form.values[name].strip())
        except TradebreaksError as error:
            raise FieldError(name, f"The window '{name}': {error.message}.") from None
    scale = form.values["scale"].strip()
    if scale not in SCALES:
        raise FieldError("scale", f"The scale '{readable(scale[:20])}' is none: choose logs or levels.")
    events = _events(form)
    options = {"evidence": "none", **({"scale": scale} if scale else {})}
    windows = {name: form.values[name].strip() for name in ("from", "to")}
    body = {"observations": observations, "events": events, **windows, "options": options, "gaps": "missing"}
    try:
        return read_model(AttributionRequest, body)
    except TradebreaksError as error:
        raise FieldError(_field(error.pointer), f"{error.message}.") from None


def _column(form: OwnForm, table: Table, name: str, position: int) -> str:
    chosen = form.values[name].strip()
    if chosen and chosen not in table.header:
        raise FieldError(name, f"Your series has no column '{chosen}'; it has {', '.join(table.header)}.")
    if not chosen:
        if len(table.header) <= position:
            raise FieldError("csv", "Your series needs two columns: a period and a value.")
        chosen = name if name in table.header else table.header[position]
    form.values[name] = chosen
    return chosen


def _events(form: OwnForm) -> list[EventIn]:
    from analysis import catalogue

    if form.values["events_from"]:
        try:
            table = catalogue.events(form.values["events_from"])
        except TradebreaksError as error:
            raise FieldError("events_from", f"{error.message}.") from None
        return [
            EventIn(
                id=event.id,
                title=event.title,
                effective=(event.full.start if event.full else event.effective).isoformat(),
            )
            for event in table
        ]
    rows = read_table(form.values["events"], "events")
    try:
        checked = EventTable.from_rows(
            [{k: v for k, v in row.cells.items() if v} for row in rows.rows],
            places=[row.place for row in rows.rows],
        )
    except InputError as error:
        raise FieldError("events", f"{error.message}.") from None
    return [
        EventIn(
            id=event.id,
            title=event.title,
            effective=event.effective.isoformat(),
            shape=event.shape,
            end=event.end.isoformat() if event.end else None,
            lead=event.lead or None,
            group=event.group,
        )
        for event in checked
    ]


def answered(answers: Answers, form: OwnForm, request: AttributionRequest) -> OwnAnswer:
    """Compute the same as on a catalogue series; nothing is stored.

    Raises
    ------
    FieldError
        If the library refuses the series, the events or the windows.
    """
    try:
        record = answers.attribution(request).record
    except TradebreaksError as error:
        raise FieldError(_field(error.pointer), f"{error.message}.") from None
    assert request.observations is not None
    series = TradeSeries.from_values(
        [o.period for o in request.observations],
        [o.value for o in request.observations],
        title=readable(form.values["title"].strip())[:LONGEST_TITLE] or "Your series",
        unit=readable(form.values["unit"].strip())[:40] or "your unit",
        gaps="missing",
    )
    record = {**record, "change": {**record["change"], "unit": series.unit}}
    table = EventTable.from_rows([e.model_dump(exclude_none=True) for e in request.events or ()])
    headline = Headline.of(record, series.title, table)
    breaks, reason = _breaks(answers, request)
    charts: dict[str, alt.TopLevelMixin] = {
        "series": series_chart(series, events=table, breaks=breaks["breaks"] if breaks else ()),
        "waterfall": waterfall_chart(headline),
    }
    drawn = {}
    for number, (name, chart) in enumerate(charts.items()):
        spec = specification(chart)
        svg = answers.drawn(tasks.draw, "svg", json.dumps(spec, ensure_ascii=False)).decode("utf-8")
        drawn[name] = (_own_ids(svg, number), spec)
    names = {event.id: event_label(event) for event in table}
    return OwnAnswer(series, request, headline, record, breaks, reason, names, drawn)


def _breaks(answers: Answers, request: AttributionRequest) -> tuple[dict[str, Any] | None, str]:
    asked = BreaksRequest(observations=request.observations, events=request.events, gaps="missing")
    try:
        return answers.breaks(asked).record, ""
    except TradebreaksError as error:
        return None, error.message


def _field(pointer: str | None) -> str:
    name = (pointer or "").strip("/").split("/")[0]
    return {"observations": "csv", "options": "scale"}.get(name, name if name in FIELDS else "csv")


def _own_ids(svg: str, number: int) -> str:
    """Return a drawing whose ids differ from those of the others on the page."""
    return svg.replace('id="clip', f'id="c{number}-clip').replace("url(#clip", f"url(#c{number}-clip")
