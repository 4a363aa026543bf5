"""Statements of the note behind the chart, each with a verdict computed from the data."""

from analysis.attribution.claims.evaluate import ClaimsReport, evaluate_claims
from analysis.attribution.claims.outcome import Verdict

__all__ = ["ClaimsReport", "Verdict", "evaluate_claims"]
