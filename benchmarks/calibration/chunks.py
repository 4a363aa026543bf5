"""Finished pieces of a long study on disk, so that an interruption loses nothing.

A piece is an ``.npz`` file of plain arrays in a folder named by a digest of the code that makes it: another
version of the code starts anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
import scipy
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
Arrays = dict[str, NDArray[np.generic]]


def code_digest(sources: Sequence[str]) -> str:
    """Return a digest of the files that match the globs `sources`, and of NumPy's and SciPy's version."""
    digest = hashlib.sha256(f"{np.__version__} {scipy.__version__}".encode())
    for path in sorted({path for pattern in sources for path in ROOT.glob(pattern)}):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Piece:
    """One piece of work and its file.

    Attributes
    ----------
    path : Path
    work : callable
        Makes the arrays; ``seconds`` of processor time are added to them.
    """

    path: Path
    work: Callable[[], Arrays]

    @property
    def done(self) -> bool:
        """Whether the file exists; it appears whole or not at all."""
        return self.path.exists()

    def make(self) -> None:
        """Do the work and write the file."""
        began = process_time()
        arrays = self.work()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(f".{os.getpid()}.tmp")
        with unfinished.open("wb") as file:
            np.savez(file, seconds=np.array(process_time() - began), **arrays)  # type: ignore[arg-type]
        unfinished.replace(self.path)

    def read(self) -> Arrays:
        """Return the arrays."""
        with np.load(self.path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
