"""The cache of answers: bounded by size, and one computation for callers that ask at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from service.kept import Kept


def test_the_value_not_asked_for_longest_is_forgotten_first() -> None:
    kept = Kept[bytes](30, len)
    for key in "abc":
        kept.once(key, lambda: b"0123456789")
    assert kept.get("a") is not None
    kept.once("d", lambda: b"0123456789")
    assert [key for key in "abcd" if kept.get(key) is not None] == ["a", "c", "d"]


def test_a_value_larger_than_the_cache_is_handed_out_and_displaces_nothing() -> None:
    kept = Kept[bytes](30, len)
    kept.once("small", lambda: b"x")
    assert kept.once("large", lambda: b"x" * 31) == b"x" * 31
    assert kept.get("large") is None
    assert kept.get("small") == b"x"


def test_callers_at_the_same_time_share_one_computation_and_hold_a_place_meanwhile() -> None:
    kept = Kept[int](1_000, lambda _: 1)
    computed: list[int] = []
    begun, go = threading.Event(), threading.Event()
    held = threading.Semaphore(0)

    def compute() -> int:
        computed.append(1)
        begun.set()
        assert go.wait(30)
        return 7

    @contextmanager
    def place() -> Iterator[None]:
        held.release()
        yield

    with ThreadPoolExecutor(4) as callers:
        first = callers.submit(kept.once, "key", compute, place)
        assert begun.wait(30)
        others = [callers.submit(kept.once, "key", compute, place) for _ in range(3)]
        for _ in others:
            assert held.acquire(timeout=30)
        go.set()
        assert [call.result(30) for call in (first, *others)] == [7] * 4
    assert computed == [1]
    assert not held.acquire(blocking=False), "the caller that computes holds its place elsewhere"


def test_a_failure_is_shared_and_not_kept() -> None:
    kept = Kept[int](1_000, lambda _: 1)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.once("key", fail)
    assert kept.once("key", lambda: 2) == 2
