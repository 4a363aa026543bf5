"""Attribution: the change of a series between two windows, dated to events."""

from analysis.attribution.change import attribute
from analysis.attribution.result import AttributionResult
from analysis.attribution.span import SpanLoss, cumulative_loss
from analysis.attribution.waterfall import Waterfall, waterfall

__all__ = ["AttributionResult", "SpanLoss", "Waterfall", "attribute", "cumulative_loss", "waterfall"]
