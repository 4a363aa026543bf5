"""Series that add up: a long file whose rows say of which series theirs is a part."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.domain import FREQUENCY_NAMES, Frequency, Gaps, Period, TradeSeries
from analysis.domain.observations import DeclaredPart, PartRole
from analysis.domain.periods import PERIODS_PER_YEAR
from analysis.errors import InputError
from analysis.reading.body import Body, find_body
from analysis.reading.files import Source, read_series
from analysis.reading.grid import read_grid
from analysis.reading.question import Alternative, Choices, FileQuestion
from analysis.reading.series import build, decide
from analysis.reading.strands import PART_OF, ROLE, SERIES, SIGN, TITLE, Strands, find_strands

SIGNS = {"": 1, "1": 1, "+1": 1, "+": 1, "1.0": 1, "-1": -1, "-": -1, "\u2212": -1, "\u22121": -1, "-1.0": -1}
ROLES: dict[str, PartRole] = {"": "modelled", "modelled": "modelled", "stated": "stated", "open": "open"}
REST = "what no part holds"
EXACT = 1e-9
"""Share of the largest value up to which a series is the sum of its parts."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the rows of a series say of it."""

    parent: str
    sign: int
    role: PartRole
    title: str
    place: str


def read_parts(
    source: str | os.PathLike[str] | Source,
    *,
    gaps: Gaps = "refuse",
    title: str | None = None,
    unit: str | None = None,
    rate: bool = False,
    **choices: Any,
) -> tuple[TradeSeries, dict[str, TradeSeries]]:
    """Read a series and the parts that it adds up from; a file without a column ``part_of`` has none.

    Parameters
    ----------
    source : path or Source
        A long table with ``series_id,part_of,sign,period,value`` and optionally ``role`` (``modelled``,
        ``stated``, ``open``) and ``title``. ``part_of`` is empty for the whole, and the id of a series for
        its parts; ``sign`` is 1 (default) or -1. If the whole has no rows, it is the sum of its parts.
    gaps, title, unit, rate, **choices
        As in `read_series`; title and unit are those of the whole. ``series`` names the whole where the file
        holds several.

    Returns
    -------
    TradeSeries and dict
        The whole, whose design declares its parts (what they leave is an open one), and the parts by id:
        what `attribute` takes as `parts`.

    Raises
    ------
    FileQuestion
        As `read_series`.
    InputError
        Naming file, row, column and remedy.
    """
    given, chosen = Source.of(source), Choices.of(**choices)
    grid = read_grid(given.raw, given.name, chosen)
    header = {str(cell).casefold() for cell in grid.rows[0].cells}
    if PART_OF not in header or not header & set(SERIES):
        one = read_series(given, gaps=gaps, title=title, unit=unit, rate=rate, **choices)
        return one, {}
    body = find_body(grid, chosen)
    strands = find_strands(body, chosen)
    declared = _declared(body, [strand.label for strand in strands.found])
    decided = decide(strands, chosen, gaps)
    series = {
        strand.label: replace(
            build(strands, strand, decided, id=strand.label, title=declared[strand.label].title or None),
            rate=rate,
        )
        for strand in strands.found
    }
    name = _whole(declared, given.name, chosen)
    members = _members(name, declared, given.name)
    parts: dict[str, TradeSeries] = {}
    for member in reversed(members):
        parts[member] = _with_parts(member, declared, series | parts, given.name)
    whole = parts.pop(name)
    whole = replace(whole, title=title or whole.title, unit=unit or whole.unit)
    return replace(whole, caveats=(_sentence(whole, parts, strands), *whole.caveats[1:])), parts


def _declared(body: Body, labels: Sequence[str]) -> dict[str, Declared]:
    """Return what the rows say of each series, the same in every row of it."""
    at = {name.casefold(): k for k, name in reversed(list(enumerate(body.header)))}
    series = next(at[name] for name in SERIES if name in at)
    found: dict[str, Declared] = {}
    for row in body.rows:
        cells = {key: str(row.cells[at[key]]) if key in at else "" for key in (PART_OF, SIGN, ROLE, TITLE)}
        place = body.grid.place(row)
        if cells[SIGN] not in SIGNS:
            raise InputError(f"{place}: the sign is '{cells[SIGN]}'; write 1 or -1")
        if cells[ROLE] not in ROLES:
            raise InputError(
                f"{place}: the role is '{cells[ROLE]}'; write modelled, stated or open (what an event ended "
                "stands in the events file, column ended_by)"
            )
        own = Declared(cells[PART_OF], SIGNS[cells[SIGN]], ROLES[cells[ROLE]], cells[TITLE], place)
        label = str(row.cells[series])
        first = found.setdefault(label, own)
        if replace(own, place=first.place) != first:
            raise InputError(
                f"{place}: part_of, sign, role or title of '{label}' differ from {first.place}; write the "
                "same in every row of a series"
            )
    return {label: found[label] for label in labels}


def _whole(declared: Mapping[str, Declared], name: str, choices: Choices) -> str:
    parents = dict.fromkeys(one.parent for one in declared.values() if one.parent)
    if choices.series is not None:
        if choices.series in parents or choices.series in declared:
            return choices.series
        raise InputError(
            f"the file {name} has no series called '{choices.series}'; it has {', '.join(parents)}",
            pointer="/series",
        )
    roots = [one for one in parents if one not in declared or not declared[one].parent]
    roots += [label for label, one in declared.items() if not one.parent and label not in parents]
    if not roots:
        raise InputError(f"the file {name} has no whole: every series is a part of another; leave one empty")
    if len(roots) > 1:
        raise FileQuestion(
            f"the file {name} holds {len(roots)} series that are no part of another",
            [Alternative("series", one, "takes it") for one in roots],
            pointer="/series",
        )
    return roots[0]


