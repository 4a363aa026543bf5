"""A reader's own series: any file in, the same pages out; nothing is kept."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    import altair as alt

from analysis.domain import Event, EventTable, TradeSeries, Window
from analysis.domain.text import readable, what_is_wrong
from analysis.errors import InputError, TradebreaksError
from analysis.interventions.describe import RECORDED
from analysis.reading import Choices, FileQuestion, Source, read_events
from analysis.reading.files import read_one
from analysis.reading.grid import ZIP, Grid, read_grid
from analysis.reporting.charts import WIDTHS, Size, series_chart, specification, waterfall_chart, with_source
from analysis.reporting.headline import Headline
from analysis.reporting.labels import event_label
from service.answers import Answers
from service.compute import tasks
from service.questions import event_row, observation_rows
from service.schemas import AttributionRequest, BreaksRequest, Scale
from service.validation import read_model
from service.views.own_events import TYPED, TypedEvent, as_csv, typed_rows

EXAMPLE = {
    "csv": "period,value\n" + "\n".join(
        f"{1990 + k},{(100 if k < 20 else 60) + (37 * k) % 11}" for k in range(34)
    ),
    "events": "begin,end,name\n2010-01,,Export ban",
    "from": "2005..2008",
    "to": "2012..2015",
    "unit": "tonnes",
    "title": "An example: exports that fell by two fifths",
}  # fmt: skip
READING = (
    "period", "value", "series", "decimal", "date_order", "frequency", "sheet", "encoding", "cumulative",
    "february", "mirror_of", "codes",
)  # fmt: skip
"""Fields that decide how a file is read; those of `Choices`."""
FIELDS = (
    "csv",
    "events",
    "events_from",
    "from",
    "to",
    "unit",
    "title",
    "rate",
    "scale",
    "store",
    "step",
    *READING,
    *TYPED,
)
_LABELS: dict[str, tuple[str, dict[str, str]]] = {
    "decimal": ("Decimal mark", {"point": "point", "comma": "comma"}),
    "date_order": (
        "Order of dates",
        {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"},
    ),
    "frequency": (
        "Frequency",
        {"A": "annual", "Q": "quarterly", "M": "monthly", "W": "weekly", "D": "daily"},
    ),
    "cumulative": ("Running totals of the year", {"yes": "yes: take differences", "no": "no"}),
    "february": ("February without a January", {"sum": "the sum of both", "month": "a month"}),
    "codes": ("Product codes of odd length", {"pad": "lost a zero", "keep": "as they are"}),
}
SELECTS = tuple(
    (
        name,
        label,
        tuple(
            {"value": value, "words": words} for value, words in {"": "found in the file", **options}.items()
        ),
    )
    for name, (label, options) in _LABELS.items()
)
"""Fields with a few values: name, label and the options."""
SCALES = ("", *get_args(Scale))
LONGEST_TITLE = 120
LONGEST_UNIT = 40
TEMPLATE = "period,value\n2016-01,12.5\n2016-02,\n2016-03,13.1\n"


class FieldError(InputError):
    """What is wrong, and in which field of the form."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message, pointer=f"/{name}")
        self.field = name


Drawings = dict[Size, tuple[str, dict[str, Any]]]
"""Drawing and specification of a chart, by size."""
SOURCE = "Data of the reader's own, not stored; computed by tradebreaks."


