"""A pool of niced processes that compute; each can be killed at its time limit."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import errors
from service.compute import tasks
from service.errors import SERVICE_PROBLEMS, BusyError, TimeBudgetError
from service.questions import Question, record_id

ROOT = Path(__file__).parents[2]
POLL_SECONDS = 0.25
"""How often a waiting caller looks whether the work was cancelled."""

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


class CancelledError(Exception):
    """The work was cancelled while it was computed."""


class LostError(Exception):
    """The process that computed is gone."""


class Pool:
    """Processes that answer questions, started when they are first needed.

    Parameters
    ----------
    size : int
        Number of processes; 0 computes in the calling thread.
    seconds : int
        Longest computation.
    niceness : int
        Added to that of the service.
    """

    def __init__(self, *, size: int, seconds: float, niceness: int = 10) -> None:
        self._size = size
        self._seconds = seconds
        self._niceness = niceness
        self._idle: list[_Process] = [_Process(niceness) for _ in range(size)]
        self._turn = threading.Condition()
        self._waiting = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Callers that wait for a process."""
        return self._waiting

    @property
    def busy(self) -> int:
        """Processes that compute."""
        return self._size - len(self._idle)

    def compute(self, question: Question, *, cancelled: Callable[[], bool] | None = None) -> Computed:
        """Answer `question`.

        Raises
        ------
        TradebreaksError
            As the library does.
        TimeBudgetError
            If it takes longer than the pool allows; its process is killed.
        BusyError
            If no process was free in that time, or one was lost twice.
        CancelledError
            If `cancelled` says so before the answer is there.
        """
        return _read(self._reply(question.kind, question.body, cancelled), question)

    def claims(self) -> dict[str, Any]:
        """Test the statements of the note behind the chart.

        Raises
        ------
        TradebreaksError
            As `compute`.
        """
        answer: dict[str, Any] = _checked(self._reply(tasks.CLAIMS, {}, None))["answer"]
        return answer

    def _reply(self, kind: str, body: dict[str, Any], cancelled: Callable[[], bool] | None) -> dict[str, Any]:
        if self._size == 0:
            return tasks.answer(kind, body)
        with self._process() as process:
            for _ in range(2):
                try:
                    return process.ask({"kind": kind, "body": body}, self._seconds, cancelled)
                except LostError:
                    process.stop()
        raise BusyError("the process that computed was lost twice: ask again, or ask for less")

    def warm(self) -> None:
        """Start the processes, so that the first question does not wait for their imports."""
        for process in list(self._idle):
            process.start()

    def close(self) -> None:
        """Kill the processes; callers that wait are told that the service is busy."""
        with self._turn:
            self._closed = True
            idle, self._idle = self._idle, []
            self._turn.notify_all()
        for process in idle:
            process.stop()

    @contextmanager
    def _process(self) -> Iterator[_Process]:
        with self._turn:
            self._waiting += 1
            try:
                free = self._turn.wait_for(lambda: self._idle or self._closed, self._seconds)
            finally:
                self._waiting -= 1
            if self._closed:
                raise BusyError("the service is stopping")
            if not free:
                raise BusyError(
                    f"nothing could be computed within {self._seconds:g} seconds: others ask too much; "
                    "ask again later, or send a batch"
                )
            process = self._idle.pop()
        try:
            yield process
        except BaseException:
            if process.asked:
                process.stop()
            raise
        finally:
            with self._turn:
                if self._closed:
                    process.stop()
                else:
                    self._idle.append(process)
                self._turn.notify()


class _Process:
    """One process; `ask` is called by one thread at a time."""

    def __init__(self, niceness: int) -> None:
        self._niceness = niceness
        self._running: subprocess.Popen[bytes] | None = None
        self.asked = False

    def start(self) -> subprocess.Popen[bytes]:
        """Return the process, started if there is none."""
        if self._running is None or self._running.poll() is not None:
            paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
            environment = {
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path for path in paths if path),
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            }
            self._running = subprocess.Popen(  # noqa: S603  # this project's own module, no input in it
                [sys.executable, "-P", "-m", "service.compute.worker", str(self._niceness)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
            )
        return self._running

    def ask(
        self, task: dict[str, Any], seconds: float, cancelled: Callable[[], bool] | None
    ) -> dict[str, Any]:
        """Send a task and wait for its answer."""
        running = self.start()
        assert running.stdin is not None
        assert running.stdout is not None
        self.asked = True
        try:
            running.stdin.write(json.dumps(task).encode() + b"\n")
            running.stdin.flush()
        except OSError:
            raise LostError from None
        line = self._line(running.stdout.fileno(), time.monotonic() + seconds, seconds, cancelled)
        self.asked = False
        reply: dict[str, Any] = json.loads(line)
        return reply

    def stop(self) -> None:
        """Kill the process; the next question starts another."""
        running, self._running = self._running, None
        self.asked = False
        if running is not None:
            running.kill()
            running.wait()
            for pipe in (running.stdin, running.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except BrokenPipeError:
                        continue

    def _line(
        self, source: int, deadline: float, seconds: float, cancelled: Callable[[], bool] | None
    ) -> bytes:
        parts: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ)
            while True:
                if cancelled is not None and cancelled():
                    raise CancelledError
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeBudgetError(
                        f"the computation was stopped after {seconds:g} seconds: ask for less evidence or a "
                        "coarser series, or send it as a batch"
                    )
                if not selector.select(min(left, POLL_SECONDS) if cancelled else left):
                    continue
                part = os.read(source, 1 << 20)
                if not part:
                    raise LostError
                parts.append(part)
                if part.endswith(b"\n"):
                    return b"".join(parts)


def _checked(reply: dict[str, Any]) -> dict[str, Any]:
    found = reply.get("problem")
    if found is not None:
        raise _PROBLEMS[found["slug"]](found["message"], pointer=found["pointer"])
    return reply


def _read(reply: dict[str, Any], question: Question) -> Computed:
    inputs = _checked(reply)["inputs"]
    if record_id(inputs) != question.record_id:
        raise BusyError("the data package was exchanged while the service ran: start it again")
    return Computed(inputs, reply["answer"])
