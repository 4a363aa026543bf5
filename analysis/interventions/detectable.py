"""The smallest effect that the design of each event finds: what an insignificant answer can rule out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from analysis.errors import UsageError

if TYPE_CHECKING:
    from analysis.interventions.effects import EffectResult

POWER = 0.8


def minimum_detectable(result: EffectResult, power: float = POWER) -> list[dict[str, Any]]:
    """Return for every group and ungrouped event the smallest effect its design finds with `power`.

    The size at which a two-sided test at one minus the result's level rejects no effect with probability
    `power`, the standard error being that of the answer: ``(z + z_power) se``.

    Parameters
    ----------
    result : EffectResult
        Of any method with standard errors.
    power : float
        Between 0.5 and 0.99.

    Raises
    ------
    UsageError
        If the power lies outside.
    """
    if not 0.5 <= power <= 0.99:
        raise UsageError(f"power is a probability between 0.5 and 0.99, not {power}")
    factor = float(special.ndtri(0.5 * (1 + result.level)) + special.ndtri(power))
    rows = []
    grouped = {name for group in result.groups for name in group.terms}
    units = [(g.event_ids, g.terms) for g in result.groups]
    units += [(t.event_ids, (t.name,)) for t in result.posterior.design.event_terms if t.name not in grouped]
    for event_ids, terms in units:
        found = result.summarise(terms)
        if found is None or "se" not in found:
            continue
        size = factor * found["se"]
        row: dict[str, Any] = {"event_ids": list(event_ids), "power": power}
        if result.logs:
            fall, rise = 100 * float(np.expm1(-size)), 100 * float(np.expm1(size))
            row |= {"log_effect": size, "percent_fall": fall, "percent_rise": rise}
        else:
            row |= {"effect": size}
        rows.append(row)
    return rows
