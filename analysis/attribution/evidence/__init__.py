"""Evidence for and against an attribution: refits, each an object that validates before it runs."""

from analysis.attribution.evidence.curve import SpecificationCurve
from analysis.attribution.evidence.leave_one_out import LeaveOneOut
from analysis.attribution.evidence.parametric_placebo import ParametricPlacebo
from analysis.attribution.evidence.placebo_dates import PlaceboDates
from analysis.attribution.evidence.pre_trend import PreTrend
from analysis.attribution.evidence.report import (
    EveryResolution,
    EvidenceLevel,
    EvidenceReport,
    PartEvidence,
    gather,
    run_checks,
)

__all__ = [
    "EveryResolution",
    "EvidenceLevel",
    "EvidenceReport",
    "LeaveOneOut",
    "ParametricPlacebo",
    "PartEvidence",
    "PlaceboDates",
    "PreTrend",
    "SpecificationCurve",
    "gather",
    "run_checks",
]
