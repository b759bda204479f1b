"""How far properties of pictures are apart in two sets of them, of which one is weighted, and what chance reaches.

Sets are compared class by class or with weights that give both the same shares of classes; directions go round in a circle.
"""

from __future__ import annotations

import math

import numpy as np

from components.samples import Floats

#: Fewer images than this on a side say nothing that the noise would not hide.
LEAST = 20
Steps = tuple[Floats, Floats]


def steps(then: Floats, now: Floats, weight: Floats) -> Steps:
    """All values, ascending, and at each of them the distribution function of `now` minus that of `then`.

    Args:
        weight: of each value of `now`; their sum is above 0.
    """
    values = np.concatenate([then, now])
    height = np.concatenate([np.full(len(then), -1 / len(then)), weight / weight.sum()])
    distinct, of = np.unique(values, return_inverse=True)
    return distinct, np.cumsum(np.bincount(of.reshape(-1), height, len(distinct)))


def ks(found: Steps) -> float:
    """Kolmogorov and Smirnov's two-sample D, 0 to 1."""
    return min(1.0, float(np.abs(found[1]).max()))


def kuiper(found: Steps) -> float:
    """Kuiper's two-sample V, 0 to 1: like D, but the same whatever angle of a circle counts as 0."""
    return min(1.0, float(max(found[1].max(), 0.0) - min(found[1].min(), 0.0)))


def effective(n: int, weight: Floats) -> float:
    """Size of both samples in one, ``n m / (n + m)``; `m` weighted images count as ``(sum w)^2 / sum w^2`` (L. Kish, 1965)."""
    m = float(weight.sum() ** 2 / (weight**2).sum())
    return n * m / (n + m)


def ks_floor(size: float, comparisons: int, alpha: float) -> float:
    """Noise floor of `ks`: the first term of Kolmogorov's distribution, which is all of it in the tail."""
    return min(1.0, math.sqrt(-math.log(alpha / comparisons / 2) / 2 / size))


def kuiper_floor(size: float, comparisons: int, alpha: float) -> float:
    """Noise floor of `kuiper`: N. H. Kuiper, Proc. Kon. Ned. Akad. A 63 (1960), first term ``(8 x^2 - 2) exp(-2 x^2)``."""
    low, high = 1.0, 10.0
    for _ in range(50):
        x = (low + high) / 2
        low, high = (x, high) if (8 * x * x - 2) * math.exp(-2 * x * x) > alpha / comparisons else (low, x)
    return min(1.0, high / math.sqrt(size))
