"""Options of single methods on the command line reach the library, and are refused where none reads them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from service.cli import main
from tests.unit.peers.test_before_after import donor_series
from tests.unit.peers.test_least_squares_peers import MONTHS, wandering


@pytest.fixture
def files(tmp_path):
    donors = donor_series()
    y = np.exp(0.4 * np.log(donors["d1"]) + 0.6 * np.log(donors["d3"]) + 0.05 * (wandering() - 5))
    own = tmp_path / "own.csv"
    rows = [f"{m},{v:.6f}" for m, v in zip(MONTHS, y, strict=True)]
    own.write_text("period,value\n" + "\n".join(rows) + "\n", encoding="utf-8")
    events = tmp_path / "events.csv"
    events.write_text("id,title,effective\nb,B,2017-09-01\n", encoding="utf-8")
    controls = tmp_path / "controls.csv"
    lines = [",".join([m, *(f"{donors[d][t]:.6f}" for d in donors)]) for t, m in enumerate(MONTHS)]
    controls.write_text("period," + ",".join(donors) + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    values = tmp_path / "values.csv"
    known = [f"2010-01,{unit},{k}" for k, unit in enumerate(("own", *donors))]
    values.write_text("period,unit,size\n" + "\n".join(known) + "\n", encoding="utf-8")
    return own, events, controls, values


def run(files, *options):
    own, events, *_ = files
    return CliRunner().invoke(main, ["intervene", "--csv", str(own), "--events", str(events), *options])


def test_orders_reach_the_noise(files):
    found = run(files, "--method", "sarimax", "--order", "0,1,1", "--seasonal-order", "0,0,1", "--json")
    diagnostics = json.loads(found.stdout)["diagnostics"]
    assert diagnostics["order"] == [0, 1, 1]
    assert diagnostics["seasonal_order"] == [0, 0, 1, 12]
    assert diagnostics["cov_type"].startswith("approx")
    assert diagnostics["converged"] is True


def test_a_synthetic_control_is_steered_from_the_command_line(files):
    *_, controls, values = files
    found = run(
        files,
        *("--method", "synthetic", "--controls", str(controls), "--exclude-donor", "d5", "--json"),
        *("--predictor", "outcome:2010-01..2014-12", "--predictor", "size:2010-01"),
        *("--predictor-values", str(values), "--placebo-from", "2013-01", "--ridge", "0.5"),
    )
    diagnostics = json.loads(found.stdout)["diagnostics"]
    assert set(diagnostics["plain"] if "plain" in diagnostics else diagnostics["weights"]) <= {
        f"d{j}" for j in range(5)
    }
    assert [row["predictor"] for row in diagnostics["predictors"]] == [
        "outcome:2010-01..2014-12",
        "size:2010-01",
    ]
    assert diagnostics["placebo_in_time"]["from"] == "2013-01"
    assert diagnostics["augmentation"]["penalty"] == 0.5


def test_the_panel_is_within_the_one_document(files):
    record = json.loads(run(files, "--methods", "--json").stdout)
    assert [m["name"] for m in record["methods"]["methods"]][:2] == ["structural", "ols"]
    assert record["effects"][0]["event_id"] == "b"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--order", "1,0"), "three whole numbers"),
        (("--order", "1,0,1"), "has no meaning for structural"),
        (("--method", "transfer", "--input", "price"), "NAME:B,S,R"),
        (("--method", "synthetic", "--ridge", "much"), "auto or a number"),
        (("--method", "poisson", "--offset", "people"), "not among the controls"),
        (("--methods", "--method", "ols"), "leave --method out"),
        (("--method", "sarimax", "--seasonal-order", "0,0,1"), "needs an order"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_exit_code_2(files, options, words):
    found = run(files, *options)
    assert found.exit_code == 2
    assert words in " ".join(found.stderr.split())


def test_a_stored_question_has_the_orders_and_no_option_that_it_cannot_keep(files, tmp_path, monkeypatch):
    own, events, *_ = files
    monkeypatch.setenv("TRADEBREAKS_DATABASE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    target = ["record", "intervene", "--csv", str(own), "--events", str(events), "--method", "sarimax"]
    stored = CliRunner().invoke(main, [*target, "--order", "0,1,1", "--json"])
    assert stored.exit_code == 0, stored.stderr
    document = json.loads(stored.stdout)
    assert document["stored"] is True
    assert document["diagnostics"]["order"] == [0, 1, 1]
    refused = CliRunner().invoke(main, [*target, "--methods"])
    assert refused.exit_code == 2
