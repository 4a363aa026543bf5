"""Evaluate the claims: every verdict is computed from the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis import catalogue
from analysis.attribution.claims import arithmetic, cause
from analysis.attribution.claims.outcome import UNTESTABLE, Outcome, Thresholds, Verdict
from analysis.attribution.limits import CANNOT_SAY
from analysis.attribution.study import Study
from analysis.catalogue import Claim
from analysis.domain import Cell, Result
from analysis.errors import CannotEstimateError, DataPackageError, NotFoundError

Run = Callable[[Claim, Thresholds, Study], Outcome]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of test with the parameters that it knows.

    Attributes
    ----------
    run : callable
        Of a claim, the thresholds and a study.
    required, optional : tuple of str
    """

    run: Run
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


def _arithmetic(test: Callable[[Mapping[str, Any], Thresholds], Outcome]) -> Run:
    return lambda claim, thresholds, _: test(claim.test, thresholds)


KINDS: dict[str, Kind] = {
    "direction": Kind(_arithmetic(arithmetic.direction), ("series",), ("peak", "falls", "rises", "sharply")),
    "peak": Kind(_arithmetic(arithmetic.peak), ("series", "year", "about", "within")),
    "gone": Kind(_arithmetic(arithmetic.gone), ("series", "from", "to")),
    "provisions": Kind(
        _arithmetic(arithmetic.provisions), ("flow", "measures", "products"), ("events", "adopted")
    ),
    "held": Kind(_arithmetic(arithmetic.held), ("rate", "spans")),
    "added": Kind(_arithmetic(arithmetic.added), ("since", "flow", "years", "stated")),
    "share": Kind(cause.share, ("series", "from", "to", "events"), ("accounts", "between", "flow")),
    "prices": Kind(cause.prices, ("series", "from", "to", "parts", "timing")),
    "unmeasured": Kind(cause.unmeasured, ("measures",), ("shows", "estimates")),
    "doubt": Kind(cause.doubt, ("years", "exports", "imports")),
}


@dataclass(frozen=True)
class ClaimsReport(Result):
    """Every statement with its verdict.

    Attributes
    ----------
    verdicts : tuple of Verdict
    thresholds : mapping of str to float
    """

    verdicts: tuple[Verdict, ...]
    thresholds: Thresholds

    def to_record(self) -> dict[str, Any]:
        """Return thresholds and claims."""
        return {
            "thresholds": dict(self.thresholds),
            "cannot_say": list(CANNOT_SAY),
            "claims": [verdict.to_record() for verdict in self.verdicts],
            "data": catalogue.data_digest(),
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row for each statement."""
        columns = ("id", "source", "statement", "verdict", "rests on unverified alone")
        return columns, [
            [
                v.claim.id,
                " ".join(v.claim.source),
                v.claim.statement,
                v.verdict,
                "yes" if v.outcome.rests_on_copies else None,
            ]
            for v in self.verdicts
        ]

    def heading(self) -> str:
        """Return what the statements are."""
        return "Statements of the note behind the chart, tested on these data"

    def notes(self) -> Sequence[str]:
        """Return what the verdicts mean."""
        return (
            "True and false are for arithmetic. A cause is consistent with the data if the interval of its "
            f"share lies above {self.thresholds.get('share', 0.5):g}, contradicted if below, else partly.",
            *CANNOT_SAY,
        )


def evaluate_claims(ids: Sequence[str] = (), study: Study | None = None) -> ClaimsReport:
    """Evaluate every claim of the package in use, or some.

    Parameters
    ----------
    ids : sequence of str
        All if empty.
    study : Study, optional
        Holds fits that others use too.

    Raises
    ------
    NotFoundError
        If an id is not in the list.
    DataPackageError
        If a test is of an unknown kind or misses a parameter.
    """
    stated = catalogue.claims()
    by_id = {claim.id: claim for claim in stated.claims}
    for name in ids:
        if name not in by_id:
            raise NotFoundError(f"no claim '{name}'; there are {', '.join(by_id) or 'none'}")
    study = study or Study()
    chosen = [by_id[name] for name in ids] if ids else list(stated.claims)
    return ClaimsReport(
        tuple(Verdict(claim, evaluate(claim, stated.thresholds, study)) for claim in chosen),
        stated.thresholds,
    )


def evaluate(claim: Claim, thresholds: Thresholds, study: Study) -> Outcome:
    """Return what the test of one claim finds.

    Raises
    ------
    DataPackageError
        If the test is of an unknown kind, or a parameter is missing or unknown.
    """
    name = claim.test["kind"]
    if name not in KINDS:
        raise DataPackageError(
            f"claims.yaml: claim '{claim.id}': no test is called '{name}'; there are {', '.join(KINDS)}"
        )
    kind = KINDS[name]
    given = [key for key in claim.test if key != "kind"]
    for key in kind.required:
        if key not in given:
            raise DataPackageError(f"claims.yaml: claim '{claim.id}': the test '{name}' needs '{key}'")
    for key in given:
        if key not in (*kind.required, *kind.optional):
            raise DataPackageError(f"claims.yaml: claim '{claim.id}': the test '{name}' has no '{key}'")
    try:
        return kind.run(claim, thresholds, study)
    except CannotEstimateError as problem:
        return Outcome(UNTESTABLE, f"{problem.message[:1].upper()}{problem.message[1:]}.")
