"""What each method computes, what it assumes, and when not to use it; shown on pages and in reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from analysis.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Method:
    """One method in words.

    Attributes
    ----------
    id, title : str
    question : str
        What it answers.
    how : str
    rests_on : tuple of str
        What must hold for the answer to mean what it says.
    not_when : tuple of str
        When not to use it.
    sources : tuple of str
    """

    id: str
    title: str
    question: str
    how: str
    rests_on: tuple[str, ...]
    not_when: tuple[str, ...]
    sources: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


METHODS: tuple[Method, ...] = (
    Method(
        "breaks",
        "Breaks at unknown dates",
        "Did the level or trend of a series change, how often and when, if no date is told beforehand?",
        "The likeliest lasting breaks and dips for each number of them, over all dates; the number by looks "
        "at one to five more, whose critical values are simulated for the autocorrelation of the series and "
        "with which a wild bootstrap must agree; for each break the set of dates that a likelihood-ratio "
        "test does not reject.",
        (
            "Between breaks the series is stationary around its mean (or line) and seasonal pattern.",
            "Errors follow one first-order autoregression throughout.",
        ),
        (
            "To show that an event had an effect: a break says when, not why, and random dates meet "
            "events too.",
            "On a series that wanders slowly: it breaks as well. Read the comparison with a wandering level.",
            "On fewer than about 24 observations, or where breaks lie closer together than the shortest "
            "segment allows.",
        ),
        ("Bai and Perron 1998, 2003", "Andrews 1993", "Eo and Morley 2015", "Fearnhead 2006"),
    ),
    Method(
        "structural",
        "Joint effects at known dates",
        "By how much did recorded trade move at each of several dated events, all taken together?",
        "One regression in logs with all events, trend, season and covariates; the noise is white noise, a "
        "first-order autoregression and a wandering level, integrated over on a fixed grid. No "
        "sampling, no seed.",
        (
            "Events have the dates and shapes stated; other datings are fitted beside them.",
            "Between the events nothing else moved the level than trend, season, covariates and noise.",
        ),
        (
            "For one event with the others left out: what began in the same months would be counted with it.",
            "To separate events that came into force within a few months: they are one group, and only "
            "the sum "
            "is known.",
            "As the effect on trade itself: after a ban trade may continue unrecorded.",
        ),
        ("Box and Tiao 1975", "Harvey 1989", "Rue, Martino and Chopin 2009 (integration over a grid)"),
    ),
    Method(
        "decomposition",
        "A change, dated to events",
        "How much of the change between two windows is dated to which event?",
        "What is known exactly is taken exactly. The rest is walked along the dates: the change of level "
        "at an event's date is the event's, as the model draws it; what comes into force together shares "
        "by the exact Shapley value; drift between dates and what no named part explains are rows of "
        "their own. Rows add up to the change.",
        (
            "Everything that the joint effects rest on.",
            "The mixture of datings, each weighted by its posterior probability.",
        ),
        (
            "To quote a single member of a group: the group has a row, its members have none.",
            "To read a share as an effect: an effect of −86 % and a share of 60 % are different things.",
            "Where the interval spans zero widely: then the data do not say.",
        ),
        ("Shapley 1953", "Owen 1972", "Ang 2004 (LMDI, shown beside it)"),
    ),
    Method(
        "accounting",
        "Accounting lens: products and partners",
        "Which share of the change lies in products that a provision bound first?",
        "Exact arithmetic on published figures, under two assignments side by side: the provision that "
        "bound a "
        "product first, and the provision newest in force in each year.",
        (
            "The codes of a provision are as its text, a national annex or an analyst assigns them.",
            "Figures by product are of another vintage than the series; the difference is a row of its own.",
        ),
        (
            "As a statement why trade changed: products fall for other reasons too.",
            "As an interval: it is exact, and its doubt is which product belongs where.",
        ),
        ("Published figures by product; see the sources of each row",),
    ),
    Method(
        "comparison",
        "Comparison lens: other economies' trade with China",
        "What would the same yearly trade have been, had it moved like that of comparable economies?",
        "A synthetic control fitted before the events on the trade of neighbours that were under no "
        "comparable "
        "measures, with every donor taken as a placebo.",
        ("Donors share the prices and demand that moved the series, and none of the events.",),
        (
            "For single resolutions: it speaks of whole years.",
            "Where the fit before the events is poor, or few donors are left.",
        ),
        ("Abadie, Diamond and Hainmueller 2010", "Abadie 2021"),
    ),
    Method(
        "evidence",
        "Evidence for and against an answer",
        "Would the answer be the same under other reasonable choices, and is it unusual among placebos?",
        "Leave one event out; look for a change before each event; the same events at dates without "
        "events, or "
        "on simulated noise where there are no such dates; a specification curve over a few hundred refits.",
        ("Refits keep the noise parameters of the answer's first pass.",),
        (
            "As proof: a placebo on simulated noise is as good as the noise model.",
            "With fewer than 19 placebo dates: then they cannot speak, and say so.",
        ),
        ("Simonsohn, Simmons and Nelson 2020", "Abadie 2021"),
    ),
    Method(
        "peers",
        "The usual methods, beside the joint model",
        "What would a segmented regression, an ARIMA model or a before-and-after design have said?",
        "Least squares with plain and autocorrelation-consistent errors, GLS, ARIMA with interventions, "
        "transfer functions, unobserved components, quasi-Poisson and negative binomial regression, "
        "synthetic control: the estimators of statsmodels where it has them, in the same result type.",
        ("Each states its own estimator, covariance and convergence.",),
        (
            "Least squares with Newey-West errors on autocorrelated series: in simulations their 95 % "
            "intervals held the truth in 51 to 85 % of cases.",
            "To divide a change: only the joint model does that here.",
        ),
        ("Newey and West 1987", "Box and Tiao 1975", "Brodersen et al. 2015"),
    ),
)


def method(name: str) -> Method:
    """Return one method.

    Raises
    ------
    NotFoundError
        If there is none of that id.
    """
    for found in METHODS:
        if found.id == name:
            return found
    raise NotFoundError(f"no method '{name}'; there are {', '.join(m.id for m in METHODS)}")
