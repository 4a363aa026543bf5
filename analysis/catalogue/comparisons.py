"""Published results beside ours: which number of ours, and how the two differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.catalogue.package import Package
from analysis.errors import DataPackageError

COMPARISON_FILE = "comparisons.yaml"

OURS: dict[str, tuple[str, ...]] = {
    "change": ("series", "from", "to"),
    "goods": ("series", "from", "to", "event"),
    "named": ("series", "year", "event"),
    "observed": ("series", "period"),
    "effect": ("series", "event"),
    "none": (),
}
"""Kinds of numbers of ours with their parameters."""
DIFFERENCES = ("quantity", "period", "dating")
_FIELDS = ("estimate", "events", "ours", *DIFFERENCES)


@dataclass(frozen=True, slots=True)
class EstimateComparison:
    """One published result and ours.

    Attributes
    ----------
    estimate : str
        Id of the published result.
    events : tuple of str
        Events it is about.
    ours : mapping
        ``kind`` and parameters of the number of ours.
    quantity, period, dating : str
        How the two differ.
    """

    estimate: str
    events: tuple[str, ...]
    ours: Mapping[str, Any]
    quantity: str
    period: str
    dating: str


def read_comparisons(package: Package) -> tuple[EstimateComparison, ...]:
    """Read ``comparisons.yaml``; a package that does not list it has none.

    Raises
    ------
    DataPackageError
        Naming the entry that is wrong.
    """
    if all(resource.get("path") != COMPARISON_FILE for resource in package.descriptor["resources"]):
        return ()
    entries = package.yaml(COMPARISON_FILE).get("comparisons") or []
    return tuple(_comparison(entry, number) for number, entry in enumerate(entries, start=1))


def _comparison(entry: Any, number: int) -> EstimateComparison:
    place = f"{COMPARISON_FILE}: entry {number}"
    if not isinstance(entry, dict) or sorted(entry) != sorted(_FIELDS):
        raise DataPackageError(f"{place}: a mapping with {', '.join(_FIELDS)} is expected")
    ours = entry["ours"]
    kind = ours.get("kind") if isinstance(ours, dict) else None
    if kind not in OURS or sorted(ours) != sorted(("kind", *OURS[kind])):
        kinds = "; ".join(f"{name} ({', '.join(keys)})" for name, keys in OURS.items())
        raise DataPackageError(f"{place}: 'ours' is of a kind with just its parameters: {kinds}")
    return EstimateComparison(
        str(entry["estimate"]),
        tuple(str(event) for event in entry["events"]),
        ours,
        *(str(entry[name]) for name in DIFFERENCES),
    )
