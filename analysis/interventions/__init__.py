"""Effects of events at known dates: the joint structural posterior and what it can tell apart."""

from analysis.interventions.fit import fit_interventions
from analysis.interventions.peers.side_by_side import compare_methods
from analysis.interventions.result import InterventionResult
from analysis.interventions.settings import default_events

__all__ = ["InterventionResult", "compare_methods", "default_events", "fit_interventions"]
