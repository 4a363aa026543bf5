"""``data check``: prove the data package, finding by finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.domain import Cell, Result
from analysis.errors import DataPackageError, UsageError

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the package.

    Attributes
    ----------
    check : str
        Name of the check.
    file : str
        Path inside the package.
    row : int or None
        Line of the file, the header being 1; None where the whole file is meant.
    reason : str
        One sentence.
    """

    check: str
    file: str
    row: int | None
    reason: str

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}, row {self.row}"
        return f"{place}: {self.reason}"

    def to_record(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {"check": self.check, "file": self.file, "row": self.row, "reason": self.reason}


Findings = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class CheckReport(Result):
    """What the checks found.

    Attributes
    ----------
    directory : str
        The package as it was named.
    digest : str
        SHA-256 of the package's descriptor; empty if it cannot be read.
    findings : tuple of Finding
    counts : mapping of str to int
        How much was examined: tables, figures, sources, events, series, and each check.
    exceptions : tuple of mapping
        What is known not to hold: identities, and figures excluded as errors, each with ``reason``.
    """

    directory: str
    digest: str
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    exceptions: tuple[Mapping[str, Any], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def require(self) -> None:
        """Raise for a package that failed.

        Raises
        ------
        DataPackageError
            With the first finding and the number of the others.
        """
        if self.findings:
            others = len(self.findings) - 1
            more = f" (and {others} more findings)" if others else ""
            raise DataPackageError(f"the data package fails: {self.findings[0]}{more}")

    def to_record(self) -> dict[str, Any]:
        """Return ``ok``, counts and findings."""
        return {
            "ok": self.ok,
            "digest": self.digest,
            "counts": dict(self.counts),
            "findings": [finding.to_record() for finding in self.findings],
            "exceptions": [dict(known) for known in self.exceptions],
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per finding, or the counts if there is none."""
        if self.ok:
            return ("examined", "count"), [[name, count] for name, count in self.counts.items()]
        return ("check", "file", "row", "reason"), [[f.check, f.file, f.row, f.reason] for f in self.findings]

    def heading(self) -> str:
        """Return the verdict."""
        return (
            "the data package holds"
            if self.ok
            else f"the data package fails with {len(self.findings)} findings"
        )

    def notes(self) -> Sequence[str]:
        """Return every known exception, those with one reason together."""
        together: dict[tuple[str, str], list[str]] = {}
        for known in self.exceptions:
            missed = "" if known["gap"] is None else f" by {known['gap']:+.3g}"
            together.setdefault((known["identity"], known["reason"]), []).append(
                f"{known['figures'][-1]}{missed}"
            )
        return [
            f"Known exception, {identity}: {reason} ({', '.join(named)})."
            for (identity, reason), named in together.items()
        ]


def run_checks(catalogue: Catalogue, only: Sequence[str] = ()) -> CheckReport:
    """Run every check on a catalogue that nothing has been read from yet.

    Tables are checked first; what needs all of them to be readable follows only if they are.

    Parameters
    ----------
    catalogue : Catalogue
    only : sequence of str
        Names of the checks to run; all if empty.

    Returns
    -------
    CheckReport

    Raises
    ------
    UsageError
        If `only` names a check that does not exist.
    """
    from analysis.catalogue import check_claims, check_files, check_links, check_sums
    from analysis.catalogue.identities import exception_rows

    findings: list[Finding] = []
    counts: dict[str, int] = {}
    shape: list[tuple[str, Callable[[Catalogue], Findings]]] = [
        ("files", check_files.files),
        ("schema", check_files.schema),
        ("keys", check_files.keys),
        ("values", check_files.values),
    ]
    meaning: list[tuple[str, Callable[[Catalogue], Findings]]] = [
        ("sources", check_links.sources),
        ("corrections", check_links.corrections),
        ("events", check_links.events),
        ("recipes", check_links.recipes),
        ("covariates", check_links.covariates),
        ("claims", check_claims.claims),
        ("comparisons", check_claims.comparisons),
        ("formulas", check_sums.formulas),
        ("identities", check_sums.identities),
        ("vintages", check_sums.vintages),
        ("cumulatives", check_sums.cumulatives),
        ("reference", check_sums.reference),
    ]
    names = [name for name, _ in (*shape, *meaning)]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise UsageError(f"no check is called '{unknown[0]}'; there are {', '.join(names)}")
    for stage in (shape, meaning):
        if any(f.check in ("schema", "values", "files") and _blocking(f) for f in findings):
            break
        for name, test in stage:
            if only and name not in only:
                continue
            found = list(_guarded(name, test, catalogue))
            counts[name] = len(found)
            findings += found
    return CheckReport(
        str(catalogue.package.directory),
        _digest(catalogue),
        tuple(findings),
        _examined(catalogue, findings or only)
        | {f"findings of {name}": count for name, count in counts.items()},
        () if findings or only else tuple(exception_rows(catalogue.package)),
    )


def _blocking(finding: Finding) -> bool:
    return (
        finding.check in ("schema", "values")
        or "missing" in finding.reason
        or "cannot be read" in finding.reason
    )


def _guarded(name: str, test: Callable[[Catalogue], Findings], catalogue: Catalogue) -> Findings:
    """Turn an unreadable file met inside a check into a finding of that check."""
    try:
        yield from test(catalogue)
    except DataPackageError as problem:
        place, _, reason = problem.message.partition(": ")
        file, _, row = place.partition(", row ")
        yield Finding(name, file, int(row) if row.isdigit() else None, reason or problem.message)


def _digest(catalogue: Catalogue) -> str:
    try:
        return catalogue.package.digest
    except DataPackageError:
        return ""


def _examined(catalogue: Catalogue, partial: Sequence[object]) -> dict[str, int]:
    if partial:
        return {}
    from analysis.catalogue.identities import prove

    package = catalogue.package
    return {
        "files": len(package.descriptor["resources"]),
        "figures": sum(len(package.table(name)) for name in package.table_names),
        "sources": len(package.sources),
        "corrections": len(package.corrections),
        "events": len(catalogue.measures.events),
        "provisions": len(catalogue.measures.provisions),
        "series": len(catalogue.builder.recipes),
    } | {f"identities of {name}": count for name, count in prove(package).examined.items()}
