"""The answer where no model can be estimated: exact changes by the provision that binds the goods first."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis import catalogue
from analysis.attribution.accounting import Accounting
from analysis.attribution.timing.divided import Divided
from analysis.attribution.timing.rows import Row
from analysis.domain.periods import PERIODS_PER_YEAR

MILLION = 1_000_000
"""Accounting counts whole dollars; series of trade are in millions."""


def account_rows(divided: Divided, accounting: Accounting) -> dict[str, Any]:
    """Return the rows of an accounting and their draws, which are constant.

    Parameters
    ----------
    divided : Divided
        Of the target as one open part.
    accounting : Accounting

    Returns
    -------
    dict
        ``rows`` and ``draws`` for `dataclasses.replace`.
    """
    part = divided.parts[0]
    frequency = catalogue.series(accounting.series, accounting.vintage).frequency
    events = {event.id: event for event in catalogue.events()}
    rows = []
    for total in accounting.first_binding:
        value = total.change / MILLION / PERIODS_PER_YEAR[frequency]
        if not value:
            continue
        known = total.key in events
        rows.append(
            Row(
                "event" if known else "part",
                (total.key,) if known else (),
                events[total.key].title if known else total.label,
                (part.id,),
                (),
                value,
                0.0,
                part.largest,
            )
        )
    values = np.array([row.value for row in rows], dtype=np.float64)[:, None]
    return {"rows": tuple(rows), "draws": tuple(np.repeat(values, d.shape[1], axis=1) for d in divided.draws)}
