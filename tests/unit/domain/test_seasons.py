"""Harmonics find a season that was not made of harmonics, and stand still against the calendar."""

from datetime import date

import numpy as np

from analysis.domain import Period
from analysis.domain.seasons import PAIRS, harmonic_season, weekday_season

WEEKS = [Period.parse("2010-W01") + k for k in range(52 * 9 + 2)]
DAYS = [Period.containing(date(2010, 1, 1), "D") + k for k in range(365 * 4 + 1)]


def test_a_bump_in_every_summer_is_found_to_a_tenth():
    """The truth is a triangle around 1 July, no sum of waves."""
    days = np.array([p.start.timetuple().tm_yday for p in WEEKS])
    away = np.abs((days + 3 + 0.5) % 365 - 182.5)
    truth = np.maximum(0.0, 1 - away / 60)
    columns = np.column_stack([np.ones(len(WEEKS)), harmonic_season(WEEKS)])
    coefficients, *_ = np.linalg.lstsq(columns, truth, rcond=None)
    left = truth - columns @ coefficients
    assert columns.shape == (len(WEEKS), 1 + 2 * PAIRS)
    assert left.std() < 0.1 * truth.std()
    ninth = [k for k, week in enumerate(WEEKS) if week.year == 2018]
    assert np.abs(left[ninth]).max() < 1.5 * np.abs(left[:52]).max(), "no drift after nine years"


def test_columns_have_mean_zero_over_whole_years():
    for periods in (WEEKS[: 52 * 9 + 2], DAYS):
        assert np.abs(harmonic_season(periods).mean(axis=0)).max() < 0.01


def test_days_of_the_week_are_effects_against_their_mean():
    columns = weekday_season(DAYS[:7])
    assert columns.shape == (7, 6)
    assert np.allclose(columns.sum(axis=0), 0)
    assert np.linalg.matrix_rank(weekday_season(DAYS)) == 6
