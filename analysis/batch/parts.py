"""Finished chunks on the caller's disk, so that a run that was interrupted continues where it ended."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from analysis.errors import InputError

MANIFEST = "manifest.json"
SUFFIX = ".parts"
LOCK = "lock"


@dataclass(frozen=True)
class Parts:
    """The folder beside the output in which finished chunks are kept until all are there.

    Attributes
    ----------
    output : Path
    folder : Path
    lock : file
        Held while a run writes here.
    """

    output: Path
    folder: Path
    lock: IO[str]

    @classmethod
    def beside(cls, output: str | os.PathLike[str], manifest: Mapping[str, Any], *, resume: bool) -> Parts:
        """Open the folder of `output`; what another input or other options left there is removed.

        Raises
        ------
        InputError
            If the folder of the output does not exist or cannot be written to.
        """
        path = Path(output)
        folder = path.with_name(path.name + SUFFIX)
        wanted = json.dumps(manifest, sort_keys=True, ensure_ascii=False)
        with writing(path):
            folder.mkdir(exist_ok=True)
            parts = cls(path, folder, _locked(folder / LOCK, path))
            if not (resume and parts._manifest() == wanted):
                for left in folder.iterdir():
                    if left.name != LOCK:
                        left.unlink()
            _replace(folder / MANIFEST, wanted.encode("utf-8"))
        return parts

    def _manifest(self) -> str:
        path = self.folder / MANIFEST
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def path(self, number: int) -> Path:
        """Return the file of one chunk."""
        return self.folder / f"{number:07d}.csv"

    def has(self, number: int) -> bool:
        """Return whether a chunk is finished."""
        return self.path(number).exists()

    def keep(self, number: int, rows: bytes) -> None:
        """Store a finished chunk: it is there wholly or not at all.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        with writing(self.output):
            _replace(self.path(number), rows)

    def read(self, count: int) -> Iterator[bytes]:
        """Yield the rows of all chunks in order."""
        for number in range(count):
            yield self.path(number).read_bytes()

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)
        self.lock.close()

    def close(self) -> None:
        """Leave the folder to another run."""
        self.lock.close()


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Say in one sentence that the output cannot be written.

    Raises
    ------
    InputError
        With the reason; what was finished is kept.
    """
    try:
        yield
    except OSError as problem:
        raise InputError(
            f"the output {output} cannot be written ({problem.strerror}): finished chunks are kept beside "
            "it, so that the next run continues"
        ) from None


def _locked(path: Path, output: Path) -> IO[str]:
    lock = path.open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise InputError(f"another run is writing {output}: wait for it, or name another output") from None
    return lock


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".draft")
    draft.write_bytes(content)
    draft.replace(path)
