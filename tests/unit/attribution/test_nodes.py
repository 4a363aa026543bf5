"""Clusters, nodes and the walk: designs without a fit, so that every position can be counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from analysis.attribution.timing.nodes import Cluster, Walk, find_clusters, walk
from analysis.attribution.timing.observed import observe
from analysis.domain import Event, EventTable, Period, TradeSeries
from analysis.interventions.design import Design, build_design
from tests.worlds import table

FIRST = "2010-01"


def ramp_of(first: str, length: int, hidden: Sequence[int] = ()) -> TradeSeries:
    """A series that counts its own periods: 1, 2, 3, ..."""
    origin = Period.parse(first)
    values = [None if t in hidden else float(t + 1) for t in range(length)]
    return TradeSeries.from_values([origin + t for t in range(length)], values)


def design_of(series: TradeSeries, events: EventTable) -> Design:
    return build_design(series, events, scale="log", seasonal=False, trend="none")


def clusters_of(series: TradeSeries, events: EventTable) -> list[tuple[tuple[str, ...], int]]:
    design = design_of(series, events)
    return [
        (tuple(i for k in c.terms for i in design.event_terms[k].event_ids), c.start)
        for c in find_clusters(series, events, design)
    ]


def dated(**days: str) -> EventTable:
    return EventTable.from_rows([{"id": n, "title": n, "effective": d} for n, d in days.items()])


def places(series: TradeSeries, first: str, last: str) -> np.ndarray:
    return np.arange(Period.parse(first) - series.first, Period.parse(last) - series.first + 1)


def walked(series: TradeSeries, events: EventTable, before: tuple[str, str], after: tuple[str, str]) -> Walk:
    design = design_of(series, events)
    ends = [observe(series, places(series, *window)) for window in (before, after)]
    return walk(design, find_clusters(series, events, design), ends[0], ends[1])


class TestClusters:
    def test_months_eleven_apart_are_one_and_twelve_apart_are_two(self):
        series = ramp_of(FIRST, 72)
        near = clusters_of(series, table(a="2013-01", b="2013-12"))
        assert near == [(("a", "b"), 36)]
        far = clusters_of(series, table(a="2013-01", b="2014-01"))
        assert far == [(("a",), 36), (("b",), 48)]

    def test_a_chain_of_events_less_than_a_year_apart_is_one(self):
        chain = clusters_of(ramp_of(FIRST, 84), table(a="2012-01", b="2012-10", c="2013-07", d="2014-07"))
        assert chain == [(("a", "b", "c"), 24), (("d",), 54)]

    def test_the_day_of_the_month_does_not_matter(self):
        found = clusters_of(ramp_of(FIRST, 72), dated(a="2013-01-31", b="2014-01-01"))
        assert [ids for ids, _ in found] == [("a",), ("b",)]

    def test_quarters_three_apart_are_one_and_four_apart_are_two(self):
        series = ramp_of("2010-Q1", 32)
        assert len(clusters_of(series, dated(a="2013-01-01", b="2013-10-01"))) == 1
        assert len(clusters_of(series, dated(a="2013-01-01", b="2014-01-01"))) == 2

    def test_years_next_to_each_other_are_one_and_two_apart_are_two(self):
        series = ramp_of("1990", 34)
        assert clusters_of(series, dated(a="2010-01-01", b="2011-01-01")) == [(("a", "b"), 20)]
        assert len(clusters_of(series, dated(a="2010-01-01", b="2012-01-01"))) == 2

    def test_an_event_of_a_year_belongs_to_the_first_year_that_it_is_in_force_for_half_of(self):
        series = ramp_of("1990", 34)
        assert clusters_of(series, dated(a="2010-06-30")) == [(("a",), 20)]
        assert clusters_of(series, dated(a="2010-08-01")) == [(("a",), 21)]

    def test_a_resolution_begins_in_its_month_of_adoption(self):
        own = Event(
            "r",
            "R",
            date(2013, 8, 5),
            "un_resolution",
            adopted=date(2013, 8, 5),
            partial=Period.parse("2013-10"),
            full=Period.parse("2014-01"),
        )
        series = ramp_of(FIRST, 72)
        assert clusters_of(series, EventTable((own,))) == [(("r",), 43)]
        measure = replace(own, kind="national_measure")
        assert clusters_of(series, EventTable((measure,))) == [(("r",), 45)]


class TestNode:
    def node(self, series: TradeSeries, events: EventTable) -> Cluster:
        return find_clusters(series, events, design_of(series, events))[0]

    def test_it_is_the_twelve_months_before(self):
        own = self.node(ramp_of(FIRST, 72), table(a="2013-04")).node
        assert own.positions.tolist() == list(range(27, 39))
        assert own.mean == pytest.approx(np.mean(range(28, 40)))

    def test_it_is_four_quarters_and_one_year(self):
        quarterly = self.node(ramp_of("2010-Q1", 32), dated(a="2013-01-01"))
        assert quarterly.node.positions.tolist() == [8, 9, 10, 11]
        yearly = self.node(ramp_of("1990", 34), dated(a="2010-01-01"))
        assert yearly.node.positions.tolist() == [19]

    def test_six_observed_months_are_enough_and_five_are_not(self):
        enough = self.node(ramp_of(FIRST, 72, range(30, 36)), table(a="2013-01"))
        assert enough.node.positions.tolist() == list(range(24, 36))
        assert enough.node.seen == 6
        assert enough.note == ""
        few = self.node(ramp_of(FIRST, 72, range(29, 36)), table(a="2013-01"))
        assert few.node.positions.tolist() == list(range(17, 29))
        assert "2011-06 to 2012-05" in few.note

    def test_nearest_observed_months_may_have_gaps_between_them(self):
        hidden = [20, *range(29, 36)]
        own = self.node(ramp_of(FIRST, 72, hidden), table(a="2013-01")).node
        assert own.positions.tolist() == [16, 17, 18, 19, *range(21, 29)]

    def test_an_event_less_than_a_year_after_the_start_has_no_node(self):
        own = self.node(ramp_of(FIRST, 72), table(a="2010-12"))
        assert not own.node.enough
        assert "'from' itself is the base" in own.note
        assert self.node(ramp_of(FIRST, 72), table(a="2011-01")).node.enough


class TestWalk:
    series = ramp_of(FIRST, 120)
    events = table(ban="2013-04", stop="2013-09", closure="2016-06")

    def test_from_before_everything_to_after_everything(self):
        way = walked(self.series, self.events, ("2011-01", "2011-12"), ("2018-01", "2018-12"))
        first, second = np.arange(27, 39), np.arange(65, 77)
        assert [leg.sign for leg in way.legs] == [1, 1]
        assert [leg.start.positions.tolist() for leg in way.legs] == [first.tolist(), second.tolist()]
        assert way.legs[0].end.positions.tolist() == second.tolist()
        assert way.before == pytest.approx((first + 1).mean() - np.arange(13, 25).mean())
        assert way.largest == pytest.approx(np.arange(97, 109).mean())

    def test_from_inside_a_cluster_is_the_difference_of_two_answers_from_its_node(self):
        way = walked(self.series, self.events, ("2013-05", "2013-08"), ("2015-01", "2015-12"))
        assert [leg.sign for leg in way.legs] == [-1, 1]
        node, inside, after = way.clusters[0].node, way.legs[0].end, way.legs[1].end
        assert all(leg.start is node for leg in way.legs)
        assert way.before == 0
        assert -(inside.mean - node.mean) + (after.mean - node.mean) == pytest.approx(
            way.destination.mean - way.origin.mean
        )

    def test_from_after_a_cluster_does_not_go_through_its_node(self):
        way = walked(self.series, self.events, ("2014-01", "2014-12"), ("2018-01", "2018-12"))
        assert len(way.legs) == 1
        assert way.legs[0].start.positions[0] == 65
        assert way.active == (2,)

    def test_windows_in_which_everything_is_in_force_alike_have_no_legs(self):
        way = walked(self.series, self.events, ("2017-01", "2017-12"), ("2018-01", "2018-12"))
        assert way.legs == ()
        assert way.before == pytest.approx(12)

    def test_legs_and_the_change_before_add_up_to_the_change(self):
        for before in ("2011-01", "2012-08", "2013-05", "2014-01", "2016-07"):
            last = str(Period.parse(before) + 5)
            way = walked(self.series, self.events, (before, last), ("2018-01", "2018-12"))
            moved = sum(leg.sign * (leg.end.mean - leg.start.mean) for leg in way.legs)
            assert way.before + moved == pytest.approx(way.destination.mean - way.origin.mean)

    def test_without_a_node_the_window_from_is_the_base(self):
        way = walked(
            self.series,
            table(early="2010-09", late="2014-01"),
            ("2010-01", "2010-06"),
            ("2018-01", "2018-12"),
        )
        assert way.legs[0].start is way.origin
        assert way.before == 0
        assert len(way.legs) == 2

    def test_an_event_inside_the_window_to_plays(self):
        way = walked(self.series, self.events, ("2015-01", "2015-12"), ("2016-01", "2016-12"))
        assert way.active == (2,)
        assert way.legs[0].start.positions[0] == 65
