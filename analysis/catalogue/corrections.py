"""Judgements on figures: which stay out, which belong to another vintage, which stands for its period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from analysis.catalogue.figures import VINTAGES, Figure
from analysis.errors import DataPackageError

CORRECTION_FILE = "corrections.yaml"

Action = Literal["exclude", "revintage", "prefer"]
KINDS = ("error", "other_vintage", "superseded", "finer_print")
PREFERRED = "preferred"


@dataclass(frozen=True, slots=True)
class Correction:
    """A judgement on one figure, with the printed value it is about.

    Attributes
    ----------
    figure : str
    action : Action
        ``exclude``: the figure never enters a series. ``revintage``: it is read as the vintage that
        `vintage` names. ``prefer``: it is the preferred row of its period, and no other is.
    kind : str
        ``error``, ``other_vintage``, ``superseded`` or ``finer_print``.
    reason : str
    expect : float
        The printed value; if the table has another one, the judgement must be looked at again.
    vintage : str
        Of ``revintage`` only.
    """

    figure: str
    action: Action
    kind: str
    reason: str
    expect: float
    vintage: str = ""


def read_corrections(content: Mapping[str, Any]) -> dict[str, Correction]:
    """Read ``corrections.yaml``: judgements by figure id.

    Raises
    ------
    DataPackageError
        Naming the entry that is wrong.
    """
    found: dict[str, Correction] = {}
    for number, entry in enumerate(content.get("corrections") or [], start=1):
        place = f"{CORRECTION_FILE}: entry {number}"
        try:
            correction = Correction(**{**entry, "expect": float(entry["expect"])})
        except (TypeError, KeyError, ValueError) as problem:
            raise DataPackageError(f"{place}: {problem}") from None
        if correction.figure in found:
            raise DataPackageError(f"{place}: '{correction.figure}' appears twice")
        if correction.action not in get_args(Action):
            raise DataPackageError(
                f"{place}: the action '{correction.action}' is none of {', '.join(get_args(Action))}"
            )
        if correction.kind not in KINDS:
            raise DataPackageError(f"{place}: the kind '{correction.kind}' is none of {', '.join(KINDS)}")
        if (correction.action == "revintage") != (correction.vintage in VINTAGES):
            raise DataPackageError(
                f"{place}: 'vintage' ({correction.vintage or 'empty'}) goes with 'revintage' alone"
            )
        found[correction.figure] = correction
    return found


def corrected(figures: Iterable[Figure], corrections: Mapping[str, Correction]) -> dict[str, Figure]:
    """Return the figures of one table by id as the judgements read them; what was printed stays."""
    found = {figure.id: figure for figure in figures}
    chosen: dict[tuple[str, ...], str] = {}
    for name, correction in corrections.items():
        if name not in found:
            continue
        if correction.action == "revintage":
            found[name] = replace(found[name], vintage=correction.vintage)
        elif correction.action == "prefer":
            chosen[_period(found[name])] = name
    if chosen:
        for name, figure in found.items():
            preferred = chosen.get(_period(figure))
            if preferred == name:
                found[name] = replace(figure, use=PREFERRED)
            elif preferred is not None and figure.use == PREFERRED:
                found[name] = replace(figure, use="")
    return found


def _period(figure: Figure) -> tuple[str, ...]:
    return (
        *(figure.measure, figure.flow, figure.economy, figure.partner, figure.reporter, figure.product),
        *(figure.scope, figure.unit, str(figure.window)),
    )
