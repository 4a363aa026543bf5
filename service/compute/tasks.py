"""What a process of a pool does, and how it says what went wrong."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from analysis.catalogue.remembered import forget
from analysis.domain import rounded
from analysis.errors import TradebreaksError
from analysis.reporting.charts import to_pdf, to_png, to_svg
from service.questions import Question
from service.soundness import require_sound

CLAIMS = "claims"
"""The one task that is no question: the statements of the note behind the chart."""

FORMATS: Mapping[str, Callable[[Mapping[str, Any]], bytes]] = {
    "svg": lambda chart: to_svg(chart).encode("utf-8"),
    "png": to_png,
    "pdf": to_pdf,
}
"""Forms in which a chart is drawn."""

ORPHAN_SECONDS = 1.0
"""How often the process looks whether the one that started it still lives."""


def begin(niceness: int) -> None:
    """Prepare a process: it stands back, and leaves with the one that started it, while it computes too."""
    os.nice(niceness)
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()


def answer(kind: str, body: str) -> str:
    """Answer a question in canonical form, or test the claims; both travel as JSON.

    Returns
    -------
    str
        ``inputs`` and ``answer``; or ``problem``, with slug, message, pointer; or ``failure``, a traceback.
    """
    return guarded(lambda: _answer(kind, json.loads(body)))


def answer_anew(kind: str, body: str) -> str:
    """Do the same without anything that this process remembers of earlier answers."""
    forget()
    return answer(kind, body)


def draw(suffix: str, specification: str) -> str:
    """Draw a chart, given as JSON, as ``svg``, ``png`` or ``pdf``."""
    return drawing(lambda: FORMATS[suffix](json.loads(specification)))


def drawing(work: Callable[[], bytes]) -> str:
    """Do work that gives bytes; return ``bytes`` in base 64, or what was wrong as `answer`."""
    return guarded(lambda: {"bytes": base64.b64encode(work()).decode()})


def guarded(work: Callable[[], dict[str, Any]]) -> str:
    """Do `work` and return what it found as JSON, or what was wrong."""
    try:
        return json.dumps(rounded(work()), allow_nan=False)
    except TradebreaksError as error:
        return json.dumps(
            {"problem": {"slug": error.slug, "message": error.message, "pointer": error.pointer}}
        )
    except Exception:  # noqa: BLE001  # whatever it was, the process lives and the operator reads it
        return json.dumps({"failure": traceback.format_exc()})


def _answer(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    if kind == CLAIMS:
        from analysis.attribution.claims import evaluate_claims

        require_sound()
        return {"inputs": {}, "answer": evaluate_claims().to_record()}
    question = Question.from_record(kind, body)
    if not question.own:
        require_sound()
    return {"inputs": question.inputs, "answer": question.answer()}


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHAN_SECONDS)
    os._exit(0)
