"""A copy of the data package that a test may damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analysis.catalogue.location import data_directory


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a writable copy of the package in use."""
    return Path(shutil.copytree(data_directory(), tmp_path / "data"))
