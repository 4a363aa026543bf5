"""Identities that the figures of one source must satisfy within their roundings, and the known exceptions.

Flows add to the total, a month and the running total before it give
the running total, a share times its whole gives the part. Whatever breaks one is a finding, unless
``exceptions.yaml`` names it with the size of the break and the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any

from analysis.catalogue.figures import Figure
from analysis.catalogue.package import Package
from analysis.errors import DataPackageError

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue

EXCEPTION_FILE = "exceptions.yaml"
ROUNDING_SLACK = 1.02
"""Floating-point room on top of the roundings."""
DERIVED_SLACK = 2.0
"""Standard deviations of derived figures that an identity may miss by, beyond the roundings."""
GAP_TOLERANCE = 0.011
"""How far, in the unit, the size of a known exception may differ from the one that is stated."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Break:
    """An identity that does not hold.

    Attributes
    ----------
    identity : str
        ``flows``, ``running total`` or ``share``.
    figures : tuple of Figure
        The one that is implied by the others comes last.
    gap : float
        Implied less stated, in the unit.
    room : float
        What roundings allow.
    """

    identity: str
    figures: tuple[Figure, ...]
    gap: float
    room: float

    @property
    def key(self) -> Key:
        """The figures' ids, in order."""
        return tuple(figure.id for figure in self.figures)

    def __str__(self) -> str:
        named = ", ".join(f"'{figure.id}' {figure.value:g}" for figure in self.figures)
        return f"the identity of {self.identity} misses by {self.gap:+.6g} (room {self.room:.3g}): {named}"


@dataclass(frozen=True, slots=True)
class KnownException:
    """An identity that is known not to hold.

    Attributes
    ----------
    identity : str
    figures : tuple of str
    gap : float
    reason : str
    """

    identity: str
    figures: Key
    gap: float
    reason: str


def known_exceptions(package: Package) -> tuple[KnownException, ...]:
    """Read ``exceptions.yaml``; a package that does not list it has none.

    Raises
    ------
    DataPackageError
        Naming the entry that is wrong.
    """
    if all(resource.get("path") != EXCEPTION_FILE for resource in package.descriptor["resources"]):
        return ()
    found = []
    for number, entry in enumerate(package.yaml(EXCEPTION_FILE).get("exceptions") or [], start=1):
        try:
            figures = tuple(str(name) for name in entry["figures"])
            stated = KnownException(entry["identity"], figures, float(entry["gap"]), str(entry["reason"]))
        except (TypeError, KeyError, ValueError) as problem:
            raise DataPackageError(f"{EXCEPTION_FILE}: entry {number}: {problem}") from None
        if stated.identity not in IDENTITIES:
            names = ", ".join(IDENTITIES)
            raise DataPackageError(f"{EXCEPTION_FILE}: entry {number}: 'identity' is one of {names}")
        found.append(stated)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Proof:
    """What the identities came to.

    Attributes
    ----------
    examined : mapping of str to int
        Identities that could be formed, by kind.
    breaks : tuple of Break
        Those that do not hold, known or not.
    """

    examined: Mapping[str, int]
    breaks: tuple[Break, ...]


@lru_cache(maxsize=4)
def prove(package: Package) -> Proof:
    """Form every identity of one source and return those that do not hold.

    Parameters
    ----------
    package : Package
    """
    figures = [f for f in package.all_figures() if package.admitted(f)]
    examined: dict[str, int] = {}
    broken: list[Break] = []
    for name, form in IDENTITIES.items():
        examined[name] = 0
        for group in form(figures):
            examined[name] += 1
            best = min(group, key=lambda b: abs(b.gap) - _room(package, b))
            room = _room(package, best)
            if abs(best.gap) > room:
                broken.append(Break(name, best.figures, best.gap, room))
    return Proof(examined, tuple(broken))


def judged(catalogue: Catalogue) -> Iterator[tuple[Break | KnownException, str]]:
    """Yield breaks that nobody stated, and stated exceptions that do not stand as stated, with the reason."""
    stated = {(e.identity, e.figures): e for e in known_exceptions(catalogue.package)}
    seen: set[tuple[str, Key]] = set()
    for found in prove(catalogue.package).breaks:
        place = (found.identity, found.key)
        exception = stated.get(place)
        seen.add(place)
        if exception is None:
            yield found, str(found)
        elif abs(exception.gap - found.gap) > GAP_TOLERANCE:
            yield found, f"{found}; {EXCEPTION_FILE} states a miss of {exception.gap:+g}"
    for place, exception in stated.items():
        if place not in seen:
            names = ", ".join(exception.figures)
            yield exception, f"the exception for {names} is stated, but that identity of {place[0]} holds"


