"""Short names and colours of events, the same in charts, tables and pages."""

from __future__ import annotations

import re

from analysis.domain import DATA_BREAK, UN_RESOLUTION, Event

LONGEST_LABEL = 28

KIND_WORDS: dict[str, str] = {
    UN_RESOLUTION: "UN resolution",
    "national_measure": "national measure",
    "border_closure": "closure",
    "facility_closure": "closure",
    "easing": "easing",
    DATA_BREAK: "change of record",
}
"""Kinds of the event table in words; every other kind is an ``other event``."""

OTHER = "other event"

KIND_COLOURS: dict[str, tuple[str, str]] = {
    "UN resolution": ("#d55e00", "#f0843c"),
    "national measure": ("#b07a00", "#e69f00"),
    "closure": ("#0072b2", "#56b4e9"),
    "easing": ("#00805d", "#2fc79b"),
    "change of record": ("#6e6e6e", "#a6a6a6"),
    OTHER: ("#a8457c", "#cc79a7"),
}
"""Colour on a light and on a dark ground: Okabe and Ito's palette, which readers with any colour vision
can tell apart, darkened or lightened until it contrasts with the ground."""

_SHORT = (
    (re.compile(r"UN Security Council resolution (\d+).*"), r"UN \1"),
    (re.compile(r"Kaesong Industrial Complex: (.*)"), r"Kaesong \1"),
    (re.compile(r"DPRK (Covid-19 .*)"), r"\1"),
    (re.compile(r"DPRK reopens to (.*)"), r"Reopening to \1"),
    (re.compile(r"KOTRA adds an estimate of .*crude.*"), "KOTRA adds crude estimate"),
    (re.compile(r"Dandong-Sinuiju rail freight (.*)"), r"Rail \1"),
)


def kind_words(kind: str) -> str:
    """Return a kind of the event table in words, one of the keys of `KIND_COLOURS`."""
    return KIND_WORDS.get(kind, OTHER)


def event_label(event: Event, longest: int = LONGEST_LABEL) -> str:
    """Return a name short enough for a mark on a chart."""
    title = event.title
    for pattern, short in _SHORT:
        title = pattern.sub(short, title)
    return title if len(title) <= longest else title[: longest - 1].rstrip() + "…"
