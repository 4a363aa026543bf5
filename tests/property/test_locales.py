"""A file written in any locale is read to the same values and dates, or asked about; never to others."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.domain import Period, TradeSeries
from analysis.errors import TradebreaksError
from analysis.reading import FileQuestion, Source, read_events, read_file, read_series
from analysis.reading.dates import MONTHS, dated
from analysis.reading.numbers import written

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@dataclass(frozen=True)
class Locale:
    """How a country writes numbers and dates, as CLDR 46 gives it."""

    name: str
    decimal: str
    group: str
    day: str
    indian: bool = False
    arabic: bool = False
    least: int = 4

    def number(self, value: float, digits: int, *, grouped: bool) -> str:
        whole, _, fraction = f"{abs(value):.{digits}f}".partition(".")
        if grouped and len(whole) >= self.least:
            whole = self._groups(whole)
        text = ("-" if value < 0 else "") + whole + (self.decimal + fraction if fraction else "")
        return text.translate(ARABIC) if self.arabic else text

    def _groups(self, whole: str) -> str:
        head, parts = whole[:-3], [whole[-3:]]
        step = 2 if self.indian else 3
        while head:
            parts.insert(0, head[-step:])
            head = head[:-step]
        return self.group.join(parts)


LOCALES = [
    Locale("en_US", ".", ",", "%m/%d/%Y"),
    Locale("en_GB", ".", ",", "%d/%m/%Y"),
    Locale("de_DE", ",", ".", "%d.%m.%Y"),
    Locale("fr_FR", ",", "\u202f", "%d/%m/%Y"),
    Locale("ru_RU", ",", "\u00a0", "%d.%m.%Y"),
    Locale("de_CH", ".", "’", "%d.%m.%Y"),
    Locale("es_ES", ",", ".", "%d/%m/%Y", least=5),
    Locale("en_IN", ".", ",", "%d/%m/%Y", indian=True),
    Locale("ko_KR", ".", ",", "%Y. %m. %d."),
    Locale("zh_CN", ".", ",", "%Y年%m月%d日"),
    Locale("sv_SE", ",", "\u00a0", "%Y-%m-%d"),
    Locale("ar_EG", "٫", "٬", "%Y-%m-%d", arabic=True),
]


def file_of(header: list[str], rows: list[tuple[str, str]], separator: str) -> Source:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerows([header, *rows])
    return Source(out.getvalue().encode("utf-8"), "own.csv")


def answered(source: Source, **decisions: object) -> TradeSeries:
    """Read a file, deciding only what is asked, and only what `decisions` know."""
    choices: dict[str, object] = {}
    for _ in range(len(decisions) + 1):
        question = None
        try:
            return read_series(source, **choices)
        except FileQuestion as asked:
            question = asked
        options = {one.option for one in question.alternatives}
        assert len(options) == 1
        (option,) = options
        assert option not in choices
        choices[option] = decisions[option]
    raise AssertionError("the reader asks and asks")


numbers = st.lists(
    st.one_of(st.integers(-9_999_999, 9_999_999), st.integers(0, 3_000), st.integers(-99, 99)),
    min_size=2,
    max_size=12,
)


@pytest.mark.parametrize("locale", LOCALES, ids=lambda one: one.name)
@settings(max_examples=20)
@given(
    whole=numbers,
    digits=st.integers(0, 4),
    grouped=st.booleans(),
    separator=st.sampled_from([",", ";", "\t"]),
    first=st.integers(1990, 2030),
)
def test_numbers_of_any_locale(
    locale: Locale, whole: list[int], digits: int, grouped: bool, separator: str, first: int
) -> None:
    values = [value / 10**digits for value in whole]
    rows = [(str(first + k), locale.number(v, digits, grouped=grouped)) for k, v in enumerate(values)]
    mark = "comma" if locale.decimal == "," else "point"
    series = answered(file_of(["period", "value"], rows, separator), decimal=mark)
    assert [o.value for o in series.observations] == pytest.approx(values, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("locale", LOCALES, ids=lambda one: one.name)
@settings(max_examples=12)
@given(
    start=st.dates(date(1960, 1, 1), date(2040, 1, 1)),
    count=st.integers(2, 40),
    step=st.sampled_from(["day", "week", "month"]),
)
def test_dates_of_any_locale(locale: Locale, start: date, count: int, step: str) -> None:
    if step == "month":
        months = [Period("M", start.year * 12 + k) for k in range(count)]
        days, expected = [p.start for p in months], [str(p) for p in months]
    else:
        days = [start + timedelta(days=(7 if step == "week" else 1) * k) for k in range(count)]
        expected = [str(Period.containing(d, "W" if step == "week" else "D")) for d in days]
    rows = [(d.strftime(locale.day), str(100 + 7 * k % 11)) for k, d in enumerate(days)]
    source = file_of(["date", "value"], rows, ";")
    series = answered(source, date_order="mdy" if locale.day.startswith("%m") else "dmy")
    if step == "week" and count == 2:
        return  # two days a week apart are one week apart in every reading
    assert [str(p) for p in series.periods] == expected


ISO_FORMS = {
    "A": [str, lambda p: f"{p.start.year}年", lambda p: f"{p}.0"],
    "Q": [
        lambda p: str(p).replace("-", ""),
        lambda p: str(p).lower().replace("-", ""),
        lambda p: f"{str(p)[5:]} {str(p)[:4]}",
        str,
    ],
    "M": [
        lambda p: f"{p.start:%Y}M{p.start:%m}",
        lambda p: f"{p.start:%Y}m{p.start.month}",
        lambda p: f"{p.start:%Y%m}",
        lambda p: f"{p.start:%Y %b}".upper(),
        lambda p: f"{p.start:%b-%Y}".upper(),
        lambda p: f"{p.start:%B %Y}",
        lambda p: f"{p.start.year}年{p.start.month}月",
        lambda p: f"{p.start:%Y/%m}",
        lambda p: f"{p.start:%m/%Y}",
    ],
    "W": [str, lambda p: str(p).replace("-", "")],
    "D": [
        str,
        lambda p: f"{p.start:%Y%m%d}",
        lambda p: f"{p.start:%d %b %Y}",
        lambda p: f"{p}T00:00:00",
    ],
}


@given(st.sampled_from("AQMWD"), st.data())
def test_every_form_of_a_period_is_that_period(frequency: str, data: st.DataObject) -> None:
    day = data.draw(st.dates(date(1900, 1, 8), date(2100, 12, 31)))
    period = Period.containing(day, frequency)  # type: ignore[arg-type]  # one of the letters
    form = data.draw(st.sampled_from(ISO_FORMS[frequency]))
    assert dated(form(period)).period == period, form(period)


def test_excel_s_day_numbers_and_cut_zeros_are_mended() -> None:
    serial = [str((date(2016, m, 1) - date(1899, 12, 30)).days) for m in range(1, 13)]
    for cells in (serial, [f"2016.{m:02d}" for m in range(1, 10)] + ["2016.1", "2016.11", "2016.12"]):
        rows = [(cell, str(k * k % 7)) for k, cell in enumerate(cells)]
        series = read_series(file_of(["month", "value"], rows, ","))
        assert [str(p) for p in series.periods] == [f"2016-{m:02d}" for m in range(1, 13)]


@pytest.mark.parametrize(
    ("cells", "option"),
    [
        (["01/02/2014", "02/02/2014", "03/02/2014"], "date_order"),
        (["10/11/12", "10/12/12"], "date_order"),
        (["2008-09", "2009-10", "2010-11"], "frequency"),
    ],
)
def test_dates_that_can_be_read_in_two_ways_are_asked_about(cells: list[str], option: str) -> None:
    with pytest.raises(FileQuestion) as asked:
        read_series(file_of(["date", "value"], [(cell, "1") for cell in cells], ";"))
    assert {one.option for one in asked.value.alternatives} == {option}
    assert all(one.rows for one in asked.value.alternatives)


@pytest.mark.parametrize(
    ("cell", "value", "status", "missing"),
    [
        ("116.41 p", 116.41, "P", False),
        ("116.41 (e)", 116.41, "E", False),
        ("12*", 12.0, "", False),
        ("12 [3]", 12.0, "", False),
        ("12¹", 12.0, "", False),
        ("$ 1,234.5", 1234.5, "", False),
        ("(1,234.5)", -1234.5, "", False),
        ("1,234.5-", -1234.5, "", False),
        ("−5.25", -5.25, "", False),
        ("5.25 %", 5.25, "", False),
        ("1.5E+3", 1500.0, "", False),
        (": c", None, "", True),
        ("n.a.", None, "", True),
        ("..", None, "", True),
        ("-", None, "", True),
    ],
)
def test_signs_flags_marks_and_missing_codes(
    cell: str, value: float | None, status: str, missing: bool
) -> None:
    found = written(cell)
    assert (found.point, found.status, found.missing) == (value, status, missing)


@pytest.mark.parametrize(
    "cell", ["3b", "12x", "1_000", "inf", "1,2,3", "12 3", "2016-01", "USD", "5m", "1.2 bn", "0x1A"]
)
def test_what_is_no_number_is_none(cell: str) -> None:
    found = written(cell)
    assert not found.is_number
    assert not found.missing


sizes = st.floats(1e-12, 9e14)
finite = st.just(0.0) | sizes | sizes.map(lambda v: -v)


@settings(max_examples=25)
@given(
    st.sampled_from("AQMWD"),
    st.integers(0, 3_000),
    st.lists(st.one_of(st.none(), finite), min_size=3, max_size=30).filter(
        lambda v: v[0] is not None and v[-1] is not None
    ),
)
def test_what_we_write_is_read_back(frequency: str, start: int, values: list[float | None]) -> None:
    first = Period.containing(date(1950, 1, 2) + timedelta(days=7 * start), frequency)  # type: ignore[arg-type]
    periods = [first + k for k in range(len(values))]
    series = TradeSeries.from_values(periods, values, id="own", frequency=frequency)  # type: ignore[arg-type]
    written_ = series.to_frame().to_csv().encode()
    again = answered(Source(written_, "own.csv"), decimal="point", cumulative=False, february="month")
    assert [str(p) for p in again.periods] == [str(p) for p in series.periods]
    assert [o.value for o in again.observations] == [o.value for o in series.observations]
    assert [o.status for o in again.observations] == [o.status for o in series.observations]


cells = st.one_of(
    st.sampled_from(
        ["", "2016", "2016-01", "2017-01-05", "01/02/2014", "1.210", "1,5", "Total", "Jan", "value", "period",
         "NA", "-", "45000", "2012/13", "Q1", "x", "sep=;", "年", "2020-01..2020-02", "USD", "'", '"']
    ),
    st.text(max_size=6),
    st.integers(-5, 70_000).map(str),
    *([st.sampled_from(sorted(MONTHS))]),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.lists(cells, min_size=1, max_size=6), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_any_table_is_read_or_refused_in_a_sentence(rows: list[list[str]], separator: str) -> None:
    source = Source("\n".join(separator.join(row) for row in rows).encode("utf-8", "replace"), "own.csv")
    for read in (read_series, read_events, read_file):
        message = "read"
        try:
            read(source)
        except TradebreaksError as refused:
            message = refused.message
        assert message
