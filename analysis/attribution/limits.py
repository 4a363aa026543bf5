"""What no answer about recorded trade can say; it stands under every one of them."""

from __future__ import annotations

from analysis.domain import TradeSeries

UNRECORDED = (
    "After a ban trade may continue unrecorded; evasion, aid, services and labour are not in the record."
)
DATED = (
    "Falls that began in the same months are counted with the event; sanctions and self-isolation are not "
    "told apart beyond their dates and goods."
)
NO_EFFECT = (
    "Figures are nominal dollars of recorded trade: nothing here is an effect on welfare, production or "
    "prices."
)
CANNOT_SAY = (DATED, UNRECORDED, NO_EFFECT)
OWN = (
    "Falls that began in the same months are counted with the event: what else began then is not told apart.",
    "Nothing here is an effect on anything but the series itself.",
)
"""The same of a caller's series, of which no more is known than its numbers."""


def cannot_say(series: TradeSeries) -> tuple[str, ...]:
    """Return what an answer on `series` cannot say, in sentences that fit it."""
    return CANNOT_SAY if series.catalogue else OWN
