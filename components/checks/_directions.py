"""Directions of images on both sides: which of them differ most, and by how far one side would have to be turned to match."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from components import picture_statistics as statistics
from components import statistics_rules as rules
from components.samples import Floats, Mask, Sample

#: What is compared: suffix of the column -> (degrees after which it repeats, its name in words).
DIRECTIONS = {
    "orientation": (180, "direction of edges"),
    "moment_angle": (180, "long axis of shapes"),
    "balance": (360, "side of the light"),
}

#: A turn explains a difference when no more than this share of it is left. Of true turns of digits by 15 degrees, 0 to 0.5 is.
EXPLAINED = 0.6

#: Weight of the other directions: they break ties. With 1, those that small pictures blur pull the angle of digits down by a third.
OTHERS = 0.1


@dataclass(frozen=True, eq=False)
class Difference:
    """How one direction differs in one group of images.

    Attributes:
        kuiper: Kuiper's V, 0 to 1.
        size: effective number of images, see `picture_statistics.effective`.
        then, now: degrees of the reference's images and of the current ones, without NaN.
        weight: of each current one.
        index: of each current one in the sample.
        steps: of the distribution functions.
    """

    suffix: str
    kuiper: float
    size: float
    then: Floats
    now: Floats
    weight: Floats
    index: np.ndarray
    steps: statistics.Steps

    def floor(self, comparisons: int, alpha: float = rules.ALPHA) -> float:
        """What chance alone reaches."""
        return statistics.kuiper_floor(self.size, comparisons, alpha)


def differences(sides: tuple[Sample, Sample], name: str, ours: Mask, theirs: Mask, weights: Floats) -> list[Difference]:
    """Of each direction that enough images of both sides have: the surest difference first."""
    now, then = sides
    out = []
    for suffix in DIRECTIONS:
        column = f"{name}.{suffix}"
        if column not in now.numeric or column not in then.numeric:
            continue
        index = np.flatnonzero(ours & np.isfinite(now.numeric[column]) & (weights > 0))
        before = then.numeric[column][theirs & np.isfinite(then.numeric[column])]
        if min(len(index), len(before)) < statistics.LEAST:
            continue
        values, weight = now.numeric[column][index], weights[index]
        found, size = statistics.steps(before, values, weight), statistics.effective(len(before), weight)
        out.append(Difference(suffix, statistics.kuiper(found), size, before, values, weight, index, found))
    return sorted(out, key=lambda d: -d.kuiper * math.sqrt(d.size))


def too_many(found: Difference) -> np.ndarray:
    """Indices of the current images in the arc of directions that holds too many of them."""
    at, height = found.steps
    # The narrowest such arc, where heights are equal but for rounding.
    low = at[np.flatnonzero(height <= height.min() + 1e-9)[-1]]
    high = at[np.flatnonzero(height >= height.max() - 1e-9)[0]]
    inside = (found.now > low) & (found.now <= high) if low < high else (found.now > low) | (found.now <= high)
    return found.index[inside]


def turn(found: list[Difference]) -> int | None:
    """Degrees, -179 to 180, by which the current images are turned counter-clockwise; None when no turn explains the difference.

    The turn that leaves the least of it, by Watson's U2 (G. S. Watson, Biometrika 48 (1961)) times the number of images. The surest
    direction decides, and the others where it cannot: a long axis is the same after half a turn.
    """
    first, *others = found
    left = _left(first)
    total = left + sum((OTHERS * _left(d) for d in others if d.kuiper > d.floor(1)), np.zeros(360))
    best = int(np.argmin(np.where(_NEAREST, total, total + 1e-9)))
    degrees = best - 360 if best > 180 else best
    return degrees if degrees and left[best] < EXPLAINED * left[0] else None


#: Bins of a histogram over the period of a direction.
BINS = 18


def histograms(found: Difference) -> tuple[Floats, Floats]:
    """Shares of the reference's images and of the current ones, weighted, in `BINS` bins of equal width from 0 degrees on."""
    period = DIRECTIONS[found.suffix][0]
    step = period / BINS
    before = np.bincount((found.then % period // step).astype(np.int64), minlength=BINS) / len(found.then)
    now = np.bincount((found.now % period // step).astype(np.int64), found.weight, BINS) / found.weight.sum()
    return before, now


def bars(shares: Floats, most: float) -> str:
    """A histogram as one line of text: a low bar for nothing, the full height for `most`."""
    heights = np.round(shares / most * (len(_BARS) - 1)).astype(np.int64) if most else np.zeros(len(shares), np.int64)
    return "".join(_BARS[min(h, len(_BARS) - 1)] for h in heights.tolist())


_BARS = "▁▂▃▄▅▆▇█"

#: The smaller turn wins where an axis cannot tell two of them apart.
_NEAREST = np.minimum(np.arange(360), 360 - np.arange(360)) <= 90


def _left(found: Difference) -> Floats:
    """Watson's statistic for each turn back by 0 to 359 degrees, from histograms of one degree."""
    period = DIRECTIONS[found.suffix][0]
    before = np.bincount(found.then.astype(np.int64) % period, minlength=period) / len(found.then)
    after = np.bincount(found.now.astype(np.int64) % period, found.weight, period) / found.weight.sum()
    turned = after[(np.arange(period)[None] + np.arange(period)[:, None]) % period]
    gap = np.cumsum(turned - before, axis=1)
    watson = found.size * gap.var(axis=1)
    return np.tile(watson, 360 // period)
