"""Whether the data package is what it says it is; nothing is computed on one that is not."""

from __future__ import annotations

import threading
from pathlib import Path

from analysis.errors import DataPackageError, TradebreaksError
from service.errors import BusyError

_LOCK = threading.Lock()
_CHECKED: dict[Path, tuple[tuple[tuple[str, int, int], ...], TradebreaksError | None]] = {}


def require_sound() -> None:
    """Check the data package in use; the verdict is kept until one of its files changes.

    Raises
    ------
    DataPackageError
        If a file is damaged, or the package does not validate.
    BusyError
        If the package was sound and was exchanged while the service ran.
    """
    from analysis.catalogue.location import data_directory

    directory = data_directory()
    state = _state(directory)
    with _LOCK:
        known = _CHECKED.get(directory)
        if known is None or known[0] != state:
            _CHECKED[directory] = known = (state, _verdict(directory))
    if known[1] is not None:
        raise type(known[1])(known[1].message)


def _verdict(directory: Path) -> TradebreaksError | None:
    from analysis import catalogue

    try:
        catalogue.check().require()
    except DataPackageError as problem:
        return problem
    in_use, on_disk = catalogue.catalogue(directory), catalogue.Catalogue(directory)
    if in_use.package.digest != on_disk.package.digest:
        return BusyError("the data package was exchanged while the service ran: start it again")
    return None


def _state(directory: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and time of every file: enough to see that one was written."""
    found = []
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            stat = path.stat()
            found.append((str(path.relative_to(directory)), stat.st_size, stat.st_mtime_ns))
    return tuple(found)