@dataclass(slots=True)
class OwnForm:
    """What the form holds, as sent.

    Attributes
    ----------
    values : dict
        By the names of `FIELDS`.
    error : FieldError or None
    question : FileQuestion or None
        Two readings of the file, to choose from.
    read : str
        What was read, in a sentence.
    read_events : tuple of str
        The events as read, in words.
    preview : dict or None
        Drawing and specification of the series as read, by size.
    """

    values: dict[str, str]
    error: FieldError | None = None
    question: FileQuestion | None = None
    read: str = ""
    read_events: tuple[str, ...] = ()
    preview: Drawings | None = None

    @property
    def reading(self) -> tuple[str, ...]:
        """Names of the fields that decide how a file is read."""
        return READING

    @property
    def typed(self) -> list[TypedEvent]:
        """Rows of the small table of events."""
        return typed_rows(self.values)

    @property
    def has_events(self) -> bool:
        """Whether events were given in any way."""
        given = (self.values["events"].strip(), self.values["events_from"])
        return any(given) or any(not one.is_empty for one in self.typed)

    @property
    def selects(self) -> tuple[tuple[str, str, tuple[dict[str, str], ...]], ...]:
        """Fields with a few values: name, label and the options."""
        return SELECTS

    @classmethod
    def of(cls, values: Mapping[str, str]) -> OwnForm:
        """Take the known fields; the others are empty."""
        return cls({name: values.get(name, "") for name in FIELDS})

    def upload(self, name: str, raw: bytes) -> None:
        """Put a file into its box of the form, as text that can be mended.

        Raises
        ------
        FieldError, FileQuestion
            If it cannot be read.
        """
        what = "events" if name == "events" else "series"
        try:
            grid = read_grid(raw, f"your {what}", self.choices(name))
        except FileQuestion:
            raise
        except TradebreaksError as error:
            raise FieldError(name, f"{error.message}.") from None
        self.values[name] = _text(grid)
        if raw.startswith(ZIP) and name == "csv":
            self.values["decimal"] = "point"

    def choices(self, name: str = "csv", *, typed: bool = False) -> Choices:
        """Return what the form decides about a file, or about the text of a box (no encoding, no sheet)."""
        given: dict[str, Any] = {key: self.values[key].strip() for key in READING}
        given["cumulative"] = {"yes": True, "no": False}.get(given["cumulative"])
        if name == "events":
            given = {key: given[key] for key in ("decimal", "date_order", "encoding")}
        if typed:
            given |= {"encoding": None, "sheet": None}
        try:
            return Choices.of(**given)
        except TradebreaksError as error:
            raise FieldError((error.pointer or "/csv").strip("/"), f"{error.message}.") from None


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """The answer on a reader's own series.

    `charts` holds the drawings of each chart by its name.
    """

    series: TradeSeries
    request: AttributionRequest
    headline: Headline
    record: dict[str, Any]
    breaks: dict[str, Any] | None
    breaks_reason: str
    names: dict[str, str]
    charts: dict[str, Drawings] = field(default_factory=dict)

    @property
    def rests_on(self) -> tuple[str, ...]:
        """Assumptions and warnings that fit a series of which no more is known than its numbers."""
        every = (*self.record["assumptions"], *self.record["warnings"])
        return tuple(line for line in every if line != RECORDED)


