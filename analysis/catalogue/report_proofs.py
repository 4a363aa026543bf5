"""Parts of ``docs/data.md`` on proofs and doubts: identities, months by difference, what stays recalled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from analysis.catalogue import Catalogue
from analysis.catalogue.identities import known_exceptions, prove
from analysis.catalogue.running_totals import DifferenceShare, difference_shares
from analysis.domain import Period

Rows = Callable[[Sequence[str], Iterable[Sequence[object]]], str]
Filled = Callable[..., str]
AUTUMN = (8, 9, 10)
"""September to November, counted from 0: months whose running totals are the longest."""

ADDING = """## Adding a month

You need no programming. When China's customs (or another publisher) release a month, open the page that
states it and copy the digits as they stand there, without separators:

```console
$ tradebreaks data add --period 2026-08 --exports 310.52 --imports 1301.27 --total 1611.79 \\
    --unit "CNY million" --publisher GACC --date 2026-09-18 --address "https://…" --rate 6.7812 --data data
```

- Exports and imports are North Korea's: exports are what the partner imports.
- Give every value of the page in one call; a total is held against its flows.
- A month in yuan needs the month's exchange rate once (`--rate`, `--rate-address`).
- A running total goes in as `--period 2026-01..2026-08`, a whole year as `--period 2026`.
- A print that replaces an earlier one is of `--vintage later`; the earlier one stays.
- A value that is right although it is far from the months before it needs a reason (`--although`), which
  is kept.

The command holds the release against the package: unit, sign, size, month, flows, duplicates, totals,
running totals, and everything that `data check` knows. What cannot be right is refused in one sentence
and nothing is written. What is accepted is written, the package is sealed, and the command says which
observations moved and whether the headline did. Then write this page anew (`python -m
analysis.catalogue.report`). `tradebreaks data diff OLD NEW` says what differs between two packages,
figure by figure and observation by observation.
"""


def identities(data: Catalogue, rows: Rows, filled: Filled) -> str:
    """Return what was proved of figures of one source, and every known exception."""
    package = data.package
    proof = prove(package)
    broken = dict.fromkeys(proof.examined, 0)
    for found in proof.breaks:
        broken[found.identity] += 1
    counted = [[name, count, count - broken[name], broken[name]] for name, count in proof.examined.items()]
    stated = [
        [e.identity, ", ".join(f"`{name}`" for name in e.figures), f"{e.gap:+.2f}", e.reason]
        for e in known_exceptions(package)
    ]
    text = (
        "Figures that one source states must satisfy their identities within the roundings: flows and total, "
        "month and running totals, share and part. `data check` proves them; an exception is stated "
        "in `exceptions.yaml` with its size and reason, and the check fails for one that is not stated, for "
        "one that has changed and for one that no longer is one. Figures excluded as errors are listed below."
    )
    return "\n".join(
        [
            "## Identities of one source\n",
            filled(text) + "\n",
            rows(("identity", "formed", "hold", "known exceptions"), counted),
            "Known exceptions:\n",
            rows(("identity", "figures", "missed by", "why"), stated),
        ]
    )


def months_by_difference(data: Catalogue, rows: Rows, filled: Filled) -> str:
    """Return how many months are differences of running totals, and how far such differences miss."""
    text = (
        "A month that nobody printed is often the difference of two running totals, which mixes two "
        "vintages: what was revised in between falls into the month. Where a release states the month "
        "itself, or the total and the other flow, that value stands, and half of what the difference "
        "misses it by, over √3, is in its error. The others carry at least the error of their grade."
    )
    parts = ["## Months built from a difference across vintages\n", filled(text) + "\n"]
    shares = [share for share in difference_shares(data) if share.by_difference or share.compared]
    counted = [
        [
            f"`{s.series}`",
            s.observed,
            len(s.by_difference),
            f"{100 * len(s.by_difference) / s.observed:.0f}",
            _autumn(s),
            len(s.compared),
            _median(s),
            _largest(s),
        ]
        for s in shares
    ]
    columns = (
        *("series", "observed", "by difference", "share, %", "of them September to November"),
        *("stated and by difference", "median miss, %", "largest miss"),
    )
    parts.append(rows(columns, counted))
    parts.append("Months by difference:\n")
    parts += [f"- `{s.series}`: {_months(s.by_difference)}" for s in shares if s.by_difference]
    parts.append("\nMonths that a release states and a difference misses beyond all roundings:\n")
    missed = [
        [f"`{s.series}`", d.period, f"{value:,.2f}", f"{d.value:,.2f}", f"{gap:.2f}", f"`{d.last}`"]
        for s in shares
        for d, value, gap in s.compared
        if gap > 0
    ]
    parts.append(rows(("series", "month", "stands", "difference", "missed by", "running total"), missed))
    return "\n".join(parts)


def _autumn(share: DifferenceShare) -> int:
    return sum(1 for period in share.by_difference if period.season in AUTUMN)


def _relative(share: DifferenceShare) -> list[tuple[float, Period]]:
    return sorted((100 * gap / abs(value), d.period) for d, value, gap in share.compared if value)


def _median(share: DifferenceShare) -> str:
    found = _relative(share)
    return f"{found[len(found) // 2][0]:.1f}" if found else ""


def _largest(share: DifferenceShare) -> str:
    found = _relative(share)
    return f"{found[-1][0]:.1f} % ({found[-1][1]})" if found and found[-1][0] > 0 else ""


def _months(periods: Sequence[Period]) -> str:
    years: dict[int, list[str]] = {}
    for period in periods:
        years.setdefault(period.year, []).append(f"{period.season + 1:02d}")
    return "; ".join(f"{year}: {', '.join(months)}" for year, months in years.items())


def recalled(data: Catalogue, rows: Rows, filled: Filled) -> str:
    """Return every recalled field of events and provisions, with the address where it could be read."""
    titles = {event.id: event for event in data.measures.events}
    listed: list[list[object]] = []
    for event in data.measures.events:
        if event.unverified:
            address = event.details.get("text_url") or "none known"
            listed.append([f"`{event.id}`", ", ".join(event.unverified), address])
    for provision in data.measures.provisions:
        if provision.unverified:
            event = titles[provision.event_id]
            address = event.details.get("text_url") or "none known"
            listed.append([f"`{provision.id}`", ", ".join(provision.unverified), address])
    text = (
        "These fields are from memory and marked wherever they are shown. The address is that of the text, "
        "where one is known; nobody has read it there."
    )
    return (
        "## Recalled, not read\n\n"
        + filled(text)
        + "\n\n"
        + rows(("event or provision", "fields", "where they could be read"), listed)
    )
