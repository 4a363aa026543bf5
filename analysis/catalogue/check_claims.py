"""Checks of claims and comparisons: they can be read, and what they name exists."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from analysis.catalogue.checks import Finding, Findings
from analysis.catalogue.claims import CLAIM_FILE
from analysis.catalogue.comparisons import COMPARISON_FILE

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue


def claims(catalogue: Catalogue) -> Findings:
    """Every claim can be read, and names series, events, covariates and estimates that exist."""
    known = _known(catalogue)
    for claim in catalogue.claims.claims:
        for kind, name in claim.references():
            if name.partition(":")[0] not in known[kind]:
                reason = f"'{claim.id}' names the unknown {kind} '{name}'"
                yield Finding("claims", CLAIM_FILE, None, reason)


def comparisons(catalogue: Catalogue) -> Findings:
    """Every comparison can be read, and names an estimate, events and a series that exist."""
    known = _known(catalogue)
    for entry in catalogue.comparisons:
        named = [("estimate", entry.estimate), *(("event", event) for event in entry.events)]
        named += [(kind, str(entry.ours[kind])) for kind in ("series", "event") if kind in entry.ours]
        for kind, name in named:
            if name.partition(":")[0] not in known[kind]:
                reason = f"'{entry.estimate}' names the unknown {kind} '{name}'"
                yield Finding("comparisons", COMPARISON_FILE, None, reason)


def _known(catalogue: Catalogue) -> dict[str, Container[str]]:
    return {
        "series": catalogue.builder.recipes,
        "event": catalogue.measures.events,
        "covariate": catalogue.extras.covariates,
        "figure": {figure.id for figure in catalogue.package.all_figures()},
        "estimate": {estimate.id for estimate in catalogue.measures.estimates},
    }