def flow_gaps(package: Package, tables: Iterable[str]) -> dict[str, float]:
    """Return by how much three derived flows of one source and span fail to add up, by the id of each.

    Parameters
    ----------
    package : Package
    tables : iterable of str
        Where the flows are looked for.
    """
    derived = [f for name in tables for f in package.table(name).values() if f.tier == "derived"]
    found: dict[str, float] = {}
    for group in _flows(derived):
        best = min(group, key=lambda b: abs(b.gap))
        found.update((figure.id, abs(best.gap)) for figure in best.figures)
    return found


def _room(package: Package, found: Break) -> float:
    derived = sum(package.quantity(f.id).sd for f in found.figures if f.tier == "derived")
    return ROUNDING_SLACK * found.room + DERIVED_SLACK * derived


def _trade(figure: Figure) -> bool:
    return figure.measure == "trade" and figure.use not in ("span", "residual")


def _kind(figure: Figure) -> Key:
    return (
        *(figure.partner, figure.reporter, figure.scope, figure.product, figure.unit, figure.source),
        *(figure.vintage, figure.published),
    )


def _by_print(figures: Iterable[Figure]) -> dict[Key, dict[str, list[Figure]]]:
    """Group the flows that one source states for one span."""
    groups: dict[Key, dict[str, list[Figure]]] = {}
    for figure in figures:
        if _trade(figure):
            flows = groups.setdefault((str(figure.window), *_kind(figure)), {})
            flows.setdefault(figure.flow, []).append(figure)
    return groups


def _flows(figures: Iterable[Figure]) -> Iterator[list[Break]]:
    for flows in _by_print(figures).values():
        if all(flows.get(flow) for flow in ("exports", "imports", "total")):
            yield [
                Break("flows", (x, m, t), x.value + m.value - t.value, _half(x, m, t))
                for x, m, t in product(flows["exports"], flows["imports"], flows["total"])
            ]


def _running(figures: Iterable[Figure]) -> Iterator[list[Break]]:
    """Join a month to the running total before it, where one source states all three as first printed."""
    spans: dict[Key, list[Figure]] = {}
    for figure in figures:
        one_year = figure.window.first.year == figure.window.last.year
        if _trade(figure) and figure.tier != "derived" and one_year:
            spans.setdefault((figure.flow, *_kind(figure)), []).append(figure)
    for group in spans.values():
        totals = [f for f in group if f.window.first.season == 0 and len(f.window) > 1]
        for total in totals:
            months = [f for f in group if f.window.first == f.window.last == total.window.last]
            before = [
                f
                for f in group
                if f.window.first == total.window.first and len(f.window) == len(total.window) - 1
            ]
            if months and before:
                yield [
                    Break("running total", (b, m, total), b.value + m.value - total.value, _half(b, m, total))
                    for b, m in product(before, months)
                ]


def _shares(figures: Iterable[Figure]) -> Iterator[list[Break]]:
    """Hold a product's value against its printed share of the flow, where one publisher states all three."""
    wholes: dict[Key, list[Figure]] = {}
    parts: dict[Key, list[Figure]] = {}
    shares: list[Figure] = []
    for figure in figures:
        place = (str(figure.window), figure.flow, figure.partner, figure.publisher)
        if figure.measure == "share" and figure.note == "of the flow" and not figure.scope:
            shares.append(figure)
        elif _trade(figure) and figure.product == "TOTAL" and figure.unit == "USD million":
            wholes.setdefault(place, []).append(figure)
        elif _trade(figure) and figure.tier != "derived" and figure.unit == "USD million":
            parts.setdefault((*place, figure.product, figure.source), []).append(figure)
    for share in shares:
        place = (str(share.window), share.flow, share.partner, share.publisher)
        group = []
        for whole, part in product(
            wholes.get(place, []), parts.get((*place, share.product, share.source), [])
        ):
            implied = whole.value * share.value / 100
            room = (whole.value * share.rounding + share.value * whole.rounding) / 200 + part.rounding / 2
            group.append(Break("share", (share, whole, part), implied - part.value, room))
        if group:
            yield group


def _half(*figures: Figure) -> float:
    return sum(figure.rounding for figure in figures) / 2


IDENTITIES: dict[str, Callable[[Iterable[Figure]], Iterator[list[Break]]]] = {
    "flows": _flows,
    "running total": _running,
    "share": _shares,
}
"""How the identities of each kind are formed: groups of alternatives, of which one must hold."""


def exception_rows(package: Package) -> list[dict[str, Any]]:
    """Return every known exception: of identities, and figures excluded as errors, with its reason."""
    rows: list[dict[str, Any]] = [
        {"figures": list(e.figures), "identity": e.identity, "gap": e.gap, "reason": e.reason}
        for e in known_exceptions(package)
    ]
    rows += [
        {"figures": [c.figure], "identity": "excluded", "gap": None, "reason": c.reason}
        for c in package.corrections.values()
        if c.kind == "error"
    ]
    return rows
