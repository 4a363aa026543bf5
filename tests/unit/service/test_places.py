"""Places for requests that compute: a few, and half of them at most for one address."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from analysis.errors import UsageError
from service.errors import BusyError
from service.places import Caller, Places
from service.settings import Settings


def test_one_address_has_half_of_the_places_and_all_have_no_more_than_there_are() -> None:
    asks = ["10.0.0.1"]
    places = Places(4, lambda: Caller(asks[0]))
    with ExitStack() as held:
        held.enter_context(places.one())
        held.enter_context(places.one())
        with pytest.raises(BusyError, match="your address"):
            held.enter_context(places.one())
        for asks[0] in ("10.0.0.2", "10.0.0.3"):
            held.enter_context(places.one())
        asks[0] = "10.0.0.4"
        with pytest.raises(BusyError, match="4 questions"):
            held.enter_context(places.one())
    assert places.held == 0
    with places.one():
        assert places.held == 1


def test_a_failure_gives_the_place_back() -> None:
    places = Places(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), places.one():
            raise ZeroDivisionError
    assert places.held == 0


def test_the_service_itself_is_no_address() -> None:
    places = Places(4)
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(places.one())
        with pytest.raises(BusyError):
            held.enter_context(places.one())


def test_waiting_never_takes_all_threads() -> None:
    assert Settings().max_waiting < Settings().threads
    with pytest.raises(UsageError, match="who waits holds a thread"):
        Settings.from_environment({"TRADEBREAKS_THREADS": "8", "TRADEBREAKS_MAX_WAITING": "8"})
