"""What checks of images share: the images of both sides, class by class, and two-sample tests with their noise floors."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from components.checks import _common as common
from components.images import image_features
from components.interfaces import DataContext
from components.samples import Floats, Mask, Sample

#: Fewer images than this on a side say nothing that the noise would not hide.
LEAST = 20

Steps = tuple[Floats, Floats]


def pairs(context: DataContext) -> tuple[Sample, Sample, list[str]] | None:
    """The sample, that of the reference, and the image features of both; None when there is nothing to compare."""
    now, then = context.sample, context.reference_sample
    if now is None or then is None or not len(now) or not len(then):
        return None
    names = [n for n in image_features(now) if n in image_features(then)]
    return (now, then, names) if names else None


def why_not(context: DataContext) -> str:
    """Why there are no images to compare, in words."""
    if context.sample is None or not image_features(context.sample):
        return "there are no images"
    return common.why_no_reference(context)


def groups(now: Sample, then: Sample) -> Iterator[tuple[str, Mask, Mask]]:
    """Everything (named ""), and each class with enough images on both sides, as masks of both samples."""
    yield "", np.ones(len(now), bool), np.ones(len(then), bool)
    classes = [v for v in now.label_values if v in set(then.label_values)]
    for value in classes if len(classes) > 1 else []:
        ours, theirs = now.labels == value, then.labels == value
        if min(ours.sum(), theirs.sum()) >= LEAST:
            yield value, ours, theirs


def weights(now: Sample, then: Sample) -> Floats:
    """A weight for each image of `now`, so that its classes have the shares they have in `then`: label shift is no drift."""
    before: dict[str, int] = dict(zip(*_counted(then), strict=True))
    after: dict[str, int] = dict(zip(*_counted(now), strict=True))
    if not set(before) & set(after):
        return np.ones(len(now))
    ratio = {v: before.get(v, 0) / n * len(now) / len(then) for v, n in after.items()}
    return np.array([ratio[v] for v in now.labels.tolist()], np.float64)


def _counted(sample: Sample) -> tuple[list[str], list[int]]:
    values, counts = np.unique(sample.labels.astype(str), return_counts=True)
    return values.tolist(), counts.tolist()


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


def place(context: DataContext, sample: Sample, chosen: Mask | npt.NDArray[np.int64]) -> list[str]:
    """Names of some rows of a sample."""
    if not len(sample.files):
        return []
    return common.places(context, sample.files[chosen].tolist(), sample.rows[chosen].tolist())


def of_class(name: str) -> str:
    """A group in words."""
    return f" of class {name!r}" if name else ""
