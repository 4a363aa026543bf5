"""`run_batch`: the joint model, breaks or an attribution over many series."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.batch.chunk import write_rows
from analysis.batch.engine import run_chunks
from analysis.batch.lenses import error_cells, lens_columns
from analysis.batch.output import write_output
from analysis.batch.parts import Parts, writing
from analysis.batch.reading import LongInput
from analysis.batch.request import ALL_SERIES, BatchOptions, Chunk, event_record
from analysis.domain import EventTable
from analysis.domain.hashing import digest
from analysis.errors import InputError, UsageError
from analysis.reading.declared import read_event_tables

if TYPE_CHECKING:
    import pandas as pd

CHUNK_SERIES = 64
"""Series in a chunk, cut by input position: the same for any number of workers."""
FORMAT = 2
"""Raised when finished chunks of an earlier version must not be continued."""

Progress = Callable[[int, int], None]
Source = "str | os.PathLike[str] | pd.DataFrame"


@dataclass(frozen=True)
class BatchReport:
    """What a batch did.

    Attributes
    ----------
    output : Path
    series, rows, errors : int
        Series read, rows written, series without an answer.
    chunks, resumed : int
        Chunks in all, and those that an earlier run had finished.
    unused : tuple of str
        Columns of the input that were not read.
    """

    output: Path
    series: int
    rows: int
    errors: int
    chunks: int
    resumed: int
    unused: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "output": str(self.output),
            "series": self.series,
            "rows": self.rows,
            "errors": self.errors,
            "chunks": self.chunks,
            "resumed": self.resumed,
            "unused_columns": list(self.unused),
        }

    def summary(self) -> str:
        """Return the report in words."""
        lines = [
            f"{self.series} series, {self.rows} rows, {self.errors} series without an answer: {self.output}"
        ]
        if self.resumed:
            lines.append(f"{self.resumed} of {self.chunks} chunks were finished by an earlier run.")
        if self.unused:
            lines.append(f"Columns that were not read: {', '.join(self.unused)}.")
        return "\n".join(lines) + "\n"

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(line)}</p>" for line in self.summary().splitlines())

    def to_frame(self) -> pd.DataFrame:
        """Return the output as a pandas frame."""
        import pandas as pd

        if self.output.suffix.lower() == ".csv":
            return pd.read_csv(self.output, keep_default_na=False, na_values=[""], dtype={"series_id": str})
        return pd.read_parquet(self.output)


def run_batch(
    input: Any,  # noqa: A002  # the contract's word
    events: EventTable | Mapping[str, EventTable] | str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    lens: str = "effects",
    by: str | None = None,
    gaps: str = "refuse",
    columns: str = "contract",
    resume: bool = True,
    force: bool = False,
    progress: Progress | None = None,
    **choices: Any,
) -> BatchReport:
    """Estimate many series; a bad one is a row of status ``error``, never a failed run.

    Parameters
    ----------
    input : path, DataFrame or LongInput
        Long rows ``series_id, period, value``, optionally ``rse``, CSV or Parquet by its ending, or any file
        that `analysis.read_series` takes. Rows in any order: where those of a series do not stand together
        they go through a temporary file.
    events : EventTable, mapping or path
        The events of all series; with `by` a mapping from that column's values, or a file with that column.
    output : path
        CSV or Parquet, by its ending. Finished chunks are kept beside it until the run is complete.
    jobs : int
        Worker processes on this machine.
    scheduler : str, optional
        Address of a Dask scheduler (``tcp://host:8786``); its workers are used instead.
    lens : {"effects", "breaks", "attribution"}
    by : str, optional
        Column that says which events belong to a series.
    gaps : {"refuse", "missing"}
        What a period without a row inside a sample is.
    columns : {"contract", "all"}
        Whether scale, effect on either scale, sign probability, grade and p-value are added.
    resume : bool
        Whether finished chunks of an interrupted run with the same input and options are used.
    force : bool
        Whether an output that is there already is overwritten.
    progress : callable, optional
        Called with the number of finished chunks and of all.
    **choices
        Options of `fit_interventions`, `find_breaks` or `attribute`.

    Returns
    -------
    BatchReport

    Raises
    ------
    InputError
        If input, events or output cannot be read or written as a whole; if the output is there already, or
        another run is writing it.
    UsageError
        An option that does not exist; no scheduler at the address.
    MissingExtraError
        Parquet or Dask without their extra.
    """
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise UsageError(f"jobs is a number of processes, 1 or more, not {jobs}", pointer="/options/jobs")
    options = BatchOptions(lens, by, gaps, columns, choices)  # type: ignore[arg-type]  # checked inside
    options.check()
    if Path(output).exists() and not force:
        raise InputError(f"the output {output} is there already: name another one, or say --force")
    tables = _tables(events, by)
    source = input if isinstance(input, LongInput) else LongInput(input, by)
    found = source.overview()
    total = -(-found.series // CHUNK_SERIES)
    parts = Parts.beside(output, _manifest(found.digest, options, tables), resume=resume)
    done = {number for number in range(total) if parts.has(number)}
    resumed = len(done)
    report_progress = progress or (lambda _done, _total: None)
    report_progress(len(done), total)

    def pending() -> Iterator[tuple[int, bytes]]:
        series = source.series(found.contiguous)
        for number in range(total):
            own = list(islice(series, CHUNK_SERIES))
            if number not in done:
                keys = {one.key for one in own}
                used = {key: table for key, table in tables.items() if key in keys}
                yield number, Chunk(options, used, own).to_bytes()

    def keep(number: int, rows: bytes) -> None:
        parts.keep(number, rows)
        done.add(number)
        report_progress(len(done), total)

    def give_up(number: int, payload: bytes) -> None:
        reason = "the worker process ended whenever this series' chunk was tried (out of memory?)"
        names = lens_columns(options)
        keep(
            number,
            write_rows([error_cells(one.id, reason, names) for one in Chunk.from_bytes(payload).series]),
        )

    try:
        run_chunks(pending, keep, give_up, jobs=jobs, scheduler=scheduler)
        with writing(Path(output)):
            rows, errors = write_output(Path(output), lens_columns(options), parts.read(total))
            parts.remove()
    finally:
        parts.close()
    return BatchReport(Path(output), found.series, rows, errors, total, resumed, found.unused)


def _tables(
    events: EventTable | Mapping[str, EventTable] | str | os.PathLike[str], by: str | None
) -> dict[str, EventTable]:
    if isinstance(events, (str, os.PathLike)):
        return read_event_tables(events, by)
    if isinstance(events, EventTable):
        if by:
            raise UsageError(f"with by='{by}' events are a mapping from its values or a file with it")
        return {ALL_SERIES: events}
    if not by:
        raise UsageError("a mapping of events needs the column that chooses: give by=COLUMN")
    return dict(events)


def _manifest(input_digest: str, options: BatchOptions, tables: Mapping[str, EventTable]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "input": input_digest,
        "options": digest(options.to_record()),
        "events": digest({key: [event_record(e) for e in table] for key, table in tables.items()}),
    }
