"""Synthetic controls of published studies: Kansas, the Basque Country, West Germany."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.domain import EventTable, TradeSeries
from analysis.interventions.peers import fit_peer
from analysis.interventions.peers.synthetic import Matching, synthetic_control
from tests.reference.reference_data import rows

PRINTED_3 = 6e-4
PRINTED_4 = 6e-5
WEIGHT = 0.0015
"""Weights printed to three decimals; the search stops within one of the last."""
PENALTY_GRID = 1e-3
"""The penalty is one of 21 values; the R package leaves the last period out of its cross-validation."""

KANSAS = {"plain": -0.029435, "augmented": -0.0401}
"""augsynth's vignette (Ben-Michael, Feller & Rothstein 2021): average ATT; -.029435 is its sixth digit."""
BASQUE = {"Cataluna": 0.851, "Madrid (Comunidad De)": 0.149}
BASQUE_LOSS = 0.00886
"""Abadie, Diamond & Hainmueller (2011), Journal of Statistical Software 42(13): weights and loss(V)."""
GERMANY = {"Austria": 0.42, "USA": 0.22, "Japan": 0.16, "Switzerland": 0.11, "Netherlands": 0.09}
"""Abadie, Diamond & Hainmueller (2015), table 1."""


@pytest.fixture(scope="module")
def kansas():
    found = rows("kansas")
    columns = {name: [float(row[name]) for row in found] for name in found[0] if name != "period"}
    series = TradeSeries.from_values([r["period"] for r in found], columns.pop("s20"), id="kansas")
    events = EventTable.from_rows([{"id": "cut", "title": "Tax cut", "effective": "2012-04-01"}])
    return series, events, columns


def kansas_answer(kansas, **synthetic):
    series, events, donors = kansas
    return fit_peer(
        series,
        events,
        method="synthetic",
        scale="level",
        controls=donors,
        seasonal=False,
        synthetic=synthetic or None,
    )


def test_kansas_plain(kansas):
    record = kansas_answer(kansas).to_record()
    assert record["effects"][0]["effect"] == pytest.approx(KANSAS["plain"], abs=5e-7)
    found = record["diagnostics"]
    assert found["rmspe_before"] * np.sqrt(89) == pytest.approx(0.083, abs=PRINTED_3)
    assert 100 * found["improvement_over_equal_weights"] == pytest.approx(79.5, abs=0.06)
    assert len([w for w in found["weights"].values() if w > 1e-3]) == 7
    assert found["gaps"][89]["period"] == "2012-Q2"
    printed = (-0.018, -0.041, -0.033, -0.019, -0.029, -0.046, -0.032, -0.045)
    assert [g["gap"] for g in found["gaps"][89:97]] == pytest.approx(printed, abs=PRINTED_3)


def test_kansas_augmented(kansas):
    result = kansas_answer(kansas, ridge="auto")
    record = result.to_record()
    assert record["effects"][0]["effect"] == pytest.approx(KANSAS["augmented"], abs=PRINTED_4)
    found = record["diagnostics"]
    assert found["rmspe_before"] * np.sqrt(89) == pytest.approx(0.062, abs=PENALTY_GRID)
    assert 100 * found["improvement_over_equal_weights"] == pytest.approx(84.7, abs=0.06)
    assert found["augmentation"]["plain_mean_gap"] == pytest.approx(KANSAS["plain"], abs=5e-7)
    assert min(found["weights"].values()) < 0
    assert sum(found["weights"].values()) == pytest.approx(1.0)
    assert record["identification"][0]["grade"] is None
    text = result.summary()
    assert "Weights: " in text
    assert "Placebo p " in text


def panel(name: str, unit: str, outcome: str, treated: str):
    found = rows(name)
    units = [treated, *sorted({row[unit] for row in found} - {treated})]
    years = sorted({int(row["year"]) for row in found})
    table = {(row[unit], int(row["year"])): row for row in found}

    def value(u, year, column):
        return float(table[u, year][column] or "nan")

    def mean(column, first, last, step=1):
        span = range(first, last + 1, step)
        return [np.nanmean([value(u, year, column) for year in span]) for u in units]

    outcomes = np.array([[value(u, year, outcome) for u in units] for year in years])
    return units, np.array(years), outcomes, mean


def test_basque_country_published_weights_are_within_the_spread_over_starts():
    """R's Synth starts from equal predictor weights and stops at a local minimum; other starts do better."""
    units, years, gdp, mean = panel("basque", "regionname", "gdpcap", "Basque Country (Pais Vasco)")
    schooling = ("school_illit", "school_prim", "school_med", "school_high", "school_post_high", "invest")
    sectors = ("agriculture", "energy", "industry", "construction", "services_venta", "services_nonventa")
    predictors = np.array(
        [
            *(mean(column, 1964, 1969) for column in schooling),
            mean("gdpcap", 1960, 1969),
            *(mean(f"sec_{sector}", 1961, 1969, 2) for sector in sectors),
            mean("popdens", 1969, 1969),
        ]
    )
    before, fitted = years < 1970, (years >= 1960) & (years < 1970)
    matching = Matching(predictors, fitted=fitted, starts=5)
    control = synthetic_control(gdp[:, 0], gdp[:, 1:], before, ~before, matching)
    losses = [start.criterion for start in control.starts]
    assert losses == sorted(losses)
    assert losses[0] < 0.5 * BASQUE_LOSS
    like_synth = min(control.starts, key=lambda s: abs(s.criterion - BASQUE_LOSS))
    assert like_synth.criterion == pytest.approx(BASQUE_LOSS, abs=6e-6)
    weights = dict(zip(units[1:], like_synth.weights, strict=True))
    for region, printed in BASQUE.items():
        assert weights[region] == pytest.approx(printed, abs=WEIGHT)
    gaps = [float((gdp[:, 0] - gdp[:, 1:] @ s.weights)[~before].mean()) for s in control.starts]
    assert min(gaps) < -0.8
    assert max(gaps) == pytest.approx(-0.58, abs=0.005)


def test_west_germany_with_the_published_specification():
    units, years, gdp, mean = panel("germany", "country", "gdp", "West Germany")

    def table(first, last, schooling, investment, at):
        return np.array(
            [
                *(mean(column, first, last) for column in ("gdp", "trade", "infrate", "industry")),
                mean("schooling", schooling, schooling + 5, 5),
                mean(investment, at, at),
            ]
        )

    before = years < 1990
    matching = Matching(
        table(1981, 1990, 1980, "invest80", 1980),
        training=table(1971, 1980, 1970, "invest70", 1980),
        fitted=(years >= 1981) & (years <= 1990),
        starts=5,
    )
    control = synthetic_control(gdp[:, 0], gdp[:, 1:], before, ~before, matching)
    spread = {u: [s.weights[j] for s in control.starts] for j, u in enumerate(units[1:])}
    for country, printed in GERMANY.items():
        assert min(spread[country]) - 0.005 <= printed <= max(spread[country]) + 0.005, country
    closest = min(
        sum(abs(s.weights[units.index(c) - 1] - w) for c, w in GERMANY.items()) for s in control.starts
    )
    assert closest < 0.03
    gaps = [float((gdp[:, 0] - gdp[:, 1:] @ s.weights)[~before].mean()) for s in control.starts]
    assert all(-1700 < gap < -1400 for gap in gaps)