def _members(root: str, declared: Mapping[str, Declared], name: str) -> list[str]:
    """Return a series and all that it adds up from, every whole before its parts."""
    found, pending = [root], [root]
    while pending:
        parent = pending.pop()
        for label, one in declared.items():
            if one.parent == parent:
                if label in found:
                    raise InputError(f"{one.place}: '{label}' is a part of itself in {name}; mend part_of")
                found.append(label)
                pending.append(label)
    return found


def _with_parts(
    name: str, declared: Mapping[str, Declared], series: Mapping[str, TradeSeries], file: str
) -> TradeSeries:
    """Return a series with its parts declared: as the file has it, or as their sum."""
    own = [(label, one) for label, one in declared.items() if one.parent == name]
    if not own:
        return series[name]
    parts = [(one.sign, series[label]) for label, one in own]
    for label in (name, *(label for label, _ in own)):
        if label in series and not series[label].n_observed:
            raise InputError(f"the file {file}: '{label}' has no value in any period; leave its rows out")
    if name not in series:
        whole, left = _sum(name, parts, file), False
    else:
        whole = series[name]
        left = not _adds_up(whole, parts)
    _check(whole, [part for _, part in parts], file)
    rest = (DeclaredPart(role="open", title=REST),) if left else ()
    given = tuple(DeclaredPart(label, one.sign, one.role, title=one.title) for label, one in own)
    return replace(whole, design=replace(whole.design, parts=(*given, *rest)))


def _check(whole: TradeSeries, parts: Sequence[TradeSeries], file: str) -> None:
    for part in parts:
        if part.unit != whole.unit and part.unit and whole.unit:
            raise InputError(
                f"the file {file}: '{part.id}' is in {part.unit} and '{whole.id}' in {whole.unit}; "
                "bring them to one unit"
            )
        coarser = PERIODS_PER_YEAR[part.frequency] < PERIODS_PER_YEAR[whole.frequency]
        if coarser or (part.frequency != whole.frequency and whole.rate):
            raise InputError(
                f"the file {file}: '{part.id}' is {FREQUENCY_NAMES[part.frequency]} and '{whole.id}' "
                f"{FREQUENCY_NAMES[whole.frequency]}; bring them to one frequency"
            )


def _sum(name: str, parts: Sequence[tuple[int, TradeSeries]], file: str) -> TradeSeries:
    """Return the sum of series of one frequency over the periods that all of them have."""
    first = parts[0][1]
    _check(replace(first, rate=True), [part for _, part in parts], file)
    begin, end = max(part.first for _, part in parts), min(part.last for _, part in parts)
    if begin > end:
        raise InputError(
            f"the file {file}: the parts of '{name}' have no period in common; give its own rows"
        )
    periods = [begin + k for k in range(end - begin + 1)]
    values = np.sum(
        [sign * part.values[begin - part.first :][: len(periods)] for sign, part in parts], axis=0
    )
    return replace(
        TradeSeries.from_values(
            periods, [None if np.isnan(value) else float(value) for value in values], id=name, unit=first.unit
        ),
        rate=first.rate,
        estimand=first.estimand,
        caveats=first.caveats,
    )


def _adds_up(whole: TradeSeries, parts: Sequence[tuple[int, TradeSeries]]) -> bool:
    """Tell whether a series is the sum of its parts wherever all are observed, up to the last bit."""
    held = [(sign, _by_period(part, whole.frequency)) for sign, part in parts]
    largest = float(np.nanmax(np.abs(whole.values)))
    for observation in whole.observations:
        if observation.value is None:
            continue
        own = [(sign, values.get(observation.period)) for sign, values in held]
        total = sum(sign * value for sign, value in own if value is not None)
        if any(value is None for _, value in own) or abs(total - observation.value) > EXACT * largest:
            return False
    return True


def _by_period(part: TradeSeries, frequency: Frequency) -> dict[Period, float]:
    """Return a part in the periods of its whole, where every period of its own is observed."""
    if part.frequency == frequency:
        return {o.period: o.value for o in part.observations if o.value is not None}
    found: dict[Period, list[float | None]] = {}
    for o in part.observations:
        found.setdefault(Period.containing(o.period.start, frequency), []).append(o.value)
    size = max(len(values) for values in found.values())
    return {
        period: sum(value for value in values if value is not None)
        for period, values in found.items()
        if len(values) == size and None not in values
    }


def _sentence(whole: TradeSeries, parts: Mapping[str, TradeSeries], strands: Strands) -> str:
    kind = FREQUENCY_NAMES[whole.frequency]
    named = [
        f"{'less ' if part.sign < 0 else ''}'{part.series}'" if part.series else part.title
        for part in whole.design.parts
    ]
    count = "one part" if len(parts) == 1 else f"{len(parts)} parts"
    held = f"in {count} ({', '.join(named)})" if parts else "without parts"
    return (
        f"'{whole.id}' of {strands.body.grid.name} ({strands.body.grid.form}) was read as "
        f"{'an' if kind == 'annual' else 'a'} {kind} series{f' in {whole.unit}' if whole.unit else ''}, "
        f"{whole.first} to {whole.last}: {whole.n_observed} values, {len(whole) - whole.n_observed} missing, "
        f"{held}."
    )
