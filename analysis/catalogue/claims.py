"""Statements that the data can be asked about, as ``claims.yaml`` holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from analysis.catalogue.package import Package
from analysis.errors import DataPackageError

CLAIM_FILE = "claims.yaml"

Nature = Literal["arithmetic", "cause", "judgement"]
Lens = Literal["timing", "accounting", "comparison"]
THRESHOLDS = ("share", "sharply", "gone", "beyond_rounding", "held")
_REQUIRED = ("id", "source", "nature", "statement", "test", "limits")
_OPTIONAL = ("decides", "because")
_REFERENCES = {
    "series": "series",
    "value": "series",
    "stated": "series",
    "unrecorded": "series",
    "price": "covariate",
    "controls": "covariate",
    "rate": "covariate",
    "value_growth": "figure",
    "quantity_growth": "figure",
    "events": "event",
    "estimate": "estimate",
    "estimates": "estimate",
}
"""What the entries of a test name, by key."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement and how it is tested.

    Attributes
    ----------
    id : str
    source : tuple of str
        Numbers of the note's sentences.
    nature : Nature
        ``arithmetic`` (true or false), ``cause`` or ``judgement``.
    statement : str
    test : mapping
        ``kind`` and the parameters of the test.
    decides : Lens or None
        The lens whose verdict stands where lenses differ.
    because : str
        Why that lens.
    limits : tuple of str
    """

    id: str
    source: tuple[str, ...]
    nature: Nature
    statement: str
    test: Mapping[str, Any]
    decides: Lens | None
    because: str
    limits: tuple[str, ...]

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield what the test names: pairs of a kind (``series``, ``event``, …) and an id."""
        yield from _references(self.test)


@dataclass(frozen=True, slots=True)
class Claims:
    """All statements with the thresholds of their verdicts.

    Attributes
    ----------
    thresholds : mapping of str to float
    claims : tuple of Claim
    """

    thresholds: Mapping[str, float]
    claims: tuple[Claim, ...]


def read_claims(package: Package) -> Claims:
    """Read ``claims.yaml``; a package that does not list it has no claims.

    Raises
    ------
    DataPackageError
        Naming the entry and the field that is wrong.
    """
    if all(resource.get("path") != CLAIM_FILE for resource in package.descriptor["resources"]):
        return Claims({}, ())
    content = package.yaml(CLAIM_FILE)
    stated = content.get("thresholds")
    if not isinstance(stated, dict) or sorted(stated) != sorted(THRESHOLDS):
        raise DataPackageError(f"{CLAIM_FILE}: 'thresholds' must hold {', '.join(THRESHOLDS)}")
    for name, value in stated.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
            raise DataPackageError(f"{CLAIM_FILE}: the threshold '{name}' is {value}, not between 0 and 1")
    claims = tuple(_claim(entry, k) for k, entry in enumerate(content.get("claims") or [], start=1))
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise DataPackageError(f"{CLAIM_FILE}: the id '{claim.id}' appears twice")
        seen.add(claim.id)
    return Claims({name: float(value) for name, value in stated.items()}, claims)


def _claim(entry: Any, number: int) -> Claim:
    place = f"{CLAIM_FILE}: claim {number}"
    if not isinstance(entry, dict):
        raise DataPackageError(f"{place}: a mapping is expected")
    for key in _REQUIRED:
        if key not in entry:
            raise DataPackageError(f"{place}: '{key}' is missing")
    unknown = [key for key in entry if key not in (*_REQUIRED, *_OPTIONAL)]
    if unknown:
        raise DataPackageError(f"{place}: '{unknown[0]}' is not a field of a claim")
    place = f"{CLAIM_FILE}: claim '{entry['id']}'"
    if entry["nature"] not in get_args(Nature):
        raise DataPackageError(f"{place}: 'nature' is one of {', '.join(get_args(Nature))}")
    if not isinstance(entry["test"], dict) or not isinstance(entry["test"].get("kind"), str):
        raise DataPackageError(f"{place}: 'test' needs a 'kind'")
    decides = entry.get("decides")
    if decides is not None and (decides not in get_args(Lens) or not entry.get("because")):
        raise DataPackageError(f"{place}: 'decides' names a lens and needs a reason in 'because'")
    return Claim(
        str(entry["id"]),
        tuple(str(s) for s in entry["source"]),
        entry["nature"],
        str(entry["statement"]),
        entry["test"],
        decides,
        str(entry.get("because", "")),
        tuple(str(limit) for limit in entry["limits"] or ()),
    )


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            kind = _REFERENCES.get(key)
            if kind and not isinstance(value, dict):
                for name in value if isinstance(value, list) else [value]:
                    yield (kind, str(name))
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)
