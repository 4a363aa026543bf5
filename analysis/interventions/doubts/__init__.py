"""Is the date right, and the shape, and the noise? Checks of a fitted joint model, with one common null."""

from analysis.interventions.doubts.checks import Checks, Doubt, check

__all__ = ["Checks", "Doubt", "check"]
