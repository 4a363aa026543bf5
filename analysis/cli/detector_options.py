"""Options of `breaks` that ask for one detector of ruptures instead of the sized procedure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analysis.errors import UsageError

if TYPE_CHECKING:
    from analysis.cli.target import Target
    from analysis.domain import Result

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--method",
        "detector",
        type=click.Choice(["pelt", "dynp", "binseg", "kernel"]),
        help="One detector of ruptures instead of the sized procedure.",
    ),
    click.option("--n-breaks", type=click.IntRange(min=1), help="How many breaks: dynp, binseg, kernel."),
    click.option("--penalty", type=float, help="Of a break: pelt, binseg, kernel."),
)


UNRECORDED = frozenset({"detector", "n_breaks", "penalty"})
"""Options that a stored question has no field for."""


@dataclass(frozen=True, slots=True)
class DetectorChoice:
    """The detector that was asked for."""

    method: str
    n_breaks: int | None
    penalty: float | None

    def run(
        self,
        target: Target,
        model: str,
        scale: str | None,
        seasonal: bool | None,
        max_breaks: int | None,
        trimming: float | None,
    ) -> Result:
        """Return what the detector finds; options that were not given keep the library's defaults."""
        from analysis.breaks import detect_breaks

        chosen: dict[str, Any] = {"max_breaks": max_breaks, "trimming": trimming}
        chosen |= {"scale": scale, "seasonal": seasonal}
        return detect_breaks(
            target.series,
            self.method,
            n_breaks=self.n_breaks,
            penalty=self.penalty,
            model="trend" if model == "trend" else "mean",
            regime=target.regimes,
            controls=target.controls,
            **{key: value for key, value in chosen.items() if value is not None},
        )


def detector_options(command: Command) -> Command:
    """Add ``--method``, ``--n-breaks`` and ``--penalty``; `take_detector` reads them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take_detector(options: dict[str, Any]) -> DetectorChoice | None:
    """Remove the options and return the choice, or None for the sized procedure.

    Raises
    ------
    UsageError
        If a number of breaks or a penalty is given without a detector.
    """
    method, count, penalty = (options.pop(name) for name in ("detector", "n_breaks", "penalty"))
    if method is None:
        if count is not None or penalty is not None:
            raise UsageError("--n-breaks and --penalty belong to a detector: name one with --method")
        return None
    return DetectorChoice(method, count, penalty)


def detectors_of(result: Result) -> str:
    """Return the table of detectors of an answer, empty where there are none."""
    from analysis.breaks.detectors import detector_table

    return detector_table(result.to_record().get("detectors", ()))
