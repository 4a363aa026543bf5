"""The words of the checks: what one found, and what it would have found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.domain.periods import PERIOD_WORDS
from analysis.interventions.doubts.alternatives import EXAMPLE

if TYPE_CHECKING:
    from analysis.interventions.doubts.checks import Checked
    from analysis.interventions.result import InterventionResult


def would_have_seen(fit: InterventionResult, kind: str, least: float) -> str:
    """Return the smallest fall that a check would have seen four times in five.

    Parameters
    ----------
    fit : InterventionResult
    kind : str
    least : float
        Its size, on the model's scale.
    """
    example = EXAMPLE[fit.series.frequency]
    what = {
        "date": f"a date {_count(example.shift, fit)} too late",
        "shape": f"a step declared for an effect that phases in over {_count(example.phase, fit)}",
        "before": f"an effect in the {_count(example.lead, fit)} before any event",
        "unlisted": "a step at a middling date",
    }[kind]
    of = "of" if kind in ("before", "unlisted") else "if the effect were"
    return f"{what}, {of} {size_words(fit, -least)}, would have been seen four times in five"


def _count(number: int, fit: InterventionResult) -> str:
    unit = PERIOD_WORDS[fit.series.frequency]
    return f"{number} {unit}{'s' if number > 1 else ''}"


def text_of(fit: InterventionResult, item: Checked) -> str:
    """Return what a check found, in one sentence."""
    names = " + ".join(fit.events[i].title for i in item.event_ids)
    unit = PERIOD_WORDS[fit.series.frequency]
    where = item.where
    match item.kind:
        case "date":
            count = abs(where["periods"])
            side = "earlier" if where["periods"] < 0 else "later"
            return (
                f"The data prefer {names} {count} {unit}{'s' if count > 1 else ''} {side} than dated "
                f"(log likelihood {item.value:.0f} higher): what is dated to it may be wrong."
            )
        case "shape":
            return (
                f"The data prefer {_shape(where, unit)} to the shape declared for {names} (log likelihood "
                f"{item.value:.0f} higher)."
            )
        case "before":
            count = where["periods"]
            return (
                f"There is a change in the {count} {unit}{'s' if count > 1 else ''} before {names}, where "
                "there should be none."
            )
        case "unlisted":
            return (
                f"The series moves by {size_words(fit, where['effect'])} in {where['date']}, where no event "
                "is listed: estimates near it may be wrong."
            )
        case "autocorrelation":
            return "The errors of the model are correlated with one another: intervals may be too narrow."
        case "tails":
            return "Single periods depart far more than the model expects: intervals may be too narrow."
        case "variance":
            ratio = where["ratio"]
            more = f"{ratio:.1f} times" if ratio >= 1 else f"1/{1 / ratio:.1f} of"
            return (
                f"From {where['date']} on the variance is {more} what it was before, and no stretch is "
                "declared: declare one (regime), or intervals are wrong."
            )


def _shape(where: dict[str, Any], unit: str) -> str:
    count, what = where["periods"], where["what"]
    span = f"{count} {unit}{'s' if count > 1 else ''}"
    return {
        "phase-in": f"an effect that phases in over {span}",
        "temporary": f"an effect that is gone after {span}",
        "fading": f"an effect that fades, by half in {span}",
        "rush": f"a rush in the {span} before the date",
    }[what]


def size_words(fit: InterventionResult, effect: float) -> str:
    """Return an effect as per cent, or in the unit of the series."""
    if fit.logs:
        return f"{100 * np.expm1(effect):+.0f} %".replace("-", "−")
    return f"{effect:+,.3g} {fit.series.unit}".replace("-", "−").rstrip()
