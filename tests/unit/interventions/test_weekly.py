"""Weekly series with a season: harmonics take it out, events keep their true size, breaks their true date."""

import json
from datetime import date

import numpy as np
import pytest
from click.testing import CliRunner

from analysis.breaks import find_breaks
from analysis.domain import EventTable, Period, TradeSeries
from analysis.domain.seasons import PAIRS
from analysis.errors import CannotEstimateError
from analysis.interventions import fit_interventions
from service.cli import main

FIRST = Period.parse("2013-W01")
BAN = EventTable.from_rows([{"id": "ban", "title": "Ban", "effective": "2016-08-01"}])
EFFECT = -0.5


def weekly(seed: int = 4, weeks: int = 312) -> TradeSeries:
    """Return a level of 5 with a hump of ten weeks in every summer (no sum of waves), a ban, AR(1) noise."""
    periods = [FIRST + k for k in range(weeks)]
    days = np.array([period.start.timetuple().tm_yday for period in periods])
    summer = 0.6 * np.maximum(0.0, 1 - np.abs(days - 197) / 70)
    begun = np.array([period.start >= date(2016, 8, 1) for period in periods])
    noise, shocks = np.zeros(weeks), 0.05 * np.random.default_rng(seed).standard_normal(weeks)
    for k in range(1, weeks):
        noise[k] = 0.5 * noise[k - 1] + shocks[k]
    values = np.exp(5 + summer + EFFECT * begun + noise)
    return TradeSeries.from_values([str(period) for period in periods], values)


def width(effect) -> float:
    return effect.upper - effect.lower


def test_a_ban_in_the_middle_of_the_season_keeps_its_size():
    (effect,) = fit_interventions(weekly(), BAN).effects
    (without,) = fit_interventions(weekly(), BAN, seasonal=False).effects
    assert effect.lower < EFFECT < effect.upper
    assert width(effect) < 0.5 * width(without)


def test_the_number_of_harmonics_is_stated_and_in_the_design():
    fitted = fit_interventions(weekly(), BAN)
    (season,) = (term for term in fitted.posterior.design.terms if term.kind == "seasonal")
    assert season.columns.stop - season.columns.start == 2 * PAIRS == 8
    assert any("4 harmonics of the year" in line for line in fitted.to_record()["assumptions"])


def test_less_than_two_years_of_weeks_have_no_season_and_cannot_be_given_one():
    short = weekly(weeks=70)
    event = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2013-09-02"}])
    assert not fit_interventions(short, event).seasonal
    with pytest.raises(CannotEstimateError, match="a season needs two years"):
        fit_interventions(short, event, seasonal=True)


def test_a_break_is_dated_through_the_season():
    found = find_breaks(weekly(), guard=False)
    assert [str(one.last_before) for one in found.breaks] == ["2016-W30"]
    assert found.sample.seasons == 1 + 2 * PAIRS
    assert "4 harmonics of the year" in found.sample.words


def test_days_of_the_week_are_a_season_if_asked_for():
    days = [Period.containing(date(2020, 1, 1), "D") + k for k in range(200)]
    closed = np.array([period.start.weekday() >= 5 for period in days])
    begun = np.array([period.start >= date(2020, 4, 18) for period in days])
    noise = 0.05 * np.random.default_rng(2).standard_normal(len(days))
    values = np.exp(4 - 1.0 * closed - 0.3 * begun + noise)
    series = TradeSeries.from_values([str(period) for period in days], values)
    event = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2020-04-18"}])
    (effect,) = fit_interventions(series, event, seasonal=True).effects
    (without,) = fit_interventions(series, event).effects
    assert effect.lower < -0.3 < effect.upper
    assert width(effect) < 0.5 * width(without)


def test_a_weekly_file_is_answered_in_weeks(tmp_path):
    series, events = tmp_path / "weeks.csv", tmp_path / "events.csv"
    rows = [f"{o.period.start},{o.value:.2f}" for o in weekly().observations]
    series.write_text("\n".join(["date,tonnes", *rows]), encoding="utf-8")
    events.write_text("begin,end,name\n2016-08,,Ban\n", encoding="utf-8")
    where = ["--csv", str(series), "--events", str(events), "--unit", "tonnes"]
    asked = ["attribute", *where, "--from", "2015", "--to", "2017", "--evidence", "none", "--json"]
    ran = CliRunner().invoke(main, asked)
    assert ran.exit_code == 0, ran.stderr
    assert "read as a weekly series, 2013-W01 to 2018-W51" in ran.stderr
    record = json.loads(ran.stdout)
    assert "tonnes a week in tonnes from 2015 to 2017" in record["sentence"]
    assert "a year" not in record["sentence"]
    (ban,) = (row for row in record["contributions"] if row["event_ids"])
    before = record["change"]["from"]
    assert ban["lower"] < before * np.expm1(EFFECT) < ban["upper"]
