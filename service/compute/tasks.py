"""What a process of the pool does, and how it says what went wrong."""

from __future__ import annotations

from typing import Any

from analysis.errors import TradebreaksError
from service.questions import Question
from service.soundness import require_sound

CLAIMS = "claims"
"""The one task that is no question: the statements of the note behind the chart."""


def answer(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Answer a question in canonical form, or test the claims.

    Returns
    -------
    dict
        ``inputs`` and ``answer``; or ``problem``, with slug, message and pointer.
    """
    try:
        if kind == CLAIMS:
            return {"inputs": {}, "answer": _claims()}
        question = Question.from_record(kind, body)
        if not question.own:
            require_sound()
        return {"inputs": question.inputs, "answer": question.answer()}
    except TradebreaksError as error:
        return {"problem": {"slug": error.slug, "message": error.message, "pointer": error.pointer}}


def _claims() -> dict[str, Any]:
    from analysis.attribution.claims import evaluate_claims

    require_sound()
    return evaluate_claims().to_record()
