"""Answers on catalogue series, made once a process: another window of a series needs no other fit."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, update_wrapper
from inspect import signature
from typing import Any, TypeVar

from analysis.domain import EventTable, TradeSeries
from analysis.domain.hashing import digest

Answered = TypeVar("Answered")


def remembered(answer: Callable[..., Answered], *, most: int) -> Callable[..., Answered]:
    """Return `answer`, which keeps the results on catalogue series that are asked with their own events.

    Parameters
    ----------
    answer : callable
        Takes a series, events that default to those of its recipe, and choices; returns what nobody changes.
    most : int
        Results that are kept; the one that was not asked for the longest leaves first.
    """
    defaults = {name: given.default for name, given in signature(answer).parameters.items()}

    @lru_cache(maxsize=most)
    def kept(series: TradeSeries, listed: str, choices: tuple[tuple[str, Any], ...]) -> Answered:
        del listed  # tells apart what a series of another package, or of another time, is asked with
        return answer(series, **dict(choices))

    def once(series: TradeSeries, events: EventTable | None = None, **choices: Any) -> Answered:
        from analysis import catalogue

        chosen = {name: value for name, value in choices.items() if value != defaults.get(name)}
        simple = all(isinstance(value, (str, bool, int, float)) for value in chosen.values())
        if events is not None or not series.catalogue or not simple:
            return answer(series, events=events, **choices)
        listed = digest(catalogue.events(series).to_record())
        return kept(series, listed, tuple(sorted(chosen.items())))

    return update_wrapper(once, answer, updated=())
