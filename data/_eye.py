"""The parts of an eye and the lesions of its grade, drawn on a canvas, see `data.fundus`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from data._canvas import Canvas, Floats, Point, bump, curve, paint

#: Middle of the optic disc and its usual radius.
DISC = (0.64, -0.04)
DISC_RADIUS = 0.155


@dataclass(frozen=True)
class Lesions:
    """How many lesions of each kind an eye has; `beading` is by how much the width of its veins varies, as a share."""

    microaneurysms: int = 0
    haemorrhages: int = 0
    exudates: int = 0
    cotton_wool_spots: int = 0
    new_vessels: int = 0
    preretinal: int = 0
    beading: float = 0.0

    @staticmethod
    def of(severity: float, rng: np.random.Generator) -> Lesions:
        """Draws the lesions of an eye.

        Args:
            severity: 0 to below 5; the whole part is the grade, the rest how far within the grade the disease is.
        """
        grade, rest = int(severity), severity - int(severity)

        def some(low: float, high: float) -> int:
            return int(low + (high - low) * rest + rng.uniform(0, 1 + 0.35 * high))

        if grade == 0:
            return Lesions()
        if grade == 1:
            return Lesions(some(3, 6))
        if grade == 2:
            return Lesions(some(5, 10), some(3, 8), some(4, 14) if rng.random() < 0.7 else 0)
        if grade == 3:
            exudates = some(4, 12) if rng.random() < 0.5 else 0
            return Lesions(some(10, 16), some(16, 26), exudates, some(2, 5), beading=0.6)
        exudates, preretinal = (some(4, 12) if rng.random() < 0.5 else 0), int(rng.random() < 0.75)
        return Lesions(some(8, 14), some(5, 12), exudates, some(0, 1), 2 + int(rng.random() < 0.5), preretinal, 0.4)


def background(canvas: Canvas, rng: np.random.Generator) -> Floats:
    """Choroid, fovea and optic disc: 0 to 1 [RGB, side, side]."""
    pigment = rng.uniform(0, 1)
    colour = 0.88 - 0.20 * pigment, 0.44 - 0.13 * pigment, 0.20 - 0.07 * pigment
    coarse = Image.fromarray(rng.integers(96, 160, (7, 7), dtype=np.uint8))
    clouds = np.asarray(coarse.resize((canvas.side, canvas.side), Image.Resampling.BICUBIC), np.float32)
    clouds = 1 + (clouds - np.float32(128)) / np.float32(300)
    fovea = bump(canvas.distance((0, 0)), 0.33) * np.float32(rng.uniform(0.7, 1.1))
    light = np.empty((3, canvas.side, canvas.side), np.float32)
    for channel, darker in enumerate((0.22, 0.40, 0.45)):
        light[channel] = np.float32(colour[channel]) * clouds * (1 - np.float32(darker) * fovea)
    disc, cup = DISC_RADIUS * rng.uniform(0.92, 1.1), rng.uniform(0.35, 0.6)
    squared = canvas.distance(DISC)
    edge = np.clip((np.float32(disc**2) - squared) / np.float32(0.35 * disc**2), 0, 1)
    paint(light, edge * np.float32(0.9), (0.98, 0.74, 0.42))
    paint(light, bump(squared, disc * cup * 1.5), (1.0, 0.92, 0.72))
    return light


def vessels(canvas: Canvas, beading: float, rng: np.random.Generator) -> None:
    """Two arcades around the fovea and the vessels on the nose's side, each a vein and an artery, with branches."""
    x, y = DISC

    def near(px: float, py: float, by: float = 0.07) -> Point:
        return px + rng.uniform(-by, by), py + rng.uniform(-by, by)

    for side in (-1, 1):
        for layer, wide in (("veins", 0.042), ("arteries", 0.028)):
            apart = 0.05 if layer == "veins" else -0.03
            tall = side * (0.66 + apart)
            arcade = [(x, y), near(x - 0.05, tall), near(-0.3, tall * 1.08), near(-0.98, side * 0.56, 0.12)]
            nose = [
                (x, y),
                near(x + 0.08, side * (0.22 + apart)),
                near(x + 0.2, side * 0.45),
                near(x + 0.3, side * 0.8),
            ]
            for path, width in ((curve(arcade), wide), (curve(nose), wide * 0.7)):
                _vessel(canvas, layer, path, width, beading, rng)
                for start in rng.choice(np.arange(4, 19), 4, replace=False).tolist():
                    px, py = path[start]
                    # Towards the fovea, ending before it, or outwards.
                    reach = (0.55, 0.25) if rng.random() < 0.5 else (1.25, 1.35)
                    branch = [
                        (px, py),
                        near(px - 0.12, py),
                        near(px * reach[0] - 0.12, py * reach[1]),
                        near(px * reach[0] - 0.2, py * reach[1]),
                    ]
                    _vessel(canvas, layer, curve(branch, 10), width * 0.5, beading, rng)


