"""Finished chunks on the caller's disk, so that a run that was interrupted continues where it ended."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import InputError

MANIFEST = "manifest.json"
SUFFIX = ".parts"


@dataclass(frozen=True)
class Parts:
    """The folder beside the output in which finished chunks are kept until all are there.

    Attributes
    ----------
    output : Path
    folder : Path
    """

    output: Path
    folder: Path

    @classmethod
    def beside(cls, output: str | os.PathLike[str], manifest: Mapping[str, Any], *, resume: bool) -> Parts:
        """Open the folder of `output`; what another input or other options left there is removed.

        Raises
        ------
        InputError
            If the folder of the output does not exist or cannot be written to.
        """
        path = Path(output)
        parts = cls(path, path.with_name(path.name + SUFFIX))
        wanted = json.dumps(manifest, sort_keys=True, ensure_ascii=False)
        try:
            if parts.folder.exists() and not (resume and parts._manifest() == wanted):
                shutil.rmtree(parts.folder)
            parts.folder.mkdir(exist_ok=True)
            _replace(parts.folder / MANIFEST, wanted.encode("utf-8"))
        except OSError as problem:
            raise InputError(f"the output {path} cannot be written ({problem.strerror})") from None
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
        """Store a finished chunk: it is there wholly or not at all."""
        _replace(self.path(number), rows)

    def read(self, count: int) -> Iterator[bytes]:
        """Yield the rows of all chunks in order."""
        for number in range(count):
            yield self.path(number).read_bytes()

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".draft")
    draft.write_bytes(content)
    draft.replace(path)
