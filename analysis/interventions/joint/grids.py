"""Sizes of the noise grids, by what a series declares."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.numerics.noise import NoiseGrid, noise_grid

SPLIT_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class GridSize:
    """Cells of an initial grid and rounds of its refinement.

    Attributes
    ----------
    q, rho, kappa, slope : int
        Cells in each coordinate (`noise_grid`).
    rounds : int
        How often heavy cells are split.
    split_above : float
        Posterior mass of a dating above which a cell is.
    """

    q: int
    rho: int
    kappa: int
    rounds: int
    slope: int = 0
    split_above: float = 0.01

    def cells(self, regimes: int) -> NoiseGrid:
        """Return the cells for a number of declared regimes."""
        return noise_grid(
            q_cells=self.q,
            rho_cells=self.rho,
            regimes=regimes,
            kappa_cells=self.kappa,
            slope_cells=self.slope,
        )


COARSE_GRIDS = (
    GridSize(q=6, rho=4, kappa=1, rounds=0),
    GridSize(q=5, rho=3, kappa=5, rounds=0),
    GridSize(q=4, rho=3, kappa=3, rounds=0),
)
"""Grids of the first passes, by the number of declared regimes."""
FINE_GRIDS = (
    GridSize(q=10, rho=12, kappa=1, rounds=0),
    GridSize(q=5, rho=3, kappa=18, rounds=SPLIT_ROUNDS),
    GridSize(q=4, rho=3, kappa=6, rounds=SPLIT_ROUNDS),
)
"""Grids of the last pass. Doubling every axis moves no end of an effect's interval by more than 2 % of its
width (`tests/data/test_main_answer.py`, `tests/unit/interventions/test_engine.py`)."""
COARSE_LOCAL_GRIDS = (
    GridSize(q=3, rho=3, kappa=1, rounds=0, slope=2),
    GridSize(q=3, rho=2, kappa=5, rounds=0, slope=2),
    GridSize(q=3, rho=2, kappa=3, rounds=0, slope=2),
)
FINE_LOCAL_GRIDS = (
    GridSize(q=5, rho=6, kappa=1, rounds=1, slope=4, split_above=0.006),
    GridSize(q=4, rho=3, kappa=9, rounds=1, slope=4),
    GridSize(q=3, rho=2, kappa=4, rounds=1, slope=4),
)
"""The same with a local linear trend; the slope's variance is a coarse dimension."""


def default_grids(regimes: int, local: bool) -> tuple[GridSize, GridSize]:
    """Return the grids of the first passes and of the last."""
    if local:
        return COARSE_LOCAL_GRIDS[regimes], FINE_LOCAL_GRIDS[regimes]
    return COARSE_GRIDS[regimes], FINE_GRIDS[regimes]
