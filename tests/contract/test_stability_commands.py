"""The commands `stability` and `monitor`, on the catalogue and on a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from analysis.numerics.fixed_sequence import normals
from service.cli import main


@pytest.fixture
def stepped(tmp_path: Path) -> Path:
    """A monthly file of ten years whose level rises by three in 2019-01."""
    noise = normals((120,), 123)
    rows = [
        f"{2012 + k // 12}-{k % 12 + 1:02d},{20 + noise[k] + 3 * (k >= 84):.6f}"
        for k in range(120)
        if k not in (30, 95)
    ]
    path = tmp_path / "stepped.csv"
    path.write_text("period,value\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def _json(*arguments: str) -> dict[str, object]:
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.exit_code == 0, done.stderr
    content: dict[str, object] = json.loads(done.stdout)
    return content


def test_stability_of_a_file_with_gaps(stepped: Path) -> None:
    record = _json("stability", "--csv", str(stepped), "--gaps", "missing", "--date", "2019-01")
    tests = {test["name"]: test for test in record["tests"]}  # type: ignore[attr-defined]  # a list of objects
    assert tests["supF"]["pvalue"] < 0.01
    assert tests["Chow"]["last_before"] == "2018-12"
    assert record["sample"]["n"] == 118  # type: ignore[index]  # an object


def test_monitoring_a_file_detects_the_step(stepped: Path) -> None:
    record = _json("monitor", "--csv", str(stepped), "--gaps", "missing", "--history-end", "2018-12")
    assert "2019-01" <= str(record["detected"]) <= "2019-06"


def test_both_print_a_table_for_a_series_of_the_catalogue() -> None:
    for arguments in (
        ["stability", "dprk.total.kotra.a"],
        ["monitor", "dprk.total.kotra.a", "--history-end", "2015"],
    ):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.stderr
        assert "null" in done.stdout.lower()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["monitor", "dprk.total.kotra.a"], 2, "history-end"),
        (["monitor", "dprk.total.kotra.a", "--history-end", "1950"], 3, "outside the sample"),
        (["monitor", "dprk.total.kotra.a", "--history-end", "2024"], 5, "no new observations"),
        (
            ["monitor", "dprk.total.kotra.a", "--history-end", "2015", "--regime", "2018..2020"],
            2,
            "--regime has no meaning",
        ),
        (
            [
                "monitor",
                "dprk.total.kotra.a",
                "--history-end",
                "2015",
                "--method",
                "ols_mosum",
                "--window",
                "0.3",
            ],
            2,
            "window 0.3",
        ),
        (["stability", "nothing.here"], 4, "nothing.here"),
        (["stability", "dprk.total.kotra.a", "--date", "1950"], 3, "outside the sample"),
        (["stability", "dprk.total.kotra.a", "--trimming", "0.7"], 2, "share between 0 and 0.5"),
        (["breaks", "dprk.total.kotra.a", "--regime", "1950..1955"], 3, "outside the sample"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(arguments: list[str], code: int, words: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == code
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_known_dates_are_tested_jointly(stepped: Path) -> None:
    record = _json(
        "stability", "--csv", str(stepped), "--gaps", "missing", "--date", "2019-01", "--date", "2016-01"
    )
    tests = {test["name"]: test for test in record["tests"]}  # type: ignore[attr-defined]  # a list of objects
    assert tests["Chow, 2 dates"]["pvalue"] < 0.01
    assert tests["Chow, 2 dates"]["last_before"] is None


def test_breaks_in_the_coefficients_of_a_regression(tmp_path: Path) -> None:
    noise = normals((96, 2), 124)
    months = [f"{2012 + k // 12}-{k % 12 + 1:02d}" for k in range(96)]
    values = [10 + noise[k, 0] * (1 if k < 48 else 4) + 0.3 * noise[k, 1] for k in range(96)]
    series, controls = tmp_path / "y.csv", tmp_path / "x.csv"
    series.write_text("period,value\n" + "\n".join(f"{m},{v}" for m, v in zip(months, values, strict=True)))
    controls.write_text(
        "period,x\n" + "\n".join(f"{m},{x}" for m, x in zip(months, noise[:, 0], strict=True))
    )
    record = _json(
        "breaks", "--csv", str(series), "--controls", str(controls), "--regressors", "x", "--lags", "1"
    )
    assert [one["first_after"] for one in record["breaks"]] == ["2016-01"]  # type: ignore[attr-defined]  # a list
    wrong = CliRunner().invoke(main, ["breaks", "--csv", str(series), "--regressors", "z"])
    assert wrong.exit_code != 0
    assert "no column 'z'" in wrong.stderr
