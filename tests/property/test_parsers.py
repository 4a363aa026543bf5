"""A parser reads what it gets or refuses it in a sentence, and reads what it wrote itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.catalogue.selection import parse_vintage
from analysis.domain import Period, Window, parse_day
from analysis.errors import InputError, TradebreaksError, UsageError
from analysis.reading import read_controls, read_events, read_series
from service.questions import REQUESTS, Question
from service.routes.estimates import read_cursor, write_cursor
from service.settings import Settings
from service.store import Database, Store
from service.store.exchange import load
from service.validation import read_model
from tests.property.parsed import SERIES, bodies, documents, nonsense, texts, windows

FREQUENCIES = ("A", "Q", "M", "W", "D")


def tried(read: Callable[[], Any], *errors: type[TradebreaksError]) -> tuple[Any, TradebreaksError | None]:
    """Return what was read, or how it was refused."""
    try:
        return read(), None
    except errors as error:
        assert error.message  # noqa: PT017  # every refusal is a sentence, and nothing else may be raised
        return None, error


@given(texts)
def test_a_period_is_read_and_written_back_or_refused(text: str) -> None:
    period, refused = tried(lambda: Period.parse(text), InputError)
    if refused is None:
        assert str(period) == text.strip()
        assert period.start <= period.end
        assert period.days >= 1
        assert Period.containing(period.end, period.frequency) == period


@given(windows, st.sampled_from(FREQUENCIES))
def test_a_window_is_read_and_written_back_or_refused(text: str, frequency: Any) -> None:
    window, refused = tried(lambda: Window.parse(text), InputError)
    if refused is None:
        assert Window.parse(str(window)) == window
        assert len(window) >= 1
        on, too_fine = tried(lambda: window.on(frequency), InputError)
        order = FREQUENCIES.index(window.first.frequency), FREQUENCIES.index(frequency)
        assert (too_fine is not None) == (order[0] > order[1])
        if too_fine is None and (frequency != "W" or window.first.frequency == "W"):
            assert (on.first.start, on.last.end) == (window.first.start, window.last.end)


@given(texts)
def test_days_and_vintages_are_read_or_refused(text: str) -> None:
    day, no_day = tried(lambda: parse_day(text), InputError)
    vintage, no_vintage = tried(lambda: parse_vintage(text), InputError)
    assert (no_day is None) == (no_vintage is None)
    assert no_day is not None or day <= vintage


rows = st.lists(st.lists(st.one_of(texts, st.floats().map(str)), min_size=1, max_size=5), max_size=6)


def written(head: str, lines: list[list[str]]) -> bytes:
    """Return the bytes of a file of these rows."""
    return "\n".join([head, *(",".join(line) for line in lines)]).encode("utf-8", "surrogatepass")


@given(
    st.one_of(
        st.binary(max_size=120),
        st.builds(
            written,
            st.sampled_from(["period,value", "period,value,status,rse", "id,title,effective", "period", ""]),
            rows,
        ),
    )
)
def test_a_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "parsed.csv"
    path.write_bytes(content)
    for read in (read_series, read_events, read_controls):
        found, refused = tried(partial(read, path), InputError)
        assert refused is not None or len(found) >= 1


@given(st.sampled_from(sorted(REQUESTS)), documents({**SERIES, "from": "2010", "to": "2012"}))
def test_own_series_and_events_are_read_the_same_every_time_or_refused(kind: Any, document: Any) -> None:
    if kind != "attribution" and isinstance(document, dict):
        document = {key: value for key, value in document.items() if key not in ("from", "to")}
    asked, refused = tried(lambda: Question.of(kind, read_model(REQUESTS[kind], document)), TradebreaksError)
    if refused is None:
        again = Question.of(kind, read_model(REQUESTS[kind], json.loads(json.dumps(asked.body))))
        assert again.body == asked.body
        assert again.record_id == asked.record_id


@given(
    st.one_of(
        st.text(max_size=60),
        st.binary(max_size=60).map(lambda b: base64.urlsafe_b64encode(b).decode()),
        st.builds(
            lambda word, place: base64.urlsafe_b64encode(
                f"{word} {place}".encode("utf-8", "replace")
            ).decode(),
            st.one_of(st.text(max_size=30), st.just("after")),
            st.one_of(st.integers(), st.text("0123456789abcdef", max_size=33)),
        ),
    )
)
def test_a_cursor_is_one_that_was_given_or_refused(text: str) -> None:
    after, refused = tried(lambda: read_cursor(text), UsageError)
    assert refused is not None or read_cursor(write_cursor(after)) == after


lines = st.one_of(
    nonsense.map(json.dumps),
    bodies({"type": "estimate", "id": "0", "inputs": "{}", "answer": "{}"}).map(
        lambda b: b.decode("latin-1")
    ),
).filter(str.strip)


@given(lines)
def test_a_line_of_an_export_is_refused_unless_its_hashes_hold(store: Store, line: str) -> None:
    with pytest.raises(InputError, match="line 1"):
        load(store, [line])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("store") / "records.sqlite"
    return Store(Database(f"sqlite:///{path}")).ready()


variables = [f"TRADEBREAKS_{name.upper()}" for name in Settings.__dataclass_fields__]


@given(
    st.dictionaries(
        st.sampled_from([*variables, "TRADEBREAKS_X"]),
        st.one_of(st.integers(-1, 100).map(str), st.text(max_size=20)),
        max_size=3,
    )
)
def test_settings_are_read_or_refused(environment: dict[str, str]) -> None:
    settings, refused = tried(lambda: Settings.from_environment(environment), UsageError)
    assert refused is not None or settings.max_waiting < settings.threads
