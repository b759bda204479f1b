"""What an eye is drawn on: layers of spots and lines in coordinates of the eye, see `data.fundus`."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Floats = npt.NDArray[np.float32]
Point = tuple[float, float]

#: Pixels drawn for each pixel of the picture, a side: lesions may be smaller than a pixel.
FINE = 3


class Canvas:
    """Layers to draw on, in coordinates of the eye: lengths are radii of the field, (0, 0) is the fovea.

    Args:
        size: pixels a side of the picture; the layers have `FINE` times as many.
        mirror: for left eyes.
        rng: of how the eye lies in the picture.
    """

    def __init__(self, size: int, mirror: bool, rng: np.random.Generator):
        self.side = size * FINE
        self.radius = 0.475 * self.side * rng.uniform(0.96, 1.02)
        angle = math.radians(rng.uniform(-9, 9))
        self.turn = math.cos(angle), math.sin(angle)
        self.flip = -1 if mirror else 1
        # The patient never looks quite straight.
        self.gaze = rng.uniform(-0.09, 0.09), rng.uniform(-0.08, 0.08)
        self.layers: dict[str, Image.Image] = {}

    def pixel(self, point: Point) -> Point:
        """Of a point of the eye, in pixels."""
        x, y = point[0] * self.flip, point[1]
        x, y = x * self.turn[0] - y * self.turn[1] + self.gaze[0], x * self.turn[1] + y * self.turn[0] + self.gaze[1]
        return self.side / 2 + x * self.radius, self.side / 2 + y * self.radius

    def pen(self, layer: str) -> ImageDraw.ImageDraw:
        """Draws on a layer, which is empty at first."""
        if layer not in self.layers:
            self.layers[layer] = Image.new("L", (self.side, self.side))
        return ImageDraw.Draw(self.layers[layer])

    def spot(self, layer: str, at: Point, radius: float, level: float, long: float = 1.0) -> None:
        """An ellipse; `long` is its width over its height."""
        (x, y), r = self.pixel(at), radius * self.radius
        self.pen(layer).ellipse((x - r * long, y - r, x + r * long, y + r), fill=round(255 * level))

    def line(self, layer: str, points: list[Point], widths: list[float], level: float) -> None:
        """A line whose width changes."""
        pen, pixels = self.pen(layer), [self.pixel(p) for p in points]
        for start, end, width in zip(pixels, pixels[1:], widths, strict=False):
            wide = max(1, round(width * self.radius))
            pen.line((*start, *end), fill=round(255 * level), width=wide)

    def mask(self, layer: str, blur: float) -> Floats | None:
        """A layer, softened; None when nothing was drawn on it."""
        if layer not in self.layers:
            return None
        soft = self.layers[layer].filter(ImageFilter.GaussianBlur(blur * self.radius))
        return np.asarray(soft, np.float32) / np.float32(255)

    def distance(self, at: Point) -> Floats:
        """Squared distance of all pixels to a point of the eye, in squared radii [side, side]."""
        return self._squared(*self.pixel(at))

    def from_middle(self) -> Floats:
        """Squared distance of all pixels to the middle of the picture, likewise: the field ends at 1."""
        return self._squared(self.side / 2, self.side / 2)

    def _squared(self, x: float, y: float) -> Floats:
        rows, columns = grid(self.side)
        return ((columns - np.float32(x)) ** 2 + (rows - np.float32(y)) ** 2) / np.float32(self.radius**2)


@functools.lru_cache(maxsize=4)
def grid(side: int) -> tuple[Floats, Floats]:
    """Middles of the pixels' rows [side, 1] and columns [1, side]."""
    line = np.arange(side, dtype=np.float32) + np.float32(0.5)
    return line[:, None], line[None, :]


def paint(light: Floats, mask: Floats, colour: tuple[float, float, float]) -> None:
    """Covers `light` with a colour where the mask is, in place."""
    for channel, level in enumerate(colour):
        plane = light[channel]
        plane += mask * (np.float32(level) - plane)


def bump(squared: Floats, radius: float) -> Floats:
    """1 in the middle, 0 from the radius on, smooth."""
    height: Floats = np.maximum(1 - squared / np.float32(radius**2), np.float32(0))
    return height * height


def curve(ends: list[Point], steps: int = 22) -> list[Point]:
    """A cubic Bezier curve from the first to the last of four points; the others pull it."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ends
    out = []
    for i in range(steps + 1):
        t, rest = i / steps, 1 - i / steps
        a, b, c, d = rest * rest * rest, 3 * t * rest * rest, 3 * t * t * rest, t * t * t
        out.append((a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy))
    return out
