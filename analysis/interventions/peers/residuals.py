"""What the residuals of a method say of its noise: Ljung-Box and Jarque-Bera, by statsmodels."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.domain import FloatArray

LAGS = 12
SHARE = 5
"""At most one lag for every five residuals."""


def residual_tests(residuals: FloatArray, parameters: int = 0) -> dict[str, Any]:
    """Return the tests of no autocorrelation and of normality.

    Parameters
    ----------
    residuals : ndarray, shape (n,)
        One-step errors in order, unobserved periods left out.
    parameters : int
        Noise parameters that were estimated: they take as many degrees of freedom.

    Returns
    -------
    dict
        ``ljung_box`` with lags, statistic and p-value; ``jarque_bera`` with statistic, p-value, skewness and
        kurtosis. Empty with too few residuals.

    References
    ----------
    Ljung & Box (1978), Biometrika 65, 297-303; Jarque & Bera (1980), Economics Letters 6, 255-259.
    """
    from statsmodels.stats.diagnostic import acorr_ljungbox
    from statsmodels.stats.stattools import jarque_bera

    values = np.asarray(residuals, dtype=np.float64)
    lags = min(LAGS, len(values) // SHARE)
    if lags <= parameters:
        return {}
    portmanteau = acorr_ljungbox(values, lags=[lags], model_df=parameters).iloc[0]
    normal, pvalue, skewness, kurtosis = map(float, jarque_bera(values))
    return {
        "ljung_box": {
            "lags": lags,
            "statistic": float(portmanteau["lb_stat"]),
            "pvalue": float(portmanteau["lb_pvalue"]),
            "null_hypothesis": "the residuals are not autocorrelated",
        },
        "jarque_bera": {
            "statistic": normal,
            "pvalue": pvalue,
            "skewness": skewness,
            "kurtosis": kurtosis,
            "null_hypothesis": "the residuals are normally distributed",
        },
    }
