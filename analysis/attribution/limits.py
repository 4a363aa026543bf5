"""What no answer about recorded trade can say; it stands under every one of them."""

from __future__ import annotations

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
