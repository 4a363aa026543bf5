"""Processes that compute or draw, each killed at its time limit or when nobody waits any more (pebble)."""

from __future__ import annotations

import base64
import json
import logging
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from pebble import ProcessExpired, ProcessPool

from analysis import errors
from service.compute import tasks
from service.errors import SERVICE_PROBLEMS, BusyError, FailedError, GoneError, TimeBudgetError
from service.places import POLL_SECONDS, Caller, Turns
from service.questions import Question, canonical, record_id

LOGGER = logging.getLogger("tradebreaks.compute")

ATTEMPTS = 2
"""A process may be killed from outside: its work is done once more, and not a third time."""

PATIENCE = 2
"""How many times the longest computation a caller waits for its turn."""

_ERRORS: tuple[type[errors.TradebreaksError], ...] = (
    errors.UsageError,
    errors.MissingExtraError,
    errors.InputError,
    errors.DataPackageError,
    errors.NotFoundError,
    errors.CannotEstimateError,
    *SERVICE_PROBLEMS,
)
_PROBLEMS = {error.slug: error for error in _ERRORS}


@dataclass(frozen=True, slots=True)
class Computed:
    """An answer with what it depends on; its record id is the hash of `inputs`."""

    inputs: dict[str, Any]
    answer: dict[str, Any]


class Pool:
    """Processes that work, started when they are first needed.

    Parameters
    ----------
    size : int
        Number of processes; 0 works in the calling thread.
    seconds : int
        Longest piece of work.
    niceness : int
        Added to that of the service.
    """

    def __init__(self, *, size: int, seconds: float, niceness: int = 10) -> None:
        self._size = min(size, os.cpu_count() or 1)
        self._seconds = seconds
        self._niceness = niceness
        self._turns = Turns(self._size)
        # One of pebble's pools for each process: a process that is killed leaves no lock behind for others.
        self._processes: list[ProcessPool | None] = [None] * self._size
        self._closed = False

    @property
    def waiting(self) -> int:
        """Callers that wait for a process."""
        return self._turns.waiting

    @property
    def busy(self) -> int:
        """Processes that work."""
        return self._turns.busy

    def compute(self, question: Question, caller: Caller | None = None, *, anew: bool = False) -> Computed:
        """Answer `question`; `anew` with nothing of what the process remembers.

        Raises
        ------
        TradebreaksError
            As the library does.
        TimeBudgetError
            If it takes longer than the pool allows; its process is killed.
        BusyError
            If it was not the caller's turn in time.
        FailedError
            If something unexpected happened, or the process was lost twice.
        GoneError
            If the caller is gone before the answer is there.
        """
        task = tasks.answer_anew if anew else tasks.answer
        reply = _checked(self.work(task, question.kind, canonical(question.body), caller=caller))
        if record_id(reply["inputs"]) != question.record_id:
            raise BusyError("the data package was exchanged while the service ran: start it again")
        return Computed(reply["inputs"], reply["answer"])

    def claims(self, caller: Caller | None = None) -> dict[str, Any]:
        """Test the statements of the note behind the chart.

        Raises
        ------
        TradebreaksError
            As `compute`.
        """
        reply = _checked(self.work(tasks.answer, tasks.CLAIMS, "{}", caller=caller))
        answer: dict[str, Any] = reply["answer"]
        return answer

    def draw(self, task: Callable[..., str], *arguments: str, caller: Caller | None = None) -> bytes:
        """Return the bytes that a task draws (see `tasks.drawing`).

        Raises
        ------
        TradebreaksError
            As `compute`.
        """
        return base64.b64decode(_checked(self.work(task, *arguments, caller=caller))["bytes"])

    def work(self, task: Callable[..., str], *arguments: Any, caller: Caller | None = None) -> str:
        """Return what a function of a module returns for arguments that are text or numbers.

        Raises
        ------
        BusyError, TimeBudgetError, FailedError, GoneError
            As `compute`.
        """
        if self._size == 0:
            return task(*arguments)
        asking = caller or Caller()
        with self._turns.one(asking, PATIENCE * self._seconds) as number:
            for _ in range(ATTEMPTS):
                if self._closed:
                    break
                try:
                    return self._ask(number, task, arguments, asking.gone)
                except (ProcessExpired, BrokenProcessPool, RuntimeError, CancelledError) as lost:
                    LOGGER.warning("a process that worked was lost: %s", lost)
        if self._closed:
            raise BusyError("the service is stopping")
        raise FailedError("the process that worked on this was lost twice")

    def close(self) -> None:
        """Kill the processes; callers that wait are told that the service is busy."""
        self._closed = True
        self._turns.close()
        for process in self._processes:
            if process is not None:
                process.stop()  # type: ignore[no-untyped-call]  # pebble leaves some types out
                process.join()

    def _ask(
        self, number: int, task: Callable[..., str], arguments: tuple[Any, ...], gone: Callable[[], bool]
    ) -> str:
        future = self._process(number).schedule(task, args=arguments, timeout=self._seconds)
        while True:
            try:
                return str(future.result(POLL_SECONDS))
            except TimeoutError:
                if future.done():
                    raise TimeBudgetError(
                        f"the computation was stopped after {self._seconds:g} seconds: ask for less evidence "
                        "or a coarser series, or send it as a batch"
                    ) from None
            if gone():
                future.cancel()  # type: ignore[no-untyped-call]  # the same
                raise GoneError("the caller has gone")

    def _process(self, number: int) -> ProcessPool:
        process = self._processes[number]
        if process is None or not process.active:
            if process is not None:
                process.stop()  # type: ignore[no-untyped-call]  # pebble leaves some types out
            process = self._processes[number] = ProcessPool(
                max_workers=1,
                initializer=tasks.begin,
                initargs=(self._niceness,),
                context=multiprocessing.get_context("spawn"),
            )
        return process


def _checked(text: str) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(text)
    if "failure" in reply:
        LOGGER.error("a computation failed unexpectedly\n%s", reply["failure"])
        raise FailedError("the computation failed unexpectedly; the reason was logged")
    found = reply.get("problem")
    if found is not None:
        raise _PROBLEMS[found["slug"]](found["message"], pointer=found["pointer"])
    return reply
