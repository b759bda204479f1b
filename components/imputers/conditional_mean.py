"""What the row's other numbers let expect."""

from __future__ import annotations

import functools
from typing import Annotated

import numpy as np
from pydantic import Field

from components.interfaces import F64, CategoricalSummary, NumericSummary, RegressionImputer, plugin


@plugin
class ConditionalMean(RegressionImputer):
    """Fills with a linear prediction from the row's other numeric features; those missing themselves count as their mean.

    Ridge regression (A. E. Hoerl and R. W. Kennard, Technometrics 12, 1970) on standardised features; S. F. Buck's method of
    imputation (Journal of the Royal Statistical Society B 22, 1960), from one covariance analysis. The prediction stays inside
    the range of train. Only linear relations are seen: `transform.log` straightens amounts.

    Attributes:
        ridge: penalty, as a share of a feature's variance, above 0. Default 0.01: it shrinks what one feature predicts by 1 %, and
            shares the weight between copies of a feature, which plain least squares cannot.
    """

    ridge: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] = 0.01

    kinds = ("numeric",)

    def fill(self, summary: NumericSummary | CategoricalSummary) -> float | None:
        """The mean; None when train has no value. Raises ValueError for a categorical feature."""
        if not isinstance(summary, NumericSummary):
            raise ValueError(f"conditional_mean needs numbers, and {summary.name} is categorical")
        return summary.mean if summary.present else None

    def coefficients(self, correlation: F64, target: int) -> F64:
        """See `RegressionImputer.coefficients`."""
        # In the inverse of a covariance matrix, column t is -(regression of t on the others) / (variance left of t), and 1 / that at t:
        # one inversion serves all targets.
        inverse = _inverse(correlation.astype(np.float64).tobytes(), len(correlation), self.ridge)
        weights = -inverse[:, target] / inverse[target, target]
        weights[target] = 0.0
        return weights


@functools.lru_cache(maxsize=1)
def _inverse(correlation: bytes, size: int, ridge: float) -> F64:
    """Inverse of correlation + ridge I, float64 [size, size].

    Correlations over different rows may contradict each other; then the ridge is doubled until they do not. By Gauss-Jordan
    elimination in single operations, not by LAPACK, whose last bits depend on its threads.
    """
    matrix = np.frombuffer(correlation).reshape(size, size)
    while True:
        a = matrix + ridge * np.eye(size)
        for k in range(size):
            pivot = a[k, k]
            if pivot < 0.5 * ridge:  # of a matrix that is no covariance
                break
            column = a[:, k].copy()
            column[k] = 0.0
            row = a[k] / pivot
            row[k] = 1.0 / pivot
            a[:, k] = 0.0
            a -= column[:, None] * row
            a[k] = row
        else:
            return a
        ridge *= 2