def _vessel(
    canvas: Canvas, layer: str, path: list[Point], width: float, beading: float, rng: np.random.Generator
) -> None:
    """A vessel that grows thinner; veins of severe grades are beaded."""
    beads = beading * rng.uniform(-0.6, 1, len(path)) if layer == "veins" else np.zeros(len(path))
    canvas.line(layer, path, (width * (1 - 0.65 * np.arange(len(path)) / len(path)) * (1 + beads)).tolist(), 1.0)


def _place(rng: np.random.Generator, least: float = 0.0, most: float = 0.85) -> Point:
    """A point inside the field and off the disc, all areas alike."""
    while True:
        x, y = rng.uniform(-most, most), rng.uniform(-most, most)
        off = (x - DISC[0]) ** 2 + (y - DISC[1]) ** 2 > (1.3 * DISC_RADIUS) ** 2
        if least**2 <= x * x + y * y <= most**2 and off:
            return x, y


def damage(canvas: Canvas, lesions: Lesions, rng: np.random.Generator) -> None:
    """Puts lesions where such lesions lie."""
    for _ in range(lesions.microaneurysms):
        canvas.spot("blood", _place(rng, 0.06, 0.7), rng.uniform(0.020, 0.029), rng.uniform(0.75, 1))
    for _ in range(lesions.haemorrhages):
        canvas.spot("blood", _place(rng, 0.1), rng.uniform(0.026, 0.056), rng.uniform(0.75, 1), rng.uniform(0.7, 1.6))
    # Exudates lie in groups, most of them around the fovea.
    middle = _place(rng, 0.12, 0.5)
    for _ in range(lesions.exudates):
        at = middle[0] + rng.normal(0, 0.1), middle[1] + rng.normal(0, 0.1)
        canvas.spot("exudates", at, rng.uniform(0.014, 0.028), rng.uniform(0.75, 1), rng.uniform(0.8, 1.5))
    for _ in range(lesions.cotton_wool_spots):
        canvas.spot("wool", _place(rng, 0.3, 0.75), rng.uniform(0.045, 0.075), rng.uniform(0.8, 1), rng.uniform(1, 1.6))
    for number in range(lesions.new_vessels):
        _tangle(canvas, DISC if number == 0 else _place(rng, 0.4, 0.7), rng)
    if lesions.preretinal:
        _boat(canvas, _place(rng, 0.35, 0.6), rng)


def _tangle(canvas: Canvas, middle: Point, rng: np.random.Generator) -> None:
    """New vessels: a fan of fine loops."""
    for _ in range(11):
        ends = [(middle[0] + rng.normal(0, 0.13), middle[1] + rng.normal(0, 0.13)) for _ in range(3)]
        canvas.line("blood", curve([middle, *ends], 10), [0.015] * 10, 0.95)


def _boat(canvas: Canvas, at: Point, rng: np.random.Generator) -> None:
    """Blood in front of the retina: it sinks, so its upper edge is level."""
    (x, y), r = canvas.pixel(at), rng.uniform(0.13, 0.22) * canvas.radius
    canvas.pen("blood").chord((x - r * 1.3, y - r, x + r * 1.3, y + r), 0, 180, fill=245)


def drusen(canvas: Canvas, rng: np.random.Generator) -> None:
    """Pale spots of age, whatever the grade: not every yellow spot is an exudate."""
    for _ in range(int(rng.integers(1, 7)) if rng.random() < 0.2 else 0):
        canvas.spot("exudates", _place(rng, 0.0, 0.45), rng.uniform(0.010, 0.018), rng.uniform(0.25, 0.5))
