"""A report that asks little, written once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.report import Plan, Question, Span, Written, write_report

SMALL = Plan(
    series=("interkorean.total.a",),
    searched=("interkorean.total.a",),
    questions=(Question("interkorean.total.a", "2015", "2016", evidence=True),),
    years=(("interkorean.total.a", 2014, 2017),),
    spans=(Span("interkorean.kaesong.a", "2015", "2016", "2016..2018"),),
    claims=("fell-2015-2018", "kaesong-peak-2015"),
    dossiers=("kic_closure_2016",),
)


@dataclass(frozen=True)
class Made:
    """What was written and what was told on the way."""

    written: Written
    told: list[tuple[int, int, str]]

    def text(self, name: str) -> str:
        """Return a file of the report."""
        return (self.written.directory / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def small() -> Plan:
    return SMALL


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    told: list[tuple[int, int, str]] = []
    out: Path = tmp_path_factory.mktemp("report") / "deep" / "er"
    written = write_report(out, plan=SMALL, progress=lambda *step: told.append(step))
    return Made(written, told)
