"""Where the curated data package lies: an argument, the environment, the wheel, or the checkout."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from analysis.errors import DataPackageError

ENVIRONMENT = "TRADEBREAKS_DATA"
"""Environment variable that names another data directory."""


def data_directory(path: str | os.PathLike[str] | None = None) -> Path:
    """Return the directory of the data package.

    Parameters
    ----------
    path : path, optional
        A data directory; without it the environment variable ``TRADEBREAKS_DATA`` decides, then the
        copy inside the installed package, then ``data/`` of the checkout.

    Raises
    ------
    DataPackageError
        If there is no ``datapackage.json`` there.
    """
    chosen = path or os.environ.get(ENVIRONMENT)
    if chosen:
        directory = Path(chosen)
    else:
        package = Path(str(files("analysis")))
        directory = package / "_data"
        if not directory.is_dir():
            directory = package.parent / "data"
    if not (directory / "datapackage.json").is_file():
        raise DataPackageError(
            f"no data package at {directory}: give a directory that holds datapackage.json, "
            f"or unset {ENVIRONMENT}"
        )
    return directory.resolve()
