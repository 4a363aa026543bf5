"""Who may wait for a computation, and whose turn it is: no library takes turns by address.

A request that waits holds a thread, and reading must go on; a process that computes is scarce, and one
address must not keep it from the others.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.errors import BusyError, GoneError

POLL_SECONDS = 0.25
"""How often a caller that waits is looked for."""

MOST_REMEMBERED = 10_000
"""Addresses whose last turn is remembered."""


def _nobody_leaves() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    address : str
        Empty is the service itself.
    gone : callable
        Tells whether the answer is of use to nobody any more.
    """

    address: str = ""
    gone: Callable[[], bool] = field(default=_nobody_leaves)


class Places:
    """Places for requests that compute, or wait for one that does.

    Parameters
    ----------
    most : int
        Places; one address may hold half of them.
    caller : callable
        Returns who asks in the running thread.
    """

    def __init__(self, most: int, caller: Callable[[], Caller] = Caller) -> None:
        self._most = most
        self._most_of_one = max(1, most // 2)
        self._caller = caller
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """Places that are taken."""
        return self._held.total()

    @contextmanager
    def one(self) -> Iterator[Caller]:
        """Hold a place inside this block.

        Raises
        ------
        BusyError
            If there is none left, or the address that asks has its share.
        """
        caller = self._caller()
        address = caller.address
        with self._lock:
            if self._held.total() >= self._most:
                raise BusyError(
                    f"{self._held.total()} questions are waiting already: ask again in a minute, "
                    "or send them as a batch"
                )
            if address and self._held[address] >= self._most_of_one:
                raise BusyError(
                    f"{self._held[address]} questions of your address are waiting already: "
                    "wait for them, or send them as a batch"
                )
            self._held[address] += 1
        try:
            yield caller
        finally:
            with self._lock:
                self._held[address] -= 1
                if not self._held[address]:
                    del self._held[address]


class Turns:
    """Processes given to the addresses in turn: to the one that has fewest, then the one served longest ago.

    Where there is more than one process, one address never has them all.

    Parameters
    ----------
    count : int
        Processes, numbered from 0.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._most_of_one = max(1, count - 1)
        self._free = list(range(count))
        self._running: Counter[str] = Counter()
        self._served: dict[str, float] = {}
        self._queue: list[tuple[str, object]] = []
        self._changed = threading.Condition()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Callers that wait for a process."""
        return len(self._queue)

    @property
    def busy(self) -> int:
        """Processes that are taken."""
        return self._count - len(self._free)

    @contextmanager
    def one(self, caller: Caller, seconds: float) -> Iterator[int]:
        """Hold a process inside this block; yield its number.

        Raises
        ------
        BusyError
            If it was not the caller's turn within `seconds`, or the service stops.
        GoneError
            If the caller went away while it waited.
        """
        number = self._wait(caller, seconds)
        try:
            yield number
        finally:
            with self._changed:
                self._free.append(number)
                self._running[caller.address] -= 1
                if not self._running[caller.address]:
                    del self._running[caller.address]
                self._changed.notify_all()

    def close(self) -> None:
        """Send everybody away who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _wait(self, caller: Caller, seconds: float) -> int:
        ticket = (caller.address, object())
        until = time.monotonic() + seconds
        with self._changed:
            self._queue.append(ticket)
            try:
                while self._next() is not ticket:
                    if self._closed:
                        raise BusyError("the service is stopping")
                    if caller.gone():
                        raise GoneError("the caller has gone")
                    if time.monotonic() > until:
                        raise BusyError(
                            f"it was not your turn within {seconds:g} seconds: others ask too much; "
                            "ask again later, or send a batch"
                        )
                    self._changed.wait(POLL_SECONDS)
                self._running[caller.address] += 1
                self._served.pop(caller.address, None)
                self._served[caller.address] = time.monotonic()
                if len(self._served) > MOST_REMEMBERED:
                    del self._served[next(iter(self._served))]
                return self._free.pop()
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _next(self) -> tuple[str, object] | None:
        """Return whose turn it is, if there is a process."""
        if not self._free or self._closed:
            return None
        may = [ticket for ticket in self._queue if self._running[ticket[0]] < self._most_of_one]
        return min(may, key=lambda t: (self._running[t[0]], self._served.get(t[0], 0.0)), default=None)
