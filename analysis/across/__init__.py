"""Across series: discoveries among thousands of tests, pooled effects, ranks, breaks that are shared."""

from analysis.across.common_breaks import CommonBreaks, find_common_breaks
from analysis.across.discoveries import Discoveries, control_discoveries
from analysis.across.effects import EffectsTable, read_effects
from analysis.across.exposure import ExposureTable, provision_exposure, read_exposure
from analysis.across.league import LeagueTable, league_table
from analysis.across.pooling import PooledEffects, pool_effects
from analysis.across.provisions import read_provisions

__all__ = [
    "CommonBreaks",
    "Discoveries",
    "EffectsTable",
    "ExposureTable",
    "LeagueTable",
    "PooledEffects",
    "control_discoveries",
    "find_common_breaks",
    "league_table",
    "pool_effects",
    "provision_exposure",
    "read_effects",
    "read_exposure",
    "read_provisions",
]
