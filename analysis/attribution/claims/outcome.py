"""Verdicts: words that a statement can earn, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from analysis.catalogue import Claim

Word = Literal[
    "true",
    "false",
    "consistent with",
    "contradicted",
    "partly",
    "not testable with these data",
]
TRUE: Word = "true"
FALSE: Word = "false"
CONSISTENT: Word = "consistent with"
CONTRADICTED: Word = "contradicted"
PARTLY: Word = "partly"
UNTESTABLE: Word = "not testable with these data"
Thresholds = Mapping[str, float]

READINGS: dict[Word, str] = {
    TRUE: "What is on record says so, at both ends of its bounds.",
    FALSE: "What is on record says otherwise, at both ends of its bounds.",
    CONSISTENT: "In the lens that decides, or in every lens that speaks, all that the data allow fits the "
    "statement. That does not show the cause: whatever began at the same time is counted along.",
    CONTRADICTED: "In the lens that decides, or in every lens that speaks, nothing that the data allow fits "
    "the statement. What it names may still have had a smaller part.",
    PARTLY: "The data do not decide: some of what they allow fits the statement and some does not. It does "
    "not mean that a part of the statement is true.",
    UNTESTABLE: "These data say neither yes nor no.",
}
"""What a verdict means, and what it does not."""
CAPPED = "What is on record says so, but it rests on unconfirmed copies alone, or on recalled facts."

WORDS: tuple[Word, ...] = (TRUE, FALSE, CONSISTENT, CONTRADICTED, PARTLY, UNTESTABLE)


@dataclass(frozen=True, slots=True)
class Number:
    """One number behind a verdict, with its bounds.

    Attributes
    ----------
    label : str
    value, lower, upper : float
    unit : str
    figures : tuple of str
        Ids of the published figures it rests on.
    unverified : bool
        Whether it rests on unconfirmed copies alone.
    """

    label: str
    value: float
    lower: float
    upper: float
    unit: str
    figures: tuple[str, ...] = ()
    unverified: bool = False

    def to_record(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {
            "label": self.label,
            "value": self.value,
            "lower": self.lower,
            "upper": self.upper,
            "unit": self.unit,
            "figures": list(self.figures),
            "unverified": self.unverified,
        }


@dataclass(frozen=True, slots=True)
class LensView:
    """What one lens says to a statement of cause.

    Attributes
    ----------
    lens : str
    verdict : Word or None
        None where the lens cannot speak.
    amount, lower, upper : float or None
        USD million a year.
    share, share_lower, share_upper : float or None
        Of the change of the series.
    words : str
    """

    lens: str
    verdict: Word | None
    words: str
    amount: float | None = None
    lower: float | None = None
    upper: float | None = None
    share: float | None = None
    share_lower: float | None = None
    share_upper: float | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {
            "verdict": self.verdict,
            "amount": self.amount,
            "amount_lower": self.lower,
            "amount_upper": self.upper,
            "share": self.share,
            "share_lower": self.share_lower,
            "share_upper": self.share_upper,
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test found, before unverified figures and limits are weighed.

    Attributes
    ----------
    verdict : Word
    why : str
    numbers : tuple of Number
    lenses : tuple of LensView
    unverified : tuple of str
        What nobody has verified of the facts it rests on, in words.
    rests_on_copies : bool
        Whether the verdict rests on unconfirmed copies or recalled facts alone.
    """

    verdict: Word
    why: str
    numbers: tuple[Number, ...] = ()
    lenses: tuple[LensView, ...] = ()
    unverified: tuple[str, ...] = ()
    rests_on_copies: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A statement with its verdict.

    Attributes
    ----------
    claim : Claim
    outcome : Outcome
    verdict : Word
        Never better than ``consistent with`` where it rests on unconfirmed copies alone.
    """

    claim: Claim
    outcome: Outcome
    verdict: Word = field(init=False)

    def __post_init__(self) -> None:
        found = self.outcome.verdict
        capped = found == TRUE and self.outcome.rests_on_copies
        object.__setattr__(self, "verdict", CONSISTENT if capped else found)

    @property
    def reading(self) -> str:
        """What the verdict means, and what it does not."""
        return READINGS[self.verdict] if self.verdict == self.outcome.verdict else CAPPED

    def to_record(self) -> dict[str, Any]:
        """Return the verdict with everything behind it."""
        claim, outcome = self.claim, self.outcome
        views = {view.lens: view.to_record() for view in outcome.lenses}
        return {
            "id": claim.id,
            "source": list(claim.source),
            "statement": claim.statement,
            "nature": claim.nature,
            "verdict": self.verdict,
            "reading": self.reading,
            "why": outcome.why,
            "numbers": [number.to_record() for number in outcome.numbers],
            "lenses": {lens: views.get(lens) for lens in ("timing", "accounting", "comparison")},
            "decides": claim.decides,
            "because": claim.because,
            "unverified": list(outcome.unverified),
            "rests_on_unverified_alone": outcome.rests_on_copies,
            "limits": list(claim.limits),
        }


def all_of(answers: Iterable[bool | None]) -> Word:
    """Return ``true`` if every answer is, ``false`` if one is false, else what the bounds leave open."""
    found = list(answers)
    if any(answer is False for answer in found):
        return FALSE
    return TRUE if all(found) else UNTESTABLE


def of_interval(lower: float, upper: float, threshold: float) -> Word:
    """Return the verdict of a share: above the threshold, below it, or on both sides."""
    if lower > threshold:
        return CONSISTENT
    return CONTRADICTED if upper < threshold else PARTLY


def of_range(lower: float, upper: float, least: float, most: float) -> Word:
    """Return the verdict of a share that is said to lie strictly between two values."""
    if least < lower and upper < most:
        return CONSISTENT
    return CONTRADICTED if upper <= least or lower >= most else PARTLY


def agreed(views: Sequence[LensView], decides: str | None) -> Word:
    """Return the verdict of the lens that decides; without one, that on which all that speak agree."""
    speaking = {view.lens: view.verdict for view in views if view.verdict is not None}
    if decides in speaking:
        return speaking[decides]
    words = set(speaking.values())
    if not words:
        return UNTESTABLE
    return words.pop() if len(words) == 1 else PARTLY
