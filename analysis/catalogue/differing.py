"""``data diff``: what stands in one package and not in another, down to the observations that moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.domain import Cell, Result

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue
    from analysis.domain import Observation


@dataclass(frozen=True, slots=True)
class Moved:
    """One thing that differs.

    Attributes
    ----------
    kind : str
        ``figure``, ``correction``, ``exception``, ``series`` or ``observation``.
    name : str
        Id; of an observation the series and the period.
    before, after : str
        In words; empty where it is not there.
    """

    kind: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PackageDifference(Result):
    """What differs between two packages.

    Attributes
    ----------
    before, after : str
        Digests.
    moved : tuple of Moved
    """

    before: str
    after: str
    moved: tuple[Moved, ...]

    def of(self, kind: str) -> tuple[Moved, ...]:
        """Return the differences of one kind."""
        return tuple(item for item in self.moved if item.kind == kind)

    def to_record(self) -> dict[str, Any]:
        """Return the digests and every difference."""
        return {
            "before": self.before,
            "after": self.after,
            "moved": [
                {"kind": m.kind, "name": m.name, "before": m.before, "after": m.after} for m in self.moved
            ],
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row for each difference."""
        rows: list[list[Cell]] = [[m.kind, m.name, m.before or None, m.after or None] for m in self.moved]
        return ("what", "id", "before", "after"), rows

    def heading(self) -> str:
        """Return how much differs."""
        if not self.moved:
            return "the two packages hold the same"
        return f"{len(self.of('figure'))} figures and {len(self.of('observation'))} observations differ"


def compare_packages(before: Catalogue, after: Catalogue) -> PackageDifference:
    """Return what differs between two packages: figures, judgements, and the series they build.

    Parameters
    ----------
    before, after : Catalogue
    """
    return PackageDifference(before.package.digest, after.package.digest, tuple(_differences(before, after)))


def _differences(before: Catalogue, after: Catalogue) -> Iterator[Moved]:
    yield from _maps("figure", _figures(before), _figures(after))
    yield from _maps("correction", _corrections(before), _corrections(after))
    yield from _maps("exception", _exceptions(before), _exceptions(after))
    old, new = set(before.builder.recipes), set(after.builder.recipes)
    for name in sorted(old ^ new):
        yield Moved("series", name, "a series" if name in old else "", "a series" if name in new else "")
    for name in (n for n in after.builder.recipes if n in old):
        yield from _maps("observation", _observations(before, name), _observations(after, name))


def _maps(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Moved]:
    for name in (*before, *(n for n in after if n not in before)):
        was, now = before.get(name, ""), after.get(name, "")
        if was != now:
            yield Moved(kind, name, was, now)


def _figures(catalogue: Catalogue) -> dict[str, str]:
    return {
        f.id: f"{f.value:.12g} {f.unit}, {f.window}, {f.vintage}, {f.source}, {f.status}"
        for f in catalogue.package.all_figures()
    }


def _corrections(catalogue: Catalogue) -> dict[str, str]:
    return {c.figure: f"{c.action}: {c.reason}" for c in catalogue.package.corrections.values()}


def _exceptions(catalogue: Catalogue) -> dict[str, str]:
    from analysis.catalogue.identities import known_exceptions

    return {
        f"{e.identity} {' '.join(e.figures)}": f"{e.gap:+g}: {e.reason}"
        for e in known_exceptions(catalogue.package)
    }


def _observations(catalogue: Catalogue, name: str) -> dict[str, str]:
    series = catalogue.builder.build(name)
    return {f"{name} {o.period}": _words(o) for o in series.observations if o.value is not None}


def _words(observation: Observation) -> str:
    return f"{observation.value:.9g} ± {100 * observation.rse:.3g} %"
