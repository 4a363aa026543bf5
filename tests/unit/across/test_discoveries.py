"""False-discovery control: published and closed cases, and the rate on simulated tests."""

import numpy as np
import pytest
from scipy import special

from analysis.across import control_discoveries, read_effects
from analysis.across.discoveries import adjusted_pvalues
from analysis.domain import EventTable
from analysis.errors import InputError, UsageError
from analysis.interventions.panel import fit_panel
from analysis.numerics.fixed_sequence import normals, uniforms
from tests.worlds import ar1, monthly, steps, table

BENJAMINI_HOCHBERG_1995 = np.array(
    [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
)
"""The 15 p-values of the thrombolysis example in section 4.1 of the paper, which rejects four at .05."""


def test_the_example_of_the_paper():
    adjusted = adjusted_pvalues(BENJAMINI_HOCHBERG_1995[::-1], "bh")[::-1]
    assert (adjusted <= 0.05).sum() == 4
    assert adjusted[3] == pytest.approx(0.0095 * 15 / 4)


@pytest.mark.parametrize("method", ["bh", "by"])
def test_a_value_is_the_lowest_rate_at_which_the_procedure_rejects(method):
    """By its definition: reject the k smallest for the largest k with p_(k) <= k q / (m c)."""
    pvalues = np.round(uniforms((60,), 31) ** 3, 3)
    m = len(pvalues)
    factor = np.sum(1 / np.arange(1, m + 1)) if method == "by" else 1.0
    adjusted = adjusted_pvalues(pvalues, method)
    ranked = np.sort(pvalues)
    for q in (0.01, 0.05, 0.1, 0.3):
        passed = np.flatnonzero(ranked <= (np.arange(1, m + 1)) * q / (m * factor) + 1e-15)
        limit = ranked[passed[-1]] if len(passed) else -1.0
        assert ((adjusted <= q + 1e-12) == (pvalues <= limit)).all()
    assert len(adjusted_pvalues(np.empty(0), method)) == 0


def rate(pvalues: np.ndarray, null: np.ndarray, method: str) -> float:
    found = np.array([adjusted_pvalues(p, method) <= 0.1 for p in pvalues])
    return float(np.mean((found & null).sum(axis=1) / np.maximum(found.sum(axis=1), 1)))


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_the_rate_holds_for_independent_tests_and_for_a_shock_that_all_share(correlation):
    """800 families of 200 tests, 160 of them null; the rate's standard error is below half a point."""
    shared = np.sqrt(correlation) * normals((800, 1), 41)
    z = shared + np.sqrt(1 - correlation) * normals((800, 200), 42)
    null = np.arange(200) < 160
    z[:, ~null] += 3.0
    pvalues = 2 * special.ndtr(-np.abs(z))
    assert rate(pvalues, null, "bh") < 0.1 * 0.8 + 0.015
    assert rate(pvalues, null, "by") < 0.03


def effects_table(tmp_path):
    """Sixty series of which a third has an effect of the first event, none of the second."""
    series = [
        monthly(
            "2012-01",
            4
            + (k % 3 == 0) * steps("2012-01", 96, {"2016-05": -0.8})
            + ar1(3000 + k, 96, 0.3 + 0.2 * (k % 3), 0.2),
            id=f"p{k:02d}",
        )
        for k in range(60)
    ]
    events: EventTable = table(ban="2016-05", other="2018-03")
    return fit_panel(series, events).to_frame()


def test_discoveries_of_a_panel_are_the_series_that_have_an_effect(tmp_path):
    frame = effects_table(tmp_path)
    found = control_discoveries(read_effects(frame))
    true = {(f"p{k:02d}", "ban") for k in range(0, 60, 3)}
    discovered = {
        (row.series_id, row.event_id) for row, a in zip(found.rows, found.adjusted, strict=True) if a <= 0.05
    }
    assert len(discovered - true) <= 0.1 * len(discovered)
    assert len(discovered & true) >= 18
    record = found.to_record()
    assert record["tests"] == 120
    assert record["discoveries"] == len(discovered)
    assert "positive regression dependence" in record["assumptions"][0]
    assert control_discoveries(read_effects(frame), method="by").count <= found.count
    assert len(control_discoveries(read_effects(frame), event_id="ban").rows) == 60


def test_what_cannot_be_answered_is_refused(tmp_path):
    frame = effects_table(tmp_path)
    effects = read_effects(frame)
    with pytest.raises(UsageError, match="rate is a share"):
        control_discoveries(effects, rate=1.0)
    with pytest.raises(UsageError, match="method is one of"):
        control_discoveries(effects, method="bonferroni")
    with pytest.raises(InputError, match="no effect of 'zz'"):
        control_discoveries(effects, event_id="zz")
    with pytest.raises(InputError, match="--columns all"):
        control_discoveries(read_effects(frame.drop(columns="pvalue")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("series_id,event_id\na,b\n", "no column 'log_effect'"),
        ("{h}\na,e,x,0.1,0,0,,ok,\n", "row 2 of .*'x' in the column 'log_effect' is not a number"),
        ("{h}\na,e,1,0,0,0,,ok,\n", "not above zero"),
        ("{h}\na,e,1,1,0,0,,ok,\na,e,1,1,0,0,,ok,\n", "row 3 of .* appears twice"),
        ("{h}\na,,,,,,,error,too short\n", "no effect in logs"),
        ("{h}\na,e,1\n", "another number of cells"),
    ],
)
def test_tables_that_cannot_be_read_are_refused(tmp_path, text, words):
    path = tmp_path / "effects.csv"
    path.write_text(
        text.format(h="series_id,event_id,log_effect,se,lower,upper,group,status,error"), encoding="utf-8"
    )
    with pytest.raises(InputError, match=words):
        read_effects(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_effects(tmp_path / "none.csv")
