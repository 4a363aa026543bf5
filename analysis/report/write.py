"""Write the report and its brief: pages, documents, a file for every table and chart, one record of all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from analysis import catalogue
from analysis.attribution.evidence import EvidenceLevel
from analysis.attribution.study import Study
from analysis.domain.hashing import rounded
from analysis.errors import InputError, MissingExtraError
from analysis.report.blocks import Block, Chart, Table
from analysis.report.brief import brief_blocks
from analysis.report.closing import Setting, closing_blocks
from analysis.report.document import document
from analysis.report.page import page, table_csv
from analysis.report.plan import PLAN, Plan
from analysis.report.sections import Gathered, Step, steps
from analysis.reporting.charts import to_pdf, to_svg

TITLE = "North Korea's recorded trade: breaks, dated changes, claims"
BRIEF_TITLE = f"{TITLE} (brief)"
OPEN_FIRST = {
    "brief.pdf": "two pages",
    "index.html": "the report as a page",
    "report.pdf": "the report as a document",
    "report.json": "every number behind it",
}
"""Files that are named when the report is written, with what they are."""
NEEDED = ("altair", "vl_convert", "typst")
"""Packages of the extra ``report`` without which nothing is begun."""

Progress = Callable[[int, int, str], None]
"""Called before every step with its number, the number of steps and its name, and once when all are done."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes
    ----------
    directory : Path
    files : tuple of str
        Paths inside it.
    """

    directory: Path
    files: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return directory and files."""
        return {"out": str(self.directory), "files": list(self.files)}

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(line)}</p>" for line in self.summary().splitlines())

    def summary(self) -> str:
        """Return what to open first, and how many files there are."""
        first = "\n".join(
            f"{self.directory / name}: {words}" for name, words in OPEN_FIRST.items() if name in self.files
        )
        return f"{first}\n{len(self.files)} files in {self.directory}\n"


def write_report(
    out: str | Path,
    *,
    evidence: EvidenceLevel = "basic",
    plan: Plan = PLAN,
    progress: Progress | None = None,
) -> Written:
    """Write the full report on the data package in use.

    Parameters
    ----------
    out : path
        A directory; it is made if it does not exist. Files of the same names are replaced.
    evidence : {"none", "basic", "full"}
        Refits that speak for or against the main answers; ``full`` takes some minutes.
    plan : Plan
        What the report asks.
    progress : callable, optional
        Told of every step.

    Returns
    -------
    Written

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    InputError
        If nothing can be written at `out`.
    """
    directory = prepared(out)
    tell = progress or silent
    gathered = Gathered({}, {})
    made = steps(plan, Study(), evidence, gathered)
    total = len(made) + 2
    blocks: list[Block] = []
    for number, step in enumerate(made):
        blocks += _made(step, number, total, tell)
    tell(len(made), total, "charts and tables")
    setting = Setting(TITLE, evidence, catalogue.data_digest())
    blocks += closing_blocks(plan, setting)
    charts = {block.id: block for block in blocks if isinstance(block, Chart)}
    brief = brief_blocks(plan, gathered.records, charts, setting)
    files = files_of(TITLE, blocks, gathered, setting.footer)
    files |= files_of(BRIEF_TITLE, brief, None, setting.footer, page_name="brief.html")
    tell(len(made) + 1, total, "the documents")
    drawn = {name: to_pdf(chart.specification) for name, chart in charts.items()}
    files["report.pdf"] = document(TITLE, blocks, drawn, setting.footer)
    shown = {block.id: drawn[block.id] for block in brief if isinstance(block, Chart)}
    files["brief.pdf"] = document(BRIEF_TITLE, brief, shown, setting.footer, brief=True)
    tell(total, total, "done")
    return put(directory, files)


def silent(done: int, total: int, name: str) -> None:
    """Tell nobody."""
    del done, total, name


def _made(step: Step, number: int, total: int, progress: Progress) -> Sequence[Block]:
    progress(number, total, step.name)
    return step.make()


def files_of(
    title: str, blocks: Sequence[Block], gathered: Gathered | None, footer: str, page_name: str = "index.html"
) -> dict[str, bytes]:
    """Return page, tables, charts and, of what was gathered, texts and record, by path: all but documents."""
    files = {page_name: page(title, blocks, footer)}
    for block in blocks:
        if isinstance(block, Table):
            files[f"tables/{block.id}.csv"] = table_csv(block)
        elif isinstance(block, Chart) and f"charts/{block.id}.svg" not in files:
            files[f"charts/{block.id}.svg"] = to_svg(block.specification)
            files[f"charts/{block.id}.json"] = _json(dict(block.specification))
    if gathered is not None:
        files |= gathered.texts
        files["report.json"] = _json(rounded(gathered.records))
    return {name: text.encode("utf-8") for name, text in files.items()}


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def prepared(out: str | Path) -> Path:
    """Return the directory of a report after making sure that it can be written.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    InputError
        If nothing can be written at `out`.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise MissingExtraError.naming("the report", "report")
    probe = Path(out) / ".writable"
    _put(probe, b"")
    probe.unlink()
    return Path(out)


def put(directory: Path, files: Mapping[str, bytes]) -> Written:
    """Write files by their paths inside a directory."""
    for name, content in files.items():
        _put(directory / name, content)
    return Written(directory, tuple(sorted(files)))


def _put(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as problem:
        where = path.parent if path.name == ".writable" else path
        raise InputError(f"nothing can be written at {where}: {problem.strerror or problem}") from None
