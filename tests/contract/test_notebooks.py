"""Every notebook runs from the first cell to the last, is paired, and is committed without outputs.

What it shows asks no other host: charts are drawings, not scripts from a content network.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SCRIPTS = sorted(NOTEBOOKS.glob("*.py"))
SECONDS_A_CELL = 240
FOREIGN = re.compile(r"""(?:src|href)\s*=\s*["'](?:https?:)?//|\bimport\s*\(?["']https?:|cdn\.""")
"""What loads something from another host when a browser shows it."""


def test_there_are_notebooks() -> None:
    assert SCRIPTS
    assert {path.stem for path in SCRIPTS} == {path.stem for path in NOTEBOOKS.glob("*.ipynb")}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_is_its_script_and_has_no_outputs(script: Path) -> None:
    notebook = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    written = jupytext.read(script)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in written.cells]
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_runs(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The kernel asks for a runtime folder of its own; the home folder of the machine is left alone.
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(NOTEBOOKS.parent), os.environ.get("PYTHONPATH", "")])
    )
    notebook = jupytext.read(script)
    NotebookClient(
        notebook, timeout=SECONDS_A_CELL, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
    assert len(shown) >= 5, "the notebook shows its results"
    forms = [output.get("data", {}) for cell in shown for output in cell.outputs]
    for data in forms:
        for form in ("text/html", "image/svg+xml", "application/javascript"):
            assert not FOREIGN.search(data.get(form, "")), f"{form} asks another host"
    assert any("image/svg+xml" in data for data in forms), "the notebook draws"