def _text(grid: Grid) -> str:
    """Return a grid as CSV; its numbers and dates in plain notation."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in grid.rows:
        writer.writerow(
            [
                f"{c:.15g}" if isinstance(c, float) else c.isoformat() if isinstance(c, date) else c
                for c in row.cells
            ]
        )
    return out.getvalue()


def read_own(form: OwnForm) -> TradeSeries:
    """Read the series of the form, and keep the sentence that says what was read.

    Raises
    ------
    FieldError
        Naming field, row and column.
    FileQuestion
        If two readings are possible.
    """
    text = form.values["csv"]
    if not text.strip():
        raise FieldError("csv", "Your series: there is no CSV. Paste it, or choose a file.")
    _plain(text, "csv", "series")
    choices = form.choices(typed=True)
    try:
        series = read_one(Source(text.encode("utf-8", "replace"), "your series"), choices, "missing")
    except FileQuestion:
        raise
    except TradebreaksError as error:
        raise FieldError(_field(error.pointer), f"{error.message}.") from None
    form.read = series.caveats[0]
    return series


def _plain(text: str, name: str, what: str) -> None:
    wrong = what_is_wrong(text.lstrip("\ufeff"), allowed="\t\r\n")
    if wrong is not None:
        raise FieldError(name, f"Your {what}: the text holds {wrong}: take it out.")


def preview(form: OwnForm, answers: Answers) -> None:
    """Read the series and draw it; nothing is estimated."""
    series = read_own(form)
    events = _events(form) if form.has_events else None
    form.preview = _both(answers, lambda size: series_chart(series, events=events, size=size), 0)


def _both(answers: Answers, chart: Callable[[Size], alt.TopLevelMixin], number: int) -> Drawings:
    """Return a chart for a page and for a phone; `number` tells its ids from those of others on the page."""
    found: Drawings = {}
    for size in WIDTHS:
        spec = with_source(specification(chart(size)), (SOURCE,), size=size)
        found[size] = (_own_ids(_drawn(answers, spec), f"{number}{size[0]}"), spec)
    return found


def _drawn(answers: Answers, spec: Mapping[str, Any]) -> str:
    return answers.drawn(tasks.draw, "svg", json.dumps(spec, ensure_ascii=False)).decode("utf-8")


def question(form: OwnForm) -> AttributionRequest:
    """Read the form as a question.

    Raises
    ------
    FieldError
        Naming field, row and column.
    FileQuestion
        If two readings are possible.
    """
    series = read_own(form)
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
    title, unit = (
        readable(form.values["title"].strip())[:LONGEST_TITLE],
        readable(form.values["unit"].strip())[:LONGEST_UNIT],
    )
    body = {
        "observations": observation_rows(series),
        "events": [event_row(event) for event in _events(form)],
        **{name: form.values[name].strip() for name in ("from", "to")},
        "options": {"evidence": "none", **({"scale": scale} if scale else {})},
        "gaps": "missing",
        "title": title or readable(series.title)[:LONGEST_TITLE] or "your series",
        "unit": unit or series.unit[:LONGEST_UNIT] or None,
        "rate": True if form.values["rate"] else None,
    }
    try:
        return read_model(
            AttributionRequest, {name: given for name, given in body.items() if given is not None}
        )
    except TradebreaksError as error:
        raise FieldError(_field(error.pointer), f"{error.message}.") from None


def _events(form: OwnForm) -> EventTable:
    from analysis import catalogue

    if form.values["events_from"]:
        try:
            table = catalogue.events(form.values["events_from"])
        except TradebreaksError as error:
            raise FieldError("events_from", f"{error.message}.") from None
        return EventTable.from_rows(
            {"id": e.id, "title": e.title, "effective": (e.full.start if e.full else e.effective).isoformat()}
            for e in table
        )
    if not form.has_events:
        raise FieldError("events", "Your events: there are none. Type one, paste CSV, or choose a file.")
    typed = [one for one in form.typed if not one.is_empty]
    for one in typed:
        wrong = one.wrong()
        if wrong is not None:
            raise FieldError(*wrong)
    found: list[Event] = []
    if typed:
        found += _read_events(form, as_csv(typed), f"event_end_{typed[-1].row}", "the events that you typed")
    if form.values["events"].strip():
        _plain(form.values["events"], "events", "events")
        found += _read_events(form, form.values["events"], "events", "your events")
    form.read_events = tuple(
        f"{event.title}: from {event.effective} {f'to {event.end}' if event.end else 'on'}" for event in found
    )
    if any(event.ended for event in found):
        raise FieldError("events", "Your events: ended_by needs a file of parts; the command line takes one.")
    try:
        return EventTable(tuple(found))
    except InputError as error:
        raise FieldError("events", f"Your events: {error.message}.") from None


def _read_events(form: OwnForm, text: str, name: str, what: str) -> tuple[Event, ...]:
    try:
        source = Source(text.encode("utf-8", "replace"), what)
        return read_events(source, choices=form.choices("events", typed=True)).events
    except FileQuestion:
        raise
    except InputError as error:
        raise FieldError(name, f"{error.message}.") from None


def answered(answers: Answers, request: AttributionRequest) -> OwnAnswer:
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
    rows = request.observations or ()
    series = TradeSeries.from_values(
        [row.period for row in rows],
        [row.value for row in rows],
        title=request.title or "Your series",
        unit=request.unit or "your unit",
        gaps="missing",
    )
    record = {**record, "change": {**record["change"], "unit": series.unit}}
    table = EventTable.from_rows([e.model_dump(exclude_none=True) for e in request.events or ()])
    headline = Headline.of(record, series.title, table)
    breaks, reason = _breaks(answers, request)
    found = breaks["breaks"] if breaks else ()
    charts: dict[str, Callable[[Size], alt.TopLevelMixin]] = {
        "series": lambda size: series_chart(series, events=table, breaks=found, size=size),
        "waterfall": lambda size: waterfall_chart(headline, size=size),
    }
    drawn = {name: _both(answers, chart, number) for number, (name, chart) in enumerate(charts.items())}
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


def _own_ids(svg: str, number: str) -> str:
    """Return a drawing whose ids differ from those of the others on the page."""
    return svg.replace('id="clip', f'id="c{number}-clip').replace("url(#clip", f"url(#c{number}-clip")
