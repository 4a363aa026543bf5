"""The guard of tests/conftest.py catches what it is there for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).parents[1] / "conftest.py"

DRAWING_TESTS = """
import numpy as np


def test_own_generator():
    np.random.default_rng(1).normal()


def test_global_draw():
    np.random.normal()


def test_global_seed():
    np.random.seed(1)
"""


def test_a_test_that_touches_the_global_random_state_fails(tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    (tmp_path / "test_drawing.py").write_text(DRAWING_TESTS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    outcomes = {
        line.split("::")[1].split()[0]: line.split()[0] for line in run.stdout.splitlines() if "::" in line
    }
    assert {name: outcomes.get(name) for name in ("test_global_draw", "test_global_seed")} == {
        "test_global_draw": "ERROR",
        "test_global_seed": "ERROR",
    }, run.stdout
    assert "3 passed, 2 errors" in run.stdout, (
        "the guard acts after the test, and leaves own generators alone"
    )
