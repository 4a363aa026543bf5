"""Coverage, width and bias of the joint model on simulated series, beside an oracle and the usual methods.

    python -m benchmarks.calibration.joint [--series 1000] [--peer-series 200] [--slope-series 200] [--jobs 2]
        [--work var/calibration] [--out docs/calibration.md]

Noise comes from fixed sequences, so that every run gives the same table. Finished pieces stay in the work
folder: the same command continues an interrupted run.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from joblib import Parallel, delayed

from benchmarks.calibration.chunks import Arrays, Piece, code_digest
from benchmarks.calibration.joint_fits import Fits, measure, measure_peer
from benchmarks.calibration.joint_page import SLOPES, Study, page
from benchmarks.calibration.joint_tables import FITS, Cell
from benchmarks.calibration.worlds import SAMPLES, WORLDS, World

CHUNK = 50
PEERS = ("ols", "ols_hac", "glsar", "sarimax", "transfer", "uc", "uc_bsts", "poisson", "negbin")
"""Synthetic control needs donors, which these worlds have none of."""
PROGRAM = (
    "analysis/domain/*.py",
    "analysis/numerics/*.py",
    "analysis/interventions/*.py",
    "benchmarks/calibration/joint_fits.py",
    "benchmarks/calibration/worlds.py",
)
PEER_PROGRAM = (*PROGRAM, "analysis/interventions/peers/*.py")


def joint_arrays(world: World, n: int, start: int, stop: int, slope: float | None) -> Arrays:
    """Measure the joint model and the oracle; groups are rows of series, bounds, members, hit."""
    found = measure(world, n, range(start, stop), slope)
    groups = [(s, *group) for s, own in enumerate(found.groups) for group in own]
    return {
        "own": np.stack([getattr(found.own, name) for name in FITS]),
        "oracle": np.stack([getattr(found.oracle, name) for name in FITS]),
        "below": found.below,
        "groups": np.array(groups, dtype=np.int64).reshape(-1, 4),
    }


def peer_arrays(world: World, n: int, start: int, stop: int, method: str) -> Arrays:
    """Measure one of the usual methods."""
    found = measure_peer(world, n, range(start, stop), method)
    return {"fits": np.stack([getattr(found, name) for name in FITS])}


class Plan:
    """All pieces of the study, by cell."""

    def __init__(self, work: Path, series: int, peer_series: int, slope_series: int) -> None:
        joint, peer = work / code_digest(PROGRAM), work / code_digest(PEER_PROGRAM)
        self.cells = {
            (world.name, n): list(self._joint(joint, world, n, series, None))
            for world in WORLDS
            for n in SAMPLES
        }
        self.peers = {
            (world.name, n, method): list(self._peer(peer, world, n, min(series, peer_series), method))
            for method in PEERS
            for world in WORLDS
            for n in SAMPLES
        }
        self.slopes = {
            (slope, world.name, n): list(self._joint(joint, world, n, slope_series, slope))
            for slope in SLOPES
            for world in WORLDS
            if world.kappa == 1
            for n in SAMPLES
        }

    @staticmethod
    def _joint(folder: Path, world: World, n: int, series: int, slope: float | None) -> Iterator[Piece]:
        kind = "joint" if slope is None else f"slope{slope:g}"
        for start in range(0, series, CHUNK):
            stop = min(start + CHUNK, series)
            path = folder / f"{kind}-{world.name}-{n}-{start}-{stop}.npz"
            yield Piece(path, partial(joint_arrays, world, n, start, stop, slope))

    @staticmethod
    def _peer(folder: Path, world: World, n: int, series: int, method: str) -> Iterator[Piece]:
        for start in range(0, series, CHUNK):
            stop = min(start + CHUNK, series)
            path = folder / f"{method}-{world.name}-{n}-{start}-{stop}.npz"
            yield Piece(path, partial(peer_arrays, world, n, start, stop, method))

    def unfinished(self) -> list[Piece]:
        """Return what is left: our cells, slopes, peers; of each the first series of every cell first."""
        found: list[Piece] = []
        for table in (self.cells, self.slopes, self.peers):
            pieces = [piece for cell in table.values() for piece in cell]
            found += sorted(pieces, key=lambda piece: int(piece.path.stem.split("-")[-2]))
        return [piece for piece in found if not piece.done]

    def study(self, series: int) -> Study:
        """Read every piece."""
        seconds = 0.0

        def read(pieces: Sequence[Piece]) -> list[Arrays]:
            nonlocal seconds
            found = [piece.read() for piece in pieces]
            seconds += sum(float(one["seconds"]) for one in found)  # type: ignore[arg-type]
            return found

        worlds = {world.name: world for world in WORLDS}
        cells = {key: Cell.of(worlds[key[0]], key[1], read(pieces)) for key, pieces in self.cells.items()}
        slopes = {
            key: Cell.of(worlds[key[1]], key[2], read(pieces))
            for key, pieces in self.slopes.items()
            if pieces
        }
        peers = {
            key: Fits(*np.concatenate([one["fits"] for one in read(pieces)], axis=1))
            for key, pieces in self.peers.items()
            if pieces
        }
        return Study(series, cells, slopes, peers, PEERS if peers else (), seconds)


def run(pieces: Sequence[Piece], jobs: int) -> None:
    """Make the pieces in parallel, saying how far it is."""
    began = time.monotonic()
    done = Parallel(n_jobs=jobs, return_as="generator_unordered")(delayed(piece.make)() for piece in pieces)
    for count, _ in enumerate(done, start=1):
        minutes = (time.monotonic() - began) / 60
        left = minutes / count * (len(pieces) - count)
        print(f"{count}/{len(pieces)} pieces, {minutes:.1f} min, about {left:.0f} more", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--peer-series", type=int, default=200)
    parser.add_argument("--slope-series", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("var/calibration"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    plan = Plan(options.work, options.series, options.peer_series, options.slope_series)
    run(plan.unfinished(), options.jobs)
    text = page(plan.study(options.series))
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
