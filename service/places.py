"""How many requests may wait for a computation: each holds a thread, and reading must go on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.errors import BusyError


class Places:
    """Places for requests that compute, or wait for one that does.

    Parameters
    ----------
    most : int
        Places; one address may hold half of them.
    address : callable
        Returns the address that asks in the running thread, empty if it is the service itself.
    """

    def __init__(self, most: int, address: Callable[[], str] = str) -> None:
        self._most = most
        self._most_of_one = max(1, most // 2)
        self._address = address
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """Places that are taken."""
        return self._held.total()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place inside this block.

        Raises
        ------
        BusyError
            If there is none left, or the address that asks has its share.
        """
        address = self._address()
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
            yield
        finally:
            with self._lock:
                self._held[address] -= 1
                if not self._held[address]:
                    del self._held[address]
