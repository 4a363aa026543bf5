"""Evidence as a whole: validated before it runs, null where not asked for, the same bytes again."""

from dataclasses import dataclass

import pytest

from analysis.attribution import attribute
from analysis.attribution.evidence import LeaveOneOut, PreTrend, gather, run_checks
from analysis.attribution.evidence.report import BASIC, FULL
from analysis.domain.hashing import canonical_json
from analysis.errors import UsageError

NAMES = ("leave_one_out", "pre_trend", "placebo_dates", "parametric_placebo", "specification_curve")


@dataclass(frozen=True)
class Tripwire:
    """Fails the test if it runs."""

    name: str = "tripwire"

    def validate(self, answer):
        return None

    def run(self, answer):
        pytest.fail("a check ran before all were validated")


def test_nothing_runs_before_everything_is_validated(apart):
    with pytest.raises(UsageError, match="lead"):
        run_checks(apart, [Tripwire(), PreTrend(length=-1)])


def test_none_is_null_and_basic_leaves_the_rest_null(apart):
    assert gather(apart, "none") is None
    assert apart.to_record()["evidence"] is None
    record = gather(apart, "basic").to_record()
    assert record["level"] == "basic"
    assert [name for name in NAMES if record[name] is not None] == ["leave_one_out", "pre_trend"]
    assert "noise cells" in record["refits"]


def test_full_evidence_has_every_check():
    assert tuple(check.name for check in FULL) == NAMES
    assert FULL[: len(BASIC)] == BASIC


def test_basic_is_the_default_and_its_bytes_repeat(apart):
    def ask():
        return attribute(apart.fit.series, apart.fit.events, start="2011", end="2017")

    first, second = ask(), ask()
    assert first.evidence.level == "basic"
    assert canonical_json(first.to_record()) == canonical_json(second.to_record())
    assert "Evidence: " in first.summary()


def test_a_check_that_cannot_speak_gives_its_reason(apart):
    gathered = run_checks(apart, [Silent(), LeaveOneOut(log2_points=6)])
    assert gathered[0].to_record() == {"reason": "has nothing to say"}
    assert gathered[1].finding is not None


@dataclass(frozen=True)
class Silent(Tripwire):
    """Cannot speak."""

    name: str = "silent"

    def validate(self, answer):
        return "has nothing to say"


def test_no_word_of_cause_in_what_is_said(close):
    text = " ".join(gather(close, "basic").words()).lower()
    assert "caused" not in text
    assert "due to" not in text
