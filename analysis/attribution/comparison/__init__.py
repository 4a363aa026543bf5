"""The comparison lens: other economies' trade with China as a synthetic control."""

from analysis.attribution.comparison.lens import compare, compare_or_reason
from analysis.attribution.comparison.neighbours import IndexLine, neighbour_index
from analysis.attribution.comparison.result import Comparison

__all__ = ["Comparison", "IndexLine", "compare", "compare_or_reason", "neighbour_index"]
