"""Placebo dates: which shifts are admitted, by hand, and what few of them can say."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from analysis.attribution import attribute
from analysis.attribution.evidence import PlaceboDates
from analysis.attribution.evidence.placebo_dates import (
    FEWEST_SHIFTS,
    GUARD,
    PlaceboRow,
    admitted_shifts,
    shifted_event,
    thinned,
)
from analysis.domain import Event, Period
from analysis.errors import UsageError
from tests.worlds import monthly, normals, steps, table

FIRST, LENGTH = "2000-01", 192


def lone_event(size: float = -0.6, **fields):
    """One event in 2005-07 of a sample 2000-01..2015-12: every other year is without listed events."""
    logs = 5 + steps(FIRST, LENGTH, {"2005-07": size}) + 0.1 * normals(51, LENGTH)
    return attribute(
        monthly(FIRST, logs),
        table(ban="2005-07"),
        start="2003",
        end="2008",
        seasonal=False,
        evidence="none",
        **fields,
    )


def test_shifts_keep_twelve_periods_on_both_sides_in_years_without_events():
    shifts = admitted_shifts(lone_event())
    dates = [Period.parse("2005-07") + h for h in shifts]
    before = [Period.parse("2001-01") + k for k in range((2004 - 2001) * 12)]
    after = [Period.parse("2007-01") + k for k in range((2015 - 2007) * 12)]
    assert dates == [*before, *after]
    assert GUARD == 12


def test_the_whole_set_moves_together():
    logs = 5 + steps(FIRST, LENGTH, {"2003-07": -0.6, "2005-07": -0.5}) + 0.1 * normals(51, LENGTH)
    answer = attribute(
        monthly(FIRST, logs),
        table(ban="2003-07", stop="2005-07"),
        start="2002",
        end="2008",
        seasonal=False,
        evidence="none",
    )
    dates = [Period.parse("2003-07") + h for h in admitted_shifts(answer)]
    assert dates[0] == Period.parse("2007-01")
    assert dates[-1] == Period.parse("2012-12"), "the second event stands two years later, in 2014"
    assert len(dates) == 6 * 12


def test_a_real_effect_stands_out_among_its_placebos_and_none_does_not():
    strong = PlaceboDates().run(lone_event())
    assert strong.speaks
    m = len(strong.shifts)
    assert strong.to_record()["m"] == m
    assert strong.rows[0].p == pytest.approx(1 / (m + 1))
    weak = PlaceboDates().run(lone_event(0.0))
    assert weak.rows[0].p > 0.1


def test_few_shifts_cannot_speak(close):
    finding = PlaceboDates().run(close)
    assert len(finding.shifts) < FEWEST_SHIFTS
    assert not finding.speaks
    assert "cannot speak" in finding.words()
    assert finding.to_record()["least_p"] == 1 / (len(finding.shifts) + 1)


@pytest.mark.parametrize(("z", "p"), [(3.0, 1 / 4), (1.5, 2 / 4), (0.1, 1.0)])
def test_p_counts_placebos_at_least_as_large(z, p):
    assert PlaceboRow.of(("e",), "E", z, [0.5, -2.0, 1.0]).p == pytest.approx(p)


def test_without_placebos_there_is_no_p():
    assert PlaceboRow.of(("e",), "E", 2.0, []).p is None


def test_an_event_moves_with_all_its_clocks():
    event = Event(
        "x",
        "X",
        date(2017, 9, 5),
        "un_resolution",
        date(2017, 8, 31),
        Period.parse("2017-09"),
        Period.parse("2017-10"),
        date(2019, 1, 31),
    )
    moved = shifted_event(event, 6, "M")
    assert (moved.effective, moved.adopted, moved.end) == (
        date(2018, 3, 5),
        date(2018, 2, 28),
        date(2019, 7, 31),
    )
    assert (str(moved.partial), str(moved.full)) == ("2018-03", "2018-04")
    yearly = shifted_event(event, -2, "A")
    assert (yearly.effective, str(yearly.full)) == (date(2015, 9, 5), "2015-10")
    daily = shifted_event(event, 3, "D")
    assert (daily.effective, daily.full) == (date(2017, 10, 4), None)
    assert shifted_event(replace(event, partial=None, full=None), 1, "Q").effective == date(2017, 12, 5)


def test_many_shifts_are_thinned_evenly():
    kept = thinned(tuple(range(1000)), 100)
    assert len(kept) == 100
    assert {b - a for a, b in pairwise(kept)} == {10}
    assert thinned((1, 2, 3), 100) == (1, 2, 3)


def test_too_few_shifts_are_no_setting(close):
    with pytest.raises(UsageError, match="at least 19"):
        PlaceboDates(most=5).validate(close)
