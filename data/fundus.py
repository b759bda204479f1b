"""Drawings that look like photographs of the back of the eye. They are synthetic: no picture of a person is behind them.

A picture shows a round field with vignetting, the optic disc, the fovea, two arcades of vessels and the lesions of its grade, as a
camera of some kind sees it. Lengths are in radii of the field; x grows to the nose of the patient, y downwards, and (0, 0) is the fovea.
Pixels come from sums, products and quotients of float32 only: with the same versions of NumPy and Pillow, they are the same everywhere.

In spirit after C. P. Wilkinson et al., Proposed international clinical diabetic retinopathy and diabetic macular edema disease severity
scales, Ophthalmology 110 (2003): 0 none, 1 mild, 2 moderate, 3 severe, 4 proliferative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from data import _eye
from data._canvas import Canvas, Floats, grid, paint

#: Layers from the back to the front: name, softness (radii of the field), strength, colour.
LAYERS = (
    ("arteries", 0.006, 0.62, (0.66, 0.27, 0.12)),
    ("veins", 0.007, 0.85, (0.46, 0.12, 0.07)),
    ("exudates", 0.007, 0.95, (1.00, 0.86, 0.42)),
    ("wool", 0.028, 0.95, (0.98, 0.88, 0.70)),
    ("blood", 0.008, 0.92, (0.36, 0.05, 0.04)),
)


@dataclass(frozen=True)
class Camera:
    """A kind of camera.

    Attributes:
        share: of patients seen with it.
        cast: factors of red, green, blue.
        detail: its resolution as a share of the picture's.
        blur: radius, shares of the field's radius.
        uneven: how much darker one side may be, 0 to 1.
        noise: of the sensor, deviation in grey levels.
        cut: the field ends at this height above and below the middle.
    """

    share: float
    cast: tuple[float, float, float]
    detail: float
    blur: float
    uneven: float
    noise: float
    cut: float


CAMERAS = {
    "tabletop": Camera(0.55, (1.00, 1.00, 1.00), 1.00, 0.006, 0.12, 1.5, 2.0),
    "legacy": Camera(0.25, (1.06, 0.92, 0.74), 0.85, 0.010, 0.16, 2.5, 0.86),
    "handheld": Camera(0.20, (0.88, 0.98, 1.14), 0.75, 0.016, 0.30, 4.0, 2.0),
}


def draw(severity: float, left: bool, camera: str, size: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """One photograph.

    Args:
        severity: 0 to below 5, see `_eye.Lesions.of`.
        left: whether it is the left eye, which is the mirror image of the right one.
        camera: one of `CAMERAS`.
        size: pixels a side, 16 or more.
        rng: of all that is by chance in the eye and in the photograph.

    Returns:
        RGB, uint8 [size, size, 3].
    """
    kind, canvas, lesions = CAMERAS[camera], Canvas(size, left, rng), _eye.Lesions.of(severity, rng)
    light = _eye.background(canvas, rng)
    _eye.vessels(canvas, lesions.beading, rng)
    _eye.damage(canvas, lesions, rng)
    _eye.drusen(canvas, rng)
    for layer, blur, strength, colour in LAYERS:
        mask = canvas.mask(layer, blur)
        if mask is not None:
            paint(light, mask * np.float32(strength), colour)
    return _photograph(light, canvas, kind, size, rng)


def _photograph(
    light: Floats, canvas: Canvas, kind: Camera, size: int, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """What the camera makes of it: field, light, colour cast, sharpness, noise."""
    rows, columns = grid(canvas.side)
    middle, radius = np.float32(canvas.side / 2), np.float32(canvas.radius)
    squared = canvas.from_middle()
    right, down = (np.float32(rng.uniform(-1, 1)) / radius for _ in range(2))
    along = (columns - middle) * right + (rows - middle) * down
    shade = (1 - np.float32(rng.uniform(0.25, 0.42)) * squared) * (1 + np.float32(kind.uneven) * along)
    field = np.clip((1 - squared) * radius / 2, 0, 1) * (np.abs(rows - middle) < np.float32(kind.cut) * radius)
    cast = np.asarray(kind.cast, np.float32) * rng.uniform(0.95, 1.05, 3).astype(np.float32)
    shade *= field * np.float32(255 * rng.uniform(0.82, 1.12))
    seen = [
        (np.clip(plane * (shade * factor), 0, 255) + np.float32(0.5)).astype(np.uint8)
        for plane, factor in zip(light, cast, strict=True)
    ]
    picture = Image.merge("RGB", [Image.fromarray(plane) for plane in seen])
    picture = picture.filter(ImageFilter.GaussianBlur(kind.blur * rng.uniform(0.7, 1.5) * canvas.radius))
    coarse = max(8, round(size * kind.detail))
    picture = picture.resize((coarse, coarse), Image.Resampling.BOX).resize((size, size), Image.Resampling.BICUBIC)
    # A sum of 4 uniform values: nearly normal, its deviation is 0.577.
    noise = rng.random((4, size, size, 3), np.float32).sum(axis=0) - np.float32(2)
    levels = np.asarray(picture, np.float32) + noise * np.float32(kind.noise / 0.577)
    result: npt.NDArray[np.uint8] = np.clip(levels + np.float32(0.5), 0, 255).astype(np.uint8)
    return result
