"""Dossiers: everything that the data say about one event."""

from analysis.attribution.dossier.compose import compose_dossier
from analysis.attribution.dossier.result import Dossier

__all__ = ["Dossier", "compose_dossier"]
