"""``data add``: a new release, held against every identity, written, and the package sealed."""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from analysis.catalogue.differing import PackageDifference, compare_packages
from analysis.catalogue.figures import COLUMNS, Figure
from analysis.catalogue.package import FIGURE_FOLDER
from analysis.catalogue.recipes import Recipe, Selection
from analysis.catalogue.seal import seal
from analysis.domain import Observation, Period, Window, parse_day
from analysis.errors import InputError, UsageError

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue

FLOWS = ("exports", "imports", "total")
BAND = 3.0
"""A month lies between a third of the least and three times the largest of the twelve months before it."""
NEAR = 1.5
"""The same factor for two flows that look exchanged: each must lie near the months of the other."""
LOOK_BACK = 12
"""Months that a new one is held against."""
NUMBER = re.compile(r"-?\d+(?:\.(?P<decimals>\d+))?")


@dataclass(frozen=True, slots=True)
class Release:
    """What one page states for one month or span.

    Attributes
    ----------
    values : mapping of str to str
        The digits as printed, by flow (``exports``, ``imports``, ``total``) of the economy under study.
    period : str
        A month (``2026-08``), a year, or a range of months from January on (``2026-01..2026-08``).
    unit, publisher, address : str
        The publisher as the package names it (``GACC``), the page where it was read.
    published : str
        ISO date of the release.
    title : str
        Of the page; made from the period if empty.
    rounding : float or None
        Smallest unit that the print can show; by the digits if None.
    vintage : str
        ``first``, or ``later`` for a print that replaces an earlier one.
    rate, rate_address : str
        Units of the other currency per dollar of that month, where the series converts and has no rate.
    although : str
        Why a value far from the months before it is right all the same.
    """

    values: Mapping[str, str]
    period: str
    unit: str
    publisher: str
    address: str
    published: str
    title: str = ""
    rounding: float | None = None
    vintage: str = "first"
    rate: str = ""
    rate_address: str = ""
    although: str = ""


@dataclass(frozen=True, slots=True)
class Addition:
    """A release that was accepted.

    Attributes
    ----------
    figures : tuple of str
        Ids of the new rows.
    files : tuple of str
        Files that changed.
    difference : PackageDifference
    """

    figures: tuple[str, ...]
    files: tuple[str, ...]
    difference: PackageDifference


def add_release(directory: Path, release: Release, partner: str = "CN") -> Addition:
    """Check a release against the package, write its rows and seal; nothing is written if it is refused.

    Parameters
    ----------
    directory : Path
        The data package.
    release : Release
    partner : str
        Whose trade it is about.

    Returns
    -------
    Addition

    Raises
    ------
    UsageError
        If no value is given.
    InputError
        In one sentence: what about the release cannot be right.
    """
    from analysis.catalogue import Catalogue
    from analysis.catalogue.checks import run_checks

    before = Catalogue(directory)
    draft = _Draft(before, release, partner)
    draft.refuse()
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(directory, Path(scratch) / "data"))
        ids = draft.write(copy)
        seal(copy)
        after = Catalogue(copy)
        report = run_checks(after)
        if not report.ok:
            raise InputError(f"the release does not fit the package: {report.findings[0].reason}")
        difference = compare_packages(before, after)
        changed = [
            file.relative_to(copy).as_posix()
            for file in sorted(copy.rglob("*"))
            if file.is_file() and file.read_bytes() != (directory / file.relative_to(copy)).read_bytes()
        ]
        for name in changed:
            shutil.copyfile(copy / name, directory / name)
    return Addition(ids, tuple(changed), difference)


