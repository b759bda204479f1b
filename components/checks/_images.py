"""What checks of images share: the images of both sides, class by class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from components.checks import _common as common
from components.images import image_features
from components.interfaces import DataContext
from components.picture_statistics import LEAST
from components.samples import Floats, Mask, Sample


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


def place(context: DataContext, sample: Sample, chosen: Mask | npt.NDArray[np.int64]) -> list[str]:
    """Names of some rows of a sample."""
    if not len(sample.files):
        return []
    return common.places(context, sample.files[chosen].tolist(), sample.rows[chosen].tolist())


def of_class(name: str) -> str:
    """A group in words."""
    return f" of class {name!r}" if name else ""
