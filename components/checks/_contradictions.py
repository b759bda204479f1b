"""Rows whose label a model of other rows contradicts: the measuring part of `label_noise`."""

from __future__ import annotations

import collections
import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.samples import Floats, Mask, Sample

Ints = npt.NDArray[np.int64]

#: Rows of a side that are looked at: a second of computing, and noise far below the limits.
MOST = 4000
#: Below this a side teaches a model nothing.
LEAST = 50
#: More label values than this cost too much time: a tree per value and step.
LABELS = 20
FOLDS = 5
#: Both sides are judged by the same few models, so that the shares vary a fifth more than counts alone: at most, in
#: simulations with 50 to 2,000 rows a side and weak to strong signals.
SPREAD = 1.2


@dataclass(frozen=True)
class Contradicted:
    """Which rows of the two sides are contradicted, and their labels as numbers."""

    now: Mask
    then: Mask
    labels_now: Ints
    labels_then: Ints


def part(sample: Sample, labels: list[str], random: np.random.Generator) -> Sample:
    """At most `MOST` rows with these labels, in their order."""
    known = np.flatnonzero(np.isin(sample.labels.astype(str), labels)) if labels else np.empty(0, np.int64)
    if len(known) > MOST:
        known = np.sort(random.choice(known, MOST, replace=False))
    return sample.take(known)


def matrices(now: Sample, then: Sample, left_out: Collection[str] = ()) -> tuple[Floats, Floats]:
    """The features of both sides as numbers: categories by their rank in frequency in the reference, then unseen ones."""
    both: list[tuple[Floats, Floats]] = []
    for name in sorted({*now.numeric} & {*then.numeric} - {*left_out}):
        both.append((now.numeric[name], then.numeric[name]))
    for name in sorted({*now.categorical} & {*then.categorical} - {*left_out}):
        times = collections.Counter(v for v in then.categorical[name].tolist() if v is not None)
        rank = {v: float(i) for i, (v, _) in enumerate(sorted(times.items(), key=lambda item: (-item[1], item[0])))}
        both.append((_ranks(now, name, rank), _ranks(then, name, rank)))
    # Infinities are refused by scikit-learn; columns that say nothing cost time.
    told = [(_finite(a), _finite(b)) for a, b in both if len(b) and len(np.unique(b)) > 1]
    empty = np.empty((len(now), 0)), np.empty((len(then), 0))
    return (np.column_stack([a for a, _ in told]), np.column_stack([b for _, b in told])) if told else empty


def _ranks(sample: Sample, name: str, rank: dict[str, float]) -> Floats:
    unseen, missing = float(len(rank)), float("nan")
    values = sample.categorical[name].tolist()
    return np.array([missing if v is None else rank.get(v, unseen) for v in values], np.float64)


def _finite(values: Floats) -> Floats:
    return np.clip(values, -1e100, 1e100)


def contradicted(
    now: Floats, then: Floats, labels_now: Ints, labels_then: Ints, labels: int, random: np.random.Generator
) -> Contradicted:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    fold_now, fold_then = random.permutation(len(now)) % FOLDS, random.permutation(len(then)) % FOLDS
    chance_now, chance_then = np.zeros((len(now), labels)), np.zeros((len(then), labels))
    # Small trees, few steps: what many rows agree on, not what single ones say. One thread, so that sums never differ.
    steps = max(8, min(30, 90 // labels))
    with threadpool_limits(limits=1):
        for fold in range(FOLDS):
            learned, left, asked = fold_then != fold, fold_then == fold, fold_now == fold
            if len(np.unique(labels_then[learned])) < 2:
                continue
            model = HistGradientBoostingClassifier(
                max_iter=steps,
                learning_rate=4.5 / steps,
                max_leaf_nodes=8,
                max_bins=63,
                early_stopping=False,
                random_state=0,
            )
            model.fit(then[learned], labels_then[learned])
            for chance, matrix, chosen in ((chance_now, now, asked), (chance_then, then, left)):
                if chosen.any():
                    chance[np.ix_(chosen, model.classes_)] = model.predict_proba(matrix[chosen])
    own = [float(chance_then[labels_then == c, c].mean()) if (labels_then == c).any() else 1.0 for c in range(labels)]
    usual = np.array(own)
    return Contradicted(
        _against(chance_now, labels_now, usual), _against(chance_then, labels_then, usual), labels_now, labels_then
    )


def _against(chance: Floats, labels: Ints, usual: Floats) -> Mask:
    """Rows of which another label is as likely as rows of that label usually are, and likelier than their own."""
    rows = np.arange(len(labels))
    others = np.where((chance >= usual) & (chance > 0), chance, 0.0)
    others[rows, labels] = 0.0
    found: Mask = others.max(axis=1) > chance[rows, labels]
    return found


def excess(found: Contradicted) -> tuple[float, float]:
    """Difference of the shares, label by label, weighted by the span's labels; and its standard deviation."""
    total, variance = 0.0, 0.0
    for label in np.unique(found.labels_now).tolist():
        now, then = found.now[found.labels_now == label], found.then[found.labels_then == label]
        if not len(now) or not len(then):
            continue
        weight = len(now) / len(found.now)
        # One row more on both sides: a share of 0 in a few rows is not known to be 0.
        pooled = (now.sum() + then.sum() + 1) / (len(now) + len(then) + 2)
        total += weight * float(now.mean() - then.mean())
        variance += weight**2 * float(pooled * (1 - pooled)) * (1 / len(now) + 1 / len(then))
    return total, SPREAD * math.sqrt(variance)
