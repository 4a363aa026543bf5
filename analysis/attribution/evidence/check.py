"""What every piece of evidence is: an object that validates before it runs."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from analysis.attribution.result import AttributionResult
from analysis.domain import FloatArray


class Finding(Protocol):
    """What a check found."""

    def to_record(self) -> dict[str, Any]:
        """Return the finding as JSON-ready values."""

    def words(self) -> str:
        """Return the finding in one or two sentences."""


class Check(Protocol):
    """A refit, or many, that speaks for or against an answer.

    A check is frozen and holds its settings only. `validate` is called on every check before any runs.
    """

    @property
    def name(self) -> str:
        """Key in the record."""

    def validate(self, answer: AttributionResult) -> str | None:
        """Return why the check cannot speak about `answer`, or None.

        Raises
        ------
        UsageError
            If a setting is outside its range.
        """

    def run(self, answer: AttributionResult) -> Finding:
        """Refit and return the finding."""


def discounted(answer: AttributionResult) -> FloatArray:
    """Return the variance that the answer adds to outlying periods, on average, over the stationary one."""
    posterior = answer.fit.posterior
    extra = np.zeros(len(answer.fit.series))
    for dated in answer.datings:
        own = posterior.dating(dated.dating)
        for j, t in enumerate(posterior.outliers):
            extra[t] += dated.weight * float(own.weight @ (posterior.factors[own.factor, j] - 1))
    return extra
