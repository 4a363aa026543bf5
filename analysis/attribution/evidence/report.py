"""Evidence gathered for one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.attribution.evidence.check import Check, Finding
from analysis.attribution.evidence.curve import WANTED, SpecificationCurve
from analysis.attribution.evidence.kernel import SHARED
from analysis.attribution.evidence.leave_one_out import LeaveOneOut
from analysis.attribution.evidence.parametric_placebo import ParametricPlacebo
from analysis.attribution.evidence.placebo_dates import PlaceboDates
from analysis.attribution.evidence.pre_trend import PreTrend
from analysis.attribution.result import AttributionResult

EvidenceLevel = Literal["none", "basic", "full"]

BASIC: tuple[Check, ...] = (LeaveOneOut(), PreTrend())
FULL: tuple[Check, ...] = (*BASIC, PlaceboDates(), ParametricPlacebo(), SpecificationCurve())


@dataclass(frozen=True, slots=True)
class Gathered:
    """One check with what it found, or why it cannot speak."""

    name: str
    finding: Finding | None
    reason: str | None

    def to_record(self) -> dict[str, Any]:
        """Return the finding, or the reason alone."""
        if self.finding is None:
            return {"reason": self.reason}
        return self.finding.to_record()


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """What speaks for and against an answer.

    Attributes
    ----------
    level : EvidenceLevel
    gathered : tuple of Gathered
    """

    level: EvidenceLevel
    gathered: tuple[Gathered, ...]

    def to_record(self) -> dict[str, Any]:
        """Return every check by name; null for those that were not asked for."""
        record: dict[str, Any] = {"level": self.level}
        record |= {check.name: None for check in FULL}
        record |= {item.name: item.to_record() for item in self.gathered}
        return record | {"refits": SHARED}

    def words(self) -> list[str]:
        """Return one sentence or two for each check."""
        return [
            item.finding.words() if item.finding else f"{item.name}: {item.reason}." for item in self.gathered
        ]


@dataclass(frozen=True, slots=True)
class EveryResolution:
    """A part with the resolutions in its model that name no goods of its flow, but may act on it indirectly.

    Attributes
    ----------
    part, title : str
    event_ids : tuple of str
        The resolutions added.
    interval : tuple of float
        What came with all resolutions, a year: estimate and limits.
    moved : float
        Its estimate less that of the answer, a year.
    unit : str
    """

    part: str
    title: str
    event_ids: tuple[str, ...]
    interval: tuple[float, float, float]
    moved: float
    unit: str

    def to_record(self) -> dict[str, Any]:
        """Return the finding as JSON-ready values."""
        estimate, lower, upper = self.interval
        return {
            "part": self.part,
            "title": self.title,
            "event_ids": list(self.event_ids),
            "estimate": estimate,
            "lower": lower,
            "upper": upper,
            "moved": self.moved,
            "words": self.words(),
        }

    def words(self) -> str:
        """Return by how much the sum moves."""
        moved = f"{self.moved:+,.0f}".replace("-", "\u2212")
        return (
            f"With the {len(self.event_ids)} resolutions in the model that name none of its goods, what came "
            f"with all resolutions moves by {moved} {self.unit} a year."
        )


@dataclass(frozen=True, slots=True)
class PartEvidence:
    """What speaks for and against the answers of the parts of a target.

    Attributes
    ----------
    level : EvidenceLevel
    parts : tuple of (str, str, EvidenceReport)
        Id and title of each modelled part with an event between the windows, and its evidence.
    indirect : tuple of EveryResolution
    """

    level: EvidenceLevel
    parts: tuple[tuple[str, str, EvidenceReport], ...]
    indirect: tuple[EveryResolution, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return the evidence of every part; the checks of a target itself are null."""
        record: dict[str, Any] = {"level": self.level}
        record |= {check.name: None for check in FULL}
        parts = [{"part": i, "title": title, **own.to_record()} for i, title, own in self.parts]
        indirect = [item.to_record() for item in self.indirect]
        return record | {"parts": parts, "every_resolution": indirect, "refits": SHARED}

    def words(self) -> list[str]:
        """Return the sentences of every part, named after it."""
        said = [f"{title}: {text}" for _, title, own in self.parts for text in own.words()]
        return [*said, *(f"{item.title}: {item.words()}" for item in self.indirect)]


def gather(answer: AttributionResult, level: EvidenceLevel, *, among: int = 1) -> EvidenceReport | None:
    """Return the evidence of a level; None for ``none``. The parts of a target share the specifications."""
    if level == "none":
        return None
    checks = [
        SpecificationCurve(wanted=WANTED // among) if isinstance(check, SpecificationCurve) else check
        for check in (BASIC if level == "basic" else FULL)
    ]
    return EvidenceReport(level, run_checks(answer, checks))


def run_checks(answer: AttributionResult, checks: Sequence[Check]) -> tuple[Gathered, ...]:
    """Validate every check, then run those that can speak.

    Raises
    ------
    UsageError
        If a setting of any check is out of range; nothing has run then.
    """
    reasons = [check.validate(answer) for check in checks]
    return tuple(
        Gathered(check.name, None if reason else check.run(answer), reason)
        for check, reason in zip(checks, reasons, strict=True)
    )
