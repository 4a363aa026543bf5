"""A process answers a question on a catalogue series once; whatever else is asked is answered anew."""

from dataclasses import replace

import pytest

from analysis import catalogue
from analysis.attribution import attribute, change
from analysis.catalogue.remembered import remembered
from analysis.domain import EventTable, Period
from analysis.interventions import fit_interventions

SERIES = "interkorean.total.a"


@pytest.fixture
def asked() -> list[str]:
    """Ids of the series that were fitted, in order."""
    return []


@pytest.fixture
def fit_once(asked: list[str]):
    def fit(series, events=None, *, trend="local", level=0.95, controls=None, **choices):
        asked.append(series.id)
        return fit_interventions(series, events, trend=trend, level=level, controls=controls, **choices)

    return remembered(fit, most=4)


def test_another_window_needs_no_other_fit_and_is_the_same_answer(fit_once, asked, monkeypatch) -> None:
    monkeypatch.setattr(change, "fit_once", fit_once)
    series = catalogue.series(SERIES)
    attribute(series, start="2010", end="2014", evidence="none")
    fitted = list(asked)
    again = attribute(series, start="2013", end="2016", evidence="none")
    assert asked == fitted != []
    monkeypatch.setattr(change, "fit_once", fit_interventions)
    assert again.to_record() == attribute(series, start="2013", end="2016", evidence="none").to_record()


def test_what_an_answer_reads_decides_whether_it_is_made_anew(fit_once, asked, monkeypatch) -> None:
    series = catalogue.series(SERIES)
    first = fit_once(series)
    assert fit_once(series, trend="local", level=0.95, controls=None) is first
    fit_once(series, trend="none")
    fit_once(series.between(Period("A", 1995), series.last))
    listed = catalogue.events(series)
    assert fit_once(series, listed) is first
    renamed = EventTable((replace(listed.events[0], title="Another"), *listed.events[1:]))
    monkeypatch.setattr(catalogue, "events", lambda series: renamed)
    fit_once(series)
    assert len(asked) == 4


def test_a_callers_series_is_not_kept(fit_once, asked) -> None:
    own, events = replace(catalogue.series(SERIES), catalogue=False), catalogue.events(SERIES)
    fit_once(own, events)
    fit_once(own, events)
    assert len(asked) == 2


def test_the_result_that_was_not_asked_for_the_longest_leaves_first(fit_once, asked) -> None:
    series = catalogue.series(SERIES)
    levels = (0.9, 0.8, 0.7, 0.6, 0.9, 0.5, 0.9, 0.8)
    for level in levels:
        fit_once(series, level=level)
    assert len(asked) == 6
