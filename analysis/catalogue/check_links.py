"""Checks of references: sources, corrections, events, recipes and covariates name what exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.catalogue.checks import Finding, Findings
from analysis.catalogue.extras import (
    COVARIATE_FILE,
    DONOR_FILE,
    ECONOMY_FILE,
    LUNAR_FILE,
    NEIGHBOUR_FILE,
    VALUE_FILE,
)
from analysis.catalogue.measures import (
    CALENDAR_FILE,
    ESTIMATE_FILE,
    EVENT_FILE,
    PROVENANCE_FILE,
    PROVISION_FILE,
)
from analysis.catalogue.package import FIGURE_FOLDER
from analysis.catalogue.recipes import Combination, Recipe
from analysis.domain import DATA_BREAK, Event
from analysis.errors import NotFoundError, TradebreaksError

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue

FACT_STATES = ("verified", "recalled", "derived", "not_applicable")
KINDS = (
    "un_resolution",
    "national_measure",
    "border_closure",
    "facility_closure",
    "political",
    "price_shock",
    "easing",
    DATA_BREAK,
)
SOURCE_FILE = "sources.csv"
WITHOUT_ADDRESS = ("memory", "quoted")
"""Tiers of sources that nobody read at an address."""


def sources(catalogue: Catalogue) -> Findings:
    """Every figure, fact and covariate has a known source, and every source is used."""
    package = catalogue.package
    used: set[str] = set()
    for file, row, named in _named_sources(catalogue):
        used |= set(named)
        if not named:
            yield Finding("sources", file, row, "no source is named")
        for source in named:
            if source not in package.sources:
                yield Finding("sources", file, row, f"the source '{source}' is not in {SOURCE_FILE}")
    for line in package.lines(SOURCE_FILE):
        if line["id"] not in used:
            yield Finding("sources", SOURCE_FILE, line.row, f"no figure or fact rests on '{line['id']}'")
        if not line["publisher"] or (not line["url"] and line["tier"] not in WITHOUT_ADDRESS):
            yield Finding("sources", SOURCE_FILE, line.row, "publisher and address are needed")


def _named_sources(catalogue: Catalogue) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Yield file, row and the sources that the row names."""
    package = catalogue.package
    for name in package.table_names:
        for figure in package.table(name).values():
            yield f"{FIGURE_FOLDER}/{name}.csv", figure.row, (figure.source,)
    for file in (PROVENANCE_FILE, PROVISION_FILE, CALENDAR_FILE, ESTIMATE_FILE):
        for line in package.lines(file):
            yield file, line.row, line.listed("sources")
    for file in (COVARIATE_FILE, LUNAR_FILE, DONOR_FILE, NEIGHBOUR_FILE):
        for line in package.lines(file):
            yield file, line.row, (line["source"],)


def corrections(catalogue: Catalogue) -> Findings:
    """Every correction names a figure that still has the value the judgement is about."""
    for number, correction in enumerate(catalogue.package.corrections.values(), start=1):
        try:
            figure = catalogue.package.figure(correction.figure)
        except NotFoundError:
            yield Finding(
                "corrections", "corrections.yaml", number, f"there is no figure '{correction.figure}'"
            )
            continue
        if figure.value != correction.expect:
            yield Finding(
                "corrections",
                "corrections.yaml",
                number,
                f"'{figure.id}' is now {figure.value:g} and no longer {correction.expect:g}: "
                "look at the correction again",
            )


def events(catalogue: Catalogue) -> Findings:
    """Events, provenance, provisions and calendar agree with one another."""
    package = catalogue.package
    rows = {line["id"]: line.row for line in package.lines(EVENT_FILE)}
    for event in catalogue.measures.events:
        for reason in _event_faults(event, set(rows), set(catalogue.builder.recipes)):
            yield Finding("events", EVENT_FILE, rows[event.id], f"'{event.id}': {reason}")
    for file in (PROVENANCE_FILE, PROVISION_FILE, CALENDAR_FILE):
        for line in package.lines(file):
            if line["event_id"] not in rows:
                yield Finding("events", file, line.row, f"there is no event '{line['event_id']}'")
            if line["status"] not in FACT_STATES:
                yield Finding("events", file, line.row, f"the status '{line['status']}' is unknown")


