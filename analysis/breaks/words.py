"""What stands beside the breaks in words: assumptions, caveats, doubts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.breaks.choices import Decision
from analysis.breaks.classical import ClassicalTests
from analysis.breaks.dated import DatedBreak
from analysis.breaks.sample import Sample
from analysis.breaks.sized import SIZE

ERRORS = {
    "ar": "stationary AR(1) errors",
    "hac": "stationary, weakly dependent errors (HAC variance, quadratic spectral kernel, prewhitened)",
    "iid": "independent errors of one variance",
}
NULLS = {
    "mean": "one mean throughout (with fixed seasonal means, if any), {errors}",
    "trend": "one level and one linear trend throughout (with fixed seasonal means, if any), {errors}",
}

MOSTLY_ONE_VALUE = 0.8
"""Share of equal values from which a series is called nearly constant."""

HIGH_RHO = 0.95
"""AR(1) coefficient above which the level of a segment is hardly identified."""


def assumptions(rule: str, sample: Sample) -> tuple[str, ...]:
    """Return what the answer assumes.

    Parameters
    ----------
    rule : str
        ``ar``, ``hac`` or ``iid``.
    sample : Sample
    """
    common: tuple[str, ...] = (
        "Between breaks the series is stationary around its "
        + ("mean" if sample.model == "mean" else "linear trend")
        + " and its seasonal pattern does not change.",
        "Breaks are abrupt, unless a ramp describes them better by the sized criterion."
        if sample.model == "mean"
        else "Breaks are abrupt: a gradual change appears as one or several steps.",
        "A break says that the recorded figures changed at that date, not why.",
    )
    stretches = ", ".join(str(window) for window in sample.regimes)
    if stretches:
        common = (
            f"In {stretches} the variance of the errors is multiplied by one factor, which is estimated.",
            *common,
        )
    if rule == "ar":
        return (
            "Errors follow one stationary AR(1) process throughout; critical values are simulated for it"
            + (
                ", and a wild bootstrap of an autoregression of order up to four must agree."
                if sample.model == "mean"
                else "."
            ),
            *common,
        )
    return (
        f"The tests assume {ERRORS[rule]}; with autocorrelated errors they find breaks that are not there.",
        *common,
    )


def caveats(
    decision: Decision,
    breaks: Sequence[DatedBreak],
    classical: ClassicalTests,
    rule: str,
    rho: float,
    detectors: str,
    asked: int,
) -> tuple[str, ...]:
    """Return the sentences that belong beside the answer.

    Parameters
    ----------
    decision : Decision
    breaks : sequence of DatedBreak
    classical : ClassicalTests
    rule : str
    rho : float
        AR(1) coefficient of the final model.
    detectors : str
        Why there are no second opinions; empty if there are.
    asked : int
        Breaks that the caller allowed.
    """
    sample, search = decision.sample, decision.search
    lines = [*_constancy(sample)]
    if sample.max_breaks < asked:
        lines.append(
            f"At most {sample.max_breaks} breaks were searched: {sample.n} observed periods hold no more "
            f"segments of {sample.min_length}."
        )
    if rule == "ar":
        lines += _doubts(decision)
        notes = dict.fromkeys(step.note for step in search.steps if step.note)
        lines += [f"The {note}." for note in notes]
        if search.limit_reached:
            lines.append("Every break that was allowed was found; there may be more.")
        if (search.breaks or search.dips) and rho > HIGH_RHO:
            lines.append(
                f"With an AR(1) of {rho:.2f} a shift is little more than one large innovation, and the level "
                "of a segment is hardly identified."
            )
    lines += [
        f"The shift after {b.last_before} is the {'first' if b.at_edge == 'first' else 'last'} that could be "
        "found: it may lie nearer to that end, so that its set is open towards it."
        for b in breaks
        if b.at_edge
    ]
    lines += [
        f"The step after {b.last_before} is {b.magnitude:+.3g}, the difference of the segments' means "
        f"{b.means:+.3g}: with an AR(1) of {rho:.2f} the periods next to the break weigh most."
        for b in breaks
        if b.means is not None and b.kind == "step" and abs(b.means - b.magnitude) > b.se
    ]
    if classical.covariance == "iid" and rule == "ar":
        lines.append(
            "The segments are too short for HAC variances: supF and its kin take independent errors here."
        )
    lines += [f"{reason}." for reason in classical.reasons]
    lines += [
        f"The variance of {window} enters the sized procedure, its sets and the posterior by its own factor; "
        "the other rules, Bai's intervals and the second opinions take one variance throughout."
        for window in sample.regimes
    ]
    if detectors:
        lines.append(f"No second opinions: {detectors}.")
    return (*lines, *sample.series.caveats)


def _constancy(sample: Sample) -> list[str]:
    _, counts = np.unique(sample.y, return_counts=True)
    if counts.max() < MOSTLY_ONE_VALUE * sample.n:
        return []
    return [
        f"The series is nearly constant: {counts.max()} of {sample.n} values are equal, and what is left is "
        "hardly a basis for any test."
    ]


def _doubts(decision: Decision) -> list[str]:
    steps = decision.search.steps
    if not steps or not steps[-1].table_rejects or steps[-1].rejects:
        return []
    refused = steps[-1]
    found = "a change" if refused.l == 0 else "a further change"
    share = 100 * (refused.guard or 1)
    return [
        f"The table for Gaussian AR(1) errors would accept {found} (p {refused.pvalue:.3f}); errors like "
        f"those of the series itself, in a wild bootstrap, reach as much in {share:.0f} % of cases, more "
        f"than {100 * SIZE:.0f} %: it is not counted."
    ]


def udmax_sentence(classical: ClassicalTests, n_breaks: int) -> str:
    """Return UDmax with its critical value, and why it may reject where no break is found.

    Parameters
    ----------
    classical : ClassicalTests
    n_breaks : int
    """
    test = classical.to_record()["UDmax"]
    if test["stat"] is None:
        return "UDmax has no value here."
    critical = test["critical"]["0.05"]
    against = "no critical value holds" if critical is None else f"5 % critical value {critical:g}"
    line = f"UDmax {test['stat']:.1f} ({against}, trimming {classical.trimming:g})."
    if critical is not None and test["stat"] > critical and n_breaks == 0:
        line += (
            " It rejects where the sized procedure finds no lasting break: under autocorrelation it does so "
            "in a fifth to two fifths of series without one."
        )
    return line
