"""Formulas of derived figures: arithmetic on other figures, with the doubt it carries along.

``=[cn.imports.2010-01_2010-05.a] - [cn.imports.2010-01_2010-04.a]`` refers to figures by id;
``0.985~0.001`` is a printed number with its rounding unit; a bare number is exact.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from analysis.errors import DataPackageError

UNIFORM_SD = 1.0 / math.sqrt(12.0)
"""Standard deviation of an error spread evenly over one rounding unit."""

_TOKEN = re.compile(
    r"\s*(?:\[(?P<figure>[^\]\s]+)\]|(?P<number>\d+(?:\.\d+)?)(?:~(?P<rounding>\d+(?:\.\d+)?))?|(?P<sign>[-+*/()]))"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and how it moves with each independent rounding error.

    Attributes
    ----------
    value : float
    slopes : mapping of str to float
        Standard deviation contributed by each primary figure or printed constant, signed, so that
        one figure that enters twice is counted once.
    """

    value: float
    slopes: Mapping[str, float]

    @property
    def sd(self) -> float:
        """Standard deviation of the rounding error."""
        return math.sqrt(sum(s * s for s in self.slopes.values()))

    def combined(self, other: Quantity, value: float, mine: float, theirs: float) -> Quantity:
        """Return `value` with slopes ``mine * self + theirs * other``."""
        slopes = {key: mine * slope for key, slope in self.slopes.items()}
        for key, slope in other.slopes.items():
            slopes[key] = slopes.get(key, 0.0) + theirs * slope
        return Quantity(value, slopes)


def is_formula(text: str) -> bool:
    """Tell whether `text` is a formula to evaluate (it begins with ``=``) and not a description."""
    return text.startswith("=")


def inputs(text: str) -> tuple[str, ...]:
    """Return the ids of the figures a formula refers to, each once, in order."""
    return tuple(dict.fromkeys(re.findall(r"\[([^\]\s]+)\]", text))) if is_formula(text) else ()


def evaluate(text: str, lookup: Callable[[str], Quantity]) -> Quantity:
    """Evaluate a formula.

    Parameters
    ----------
    text : str
        Begins with ``=``.
    lookup : callable
        Gives the quantity of a figure id.

    Raises
    ------
    DataPackageError
        If the formula cannot be read or divides by zero.
    """
    reader = _Reader(text, lookup)
    try:
        result = reader.sum()
    except ZeroDivisionError:
        raise DataPackageError(f"the formula {text} divides by zero") from None
    reader.finish()
    return result


class _Reader:
    """Recursive descent over ``+ - * / ( )``."""

    def __init__(self, text: str, lookup: Callable[[str], Quantity]) -> None:
        self.text = text
        self.lookup = lookup
        self.tokens = self._tokens()
        self.ahead = next(self.tokens, None)

    def _tokens(self) -> Iterator[re.Match[str]]:
        body = self.text[1:].rstrip()
        position = 0
        while position < len(body):
            found = _TOKEN.match(body, position)
            if found is None:
                raise DataPackageError(f"the formula {self.text} cannot be read at '{body[position:][:20]}'")
            position = found.end()
            yield found

    def _take(self) -> re.Match[str]:
        token = self.ahead
        if token is None:
            raise DataPackageError(f"the formula {self.text} ends too early")
        self.ahead = next(self.tokens, None)
        return token

    def _sign(self, signs: str) -> str | None:
        if self.ahead is None or self.ahead["sign"] is None or self.ahead["sign"] not in signs:
            return None
        return self._take()["sign"]

    def finish(self) -> None:
        """Refuse anything after the end of the formula."""
        if self.ahead is not None:
            raise DataPackageError(
                f"the formula {self.text} has a superfluous '{self.ahead.group().strip()}'"
            )

    def sum(self) -> Quantity:
        """Read terms joined by + and -."""
        left = self.product()
        while sign := self._sign("+-"):
            right = self.product()
            factor = 1.0 if sign == "+" else -1.0
            left = left.combined(right, left.value + factor * right.value, 1.0, factor)
        return left

    def product(self) -> Quantity:
        """Read factors joined by * and /."""
        left = self.factor()
        while sign := self._sign("*/"):
            right = self.factor()
            if sign == "*":
                left = left.combined(right, left.value * right.value, right.value, left.value)
            else:
                ratio = left.value / right.value
                left = left.combined(right, ratio, 1.0 / right.value, -ratio / right.value)
        return left

    def factor(self) -> Quantity:
        """Read a figure, a number, a sign or a bracket."""
        token = self._take()
        if token["figure"]:
            return self.lookup(token["figure"])
        if token["number"]:
            value = float(token["number"])
            if not token["rounding"]:
                return Quantity(value, {})
            place = f"constant at {token.start()} of {self.text}"
            return Quantity(value, {place: float(token["rounding"]) * UNIFORM_SD})
        if token["sign"] == "-":
            inner = self.factor()
            return Quantity(-inner.value, {key: -slope for key, slope in inner.slopes.items()})
        if token["sign"] == "(":
            inner = self.sum()
            if self._sign(")") is None:
                raise DataPackageError(f"the formula {self.text} lacks a closing bracket")
            return inner
        raise DataPackageError(f"the formula {self.text} has a misplaced '{token['sign']}'")
