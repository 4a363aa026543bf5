"""Every form in which a record can be had, by the suffix of its address."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.compute import tasks
from service.records import document, drawing, report, sheets
from service.records.citations import Citation
from service.store import Record


@dataclass(frozen=True, slots=True)
class Rendering:
    """One form of a record.

    Attributes
    ----------
    suffix : str
        Of the address, without the dot.
    media_type : str
    words : str
        What it is, for the documentation.
    render : callable
        Takes the record and the address of the service, and returns bytes.
    download : bool
        Whether a browser saves it rather than shows it.
    drawn : bool
        Whether charts or pages are drawn: this is done outside the process that serves.
    """

    suffix: str
    media_type: str
    words: str
    render: Callable[[Record, str], bytes]
    download: bool = True
    drawn: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of what a client of the API gets."""
        if self.suffix == "csl.json":
            return {"type": "array", "items": {"type": "object"}}
        is_text = self.suffix in ("csv", "bib", "ris", "svg", "narrow.svg", "report.html")
        return {"type": "string"} if is_text else {"type": "string", "format": "binary"}


RENDERINGS = (
    Rendering("csv", "text/csv", "the main table as CSV", lambda r, _: sheets.as_csv(r)),
    Rendering(
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "the main table as an Excel workbook",
        lambda r, _: sheets.as_xlsx(r),
    ),
    Rendering(
        "dta", "application/x-stata-dta", "the main table as Stata data", lambda r, _: sheets.as_dta(r)
    ),
    Rendering(
        "bib",
        "application/x-bibtex",
        "the citation in BibTeX",
        lambda r, b: Citation.of(r, b).bibtex().encode(),
    ),
    Rendering(
        "ris",
        "application/x-research-info-systems",
        "the citation in RIS",
        lambda r, b: Citation.of(r, b).ris().encode(),
    ),
    Rendering(
        "csl.json",
        "application/vnd.citationstyles.csl+json",
        "the citation in CSL JSON",
        lambda r, b: Citation.of(r, b).csl().encode(),
    ),
    Rendering("svg", "image/svg+xml", "the chart as SVG", drawing.as_svg, False, True),
    Rendering("narrow.svg", "image/svg+xml", "the chart for a phone", drawing.as_narrow_svg, False, True),
    Rendering("png", "image/png", "the chart as PNG", drawing.as_png, False, True),
    Rendering(
        "pdf",
        "application/pdf",
        "a brief with table, chart, limits and citation",
        document.as_pdf,
        False,
        True,
    ),
    Rendering(
        "report.pdf",
        "application/pdf",
        "the report for an annex: answer, lenses, evidence, methods, provenance, sources",
        report.as_report_document,
        download=False,
        drawn=True,
    ),
    Rendering(
        "report.html",
        "text/html",
        "the same report as one page that holds its charts",
        report.as_report_page,
        drawn=True,
    ),
)
"""Renderings of a record beside its JSON and its page."""


def draw(suffix: str, record: str, base: str) -> str:
    """Make a rendering of a record, given as JSON, in the process that draws."""
    form = next(rendering for rendering in RENDERINGS if rendering.suffix == suffix)
    return tasks.drawing(lambda: form.render(Record(**json.loads(record)), base))
