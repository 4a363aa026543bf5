"""The usual methods beside the joint posterior: name, estimator and covariance in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """One method that can be asked for.

    Attributes
    ----------
    name : str
        As in ``--method``.
    title : str
    estimator : str
        What is estimated, and how.
    covariance : str
        What the standard errors are.
    null : str
        Null hypothesis of the p-values and of the sign probability.
    assumes : str
        What the errors or the units must be for the interval to hold.
    avoid : str
        When not to use it.
    source : str
    """

    name: str
    title: str
    estimator: str
    covariance: str
    null: str
    assumes: str
    avoid: str
    source: str

    def to_record(self) -> dict[str, str]:
        """Return the row of a table of methods."""
        return {
            "name": self.name,
            "title": self.title,
            "estimator": self.estimator,
            "covariance": self.covariance,
            "null_hypothesis": self.null,
            "assumes": self.assumes,
            "when_not": self.avoid,
            "source": self.source,
        }


ZERO = "the effect of the event is zero, the other events and regressors being in the model"

PEERS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "ols",
            "Ordinary least squares",
            "all events in one regression by least squares; flat trend and season",
            "classical: independent errors of equal variance; t distribution",
            ZERO,
            "independent errors of equal variance around one trend and season",
            "trade series have autocorrelated errors: the intervals are far too narrow",
            "Box & Tiao (1975), JASA 70, 70-79",
        ),
        Method(
            "ols_hac",
            "Segmented regression with Newey-West errors",
            "all events in one regression by least squares; flat trend and season",
            "Newey-West with Bartlett weights, bandwidth floor(4 (n/100)^(2/9)), n/(n - k); t distribution",
            ZERO,
            "errors whose dependence fades within the bandwidth, and a long sample",
            "with fewer than several hundred periods the intervals are still too narrow",
            "Newey & West (1987), Econometrica 55, 703-708",
        ),
        Method(
            "glsar",
            "Generalised least squares with AR(1) errors",
            "iterated feasible generalised least squares, AR(1) errors, first observation dropped",
            "generalised least squares given the estimated autocorrelation; t distribution",
            ZERO,
            "AR(1) errors around one trend and season; no wandering level",
            "the autocorrelation is biased down and held as known; a wandering level is not in the model",
            "Cochrane & Orcutt (1949), JASA 44, 32-61",
        ),
        Method(
            "sarimax",
            "Regression with seasonal ARIMA errors",
            "exact maximum likelihood; ARIMA(1,0,0) errors unless an order is given",
            "observed information (cov_type approx, not the default outer product of gradients), errors' "
            "parameters included; normal",
            ZERO,
            "ARIMA errors of the stated order",
            "the order is held as known; short samples bias the autocorrelation down",
            "Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter",
        ),
        Method(
            "transfer",
            "Box-Tiao transfer functions",
            "exact maximum likelihood; response w/(1 - dB) of gradual and temporary events with d estimated, "
            "ARIMA(0,1,1) errors unless an order is given",
            "observed information (cov_type approx), the decays' and errors' parameters included; normal",
            ZERO,
            "ARIMA errors of the stated order, and responses that decay geometrically",
            "the order is held as known; a decay near 0 or 1 has no standard error",
            "Box & Tiao (1975), JASA 70, 70-79; Cryer & Chan (2008), chapter 11",
        ),
        Method(
            "uc",
            "Unobserved components before and after",
            "random-walk level, season, trend and controls fitted by maximum likelihood before the first "
            "event and predicted beyond it; an event's effect is what reproduces the mean gap of its window",
            "simulated paths of a fixed sequence: level, coefficients and noise drawn, variances held",
            "the gap between observed and predicted values is zero",
            "a level that wanders as before the first event, for as long as it is predicted ahead",
            "needs a long stretch before the first event; later events stand on a forecast far ahead",
            "Harvey (1989); Brodersen et al. (2015), Annals of Applied Statistics 9, 247-274",
        ),
        Method(
            "uc_bsts",
            "Unobserved components with the prior of R's CausalImpact",
            "local level and controls before the first event, priors of CausalImpact 1.4.1: level "
            "variance inverse-gamma, guess 0.01 sd(y), "
            "32 degrees of freedom, spike and slab on the controls",
            "predictive distribution; both variances integrated over by quadrature, no sampler",
            "the gap between observed and predicted values is zero",
            "a level that hardly wanders (one hundredth of the standard deviation a step), and controls "
            "that no event touches",
            "the prior all but fixes the level: wandering series get intervals that are too narrow",
            "Brodersen et al. (2015), Annals of Applied Statistics 9, 247-274",
        ),
        Method(
            "poisson",
            "Quasi-Poisson regression with Newey-West errors",
            "log link on the values themselves, zeros included, by quasi-likelihood",
            "Newey-West with Bartlett weights, bandwidth floor(4 (n/100)^(2/9)), n/(n - k); t distribution",
            ZERO,
            "an expected value of log-linear form, and a long sample",
            "values below zero; an event in whose window every value is zero has a bound and no estimate",
            "Gourieroux, Monfort & Trognon (1984), Econometrica 52, 701-720; Silva & Tenreyro (2006)",
        ),
        Method(
            "negbin",
            "Negative binomial regression with Newey-West errors",
            "log link on counts, variance mu + alpha mu^2 with alpha by maximum likelihood",
            "Newey-West with Bartlett weights, bandwidth floor(4 (n/100)^(2/9)), n/(n - k), alpha held; "
            "t distribution",
            ZERO,
            "counts of log-linear expectation whose variance grows with its square",
            "amounts of money: the variance, unlike quasi-Poisson's, depends on the unit",
            "Hilbe (2011), Negative Binomial Regression, 2nd ed.",
        ),
        Method(
            "synthetic",
            "Synthetic control",
            "donors (the controls) weighted on the simplex to match the series before the first event",
            "none: placebos on every donor give a rank p-value",
            "the ratio of the root mean squared gap after to before is no larger than a donor's",
            "donors that share what moved the series and that no event touches",
            "a series outside the range of its donors, few donors, donors that the events also touch",
            "Abadie, Diamond & Hainmueller (2010), JASA 105, 493-505",
        ),
    )
}