class _Draft:
    """A release on its way into a package."""

    def __init__(self, catalogue: Catalogue, release: Release, partner: str) -> None:
        self.package = catalogue.package
        self.release = release
        self.recipes = {flow: _recipe(catalogue, flow, partner) for flow in ("exports", "imports")}
        self.partner = partner
        self.built = {
            flow: catalogue.builder.build(recipe.id).observations
            for flow, recipe in self.recipes.items()
            if recipe is not None
        }
        if not self.built:
            raise InputError(f"no monthly series of the package is about the partner '{partner}'")
        self.values = {flow: self._number(flow, text) for flow, text in release.values.items()}
        if not self.values:
            raise UsageError("a release needs a value: --exports, --imports or --total")
        self.window = self._window()

    @property
    def leading(self) -> Recipe:
        """The recipe whose rules stand for all flows of the partner."""
        return next(recipe for recipe in self.recipes.values() if recipe is not None)

    @property
    def rules(self) -> Selection:
        """How that series selects its figures."""
        assert isinstance(self.leading.build, Selection)
        return self.leading.build

    def _number(self, flow: str, text: str) -> float:
        if flow not in FLOWS:
            raise UsageError(f"the flow '{flow}' is none of {', '.join(FLOWS)}")
        if not NUMBER.fullmatch(text):
            raise InputError(
                f"'{text}' for {flow} is not a number with a decimal point and no separators (1243.55)"
            )
        if float(text) < 0:
            raise InputError(f"{flow} of {text} are below zero: trade has no sign; give the flow as printed")
        return float(text)

    def _window(self) -> Window:
        text = self.release.period
        window = Window.parse(text)
        if window.first.frequency == "A" and window.first == window.last:
            window = Window.parse(f"{window.first}-01..{window.first}-12")
        if window.first.frequency != "M":
            raise InputError(f"the period '{text}' is no month (2026-08), year or range of months")
        if len(window) > 1 and (window.first.season != 0 or window.first.year != window.last.year):
            raise InputError(f"the span '{text}' must run from January on, within one year")
        return window

    def refuse(self) -> None:
        """Raise for the first thing that cannot be right."""
        self._page()
        self._unit()
        self._dates()
        self._known()
        self._flows()
        if len(self.window) == 1 and not self.release.although:
            self._exchanged()
            self._scale()
            self._repeated()

    def _page(self) -> None:
        parts = urlsplit(self.release.address)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise InputError(f"'{self.release.address}' is not the address of a page (https://…)")
        if self.release.publisher not in self.rules.publishers:
            known = ", ".join(self.rules.publishers)
            raise InputError(f"the publisher '{self.release.publisher}' is none of {known}")
        if self.release.vintage not in ("first", "later"):
            raise InputError(f"the vintage '{self.release.vintage}' is neither first nor later")

    def _unit(self) -> None:
        convert = self.rules.convert
        known = [self.leading.unit, *([convert.unit] if convert else [])]
        if self.release.unit not in known:
            raise InputError(f"the unit '{self.release.unit}' is none of {', '.join(known)}")
        if convert is None or self.release.unit != convert.unit or len(self.window) > 1:
            return
        if self._rate_of(self.window.last) is None and not self.release.rate:
            raise InputError(
                f"the package has no exchange rate for {self.window.last}: give the month's rate and the "
                "page it is from (--rate, --rate-address)"
            )

    def _dates(self) -> None:
        published = parse_day(self.release.published, "the date of the release")
        if published <= self.window.last.end:
            raise InputError(
                f"the release of {published} cannot state {self.window.last}, which ended on "
                f"{self.window.last.end}"
            )
        last = max(observations[-1].period for observations in self.built.values())
        if self.window.last > last + 1:
            raise InputError(
                f"the months end with {last}, so {last + 1} comes next, not {self.window.last}: "
                "a month would be left out"
            )

    def _known(self) -> None:
        for flow, value in self.values.items():
            for figure in self._figures(flow, self.window):
                if figure.publisher != self.release.publisher or figure.unit != self.release.unit:
                    continue
                if figure.value == value:
                    raise InputError(f"{flow} of {self.window} stand already as '{figure.id}', {value:g}")
                if self.release.vintage == "first":
                    raise InputError(
                        f"{flow} of {self.window} stand already as '{figure.id}', {figure.value:g}, and not "
                        f"{value:g}: is it the right month? A print that replaces it is of --vintage later"
                    )

    def _figures(self, flow: str, window: Window) -> list[Figure]:
        where = {**self.rules.where, "flow": flow}
        return [
            f
            for f in self.package.matching(self.rules.tables, where)
            if f.window == window and f.tier != "derived"
        ]

    def _flows(self) -> None:
        if set(self.values) != set(FLOWS):
            return
        exports, imports, total = (self.values[flow] for flow in FLOWS)
        room = sum(self.rounding(flow) for flow in FLOWS) / 2 * 1.02
        if abs(exports + imports - total) > room:
            raise InputError(
                f"exports {exports:g} and imports {imports:g} add to {exports + imports:g}, not to the total "
                f"{total:g}"
            )

    def _exchanged(self) -> None:
        if not {"exports", "imports"} <= set(self.values):
            return
        bands = {flow: self._band(flow, NEAR) for flow in ("exports", "imports")}

        def inside(flow: str, value: float) -> bool:
            band = bands[flow]
            return band is None or band[0] <= value <= band[1]

        exports, imports = self.values["exports"], self.values["imports"]
        straight = inside("exports", exports) and inside("imports", imports)
        if not straight and inside("exports", imports) and inside("imports", exports):
            raise InputError(
                f"exports {exports:g} and imports {imports:g} look exchanged: exports are what the partner "
                "imports"
            )

    def _scale(self) -> None:
        for flow, value in self.values.items():
            band = self._band(flow)
            if band is None or band[0] <= value <= band[1]:
                continue
            middle = (band[0] * band[1]) ** 0.5
            raise InputError(
                f"{flow} of {value:g} {self.release.unit} lie outside {band[0]:.3g} to {band[1]:.3g}, a "
                f"third of the least and three times the largest of the {LOOK_BACK} months before "
                f"({_slip(value / middle)}); if it is right, say why (--although)"
            )

    def _band(self, flow: str, factor: float = BAND) -> tuple[float, float] | None:
        if flow == "total":
            bands = [self._band(name, factor) for name in ("exports", "imports")]
            if any(band is None for band in bands):
                return None
            return sum(b[0] for b in bands if b), sum(b[1] for b in bands if b)
        before = [o for o in self.built.get(flow, ()) if o.value and o.period < self.window.first]
        values = [self._in_unit(o) for o in before[-LOOK_BACK:]]
        return (min(values) / factor, factor * max(values)) if values else None

    def _in_unit(self, observation: Observation) -> float:
        value = observation.value or 0.0
        if self.release.unit == self.leading.unit:
            return value
        rate = self._rate_of(observation.period) or float(self.release.rate or 1.0)
        return value * rate

    def _rate_of(self, period: Period) -> float | None:
        convert = self.rules.convert
        for rate in convert.rates if convert else ():
            for name in self.rules.tables:
                figure = self.package.table(name).get(f"{rate.prefix}.{period}")
                if figure is not None:
                    return figure.value
        return None

    def _repeated(self) -> None:
        for flow, value in self.values.items():
            for back in (1, LOOK_BACK):
                other = self.window.first + -back
                for figure in self._figures(flow, Window(other, other)):
                    if value and figure.unit == self.release.unit and figure.value == value:
                        raise InputError(
                            f"{flow} of {value:g} are what '{figure.id}' states for {other}: is it the right "
                            "month? If it is, say why (--although)"
                        )

    def rounding(self, flow: str) -> float:
        """Return the smallest unit that the print of a flow can show."""
        if self.release.rounding is not None:
            return self.release.rounding
        found = NUMBER.fullmatch(self.release.values[flow])
        decimals = (found["decimals"] if found else None) or ""
        return float(f"1e-{len(decimals)}")

    def write(self, copy: Path) -> tuple[str, ...]:
        """Append the rows to a copy of the package and return their ids."""
        source = self._source(copy, self.release.address, self._title())
        ids = []
        for flow in self.values:
            like = self._sibling(flow)
            name = self._free_id(flow)
            row = replace(
                like[1],
                id=name,
                value=self.values[flow],
                rounding=self.rounding(flow),
                publisher=self.release.publisher,
                vintage=self.release.vintage,
                published=self.release.published[:7],
                source=source,
                tier="printed",
                status="verified",
                grade="",
                formula="",
                use="",
                note=self.release.although,
            )
            _append(copy, like[0], row, self.window, self.release.values[flow])
            ids.append(name)
        if self.release.rate:
            ids.append(self._write_rate(copy))
        self._lengthen(copy)
        return tuple(ids)

    def _title(self) -> str:
        return self.release.title or f"Report on China–DPRK trade, {str(self.window).replace('..', '_')}"

    def _sibling(self, flow: str) -> tuple[str, Figure]:
        """Return the table and the newest row of this flow, unit and kind of span."""
        where = {**self.rules.where, "flow": flow, "unit": self.release.unit}
        single = len(self.window) == 1
        found = [
            (f.window.last, f.window.first, -f.row, name, f)
            for name in self.rules.tables
            for f in self.package.table(name).values()
            if f.matches(where) and f.tier != "derived" and (f.window.first == f.window.last) == single
        ]
        if not found and flow == "total":
            name, figure = self._sibling("exports")
            return name, replace(figure, flow="total", valuation="mixed")
        if not found:
            raise InputError(
                f"no {flow} of a {'month' if single else 'span'} in {self.release.unit} stand in the package "
                "yet: an example is needed to add one"
            )
        *_, name, figure = max(found, key=lambda item: item[:3])
        return name, figure

    def _free_id(self, flow: str) -> str:
        whole_year = len(self.window) == 12
        text = str(self.window.first.year) if whole_year else str(self.window).replace("..", "_")
        unit = "" if self.release.unit == self.leading.unit else ".cny"
        stem = f"{self.partner.lower()}.{flow}.{text}{unit}"
        taken = {figure.id for figure in self.package.all_figures()}
        return next(name for letter in ascii_lowercase if (name := f"{stem}.{letter}") not in taken)

    def _source(self, copy: Path, address: str, title: str) -> str:
        for source in self.package.sources.values():
            if source.url == address:
                return source.id
        host = urlsplit(address).netloc.removeprefix("www.")
        stem = re.sub(r"[^a-z0-9]+", "-", host.rpartition(".")[0].lower()).strip("-") or "page"
        name = next(n for k in count(1) if (n := f"{stem}-{k:02d}") not in self.package.sources)
        with (copy / "sources.csv").open("a", encoding="utf-8", newline="") as handle:
            csv.writer(handle, lineterminator="\n").writerow([name, host, title, address, "press", ""])
        return name

    def _write_rate(self, copy: Path) -> str:
        convert = self.rules.convert
        if convert is None or not NUMBER.fullmatch(self.release.rate) or float(self.release.rate) <= 0:
            raise InputError(f"'{self.release.rate}' is no exchange rate of this series")
        prefix = convert.rates[-1].prefix
        table, like = max(
            (
                (name, figure)
                for name in self.rules.tables
                for figure in self.package.table(name).values()
                if figure.id.startswith(f"{prefix}.")
            ),
            key=lambda item: item[1].window.first,
        )
        address = self.release.rate_address
        source = self._source(copy, address, "Exchange rates") if address else like.source
        decimals = self.release.rate.partition(".")[2]
        row = replace(
            like,
            id=f"{prefix}.{self.window.last}",
            value=float(self.release.rate),
            rounding=float(f"1e-{len(decimals)}"),
            source=source,
            note="",
        )
        _append(copy, table, row, self.window, self.release.rate)
        return row.id

    def _lengthen(self, copy: Path) -> None:
        """Let the calendars that ended with the month before go on to the new one."""
        if len(self.window) > 1:
            return
        file = copy / "series.yaml"
        text = file.read_text(encoding="utf-8")
        old = re.compile(rf"^(    last: ){re.escape(str(self.window.last + -1))}$", re.MULTILINE)
        known = max(observations[-1].period for observations in self.built.values())
        if self.window.last > known:
            file.write_text(old.sub(rf"\g<1>{self.window.last}", text), encoding="utf-8")


