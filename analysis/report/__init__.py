"""The full report: breaks, attribution under three lenses, claims, dossiers, sensitivity, data quality."""

from analysis.report.own import write_own_report
from analysis.report.plan import PLAN, Plan, Question, Span
from analysis.report.write import Written, write_report

__all__ = ["PLAN", "Plan", "Question", "Span", "Written", "write_own_report", "write_report"]
