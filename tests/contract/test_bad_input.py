"""Bad input ends with the contract's exit code and one sentence that names the place and the remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main

MONTHS = [f"{2010 + k // 12}-{k % 12 + 1:02d}" for k in range(96)]
VALUES = [100.0 + (37 * k) % 11 for k in range(96)]

Write = Callable[[str, str], str]
Run = Callable[..., Result]


def text(rows: list[tuple[str, object]], header: str = "period,value") -> str:
    """Return rows as CSV."""
    return "\n".join([header, *(f"{period},{value}" for period, value in rows)]) + "\n"


GOOD = list(zip(MONTHS, VALUES, strict=True))
ANNUAL = [(str(1990 + k), 100.0 + (37 * k) % 11) for k in range(30)]

SERIES: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "duplicate period": (text([*GOOD, GOOD[5]]), 3, ("row 98", "2010-06", "keep one")),
    "missing period": (text(GOOD[:50] + GOOD[51:]), 3, ("2014-03", "--gaps missing")),
    "unreadable period": (text([*GOOD[:3], ("2010-13", 1.0)]), 3, ("row 5", "2010-13", "write")),
    "period of another frequency": (text([*GOOD[:5], ("2016", 3.0)]), 3, ("row 7", "2016", "monthly")),
    "text in a value": (
        text([*GOOD[:3], ("2010-04", "twelve")]),
        3,
        ("row 5", "'value'", "leave a missing value empty"),
    ),
    "infinite value": (text([*GOOD[:3], ("2010-04", "inf")]), 3, ("row 5", "'value'", "not a number")),
    "empty file": ("", 3, ("own.csv", "empty", "header")),
    "header only": ("period,value\n", 3, ("own.csv", "no rows")),
    "no column of numbers": (
        text([(month, "many") for month in MONTHS], "month,amount"),
        3,
        ("row 2", "'many'"),
    ),
    "no column of periods": (text([("north", 2.0)], "region,value"), 3, ("own.csv", "'period'", "--period")),
    "two columns of numbers": (
        text([(f"{month},1", 2.0) for month in MONTHS], "period,exports,imports"),
        3,
        ("own.csv", "--value exports", "--value imports"),
    ),
    "no header": (text(GOOD[1:], "2010-01,100"), 3, ("own.csv", "no header", "--period 1")),
    "day or month first": (text([("01/02/2014", 1), ("02/03/2014", 2)]), 3, ("row 2", "--date-order dmy")),
    "point or comma": (text([("2014", "1.210"), ("2015", "2.310")]), 3, ("own.csv", "--decimal comma")),
    "ragged row": ("period,value\n2010-01,3,4\n", 3, ("row 2", "3 cells")),
    "constant series": (text([(month, 5.0) for month in MONTHS]), 5, ("constant",)),
    "too few observations": (text(ANNUAL[:6]), 5, ("6",)),
    "nothing observed": (text([(month, "") for month in MONTHS]), 5, ()),
    "a season seen once": (text(GOOD[:13]), 5, ()),
}

EVENTS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "outside the sample": ("e1,Ban,2031-03-05", 3, ("e1", "2031-03-05", "2010-01..2017-12")),
    "unreadable date": ("e1,Ban,soon", 3, ("row 2", "'effective'", "write")),
    "the same id twice": ("e1,Ban,2013-03-05\ne1,Ban,2014-03-05", 3, ("'e1'", "twice")),
    "no title": ("e1,,2013-03-05", 3, ("row 2", "'title'")),
    "no row": ("", 3, ("events.csv", "no rows")),
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, content: str) -> str:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return str(path)

    return write_file


@pytest.fixture
def run() -> Run:
    return lambda *arguments: CliRunner().invoke(main, [str(a) for a in arguments])


def check(result: Result, code: int, words: tuple[str, ...] = ()) -> None:
    """Check exit code, an empty stdout, and one sentence on stderr that holds `words`."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.rstrip().endswith((".", "?"))
    assert "Traceback" not in result.stderr
    for word in words:
        assert word.lower() in result.stderr.lower(), result.stderr


@pytest.mark.parametrize("command", ["breaks", "intervene", "attribute"])
@pytest.mark.parametrize("name", SERIES)
def test_a_caller_s_series(command: str, name: str, write: Write, run: Run) -> None:
    content, code, words = SERIES[name]
    events = write("events.csv", "id,title,effective\ne1,Ban,2010-06-01\n")
    arguments = [command, "--csv", write("own.csv", content), "--events", events]
    if command == "attribute":
        arguments += ["--from", "2010-01..2010-05", "--to", "2010-07..2010-12"]
    if name == "too few observations":
        arguments[arguments.index(events)] = write("late.csv", "id,title,effective\ne1,Ban,1993-01-01\n")
        if command == "attribute":
            arguments[-4:] = ["--from", "1990..1992", "--to", "1993..1995"]
    check(run(*arguments), code, words)


