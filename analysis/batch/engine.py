"""Chunks through joblib: loky on one machine, Dask on a cluster, the same code path."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from analysis.batch.chunk import fit_chunk
from analysis.errors import MissingExtraError, UsageError

RESUBMISSIONS = 3
"""How often the chunks of a dead worker are submitted again before they are tried one by one."""
WAIT_FOR_WORKERS = 60
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables of which one must be 1 in a worker; loky and Dask's nanny set them."""

Numbered = tuple[int, bytes]


def run_chunks(
    chunks: Callable[[], Iterator[Numbered]],
    finished: Callable[[int, bytes], None],
    given_up: Callable[[int, bytes], None],
    *,
    jobs: int,
    scheduler: str | None,
) -> None:
    """Fit every chunk; hand over each as soon as it is done.

    Parameters
    ----------
    chunks : callable
        Returns an iterator over the chunks that are not finished: (number, bytes).
    finished : callable
        Takes number and result.
    given_up : callable
        Takes number and bytes of a chunk whose worker died whenever it was tried, alone at last.
    jobs : int
        Worker processes on this machine.
    scheduler : str or None
        Address of a Dask scheduler; its workers are used instead.
    """
    with _engine(jobs, scheduler) as parallel:
        for _ in range(1 + RESUBMISSIONS):
            if _attempt(parallel(2 * jobs), chunks(), finished):
                return
        for number, payload in chunks():
            if not _attempt(parallel(1), iter([(number, payload)]), finished):
                given_up(number, payload)


def _attempt(parallel: Any, chunks: Iterator[Numbered], finished: Callable[[int, bytes], None]) -> bool:
    """Return whether all chunks were done; False if a worker was lost on the way."""
    from joblib import delayed

    try:
        for number, rows in parallel(delayed(_numbered)(number, payload) for number, payload in chunks):
            finished(number, rows)
    except _losses():
        return False
    return True


def _numbered(number: int, payload: bytes) -> Numbered:
    if not any(os.environ.get(name) == "1" for name in THREADS):
        raise UsageError(
            f"a worker on {platform.node()} may use several threads of linear algebra, thus other digits: "
            f"start it with {THREADS[0]}=1"
        )
    return number, fit_chunk(payload)


def _losses() -> tuple[type[BaseException], ...]:
    """Return the exceptions that say that a worker process is gone."""
    from concurrent.futures.process import BrokenProcessPool

    from joblib.externals.loky.process_executor import TerminatedWorkerError

    lost: tuple[type[BaseException], ...] = (BrokenProcessPool, TerminatedWorkerError)
    try:
        from distributed import CancelledError, KilledWorker
    except ImportError:
        return lost
    return (*lost, KilledWorker, CancelledError)


@contextmanager
def _engine(jobs: int, scheduler: str | None) -> Iterator[Callable[[int], Any]]:
    """Yield a function from the number of chunks in flight to a `joblib.Parallel`.

    Results come as they are ready; a chunk is bytes, which joblib leaves inside its task, so that a Dask
    worker that dies takes nothing with it. With one job joblib would compute in this process, where BLAS may
    have many threads and other digits; a pool of two with one chunk in flight keeps to one worker.
    """
    from joblib import Parallel, parallel_config

    options: dict[str, Any] = {"batch_size": 1, "return_as": "generator_unordered"}
    if scheduler is None:
        pool = max(jobs, 2)
        with parallel_config(backend="loky", n_jobs=pool, inner_max_num_threads=1):
            yield lambda ahead: Parallel(pre_dispatch=1 if jobs == 1 else ahead, **options)
        return
    with _client(scheduler) as client:
        workers = max(sum(client.nthreads().values()), 1)
        backend = _never_in_this_process()(client=client, wait_for_workers_timeout=WAIT_FOR_WORKERS)
        with parallel_config(backend=backend):
            yield lambda ahead: Parallel(pre_dispatch=1 if ahead == 1 else 2 * workers, **options)


def _never_in_this_process() -> Any:
    """Return joblib's Dask backend for which a cluster of one thread counts as two.

    `joblib.Parallel` computes in the calling process when its backend has one thread, past the worker.
    """
    from joblib._dask import DaskDistributedBackend

    class Workers(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no types
        def effective_n_jobs(self, n_jobs: int) -> int:
            threads: int = super().effective_n_jobs(n_jobs)
            return max(threads, 2)

    return Workers


def _client(scheduler: str) -> AbstractContextManager[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtraError.naming("a Dask scheduler", "dask") from None
    try:
        connect: Callable[..., AbstractContextManager[Any]] = Client
        return connect(scheduler, timeout=WAIT_FOR_WORKERS, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise UsageError(f"no Dask scheduler answers at {scheduler} ({problem})") from None