def _recipe(catalogue: Catalogue, flow: str, partner: str) -> Recipe | None:
    wanted = {"flow": flow, "partner": partner, "measure": "trade", "product": "TOTAL"}
    for recipe in catalogue.builder.recipes.values():
        rules = recipe.build
        if recipe.frequency != "M" or not isinstance(rules, Selection):
            continue
        if all(rules.where.get(key) == value for key, value in wanted.items()):
            return recipe
    return None


def _append(copy: Path, table: str, row: Figure, window: Window, text: str) -> None:
    cells = {name: getattr(row, name, "") for name in COLUMNS if name not in ("start", "end")}
    cells |= {"start": str(window.first), "end": str(window.last), "value": text}
    cells["rounding"] = f"{row.rounding:g}"
    file = copy / FIGURE_FOLDER / f"{table}.csv"
    with file.open("a", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerow([cells[name] for name in COLUMNS])


def _slip(ratio: float) -> str:
    """Say which slip a ratio to the usual size suggests."""
    for factor, words in ((1000.0, "thousands"), (100.0, "two decimal places"), (10.0, "a decimal place")):
        for wrong in (factor, 1 / factor):
            if 0.4 < ratio / wrong < 2.5:
                return f"{ratio:.2g} times the usual size: {words} or another unit?"
    return f"{ratio:.2g} times the usual size: another unit or flow?"
