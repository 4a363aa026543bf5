"""Options of the commands that only some methods read: orders, exposure, inputs, a synthetic control."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analysis.errors import UsageError

if TYPE_CHECKING:
    from analysis.domain import Result

Command = TypeVar("Command", bound=Callable[..., Any])

_BESIDE = click.option("--methods", "beside", is_flag=True, help="The same events by the usual methods too.")
_OPTIONS = (
    click.option("--order", metavar="P,D,Q", help="Of the noise: sarimax, transfer."),
    click.option("--seasonal-order", metavar="P,D,Q", help="Of the seasonal noise: sarimax, transfer."),
    click.option("--offset", metavar="NAME", help="The control that is the exposure: poisson, negbin."),
    click.option(
        "--input",
        "inputs",
        metavar="NAME:B,S,R",
        multiple=True,
        help="A control with a response of its own, delay B, S numerator lags, R decays: transfer.",
    ),
    click.option(
        "--predictor",
        "predictors",
        metavar="VARIABLE:WINDOW",
        multiple=True,
        help="What the donors are matched on, such as outcome:2010..2014: synthetic.",
    ),
    click.option(
        "--predictor-values",
        metavar="FILE",
        help="Variables other than the outcome: header period,unit,NAME,…; the series by its id: synthetic.",
    ),
    click.option("--exclude-donor", "exclude", metavar="NAME", multiple=True, help="Not a donor: synthetic."),
    click.option("--placebo-from", metavar="PERIOD", help="Date of the placebo in time: synthetic."),
    click.option("--ridge", metavar="PENALTY", help="auto or a number, the augmentation: synthetic."),
    click.option("--starts", type=click.IntRange(1, 5), help="Searches over predictor weights: synthetic."),
)
_NAMES = (
    "order",
    "seasonal_order",
    "offset",
    "inputs",
    "predictors",
    "predictor_values",
    "exclude",
    "placebo_from",
    "ridge",
    "starts",
)


UNRECORDED = frozenset(_NAMES) - {"order", "seasonal_order"} | {"beside"}
"""Options that a stored question has no field for."""


def beside_option(command: Command) -> Command:
    """Add ``--methods``; the command takes it as `beside`."""
    return _BESIDE(command)


def method_options(command: Command) -> Command:
    """Add the options of single methods; `take_method_options` reads them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def take_method_options(options: dict[str, Any]) -> dict[str, Any]:
    """Remove the options of single methods and return them as the library takes them.

    Raises
    ------
    UsageError, InputError
        Naming the option or the row that cannot be read.
    """
    given = {name: options.pop(name) for name in _NAMES}
    synthetic = {
        "predictors": list(given["predictors"]),
        "exclude": list(given["exclude"]),
        "placebo_from": given["placebo_from"],
        "ridge": _ridge(given["ridge"]),
        "starts": given["starts"],
        "variables": _read_variables(given["predictor_values"]) if given["predictor_values"] else None,
    }
    return {
        "order": _three(given["order"], "--order"),
        "seasonal_order": _three(given["seasonal_order"], "--seasonal-order"),
        "offset": given["offset"],
        "inputs": dict(_input(text) for text in given["inputs"]) or None,
        "synthetic": {key: value for key, value in synthetic.items() if value} or None,
    }


def take_orders(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a question with its ARIMA orders read.

    Raises
    ------
    UsageError
        If an order is not three whole numbers.
    """
    names = [name for name in ("order", "seasonal_order") if options.get(name) is not None]
    return options | {name: list(_three(options[name], f"--{name}") or ()) for name in names}


def show_with_panel(result: Result, panel: Result | None) -> tuple[dict[str, Any], str]:
    """Return record and text of an answer, those of the panel of methods within."""
    record, text = result.to_record(), result.summary()
    if panel is None:
        return record, text
    return record | {"methods": panel.to_record()}, f"{text.rstrip()}\n\n{panel.summary()}"


def _three(text: str | None, option: str) -> tuple[int, ...] | None:
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
        raise UsageError(f"{option} is three whole numbers, such as 0,1,1, not '{text}'")
    return tuple(int(part) for part in parts)


def _input(text: str) -> tuple[str, tuple[int, ...]]:
    name, _, orders = text.rpartition(":")
    sizes = _three(orders, "--input NAME:B,S,R")
    if not name or sizes is None:
        raise UsageError(f"--input is NAME:B,S,R, such as price:1,0,1, not '{text}'")
    return name, sizes


def _ridge(text: str | None) -> float | str | None:
    if text is None or text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--ridge is auto or a number, not '{text}'") from None


def _read_variables(path: str) -> dict[str, dict[str, dict[str, float]]]:
    from analysis.reading.declared import read_rows

    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in read_rows(path, required=("period", "unit"), optional=None):
        for name in row.cells:
            if name in ("period", "unit"):
                continue
            value = row.number(name)
            if value is not None:
                found.setdefault(name, {}).setdefault(row.text("unit"), {})[row.text("period")] = value
    return found
