"""Bai and Perron on any regression: what it finds, prints and refuses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from analysis.breaks import break_regression
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.numerics.fixed_sequence import normals

N = 120


def _data(partial: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return y, intercept and slope that change at 60, and a column that does not."""
    x, z, noise = (normals((N,), 90_000 + k) for k in range(3))
    after = np.arange(N) >= 60
    y = 1.0 + 2.0 * after + (1.0 - 2.0 * after) * x + 3.0 * z + 0.5 * noise
    changing = np.column_stack([np.ones(N), x])
    return y, changing if partial else np.column_stack([changing, z]), z[:, None]


@pytest.mark.parametrize("covariance", ["iid", "hc", "hac"])
def test_partial_change_finds_the_break_and_its_coefficients(covariance: Any) -> None:
    y, changing, common = _data(partial=True)
    found = break_regression(y, changing, common, covariance=covariance)
    assert found.breaks == (60,)
    np.testing.assert_allclose(found.params, [[1.0, 1.0], [3.0, -1.0]], atol=0.4)
    assert np.all(np.abs(found.params - [[1.0, 1.0], [3.0, -1.0]]) < 4 * found.bse)
    record = found.to_record()
    json.dumps(record, allow_nan=False)
    assert record["model"]["common"] == 1
    assert record["coefficients"][1]["first"] == "61"
    assert record["tests"]["covariance"] == covariance
    for text in ("Null hypothesis", "supF(1)", "UDmax", "critical value"):
        assert text in found.summary()
    assert found.to_frame().shape[0] == 1


def test_pure_change_and_the_rules_for_the_number() -> None:
    y, changing, _ = _data()
    by_rule = {rule: break_regression(y, changing, number=rule).breaks for rule in ("bic", "lwz", "kt")}  # type: ignore[arg-type]  # the literals
    assert by_rule == {"bic": (60,), "lwz": (60,), "kt": (60,)}
    assert len(break_regression(y, changing, number=2).breaks) == 2
    assert break_regression(y, changing, number=0).heading().startswith("no breaks")


def test_labels_name_breaks_and_intervals() -> None:
    y, changing, common = _data(partial=True)
    labels = [f"obs{k}" for k in range(N)]
    first = break_regression(y, changing, common, labels=labels).to_record()["breaks"][0]
    assert (first["last_before"], first["first_after"]) == ("obs59", "obs60")
    for limits in first["intervals"].values():
        assert labels.index(limits["lower"]) <= 59 <= labels.index(limits["upper"])


def test_no_table_no_critical_value_and_no_sequential_rule() -> None:
    y = normals((N,), 5)
    trend = np.column_stack([np.ones(N), np.arange(N)])
    with pytest.raises(UsageError, match="non-trending"):
        break_regression(y, trend)
    found = break_regression(y, trend, number="bic")
    assert found.to_record()["tests"]["supF"][0]["critical"]["0.05"] is None
    with pytest.raises(UsageError, match=r"trimming 0\.12"):
        break_regression(y, np.ones((N, 1)), trimming=0.12)
    wide = np.column_stack([np.ones(N), *(normals((N,), 95_000 + k) for k in range(10))])
    with pytest.raises(UsageError, match="11 changing coefficients"):
        break_regression(y, wide, max_breaks=2)
    few = break_regression(y, np.ones((N, 1)), max_breaks=2).to_record()["tests"]
    assert few["UDmax"]["critical"]["0.05"] is None
    assert any("up to 5 breaks, and 2 were searched" in reason for reason in few["reasons"])
    three = break_regression(y, np.ones((N, 1)), trimming=0.2).to_record()["tests"]
    assert three["UDmax"]["critical"]["0.05"] == 8.43
    assert three["UDmax"]["stat"] == max(row["stat"] for row in three["supF"][:3])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"covariance": "nw"}, UsageError, "covariance"),
        ({"trimming": 0.5}, UsageError, "trimming"),
        ({"max_breaks": 0}, UsageError, "max_breaks"),
        ({"number": "aic"}, UsageError, "number"),
        ({"number": 9}, UsageError, "from 0 to 5"),
        ({"number": True}, UsageError, "number"),
        ({"level": 1.0}, UsageError, "level"),
        ({"labels": ["a"]}, InputError, "1 labels for 120"),
        ({"changing": np.ones((7, 1))}, InputError, "120 rows"),
        ({"changing": np.ones((N, 2))}, CannotEstimateError, "collinear"),
        ({"y": [np.nan] * N}, InputError, "missing or infinite"),
        ({"y": ["a"] * N}, InputError, "not a number"),
        ({"trimming": 0.45, "changing": np.ones((N, 1)), "y": [1.0, 2.0]}, InputError, "rows"),
    ],
)
def test_bad_input_is_refused_in_words(change: dict[str, Any], error: type[Exception], words: str) -> None:
    given: dict[str, Any] = {"y": normals((N,), 5), "changing": np.ones((N, 1)), **change}
    with pytest.raises(error, match=words):
        break_regression(**given)


def test_options_of_the_long_run_variance_and_of_the_shortest_segment() -> None:
    y = np.concatenate([normals((40,), 501), 3 + normals((40,), 502)])
    none = np.empty((80, 0))
    plain = break_regression(y, none, intercept="changing", number=1)
    assert abs(plain.breaks[0] - 40) <= 2
    bartlett = break_regression(
        y, none, intercept="changing", number=1, kernel="bartlett", prewhiten=False, bandwidth=4
    )
    assert bartlett.tests.sup_f != plain.tests.sup_f
    short = break_regression(y, none, intercept="changing", number=1, min_segment=10)
    assert short.to_record()["model"]["min_segment"] == 10
    assert f"1 to {plain.breaks[0]}: " in plain.summary()
    for options, words in (
        ({"kernel": "parzen"}, "kernel"),
        ({"bandwidth": -1}, "bandwidth"),
        ({"prewhiten": 1}, "prewhiten"),
        ({"min_segment": 1}, "min_segment"),
        ({"intercept": "both"}, "intercept"),
    ):
        with pytest.raises(UsageError, match=words):
            break_regression(y, none, **({"intercept": "changing"} | options))
