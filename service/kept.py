"""Values computed once and kept in memory, the ones not asked for longest forgotten first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, TypeVar

T = TypeVar("T")

Waiting = Callable[[], AbstractContextManager[object]]
"""Returns a context in which a caller waits for another one's computation."""


class Kept(Generic[T]):
    """A bounded cache; callers that ask for the same key at the same time share one computation.

    They share its failure too, which is not kept.

    Parameters
    ----------
    most_bytes : int
        Size of all values together; a larger value is handed out and not kept.
    size : callable
        Size of a value in bytes.
    own : type of exception
        A failure that is one caller's own: one of those who waited for it computes anew.
    """

    def __init__(
        self, most_bytes: int, size: Callable[[T], int], own: type[BaseException] | tuple[()] = ()
    ) -> None:
        self._own = own
        self._most_bytes = most_bytes
        self._size = size
        self._bytes = 0
        self._values: OrderedDict[str, T] = OrderedDict()
        self._running: dict[str, Future[T]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> T | None:
        """Return what is kept under `key`, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key]

    def once(self, key: str, compute: Callable[[], T], waiting: Waiting = nullcontext) -> T:
        """Return what is kept under `key`, computing it first if there is nothing.

        Parameters
        ----------
        key : str
        compute : callable
        waiting : callable
            Entered by a caller that waits for the computation of another one; it may refuse.
        """
        while True:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
                    return self._values[key]
                running = self._running.get(key)
                if running is None:
                    mine = self._running[key] = Future()
                    break
            with waiting():
                try:
                    return running.result()
                except self._own:
                    continue
        try:
            value = compute()
        except BaseException as error:
            with self._lock:
                del self._running[key]
            mine.set_exception(error)
            raise
        with self._lock:
            self._keep(key, value)
            del self._running[key]
        mine.set_result(value)
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
            self._bytes = 0

    def _keep(self, key: str, value: T) -> None:
        size = self._size(value)
        if size > self._most_bytes:
            return
        self._values[key] = value
        self._bytes += size
        while self._bytes > self._most_bytes:
            _, forgotten = self._values.popitem(last=False)
            self._bytes -= self._size(forgotten)
