"""Terms as pages explain them, and phrases of records as readers say them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its place on the page, its name, and what it means here."""

    id: str
    name: str
    words: str


TERMS = (
    Term(
        "recorded-trade",
        "Recorded trade",
        "What partner countries wrote down, in the money of the day. Trade that nobody records is not in "
        "it: a fall of the record after a ban is not the same as a fall of trade.",
    ),
    Term(
        "came-with",
        "Came with",
        "The part of a change whose timing is that of an event. We know when trade fell, not why: "
        "anything else that started in the same months counts as part of the event.",
    ),
    Term(
        "interval",
        "Interval (95 %)",
        "The range that holds the true value with a probability of 95 %, if the model holds.",
    ),
    Term(
        "precision",
        "Precision",
        "How narrow the interval is, not whether it is right. Exact: printed figures give it. Precise "
        "(A): within 15 % of the trade that there was. Fair (B): within 40 %. Rough (C): wider, with one "
        "sign. Sign not known (D): the interval holds zero, or the data cannot tell the event apart.",
    ),
    Term(
        "of-the-change",
        "Of the change",
        "Per cent of the change between the two periods. Above 100: trade would have gone the other way "
        "otherwise. Below 0: it went the other way.",
    ),
    Term(
        "together",
        "Together",
        "A sum over several events. It is more precise than its parts where the data see the sum better "
        "than who contributed what.",
    ),
    Term(
        "one-row",
        "Events in one row",
        "Events so close in time that the data cannot tell them apart. They are never split.",
    ),
    Term(
        "doubt",
        "What speaks against it",
        "What the checks of an answer found: another date fits better, trade had changed before, the "
        "noise changed, two ways of counting disagree.",
    ),
    Term(
        "timing",
        "Timing",
        "Divides a change by when trade moved. The answer of this site, with intervals.",
    ),
    Term(
        "accounting",
        "Accounting",
        "Divides a change by the goods that moved: exact, without an interval; it knows nothing of causes.",
    ),
    Term(
        "first-bound",
        "First bound by, newest in force",
        "Two ways to give goods that several resolutions name to one of them: the first that bound them, "
        "or the newest in force in each year.",
    ),
    Term(
        "comparison",
        "Comparison",
        "Sets the trade beside that of other economies in the same years.",
    ),
    Term(
        "dating",
        "Dating",
        "The day from which a measure counts: the first full month in force, the rise from the first "
        "partial month, or the day of adoption. The answer mixes them by how well each fits.",
    ),
    Term(
        "break",
        "Break",
        "A lasting change of the level or trend that the data show without being told of any event.",
    ),
    Term(
        "possible-dates",
        "Possible dates (95 %)",
        "The dates at which a break may lie: all that the data do not rule out.",
    ),
    Term(
        "local-trend",
        "Local trend, random-walk level",
        "The growth of trade between events may change a little every period; nothing fixes it for good.",
    ),
    Term(
        "vintage",
        "Vintage",
        "Which edition of a figure counts: as first printed, or as revised since.",
    ),
    Term(
        "placebo",
        "Placebo",
        "The same computation at dates at which nothing happened: what chance alone gives.",
    ),
    Term(
        "specification-curve",
        "Under other reasonable choices",
        "The answer computed again under every combination of choices that others might have made.",
    ),
    Term(
        "record",
        "Record",
        "An answer kept under an address that never changes; anybody can compute it anew and compare.",
    ),
)

_SAID = {
    "constant: in force alike in both windows": "did not change between the two periods",
    "cannot speak": "does not apply",
    "partly_named": "several, each in part",
}
"""Phrases of a record, which stay as they are there, and what a page says."""


def plainly(text: str) -> str:
    """Return a text of a record in the words of a page."""
    for phrase, said in _SAID.items():
        text = text.replace(phrase, said)
    return text
