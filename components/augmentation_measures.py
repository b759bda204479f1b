"""What augmentation did to each row, measured on the values before and after: numpy only, and nothing of the configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from components.augmentation_steps import I64, OpDraw
from components.images import of_grey
from components.interfaces import F32, F64
from components.samples import Mask, Objects

#: Half a grey level of 8 bits: pictures that differ by less look the same. Numbers of other features differ when they do.
SAME = {"image": 1 / 512, "numeric": 0.0}
#: Pictures are compared at no more pixels than this a side: what the label is about, not the grain.
SIDE = 32
#: Properties of a picture that are measured before and after (`components.images`).
PROPERTIES = ("brightness", "contrast", "sharpness", "orientation", "moment_angle")
#: Rings and rays that a turn is found on, and how well they must match (correlation): below, pictures are not turned but different.
RINGS, RAYS, MATCH = 6, 90, 0.5
#: A turn by half a circle must match better than a small one by this share: round shapes match everywhere.
SMALLER = 0.05
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Seen:
    """Rows of one split, before and after. Of eval and test, `after` is what is evaluated, and there are no draws.

    Attributes:
        before: name of an input, as people know it -> float32 [n, height, width, channels], 0 to 1 (pictures), or [n, features].
        after: the same inputs, of the same shapes.
        labels: label value of each row, object [n].
        spans: number of the span of each row, int64 [n].
        numbers: number of the draw of each row, int64 [n]; 0 is the example as it is.
        draws: of each operation of the policy; needed of train.
        alone: of each operation, the inputs after it alone (`Policy.apply` with `only`); empty when that was not done.
    """

    before: Mapping[str, F32]
    after: Mapping[str, F32]
    labels: Objects
    spans: I64
    numbers: I64
    draws: Sequence[OpDraw] = ()
    alone: Sequence[Mapping[str, F32]] = ()

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Measured:
    """Of each row of one input.

    Attributes:
        kind: ``image`` or ``numeric``.
        change: mean squared change over the mean squared distance of two different rows, float64 [n]; 1 is: as different as another.
        changed: whether anyone could see it, bool [n].
        visible: whether a change could be seen at all: a plain area looks the same when it is turned; bool [n].
        turn: degrees counter-clockwise by which the picture is turned, -180 to 180, float64 [n]; NaN where no turn explains it, or the
            picture has no direction.
        before: property -> float64 [n], NaN where a picture has none; empty for numbers.
        after: the same.
    """

    kind: str
    change: F64
    changed: Mask
    visible: Mask
    turn: F64
    before: dict[str, F64] = field(default_factory=dict)
    after: dict[str, F64] = field(default_factory=dict)


def measure(before: F32, after: F32) -> Measured:
    """Compares the rows of one input.

    Args:
        before: [n, height, width, channels] or [n, features].
        after: of the same shape.
    """
    n = len(before)
    kind = "image" if before.ndim == 4 else "numeric"
    touched = changed(before, after)
    if kind == "numeric":
        return Measured(kind, _ratio(before, after), touched, np.ones(n, bool), np.full(n, math.nan))
    small, small_after = _reduced(before), _reduced(after)
    grey, grey_after = _grey(before), _grey(after)
    visible = np.ptp(_flat(grey), axis=1) > 2 * SAME[kind] if n else np.zeros(0, bool)
    turn = np.zeros(n)
    turn[touched] = turns(grey[touched], grey_after[touched])
    turn[~visible] = math.nan
    first = _properties(grey)
    # Unchanged pictures have unchanged properties.
    second = {k: v.copy() for k, v in first.items()}
    for name, values in _properties(grey_after[touched]).items():
        second[name][touched] = values
    return Measured(kind, _ratio(small, small_after), touched, visible, turn, first, second)


def changed(before: F32, after: F32) -> Mask:
    """`Measured.changed` alone."""
    same = SAME["image" if before.ndim == 4 else "numeric"]
    seen: Mask = (np.abs(_flat(after) - _flat(before)) > same).any(axis=1)
    return seen


def change(before: F32, after: F32) -> F64:
    """`Measured.change` alone."""
    if before.ndim == 4:
        before, after = _reduced(before), _reduced(after)
    return _ratio(before, after)


def turns(before: F32, after: F32) -> F64:
    """Degrees counter-clockwise by which grey pictures are turned, -180 to 180, about the centre of what stands out.

    Both are read along rays from that centre (so that a move does not matter) and the rays shifted against each other until they match
    best, between two rays by a parabola. Good to about 1 degree on 8 x 8 pixels.

    Args:
        before, after: [n, height, width].
    """
    found = [_turns(before[i : i + _CHUNK], after[i : i + _CHUNK]) for i in range(0, len(before), _CHUNK)]
    return np.concatenate(found) if found else np.zeros(0)


def _turns(before: F32, after: F32) -> F64:
    n = len(before)
    if min(before.shape[1:]) < 4:
        return np.full(n, math.nan)
    one, two = (np.fft.rfft(_rays(p), axis=2) for p in (before, after))
    match = np.fft.irfft((two * one.conj()).sum(axis=1), n=RAYS, axis=1)
    power = [np.fft.irfft((f * f.conj()).sum(axis=1), n=RAYS, axis=1)[:, 0] for f in (one, two)]
    match /= np.sqrt(power[0] * power[1])[:, None] + 1e-12
    step = 360 / RAYS
    size = np.minimum(np.arange(RAYS), RAYS - np.arange(RAYS)) * step / 180
    best = (match - SMALLER * size).argmax(axis=1)
    rows = np.arange(n)
    left, top, right = (match[rows, (best + i) % RAYS] for i in (-1, 0, 1))
    curve = np.minimum(left - 2 * top + right, -1e-12)
    angle = (best + np.clip((left - right) / (2 * curve), -1, 1)) * step
    return np.where(top >= MATCH, (angle + 180) % 360 - 180, math.nan)


def _rays(pictures: F32) -> F64:
    """Levels on rings around the centre of what stands out, less the mean of each ring, float64 [n, RINGS, RAYS]."""
    n, height, width = pictures.shape
    border = np.concatenate([pictures[:, 0], pictures[:, -1], pictures[:, :, 0], pictures[:, :, -1]], axis=1)
    mass = np.abs(pictures - np.median(border, axis=1)[:, None, None]).astype(np.float64) + 1e-9
    total = mass.sum(axis=(1, 2))
    middle_x = (mass.sum(axis=1) * np.arange(width)).sum(axis=1) / total
    middle_y = (mass.sum(axis=2) * np.arange(height)).sum(axis=1) / total
    angle = np.arange(RAYS) * (2 * math.pi / RAYS)
    radius = np.linspace(0.25, 1, RINGS)[:, None] * min(height, width) / 2
    x = np.clip(middle_x[:, None, None] + radius * np.cos(angle), 0, width - 1)
    y = np.clip(middle_y[:, None, None] - radius * np.sin(angle), 0, height - 1)
    left, top = np.minimum(x.astype(int), width - 2), np.minimum(y.astype(int), height - 2)
    right, down = x - left, y - top
    rows = np.arange(n)[:, None, None]
    upper = pictures[rows, top, left] * (1 - right) + pictures[rows, top, left + 1] * right
    lower = pictures[rows, top + 1, left] * (1 - right) + pictures[rows, top + 1, left + 1] * right
    levels = upper * (1 - down) + lower * down
    # Outer rings are longer.
    return (levels - levels.mean(axis=2, keepdims=True)) * np.sqrt(radius)


def _properties(grey: F32) -> dict[str, F64]:
    seen = [of_grey(one) for one in grey * np.float32(255)]
    return {name: np.array([s.get(name, math.nan) for s in seen], np.float64) for name in PROPERTIES}


def _ratio(before: F32, after: F32) -> F64:
    """Mean squared change of each row over twice the variance, which is the mean squared distance of two rows."""
    n = len(before)
    flat = _flat(before).astype(np.float64)
    if n < 2 or not flat.shape[1]:
        return np.zeros(n)
    distance = 2 * flat.var(axis=0, ddof=1).mean()
    squares = (_flat(after).astype(np.float64) - flat) ** 2
    return squares.mean(axis=1) / distance if distance else np.zeros(n)


def _flat(values: F32) -> F32:
    return values.reshape(len(values), math.prod(values.shape[1:]))


def _grey(pictures: F32) -> F32:
    """Grey pictures [n, height, width] of at most 4 `SIDE` pixels a side."""
    channels = pictures.shape[3]
    # Plane by plane: a mean over the last axis takes ten times as long.
    levels = sum((pictures[..., i : i + 1] for i in range(1, channels)), start=pictures[..., :1]) / np.float32(channels)
    return _averaged(levels, 4 * SIDE)[..., 0]


def _reduced(pictures: F32) -> F32:
    return _averaged(pictures, SIDE)


def _averaged(pictures: F32, most: int) -> F32:
    """Pictures of at most so many pixels a side: means of squares of a whole number of pixels; what is left over at the ends goes."""
    height, width = pictures.shape[1:3]
    by = math.ceil(max(height, width) / most)
    if by == 1 or min(height, width) < by:
        return pictures
    rows, columns = height // by, width // by
    planes = [pictures[:, i : rows * by : by, j : columns * by : by] for i in range(by) for j in range(by)]
    return sum(planes[1:], start=planes[0]) / np.float32(by * by)