@pytest.mark.parametrize("command", ["intervene", "attribute"])
@pytest.mark.parametrize("name", EVENTS)
def test_a_caller_s_events(command: str, name: str, write: Write, run: Run) -> None:
    rows, code, words = EVENTS[name]
    events = write("events.csv", f"id,title,effective\n{rows}\n")
    arguments = [command, "--csv", write("own.csv", text(GOOD)), "--events", events]
    windows = ["--from", "2012", "--to", "2014"] if command == "attribute" else []
    check(run(*arguments, *windows), code, words)


@pytest.mark.parametrize(
    ("start", "end", "code", "words"),
    [
        ("2005", "2014", None, ("2005",)),
        ("2012", "2031", None, ("2031",)),
        ("2012-13", "2014", 3, ("2012-13", "write")),
        ("2014..2012", "2014", 3, ("2014..2012", "exchange")),
        ("2012-03-01", "2014", 3, ("2012-03-01", "monthly")),
    ],
)
def test_a_window_that_the_sample_does_not_hold(start, end, code, words, write: Write, run: Run) -> None:
    events = write("events.csv", "id,title,effective\ne1,Ban,2013-03-05\n")
    own = write("own.csv", text(GOOD))
    result = run("attribute", "--csv", own, "--events", events, "--from", start, "--to", end)
    check(result, result.exit_code if code is None else code, words)
    assert result.exit_code in (3, 5)


@pytest.mark.parametrize("command", ["series", "breaks", "intervene", "attribute"])
def test_an_unknown_series(command: str, run: Run) -> None:
    windows = ["--from", "2012", "--to", "2014"] if command == "attribute" else []
    check(run(command, "dprk.exports.mars.m", *windows), 4, ("dprk.exports.mars.m",))


def test_an_unknown_event(run: Run) -> None:
    check(run("events", "unscr_9999"), 4, ("unscr_9999",))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, ("missing command", "--help")),
        (("bogus",), 2, ("bogus", "--help")),
        (("breaks",), 2, ("--csv",)),
        (("breaks", "dprk.total.a", "--csv", "x.csv"), 2, ("either",)),
        (("breaks", "dprk.total.a", "--gaps", "missing"), 2, ("--gaps",)),
        (("breaks", "dprk.total.a", "--scale", "cube"), 2, ("--scale", "log")),
        (("breaks", "dprk.total.a", "--trimming", "0.7"), 2, ("trimming",)),
        (("breaks", "dprk.total.a", "--max-breaks", "0"), 2, ("--max-breaks",)),
        (("breaks", "--csv", "x.csv", "--vintage", "first"), 2, ("--vintage",)),
        (("intervene", "dprk.total.a", "--level", "2"), 2, ("level",)),
        (("intervene", "dprk.total.a", "--method", "magic"), 2, ("method", "structural")),
        (("attribute", "dprk.total.a", "--from", "2014"), 2, ("--to",)),
        (("breaks", "dprk.total.a", "--vintage", "soon"), None, ("soon",)),
        (("breaks", "--csv", "nowhere.csv"), 3, ("nowhere.csv", "does not exist")),
        (("intervene", "dprk.total.a", "--regime", "2031"), 3, ("2031",)),
        (("serve", "--port", "70000"), 2, ("--port",)),
    ],
)
def test_usage(arguments: tuple[str, ...], code: int | None, words: tuple[str, ...], run: Run) -> None:
    result = run(*arguments)
    check(result, result.exit_code if code is None else code, words)
    assert result.exit_code in (2, 3)


def test_logs_of_a_value_that_is_not_above_zero(write: Write, run: Run) -> None:
    own = write("own.csv", text([(month, value - 105.0) for month, value in GOOD]))
    events = write("events.csv", "id,title,effective\ne1,Ban,2013-03-05\n")
    check(run("breaks", "--csv", own, "--scale", "log"), 3, ("2010-01", "level"))
    check(run("intervene", "--csv", own, "--events", events, "--scale", "log"), 3, ("2010-01", "level"))


def test_a_control_without_a_period(write: Write, run: Run) -> None:
    own = write("own.csv", text(GOOD))
    events = write("events.csv", "id,title,effective\ne1,Ban,2013-03-05\n")
    controls = write("controls.csv", text(GOOD[:20], "period,price"))
    result = run("intervene", "--csv", own, "--events", events, "--controls", controls)
    check(result, 3, ("price", "2011-09"))
