"""A question as the command line asks it."""

from __future__ import annotations

from typing import Any

from analysis.cli.target import Target, take_target
from service.questions import REQUESTS, Kind, Question, event_row, observation_rows
from service.soundness import require_sound
from service.validation import read_model


def read_question(kind: Kind, options: dict[str, Any]) -> Question:
    """Return the question that the options of a library command ask.

    Raises
    ------
    UsageError, InputError, NotFoundError, CannotEstimateError
        As the library command does.
    """
    where = {"csv": options["csv"], "target": options["target"], "vintage": options["vintage"]}
    target = take_target(options)
    body: dict[str, Any] = {**_target(target, where), "options": {}}
    for name, value in options.items():
        if value is None:
            continue
        if name in ("start", "end"):
            body["from" if name == "start" else "to"] = value
        else:
            body["options"][name] = value
    return Question.of(kind, read_model(REQUESTS[kind], body))


def answer(question: Question) -> dict[str, Any]:
    """Compute in this process, on a data package that was checked."""
    if not question.own:
        require_sound()
    return question.answer()


def _target(target: Target, where: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if where["csv"] is None:
        body["series"] = where["target"]
        if where["vintage"] is not None:
            body["vintage"] = where["vintage"]
    else:
        body["observations"] = observation_rows(target.series)
    if target.events is not None:
        body["events"] = [event_row(event) for event in target.events]
    if target.regimes is not None:
        body["regime"] = [str(window) for window in target.regimes]
    if target.controls is not None:
        body["controls"] = target.controls
    return body
