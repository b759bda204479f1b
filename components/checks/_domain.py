"""A classifier that tells two samples apart where it can: its AUC on rows it did not learn from measures drift of the joint distribution.

Boosted trees on ranks and category codes. Trees hardly find a change that shows in pairs of features only (a shuffled column), since no
first split gains anything; so the products whose means differ most in the training rows are features too.
Source of the idea: J. H. Friedman, On Multivariate Goodness-of-Fit and Two-Sample Testing (2003).
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components import drift_rules as drift
from components.samples import Floats, Objects, Sample

Ints = npt.NDArray[np.int64]
Pairs = list[tuple[int, int]]

FOLDS = 3
#: The folds share rows to learn from, so that their mean varies more than `drift_rules.auc_floor` says: in 500 and 200
#: resamples of the taxi trips by 1.22 and 1.28 (200 rows a side), in 150 generated ones by 1.13 (1,000 rows).
SPREAD = 1.3
#: Categories with a code of their own: the most frequent ones with at least so many rows in both samples together.
CATEGORIES, CATEGORY_ROWS = 30, 20
#: The most frequent categories that take part in products.
INDICATORS = 4
#: Products that are features, and how many standard errors their means must differ by.
PRODUCTS, PRODUCT_Z = 8, 2.5
#: Rows that the features which tell the samples apart are sought in.
NAMING_ROWS = 1500


@dataclass(frozen=True, eq=False)
class Table:
    """Both samples as numbers.

    Attributes:
        names: feature of each column.
        values: float64 [rows, columns]: centred ranks of numbers (-0.5 to 0.5), codes of categories; NaN is missing.
        categorical: whether a column holds codes, bool [columns].
        after: whether a row is of the newer sample, bool [rows].
    """

    names: list[str]
    values: Floats
    categorical: npt.NDArray[np.bool_]
    after: npt.NDArray[np.bool_]


def table(before: Sample, after: Sample, numeric: list[str], categorical: list[str]) -> Table:
    """The features of two samples; the codes and ranks come from both together and know nothing about sides."""
    columns = [_ranks(np.concatenate([before.numeric[n], after.numeric[n]])) for n in numeric]
    columns += [_codes(np.concatenate([before.categorical[n], after.categorical[n]])) for n in categorical]
    kinds = np.array([False] * len(numeric) + [True] * len(categorical), bool)
    side = np.repeat([False, True], [len(before), len(after)])
    return Table([*numeric, *categorical], np.stack(columns, axis=1), kinds, side)


def _ranks(values: Floats) -> Floats:
    known = ~np.isnan(values)
    ordered = np.sort(values[known])
    out = np.full(len(values), np.nan)
    ranks = np.searchsorted(ordered, values[known], "left") + np.searchsorted(ordered, values[known], "right")
    out[known] = ranks / max(1, 2 * len(ordered)) - 0.5
    return out


def _codes(values: Objects) -> Floats:
    counts = collections.Counter(values.tolist())
    del counts[None]
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:CATEGORIES]
    number: dict[str | None, float] = {c: float(i) for i, (c, n) in enumerate(frequent) if n >= CATEGORY_ROWS}
    number[None] = np.nan
    return np.array([number.get(v, float(CATEGORIES)) for v in values.tolist()], np.float64)


def _terms(values: Floats, categorical: npt.NDArray[np.bool_], centre: Floats) -> tuple[Floats, Ints]:
    """What products are made of, less the mean of each: ranks and indicators of frequent categories; and the column each is from."""
    columns, origin = [], []
    for i, is_codes in enumerate(categorical):
        column = values[:, i]
        columns += [column == c for c in range(INDICATORS)] if is_codes else [np.nan_to_num(column)]
        origin += [i] * (INDICATORS if is_codes else 1)
    terms = np.stack(columns, axis=1).astype(np.float64)
    return terms - centre, np.array(origin, np.int64)


def _products(terms: Floats, origin: Ints, after: npt.NDArray[np.bool_]) -> Pairs:
    """Pairs of terms of different features whose product has another mean on the other side; the most different ones first."""
    one, two = terms[~after], terms[after]
    difference = two.T @ two / len(two) - one.T @ one / len(one)
    square = terms**2
    error = np.sqrt((square.T @ square) / len(terms) * (1 / len(one) + 1 / len(two)))
    z = np.abs(difference) / np.where(error > 0, error, np.inf)
    z[origin[:, None] >= origin[None, :]] = 0.0
    flat = np.argsort(-z, axis=None, kind="stable")[:PRODUCTS]
    return [divmod(int(i), len(origin)) for i in flat if z.flat[i] > PRODUCT_Z]


def _inputs(values: Floats, terms: Floats, pairs: Pairs) -> Floats:
    return np.column_stack([values, *(terms[:, i] * terms[:, j] for i, j in pairs)])


@dataclass(frozen=True, eq=False)
class Apart:
    """How well the samples can be told apart.

    Attributes:
        value: 2 AUC - 1 on rows that were not learned from, -1 to 1, mean over folds.
        model: that of the first fold.
        pairs: its products.
        centre: mean of each term of the products.
        held: rows it did not learn from.
    """

    value: float
    model: Any
    pairs: Pairs
    centre: Floats
    held: Ints


def tell_apart(seen: Table, random: np.random.Generator) -> Apart:
    """Cross-validates the classifier; both sides are spread evenly over the folds."""
    fold = np.empty(len(seen.after), np.int64)
    for side in (False, True):
        rows = random.permutation(np.flatnonzero(seen.after == side))
        fold[rows] = np.arange(len(rows)) % FOLDS
    centre = _terms(seen.values, seen.categorical, np.zeros(1))[0].mean(axis=0)
    terms, origin = _terms(seen.values, seen.categorical, centre)
    found: list[Apart] = []
    with _one_thread():
        for k in range(FOLDS):
            learn, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            pairs = _products(terms[learn], origin, seen.after[learn])
            model = _model(np.r_[seen.categorical, np.zeros(len(pairs), bool)])
            model.fit(_inputs(seen.values[learn], terms[learn], pairs), seen.after[learn])
            score = model.decision_function(_inputs(seen.values[held], terms[held], pairs))
            auc = drift.auc(score[~seen.after[held]], score[seen.after[held]])
            found.append(Apart(2 * auc - 1, model, pairs, centre, held))
    first = found[0]
    return Apart(sum(a.value for a in found) / FOLDS, first.model, first.pairs, centre, first.held)


def features_that_tell(seen: Table, apart: Apart, random: np.random.Generator) -> dict[str, float]:
    """Feature -> what 2 AUC - 1 loses when its column is shuffled (L. Breiman, Random Forests (2001)); the largest first."""
    rows = random.permutation(apart.held)[:NAMING_ROWS]
    after = seen.after[rows]
    lost: dict[str, float] = {}

    def value(values: Floats) -> float:
        terms = _terms(values, seen.categorical, apart.centre)[0]
        score = apart.model.decision_function(_inputs(values, terms, apart.pairs))
        return 2 * drift.auc(score[~after], score[after]) - 1

    with _one_thread():
        whole = value(seen.values[rows])
        for i, name in enumerate(seen.names):
            values = seen.values[rows].copy()
            values[:, i] = random.permutation(values[:, i])
            lost[name] = whole - value(values)
    return dict(sorted(lost.items(), key=lambda item: (-item[1], item[0])))


def _model(categorical: npt.NDArray[np.bool_]) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier  # Takes a second; `retrain check` must not pay for it.

    return HistGradientBoostingClassifier(
        max_iter=40,
        learning_rate=0.1,
        max_leaf_nodes=12,
        min_samples_leaf=30,
        l2_regularization=1.0,
        max_bins=63,
        early_stopping=False,
        categorical_features=categorical if categorical.any() else None,
        random_state=0,
    )


_LOCK = threading.Lock()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums over several threads differ in their last bits from machine to machine."""
    from threadpoolctl import threadpool_limits

    with _LOCK, threadpool_limits(1):
        yield
