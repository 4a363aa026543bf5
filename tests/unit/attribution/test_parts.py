"""Declared parts: signs, roles, merging, nested parts, exact ends, on made-up series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.attribution import AttributionResult, attribute
from analysis.domain import Total, TradeSeries, Window
from analysis.domain.observations import DeclaredPart
from analysis.errors import CannotEstimateError
from tests.worlds import monthly, normals, steps, table

FIRST, LENGTH = "2010-01", 108
SUM = 1e-9
POINTS = 0.005
"""Of a median of 8,192 points, where further coordinates are drawn beside them."""
EVENTS = table(ban="2014-05")
END = "kic_closure_2016"
"""An event of the catalogue: in force from 10 February 2016."""
OPTIONS = {"seasonal": False, "trend": "none", "outliers": False, "evidence": "none"}


def flat(name: str, *levels: tuple[str, float], rse: float = 0.0) -> TradeSeries:
    """A monthly series of constant levels from the months given."""
    logs = np.full(LENGTH, np.nan)
    own = monthly(FIRST, np.zeros(LENGTH))
    for month, level in levels:
        logs[[str(p) >= month for p in own.periods]] = level
    return TradeSeries.from_values(list(own.periods), list(logs), id=name, rse=rse)


def noisy(name: str, level: float, fall: float, stream: int) -> TradeSeries:
    logs = np.log(level) + steps(FIRST, LENGTH, {"2014-05": fall}) + 0.05 * normals(stream, LENGTH)
    return monthly(FIRST, logs, id=name)


def target(*parts: tuple[float, TradeSeries], declared: tuple[DeclaredPart, ...], **fields) -> TradeSeries:
    values = sum(sign * np.nan_to_num(own.values) for sign, own in parts)
    found = TradeSeries.from_values(list(parts[0][1].periods), list(values), id="target", **fields)
    return replace(found, design=replace(found.design, parts=declared))


BIG, SMALL = noisy("big", 100.0, -0.7, 31), noisy("small", 40.0, -0.3, 32)
ZONE = flat("zone", (FIRST, 20.0), ("2015-02", 26.0), ("2016-02", 6.0), ("2016-03", 0.0), rse=0.01)
BOOKED = flat("booked", (FIRST, 5.0), ("2015-01", 9.0), rse=0.02)
OTHERS = flat("others", (FIRST, 7.0), ("2017-01", 3.0))
SERIES = {own.id: own for own in (BIG, SMALL, ZONE, BOOKED, OTHERS)}
EVERYTHING = target(
    (1, BIG),
    (-1, SMALL),
    (1, ZONE),
    (1, BOOKED),
    (1, OTHERS),
    declared=(
        DeclaredPart("big"),
        DeclaredPart("small", sign=-1),
        DeclaredPart("zone", role="ended_by", event=END),
        DeclaredPart("booked", role="stated"),
        DeclaredPart(role="open", title="all others"),
    ),
)


def ask(own: TradeSeries, start: str, end: str, **options) -> AttributionResult:
    return attribute(own, EVENTS, start=start, end=end, parts=SERIES, **(OPTIONS | options))


@pytest.fixture(scope="module")
def answer() -> AttributionResult:
    return ask(EVERYTHING, "2013", "2017")


def rows_of(result: AttributionResult) -> dict[str, tuple[float, float, float]]:
    return {c.row.group or "".join(c.row.event_ids) or c.row.kind: c.interval for c in result.contributions}


def test_the_changes_of_the_parts_add_up_to_that_of_the_target(answer):
    assert sum(part.change for part in answer.parts) == pytest.approx(answer.absolute, rel=SUM)
    observed = EVERYTHING.values
    assert answer.absolute == pytest.approx(observed[84:96].mean() - observed[36:48].mean())
    assert [part.role for part in answer.parts] == ["modelled", "modelled", "ended_by", "stated", "open"]


def test_rows_and_residual_add_up(answer):
    total = sum(c.estimate for c in answer.contributions) + answer.residual[0]
    assert total == pytest.approx(answer.absolute, rel=SUM)


def test_an_event_that_parts_share_is_one_row_over_both_and_the_sign_is_that_of_the_part(answer):
    row = next(c for c in answer.contributions if c.row.event_ids == ("ban",))
    assert row.row.parts == ("big", "small")
    truth = 100 * np.expm1(-0.7) - 40 * np.expm1(-0.3)
    assert row.lower < truth < row.upper
    alone = [ask(own, "2013", "2017").contributions[0].estimate for own in (BIG, SMALL)]
    assert row.estimate == pytest.approx(alone[0] - alone[1], abs=0.2)


def test_an_end_takes_the_year_before_it_whole_and_the_rest_of_the_change_came_before(answer):
    """The zone: 20 in 2013, 26 in the twelve months before February 2016, 0 in 2017."""
    row = next(c for c in answer.contributions if c.row.event_ids == (END,))
    assert row.estimate == pytest.approx(-26.0)
    assert row.grade == "exact"
    assert row.upper - row.estimate == pytest.approx(1.96 * 26 * 0.01 / np.sqrt(12), rel=0.02)
    zone = next(part for part in answer.parts if part.id == "zone")
    assert zone.change - zone.taken == pytest.approx(6.0)
    before = next(c for c in answer.contributions if c.row.kind == "before_events")
    ways = [part.sign * part.way.before for part in answer.parts if part.way is not None]
    assert before.estimate == pytest.approx(sum(ways) + 6.0)


@pytest.mark.parametrize(
    ("start", "end", "taken"),
    [
        ("2013", "2014", 0.0),
        ("2013", "2016", -(26 - 6) / 12 - 26 * 10 / 12),
        ("2015-02..2016-01", "2017", -26.0),
        ("2016", "2017", -26 + (26 - 6) / 12 + 26 * 10 / 12),
        ("2017", "2018", 0.0),
    ],
)
def test_a_year_that_holds_the_date_keeps_what_was_still_recorded(start, end, taken):
    """An end of part of a year: of its months from the date on, the node less what they kept."""
    own = target(
        (1, BIG),
        (1, ZONE),
        declared=(DeclaredPart("big"), DeclaredPart("zone", role="ended_by", event=END)),
    )
    found = ask(own, start, end)
    row = rows_of(found).get(END, (0.0, 0.0, 0.0))
    assert row[0] == pytest.approx(taken)
    zone = next(part for part in found.parts if part.id == "zone")
    assert zone.taken == pytest.approx(taken)


def test_a_stated_part_is_its_change_with_the_errors_of_its_figures(answer):
    row = next(c for c in answer.contributions if c.row.parts == ("booked",))
    assert row.row.kind == "part"
    assert row.grade is None
    assert row.estimate == pytest.approx(4.0)
    sd = 0.02 * np.hypot(5, 9) / np.sqrt(12)
    assert row.upper - row.estimate == pytest.approx(1.96 * sd, rel=0.02)


def test_the_rest_is_the_target_less_its_other_parts_and_open(answer):
    rest = answer.parts[-1]
    assert (rest.title, rest.role) == ("all others", "open")
    assert rest.change == pytest.approx(-4.0)
    assert rows_of(answer)["part"] is not None


def test_a_part_that_is_not_observed_joins_the_rest_and_is_named():
    hidden = replace(
        SMALL,
        observations=tuple(
            replace(o, value=None, status="M") if o.period.year == 2017 else o for o in SMALL.observations
        ),
    )
    own = target(
        (1, BIG),
        (1, SMALL),
        (1, OTHERS),
        declared=(
            DeclaredPart("big"),
            DeclaredPart("small", title="the small one"),
            DeclaredPart("others", role="open"),
        ),
    )
    found = attribute(own, EVENTS, start="2013", end="2017", parts=SERIES | {"small": hidden}, **OPTIONS)
    assert [(part.id, part.role) for part in found.parts] == [
        ("big", "modelled"),
        ("others", "open"),
        ("target:rest", "open"),
    ]
    merged = found.parts[-1]
    small = SMALL.values
    assert merged.title == "the small one"
    assert merged.change == pytest.approx(small[84:96].mean() - small[36:48].mean())
    assert "the small one" in found.summary()


def test_if_nothing_modelled_is_left_the_target_answers_itself():
    own = target(
        (1, BIG), (1, OTHERS), declared=(DeclaredPart("nowhere"), DeclaredPart("others", role="open"))
    )
    missing = flat("nowhere", ("2018-06", 1.0))
    found = attribute(own, EVENTS, start="2013", end="2017", parts=SERIES | {"nowhere": missing}, **OPTIONS)
    assert found.single
    assert found.parts[0].id == "target"


def test_parts_of_parts_are_the_parts_of_the_target():
    inner = target(
        (1, SMALL),
        (1, ZONE),
        declared=(DeclaredPart("small"), DeclaredPart("zone", role="ended_by", event=END)),
    )
    inner = replace(inner, id="inner")
    outer = target((1, BIG), (-1, inner), declared=(DeclaredPart("big"), DeclaredPart("inner", sign=-1)))
    found = attribute(outer, EVENTS, start="2013", end="2017", parts=SERIES | {"inner": inner}, **OPTIONS)
    assert [(part.id, part.sign) for part in found.parts] == [("big", 1), ("small", -1), ("zone", -1)]
    assert rows_of(found)[END][0] == pytest.approx(26.0)
    assert sum(part.change for part in found.parts) == pytest.approx(found.absolute, rel=SUM)


def test_an_exact_end_stays_where_its_sibling_of_an_inner_sum_is_not_observed():
    """The sibling joins the open rest of the inner sum; what is known exactly is still known."""
    hidden = replace(
        SMALL,
        observations=tuple(
            replace(o, value=None, status="M") if o.period.year == 2017 else o for o in SMALL.observations
        ),
    )
    inner = target(
        (1, SMALL),
        (1, ZONE),
        declared=(DeclaredPart("zone", role="ended_by", event=END), DeclaredPart("small")),
    )
    inner = replace(inner, id="inner")
    outer = target((1, BIG), (1, inner), declared=(DeclaredPart("big"), DeclaredPart("inner")))
    parts = SERIES | {"inner": inner, "small": hidden}
    found = attribute(outer, EVENTS, start="2013", end="2017", parts=parts, **OPTIONS)
    row = next(c for c in found.contributions if c.row.event_ids == (END,))
    assert (row.estimate, row.grade) == (pytest.approx(-26.0), "exact")


def test_an_annual_target_of_monthly_parts_counts_years():
    periods = [str(year) for year in range(2010, 2019)]
    yearly = TradeSeries.from_values(
        periods, list(BIG.values.reshape(9, 12).sum(axis=1) + 100.0), id="target"
    )
    yearly = replace(
        yearly, design=replace(yearly.design, parts=(DeclaredPart("big"), DeclaredPart(role="open")))
    )
    found = ask(yearly, "2013", "2017")
    months = ask(BIG, "2013", "2017")
    assert found.parts[0].factor == 12
    assert rows_of(found)["ban"][0] == pytest.approx(12 * rows_of(months)["ban"][0], rel=POINTS)
    assert found.parts[1].change == pytest.approx(0.0, abs=1e-9)


def test_a_window_that_cuts_a_year_of_an_annual_part_leaves_it_out():
    periods = [str(year) for year in range(2010, 2019)]
    coarse = TradeSeries.from_values(periods, [60.0] * 9, id="coarse")
    own = target((1, BIG), (1, OTHERS), declared=(DeclaredPart("big"), DeclaredPart("coarse", role="open")))
    found = attribute(
        own, EVENTS, start="2013-03..2013-08", end="2017", parts=SERIES | {"coarse": coarse}, **OPTIONS
    )
    assert [part.id for part in found.parts] == ["big", "target:rest"]


def test_a_printed_total_of_a_year_stands_for_the_missing_months_of_a_part():
    gone = replace(
        BIG,
        observations=tuple(
            replace(o, value=None, status="M") if str(o.period) in {"2013-02", "2013-03"} else o
            for o in BIG.observations
        ),
        year_totals=(Total(Window.parse("2013").on("M"), 1500.0, 0.0),),
    )
    found = ask(gone, "2013", "2017")
    assert found.ends[0] == pytest.approx(125.0)


def test_a_target_that_is_not_observed_in_half_of_a_window_cannot_be_answered():
    hollow = replace(
        BIG,
        observations=tuple(
            replace(o, value=None, status="M") if "2017-06" <= str(o.period) <= "2017-12" else o
            for o in BIG.observations
        ),
    )
    with pytest.raises(CannotEstimateError, match="5 of 12 periods"):
        ask(hollow, "2013", "2017")
