"""The detectors of ruptures by name, and the table of them under every printed answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from analysis.breaks import detect_breaks, find_breaks
from analysis.breaks.detectors import NAMES, detector_table
from analysis.errors import CannotEstimateError, UsageError
from analysis.numerics.fixed_sequence import normals
from service.cli import main
from tests.unit.peers.test_least_squares_peers import monthly


def shifted(size: float = 3.0):
    return monthly(20 + normals((96,), 51) + size * (np.arange(96) >= 60))


def test_each_detector_is_that_of_ruptures_under_its_own_name():
    import ruptures

    found = detect_breaks(shifted(), "dynp", n_breaks=2, scale="level", seasonal=False)
    values = (shifted().values - shifted().values.mean())[:, None]
    size = found.sample.min_length
    own = ruptures.Dynp(model="l2", min_size=size, jump=1).fit(values).predict(n_bkps=2)
    assert list(found.found.positions) == own[:-1]
    assert found.to_record()["detector"] == "Dynp"
    for method, name in NAMES.items():
        count = 1 if method == "dynp" else None
        one = detect_breaks(shifted(), method, n_breaks=count, scale="level", seasonal=False)
        assert one.found.name == name
        assert one.periods == ["2014-12"], method
        assert name in one.summary()


def test_a_penalty_moves_the_number_of_breaks():
    series = shifted(1.0)
    strict, loose = (
        detect_breaks(series, "pelt", penalty=penalty, scale="level", seasonal=False)
        for penalty in (1e4, 0.5)
    )
    assert strict.periods == []
    assert len(loose.periods) > 1
    assert "penalty 0.5 times" in loose.found.setting


def test_what_a_detector_does_not_take_is_refused_in_words():
    series = shifted()
    with pytest.raises(UsageError, match="method is one of pelt, dynp"):
        detect_breaks(series, "magic")
    with pytest.raises(UsageError, match="dynp needs the number"):
        detect_breaks(series, "dynp")
    with pytest.raises(UsageError, match="pelt takes a penalty"):
        detect_breaks(series, "pelt", n_breaks=2)
    with pytest.raises(CannotEstimateError, match="hold no 40 breaks"):
        detect_breaks(series, "dynp", n_breaks=40)


def test_the_table_stands_in_an_answer_without_a_break():
    record = find_breaks(shifted(0.0), scale="level", seasonal=False).to_record()
    assert record["breaks"] == []
    table = detector_table(record["detectors"])
    for name in NAMES.values():
        assert name in table
    assert "none" in table
    assert detector_table([]) == ""


def test_the_command_prints_the_table_and_runs_one_detector(tmp_path):
    file = tmp_path / "own.csv"
    rows = [f"{p},{v:.4f}" for p, v in zip(shifted().periods, shifted().values, strict=True)]
    file.write_text("period,value\n" + "\n".join(rows) + "\n", encoding="utf-8")
    printed = CliRunner().invoke(main, ["breaks", "--csv", str(file), "--no-seasonal"]).output
    assert "KernelCPD" in printed
    one = CliRunner().invoke(main, ["breaks", "--csv", str(file), "--method", "kernel", "--json"]).stdout
    assert json.loads(one)["detector"] == "KernelCPD"
    refused = CliRunner().invoke(main, ["breaks", "--csv", str(file), "--penalty", "3"])
    assert refused.exit_code == 2
