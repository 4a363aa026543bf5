"""Answers on catalogue series, made once a process: another window of a series needs no other fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, update_wrapper
from inspect import signature
from typing import Any, TypeVar

from analysis.domain import EventTable, TradeSeries
from analysis.domain.hashing import digest

Answered = TypeVar("Answered")
_KEPT: list[Any] = []


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question; two are the same if series, what is listed and choices are."""

    series: TradeSeries
    listed: str
    choices: tuple[tuple[str, Any], ...]
    events: EventTable | None = field(compare=False)


def remembered(answer: Callable[..., Answered], *, most: int) -> Callable[..., Answered]:
    """Return `answer`, which keeps its results on catalogue series.

    Parameters
    ----------
    answer : callable
        Takes a series, events that default to those of its recipe, and choices; returns what nobody changes.
    most : int
        Results that are kept; the one that was not asked for the longest leaves first.
    """
    defaults = {name: given.default for name, given in signature(answer).parameters.items()}

    @lru_cache(maxsize=most)
    def kept(asked: _Asked) -> Answered:
        return answer(asked.series, events=asked.events, **dict(asked.choices))

    def once(series: TradeSeries, events: EventTable | None = None, **choices: Any) -> Answered:
        from analysis import catalogue

        chosen = {name: value for name, value in choices.items() if value != defaults.get(name)}
        simple = all(isinstance(value, (str, bool, int, float)) for value in chosen.values())
        if not series.catalogue or not simple:
            return answer(series, events=events, **choices)
        listed = digest((catalogue.events(series) if events is None else events).to_record())
        return kept(_Asked(series, listed, tuple(sorted(chosen.items())), events))

    _KEPT.append(kept)
    return update_wrapper(once, answer, updated=())


def forget() -> None:
    """Drop every result that is kept, so that the next answers are computed anew."""
    for kept in _KEPT:
        kept.cache_clear()