def _event_faults(event: Event, known: set[str], series: set[str]) -> Iterator[str]:
    if event.kind not in KINDS:
        yield f"the kind '{event.kind}' is none of {', '.join(KINDS)}"
    if event.partial and event.full and event.full < event.partial:
        yield f"its first full month {event.full} lies before its first partial month {event.partial}"
    if event.end and event.end < event.effective:
        yield "'end' lies before 'effective'"
    for name in ("implements", "implemented_by", "related"):
        yield from (
            f"'{name}' names the unknown event '{o}'" for o in event.details.get(name, ()) if o not in known
        )
    yield from (f"'applies_to' names the unknown series '{s}'" for s in event.applies_to if s not in series)
    if event.kind == DATA_BREAK and not event.applies_to:
        yield "a data break must name the series it applies to"
    if not event.provenance:
        yield "none of its fields has a provenance"


def recipes(catalogue: Catalogue) -> Findings:
    """Every recipe builds, with all its variants, and its design is what events declare."""
    table = catalogue.measures.events
    for name, recipe in catalogue.builder.recipes.items():
        yield from _design(catalogue, recipe)
        for event in table:
            if (
                event.kind != DATA_BREAK
                or name not in event.applies_to
                or event.details.get("fitted") == "no"
            ):
                continue
            if event.id not in recipe.design.events:
                reason = f"'{name}' lacks the data break '{event.id}', which applies to it"
                yield Finding("recipes", "series.yaml", None, reason)
        variants = [f"{n}={v}" for n, values in recipe.variants.items() for v in values]
        for suffix in ("", *variants, *([",".join(variants)] if len(variants) > 1 else [])):
            target = f"{name}:{suffix}" if suffix else name
            for vintage in ("first", "revised"):
                try:
                    catalogue.builder.build(target, vintage)
                except TradebreaksError as problem:
                    reason = f"'{target}' cannot be built ({vintage}): {problem.message}"
                    yield Finding("recipes", "series.yaml", None, reason)


def _design(catalogue: Catalogue, recipe: Recipe) -> Findings:
    for kind, name in _unknown_names(catalogue, recipe):
        yield Finding("recipes", "series.yaml", None, f"'{recipe.id}' names the unknown {kind} '{name}'")


def _unknown_names(catalogue: Catalogue, recipe: Recipe) -> Iterator[tuple[str, str]]:
    yield from (("event", e) for e in recipe.design.events if e not in catalogue.measures.events)
    yield from (("control", c) for c in recipe.design.controls if c not in catalogue.extras.covariates)
    build = recipe.build
    if isinstance(build, Combination):
        terms = (*build.plus, *build.minus)
        yield from (("series", t) for t in terms if t.partition(":")[0] not in catalogue.builder.recipes)
        return
    yield from (("table", t) for t in build.tables if t not in catalogue.package.table_names)
    for figure_id in (*(rule.figure for rule in build.spans), *build.pick.values()):
        try:
            catalogue.package.figure(figure_id)
        except NotFoundError:
            yield "figure", figure_id


def covariates(catalogue: Catalogue) -> Findings:
    """Every covariate has values, every value a covariate, every donor row an economy."""
    package = catalogue.package
    known = set(catalogue.extras.covariates)
    found: set[str] = set()
    for line in package.lines(VALUE_FILE):
        found.add(line["id"])
        if line["id"] not in known:
            yield Finding("covariates", VALUE_FILE, line.row, f"there is no covariate '{line['id']}'")
    for name in sorted(known - found):
        yield Finding("covariates", COVARIATE_FILE, None, f"'{name}' has no values")
    economies = {line["id"] for line in package.lines(ECONOMY_FILE)}
    for file in (DONOR_FILE, NEIGHBOUR_FILE):
        for line in package.lines(file):
            if line["economy"] not in economies:
                yield Finding("covariates", file, line.row, f"there is no economy '{line['economy']}'")
