"""A process fits a catalogue series once; whatever else the question reads is a fit of its own."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from analysis import catalogue
from analysis.attribution import attribute
from analysis.domain import EventTable, Period
from analysis.interventions import catalogue_fits, fit_interventions
from analysis.interventions.catalogue_fits import fit_once

SERIES = "interkorean.total.a"


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Ids of the series that were fitted, in order."""
    found: list[str] = []

    def fit(series, events=None, **choices):
        found.append(series.id)
        return fit_interventions(series, events, **choices)

    monkeypatch.setattr(catalogue_fits, "fit_interventions", fit)
    catalogue_fits._fitted.cache_clear()
    yield found
    catalogue_fits._fitted.cache_clear()


def test_another_window_needs_no_other_fit_and_is_the_same_answer(fitted: list[str]) -> None:
    series = catalogue.series(SERIES)
    attribute(series, start="2010", end="2014", evidence="none")
    used = list(fitted)
    again = attribute(series, start="2013", end="2016", evidence="none")
    assert fitted == used != []
    catalogue_fits._fitted.cache_clear()
    alone = attribute(series, start="2013", end="2016", evidence="none")
    assert again.to_record() == alone.to_record()


def test_what_a_fit_reads_decides_whether_it_is_made_anew(fitted: list[str], monkeypatch) -> None:
    series = catalogue.series(SERIES)
    first = fit_once(series)
    assert fit_once(series, trend="local", level=0.95, controls=None) is first
    others = [
        fit_once(series, trend="none"),
        fit_once(series.between(Period("A", 1995), series.last)),
        fit_once(series, catalogue.events(series)),
    ]
    listed = catalogue.events(series)
    renamed = EventTable((replace(listed.events[0], title="Another"), *listed.events[1:]))
    monkeypatch.setattr(catalogue_fits, "default_events", lambda _: renamed)
    others.append(fit_once(series))
    assert len(fitted) == 1 + len(others)


def test_a_callers_series_is_not_kept(fitted: list[str]) -> None:
    own, events = replace(catalogue.series(SERIES), catalogue=False), catalogue.events(SERIES)
    fit_once(own, events)
    fit_once(own, events)
    assert len(fitted) == 2
