"""The main question on the curated data: what of the fall of 2016 to 2018 is dated to which event."""

import numpy as np
import pytest

import analysis
from analysis.attribution.decomposition import decompose, weighted_quantiles
from analysis.domain import Period, canonical_json
from analysis.interventions import fit_interventions
from analysis.interventions.joint.grids import FINE_GRIDS, GridSize

EXPORTS, IMPORTS = "dprk.exports.china.m", "dprk.imports.china.m"
WINDOWS = {"start": "2016-01..2016-12", "end": "2018-01..2018-12"}
AUTUMN_2017 = {"unscr_2371", "unscr_2375", "unscr_2397"}
SUM = 1e-9
POINTS_MOVE = 0.01
"""Share of an interval's width that the number of points of the sequence may be worth."""
GRID_MOVE = 0.02
"""Share of an interval's width by which doubling the grid may move its ends (methods, section 2)."""


@pytest.fixture(scope="module")
def answer():
    return analysis.attribute(analysis.series(EXPORTS), **WINDOWS)


def event_rows(result):
    return {row.event_ids: row for row in result.contributions if row.kind == "event"}


def test_the_autumn_resolutions_are_reported_as_the_rule_groups_them(answer):
    rows = event_rows(answer)
    grouped = [ids for ids in rows if AUTUMN_2017 & set(ids)]
    assert grouped == [("unscr_2371", "unscr_2375", "unscr_2397")]
    lonely = [row for ids, row in rows.items() if len(ids) == 1 and ids[0] in AUTUMN_2017]
    assert all(row.upper - row.lower >= 0.3 * abs(answer.absolute) for row in lonely)


def test_the_rows_add_up_to_the_change(answer):
    total = sum(row.estimate for row in answer.contributions) + answer.residual[0]
    assert total == pytest.approx(answer.absolute, rel=SUM)
    assert 12 * answer.absolute == pytest.approx(-2458, abs=30)


def test_the_answer_names_recorded_trade_and_what_it_leaves_out(answer):
    text = answer.to_record()["estimand"].lower()
    assert "record" in text
    assert "not in it" in text or "omit" in text


def test_the_answer_stays_within_its_intervals_when_the_sample_starts_at_the_end_of_2014(answer):
    series = analysis.series(EXPORTS)
    later = series.between(Period.parse("2014-12"), series.last)
    short = analysis.attribute(later, analysis.events(series=EXPORTS), **WINDOWS)
    theirs = event_rows(short)
    for ids, row in event_rows(answer).items():
        assert row.lower <= theirs[ids].estimate <= row.upper, ids
        assert theirs[ids].lower <= row.estimate <= theirs[ids].upper, ids


def test_the_same_question_twice_gives_the_same_bytes(answer):
    again = analysis.attribute(analysis.series(EXPORTS), **WINDOWS)
    assert canonical_json(again.to_record()) == canonical_json(answer.to_record())


def test_exports_prefer_the_full_month_dating_and_imports_cannot_choose(answer):
    """The contract states 6 over ramp and 15 over adopted for exports, from a prototype."""
    scores = {d.dating: d.log_marginal for d in answer.fit.posterior.datings}
    assert scores["full"] - scores["ramp"] > 3
    assert scores["full"] - scores["adopted"] > 10
    imports = {
        d.dating: d.log_marginal
        for d in fit_interventions(analysis.series(IMPORTS), outliers=False).posterior.datings
    }
    assert max(imports.values()) - min(imports.values()) < 4


def test_the_border_closure_is_not_set_to_nothing_by_a_half_closed_january():
    result = fit_interventions(analysis.series(IMPORTS), outliers=False)
    covid = next(e for e in result.effects if e.event_id == "covid_border_closure")
    assert -4.5 < covid.estimate < -1.8


def test_the_declared_regime_carries_the_noise_of_the_closure():
    for series_id, low, high in ((EXPORTS, 10, 60), (IMPORTS, 80, 500)):
        record = fit_interventions(analysis.series(series_id), outliers=False).to_record()
        kappa = record["diagnostics"]["noise"]["kappa"][0]
        assert low < kappa["median"] < high, series_id
        assert kappa["p_last_cell"] < 0.01


@pytest.mark.parametrize("series_id", [EXPORTS, IMPORTS])
def test_doubling_the_grid_moves_no_end_of_an_interval(series_id, monkeypatch):
    series = analysis.series(series_id)

    def ends() -> np.ndarray:
        result = fit_interventions(series, outliers=False)
        groups = [result.summarise(group.terms) for group in result.groups]
        return np.array(
            [(e.lower, e.upper) for e in result.effects] + [(g["lower"], g["upper"]) for g in groups]
        )

    usual = ends()
    size = FINE_GRIDS[1]
    doubled = GridSize(2 * size.q, 2 * size.rho, 2 * size.kappa, size.rounds)
    monkeypatch.setattr(
        "analysis.interventions.joint.grids.FINE_GRIDS", (FINE_GRIDS[0], doubled, FINE_GRIDS[2])
    )
    fine = ends()
    width = (fine[:, 1] - fine[:, 0])[:, None]
    assert (np.abs(usual - fine) / width).max() <= GRID_MOVE


@pytest.mark.parametrize(
    ("series_id", "start", "end"),
    [(EXPORTS, "2016", "2018"), (IMPORTS, "2016", "2018"), ("dprk.total.a", "2015", "2018")],
)
def test_eight_times_the_points_move_no_limit_of_an_event(series_id, start, end):
    """Limits at 8,192 points against those at 65,536, as a share of the interval's width."""
    result = analysis.attribute(
        analysis.series(series_id), start=start, end=end, outliers=False, evidence="none"
    )
    posterior = result.fit.posterior
    weights = [dated.weight for dated in result.datings]
    dense = [
        decompose(posterior, posterior.dating(dated.dating), result.windows, logs=True, log2_points=16)
        for dated in result.datings
    ]
    rows = [k for k, term in enumerate(dense[0].players) if term.event_ids and term.name in result.active]
    fine = weighted_quantiles([d.draws[rows] for d in dense], weights, (0.025, 0.975))
    usual = weighted_quantiles([d.parts.draws[rows] for d in result.datings], weights, (0.025, 0.975))
    width = fine[:, 1] - fine[:, 0]
    assert (np.abs(usual - fine).max(axis=1) / width).max() <= POINTS_MOVE


def test_annual_series_date_events_of_one_year_as_one_player():
    result = analysis.attribute(analysis.series("dprk.total.a"), start="2015", end="2018")
    rows = event_rows(result)
    assert ("kic_closure_2016", "unscr_2270") in rows
    assert ("unscr_2371", "unscr_2375", "unscr_2397") in rows
    assert ("unscr_2321",) in rows
    assert len(result.datings) == 1


def test_data_breaks_are_measurement_and_never_grouped_with_policy():
    result = analysis.attribute(analysis.series("dprk.imports.kotra.a"), start="2012", end="2018")
    measured = [row for row in result.contributions if row.kind == "measurement"]
    assert [row.event_ids for row in measured] == [("kotra_crude_estimate_2014",)]
    assert all("kotra_crude_estimate_2014" not in group.event_ids for group in result.groups)
