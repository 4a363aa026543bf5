"""The last chapters: methods, provenance, how to cite, references."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis import catalogue
from analysis.domain import Cell
from analysis.domain.engine import ENGINE
from analysis.report.blocks import Block, Heading, Reference, References, Sentences, Table
from analysis.report.plan import Plan
from analysis.reporting.methods import METHODS, Method
from analysis.version import VERSION


@dataclass(frozen=True, slots=True)
class Setting:
    """What a report was made with.

    Attributes
    ----------
    title, evidence : str
    data : str
        SHA-256 of the data package.
    """

    title: str
    evidence: str
    data: str

    @property
    def footer(self) -> str:
        """Return what stands on every page."""
        return f"tradebreaks {VERSION}, engine {ENGINE}, data {self.data[:12]}, evidence {self.evidence}"


def how_to_cite(setting: Setting) -> tuple[str, ...]:
    """Return the reference to a report, and how a single number is cited."""
    return (
        f"tradebreaks contributors: {setting.title}. Report of tradebreaks {VERSION} (engine {ENGINE}) on "
        f"the data package {setting.data[:12]}, evidence {setting.evidence}.",
        "The report bears no date, so that the same installation writes the same bytes again; add the day on "
        "which you made it. The software and the data package named make it anew: tradebreaks report "
        f"--evidence {setting.evidence}.",
        "To cite one number, store it under a permanent address, for instance: tradebreaks record attribute "
        "dprk.total.a --from 2014 --to 2018.",
    )


def closing_blocks(plan: Plan, setting: Setting) -> Sequence[Block]:
    """Return methods, provenance, citation and references."""
    used = _series(plan)
    return [
        *method_blocks(METHODS),
        Heading(1, "Provenance"),
        _made_with(setting),
        _what_was_used(used),
        Heading(1, "How to cite"),
        Sentences(how_to_cite(setting)),
        Heading(1, "References"),
        Sentences(
            (
                "Every source that a figure of these series, a provision of these dossiers or a published "
                "estimate beside ours names. Which figure rests on which source is in the data package.",
            )
        ),
        References(references(used, plan.dossiers)),
    ]


def method_blocks(methods: Iterable[Method]) -> list[Block]:
    """Return a chapter on methods: what each rests on, when not to use it, its sources."""
    blocks: list[Block] = [Heading(1, "Methods")]
    for method in methods:
        blocks += [
            Heading(2, method.title),
            Sentences((f"{method.question} {method.how}",)),
            Sentences(
                (
                    *(f"Rests on: {line}" for line in method.rests_on),
                    *(f"Do not use it: {line[:1].lower()}{line[1:]}" for line in method.not_when),
                    f"Sources: {'; '.join(method.sources)}.",
                )
            ),
        ]
    return blocks


def references(used: Iterable[str], events: Iterable[str]) -> tuple[Reference, ...]:
    """Return every source that the figures of series, provisions of events or published estimates name."""
    named = {source.id for name in used for source in catalogue.describe(name).sources}
    for event in events:
        named |= {source for provision in catalogue.provisions(event) for source in provision.sources}
    named |= {source for estimate in catalogue.published_estimates() for source in estimate.sources}
    return tuple(
        Reference(f"{source.publisher}: {source.title} [{source.id}]", source.url)
        for source in catalogue.sources()
        if source.id in named
    )


def _series(plan: Plan) -> list[str]:
    searched = catalogue.series_ids() if plan.searched is None else plan.searched
    return sorted({*plan.series, *searched, *(q.series for q in plan.questions)})


def _made_with(setting: Setting) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("software", f"tradebreaks {VERSION}"),
        ("engine", str(ENGINE)),
        ("data package, SHA-256", setting.data),
        ("evidence", setting.evidence),
        ("randomness", "none: integration over grids and fixed sequences"),
    ]
    return Table("provenance", "What this report was made with", ("what", "which"), tuple(rows))


def _what_was_used(names: Iterable[str]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        series = catalogue.series(name)
        seen = np.flatnonzero(np.isfinite(series.values))
        rows.append(
            (
                name,
                series.vintage,
                str(series.periods[seen[0]]) if len(seen) else None,
                str(series.periods[seen[-1]]) if len(seen) else None,
                len(seen),
                len(series.values) - len(seen),
                series.unit,
            )
        )
    columns = ("series", "vintage", "first", "last", "observed", "missing", "unit")
    return Table("provenance.series", "Series", columns, tuple(rows))
