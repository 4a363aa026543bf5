"""Each stated threshold at its boundary: groups, moves between datings, grades, outliers."""

from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.domain import Event, EventTable, Period
from analysis.interventions import fit_interventions
from analysis.interventions.design import Term
from analysis.interventions.identification import Aliasing, Bounds, find_groups, grade
from tests.worlds import monthly, normals, table

APART = Aliasing((), frozenset(), (), np.zeros((2, 0)))
"""Nothing is aliased."""


@dataclass(frozen=True)
class Estimates:
    """Two effects under one dating."""

    dating: str
    mean: np.ndarray
    covariance: np.ndarray


def pair(kind: str = "event", *, adopted: tuple[str, str] = ("", ""), full: tuple[str, str] = ("", "")):
    """Return two events, resolutions with clocks where these are given."""
    return EventTable(
        tuple(
            Event(
                name,
                name,
                date.fromisoformat(day or "2016-01-01"),
                kind=kind,
                adopted=date.fromisoformat(day) if day else None,
                full=Period.parse(month) if month else None,
            )
            for name, day, month in zip("ab", adopted, full, strict=True)
        )
    )


def groups(events: EventTable, *datings: Estimates, size: float = 1.0) -> list[tuple[str, ...]]:
    """Return the groups of two effects with the given posterior moments."""
    terms = tuple(Term(e.id, "event", slice(k, k + 1), (e.id,)) for k, e in enumerate(events))
    posterior = SimpleNamespace(
        design=SimpleNamespace(event_terms=terms),
        datings=datings,
        dating=lambda name: next(d for d in datings if d.dating == name),
    )
    return [group.event_ids for group in find_groups(posterior, events, APART, size=size)]


def moments(variance: float, covariance: float, dating: str = "full") -> Estimates:
    return Estimates(
        dating, np.array([-1.0, -1.0]), np.array([[variance, covariance], [covariance, variance]])
    )


def test_the_stated_bounds_are_the_ones_in_use() -> None:
    assert Bounds() == Bounds(correlation=-0.5, difference_sd=0.35, grade_a=0.35, grade_b=0.70)


@pytest.mark.parametrize(
    ("covariance", "linked"), [(-0.4999, False), (-0.5, True), (-0.5001, True), (0.5, False), (0.9, False)]
)
def test_a_correlation_of_minus_a_half_links_and_one_above_does_not(covariance: float, linked: bool) -> None:
    assert groups(pair(), moments(1.0, covariance)) == ([("a", "b")] if linked else [])


@pytest.mark.parametrize(("size", "linked"), [(19.99, True), (20.0, False), (20.01, False)])
def test_a_difference_of_sd_035_does_not_link_and_one_above_does(size: float, linked: bool) -> None:
    """Var(a - b) = 16 + 16 + 17 = 49 exactly, and 7 / 20 is the bound; the correlation is -.53."""
    assert groups(pair(), moments(16.0, -8.5), size=size) == ([("a", "b")] if linked else [])


@pytest.mark.parametrize("dating", ["ramp", "adopted"])
def test_any_dating_may_link(dating: str) -> None:
    assert groups(pair(), moments(1.0, 0.0), moments(1.0, -0.6, dating)) == [("a", "b")]


OVERLAPPING = {"adopted": ("2016-03-05", "2016-04-20"), "full": ("2016-06", "2016-08")}


def moved(ramp: float, adopted: float, sd: float = 1.0) -> list[Estimates]:
    """Return the estimates of three datings; the first effect is -5 under `full`, with that sd."""
    covariance = np.diag([sd**2, sd**2])
    return [
        Estimates(name, np.array([value, -5.0]), covariance)
        for name, value in (("full", -5.0), ("ramp", ramp), ("adopted", adopted))
    ]


@pytest.mark.parametrize(
    ("ramp", "adopted", "linked"),
    [
        (-5.5, -6.0, False),
        (-5.5, -6.0001, True),
        (-4.5, -5.5, False),
        (-4.4, -5.5, True),
    ],
)
def test_a_move_of_one_sd_between_datings_does_not_link_and_one_above_does(
    ramp: float, adopted: float, linked: bool
) -> None:
    """The largest difference between any two datings, against the sd under `full`."""
    found = groups(pair("un_resolution", **OVERLAPPING), *moved(ramp, adopted))
    assert found == ([("a", "b")] if linked else [])


def test_a_change_of_sign_between_datings_links_however_small() -> None:
    events = pair("un_resolution", **OVERLAPPING)
    assert groups(events, *moved(0.001, -5.0, sd=100.0)) == [("a", "b")]
    assert groups(events, *moved(-0.001, -5.0, sd=100.0)) == []


@pytest.mark.parametrize(("second", "linked"), [("2016-06-01", True), ("2016-06-02", False)])
def test_windows_overlap_up_to_the_first_day_of_full_force(second: str, linked: bool) -> None:
    """The first resolution is in full force on 1 June: one adopted on that day overlaps, a day later not."""
    events = pair("un_resolution", adopted=("2016-03-05", second), full=("2016-06", "2016-09"))
    assert groups(events, *moved(5.0, 5.0)) == ([("a", "b")] if linked else [])


def test_only_resolutions_are_linked_by_their_moves() -> None:
    assert groups(pair("border_closure", **OVERLAPPING), *moved(5.0, 5.0)) == []


@pytest.mark.parametrize(
    ("half_width", "size", "letter"),
    [
        (0.35, 1.0, "A"),
        (0.3501, 1.0, "B"),
        (0.70, 1.0, "B"),
        (0.7001, 1.0, "C"),
        (35.0, 100.0, "A"),
        (35.1, 100.0, "B"),
    ],
)
def test_grades_at_their_bounds(half_width: float, size: float, letter: str) -> None:
    assert grade(half_width, size) == letter


def test_a_month_is_an_outlier_beyond_a_residual_of_three() -> None:
    """The smallest spike that is noticed has an externally studentised residual of 3.

    In white noise without walk the residuals at the modal noise are those of least squares, in closed form.
    """
    n, spiked = 96, 70
    white = 0.1 * normals(31, n)
    x = np.column_stack([np.ones(n), np.arange(n) >= 40]).astype(float)
    events = table(ban="2013-05")

    def logs(spike: float) -> np.ndarray:
        found = 5 - 0.4 * x[:, 1] + white
        found[spiked] = found[spiked] - white[spiked] + spike
        return found

    def noticed(spike: float) -> bool:
        fit = fit_interventions(monthly("2010-01", logs(spike)), events, seasonal=False, trend="none")
        rows = fit.to_record()["diagnostics"]["discounted"]
        return "2015-11" in {row["period"] for row in rows}

    low, high = 0.2, 0.5
    assert not noticed(low)
    assert noticed(high)
    while high - low > 0.004:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if noticed(middle) else (middle, high)
    kept = np.arange(n) != spiked
    y = logs(high)
    beta, rss, *_ = np.linalg.lstsq(x[kept], y[kept], rcond=None)
    inverse = np.linalg.inv(x[kept].T @ x[kept])
    sd = np.sqrt(rss[0] / (kept.sum() - 2) * (1 + x[spiked] @ inverse @ x[spiked]))
    assert (y[spiked] - x[spiked] @ beta) / sd == pytest.approx(3.0, abs=0.1)
