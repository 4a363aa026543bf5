"""`import analysis` and `tradebreaks --help` stay fast: nothing heavy is loaded before it is used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("pandas", "scipy.stats", "statsmodels", "ruptures", "altair", "flask", "sqlalchemy", "pydantic")

THREADS = "OPENBLAS_NUM_THREADS"

HELP = """
import contextlib, sys
from service.cli import main
sys.argv = ["tradebreaks", {argument!r}]
with contextlib.suppress(SystemExit):
    main()
"""


@pytest.mark.parametrize(
    "program",
    [
        "import analysis",
        "import analysis; analysis.TradeSeries.from_values(['2016', '2017'], [1.0, 2.0])",
        HELP.format(argument="--help"),
        HELP.format(argument="--version"),
        "import analysis; analysis.fit_interventions, analysis.compare_methods, analysis.find_breaks",
    ],
    ids=["import", "series of the caller", "help", "version", "public names"],
)
def test_nothing_heavy_is_loaded(program: str) -> None:
    listing = "\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", program + listing], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(run.stdout.splitlines()[-1]))
    assert "analysis" in loaded
    assert loaded.isdisjoint(HEAVY), loaded.intersection(HEAVY)


def test_the_service_starts_without_the_other_methods(tmp_path: Path) -> None:
    program = (
        "from service.app import create_app\n"
        "create_app()\n"
        "import json, sys\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert set(json.loads(run.stdout.splitlines()[-1])).isdisjoint(("statsmodels", "ruptures"))


def test_the_joint_model_and_the_breaks_load_no_statsmodels() -> None:
    program = """
import json, sys
import numpy as np
import analysis
y = np.exp(3 + 0.1 * np.sin(np.arange(60)) - 0.5 * (np.arange(60) > 30))
months = [f"{2010 + i // 12}-{i % 12 + 1:02d}" for i in range(60)]
series = analysis.TradeSeries.from_values(months, list(y), id="own")
events = analysis.EventTable.from_rows([{"id": "a", "title": "A", "effective": "2012-08-01"}])
analysis.fit_interventions(series, events)
before = "statsmodels" in sys.modules
analysis.fit_interventions(series, events, method="ols")
print(json.dumps([before, "statsmodels" in sys.modules]))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout.splitlines()[-1]) == [False, True]


def test_commands_compute_with_one_thread_of_linear_algebra_unless_told_otherwise() -> None:
    listing = f"\nimport os\nprint('\\n' + os.environ[{THREADS!r}])"
    environment = {name: value for name, value in os.environ.items() if name != THREADS}
    for given, expected in (({}, "1"), ({THREADS: "2"}, "2")):
        run = subprocess.run(
            [sys.executable, "-c", HELP.format(argument="methods") + listing],
            capture_output=True,
            text=True,
            check=True,
            env=environment | given,
        )
        assert run.stdout.splitlines()[-1] == expected
    run = subprocess.run(
        [sys.executable, "-c", f"{HELP.format(argument='--help')}\nprint('\\n', 'numpy' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split()[-1] == "False"


def test_every_public_name_of_the_package_can_be_had() -> None:
    import analysis

    assert set(analysis.__all__) <= set(dir(analysis))
    for name in analysis.__all__:
        assert getattr(analysis, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = analysis.nonsense
