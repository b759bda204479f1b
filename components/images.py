"""What checks see of an image: its bytes are turned into some numbers and two short texts, each a column of the sample.

Directions are counter-clockwise in degrees as one looks at the picture, 0 to the right. Where a picture has no direction, as a plain area,
they are NaN. EXIF orientation is ignored: TensorFlow ignores it too.
"""

from __future__ import annotations

import functools
import io
import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from components.samples import Sample

if TYPE_CHECKING:
    from PIL.Image import Image

Grey = npt.NDArray[np.float32]

#: Column of an image feature F is ``F.<suffix>``; suffix -> kind of the column.
IMAGE_COLUMNS: dict[str, str] = {
    "readable": "numeric",  # 1, or 0 where the bytes are no image; NaN where there are no bytes.
    "width": "numeric",  # Pixels, as are heights.
    "height": "numeric",
    "channels": "numeric",  # 1 grey, 2 with alpha, 3 colour, 4 with alpha.
    "brightness": "numeric",  # Mean grey level, 0 to 255.
    "contrast": "numeric",  # Standard deviation of the grey levels, 0 to 127.5.
    "colour": "numeric",  # Colourfulness of Hasler and Suesstrunk, 0 (grey) to about 150.
    "tint": "numeric",  # Mean red minus mean blue, -255 (blue) to 255 (red); 0 of grey pictures.
    "sharpness": "numeric",  # Standard deviation of the Laplacian over that of the grey levels, 0 to about 4.5.
    "orientation": "numeric",  # Dominant direction of the grey level's gradient, [0, 180).
    "coherence": "numeric",  # How dominant it is, 0 to 1.
    "moment_angle": "numeric",  # Long axis of what stands out from the background, [0, 180).
    "balance": "numeric",  # Direction from the middle to the brighter side, [0, 360).
    "hash": "categorical",  # Perceptual hash, 16 hex digits.
    "thumb": "categorical",  # 8x8 grey levels, 128 hex digits.
}
#: Formats that tf.io.decode_image reads.
FORMATS = ("PNG", "JPEG", "GIF", "BMP")
#: Longest side, pixels, at which pictures are looked at: larger ones are reduced by a whole factor. Enough for all of this, and fast.
SIDE = 128
#: Shares of the largest possible value below which there is no direction, only rounding.
NO_COHERENCE, NO_AXIS, NO_BALANCE = 0.01, 0.005, 0.002
_CHANNELS = {"1": 1, "L": 1, "I": 1, "I;16": 1, "I;16B": 1, "F": 1, "LA": 2, "RGBA": 4, "CMYK": 4}


def image_features(sample: Sample) -> list[str]:
    """The names F whose columns ``F.<suffix>`` the sample holds, sorted."""
    names = [n.removesuffix(".hash") for n in sample.categorical if n.endswith(".hash")]
    return sorted(n for n in names if f"{n}.thumb" in sample.categorical and f"{n}.orientation" in sample.numeric)


def is_image_column(name: str, sample: Sample) -> bool:
    """Whether a column was made from an image feature by `properties`."""
    feature, _, suffix = name.rpartition(".")
    return suffix in IMAGE_COLUMNS and feature in image_features(sample)


def properties(data: bytes) -> dict[str, float | str | None]:
    """The values of `IMAGE_COLUMNS` of one encoded image; NaN and None when it cannot be decoded."""
    from PIL import Image

    out: dict[str, float | str | None] = {s: math.nan if k == "numeric" else None for s, k in IMAGE_COLUMNS.items()}
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            size, channels = image.size, _channels(image)
            # Lets a large JPEG be decoded at a fraction of its size.
            image.draft(image.mode, (2 * SIDE, 2 * SIDE))
            picture = _plain(image)
    except Exception:  # Decoders raise whatever the bytes lead them to (OSError, SyntaxError, struct.error, ...).
        return out | {"readable": 0.0}
    out |= {"readable": 1.0, "width": float(size[0]), "height": float(size[1]), "channels": float(channels)}
    picture = _reduced(picture)
    grey = picture.convert("L")
    levels = np.asarray(grey, np.float32)
    return out | of_grey(levels) | _colours(picture) | _looks(grey)


def of_grey(levels: Grey) -> dict[str, float]:
    """Of `IMAGE_COLUMNS`, what grey levels alone say: brightness, contrast, sharpness and the directions.

    Args:
        levels: float32 [height, width], 0 to 255; both sides at most `SIDE`, or it takes long.
    """
    return _levels(levels) | _directions(levels)


def _channels(image: Image) -> int:
    if image.mode == "P":
        return 4 if "transparency" in image.info else 3
    return _CHANNELS.get(image.mode, 3)


def _plain(image: Image) -> Image:
    """The decoded image in mode L or RGB."""
    from PIL import Image

    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.float64) / 257).clip(0, 255).astype(np.uint8))
    return image.convert("L" if image.mode in ("1", "L", "LA") else "RGB")


def _reduced(image: Image) -> Image:
    factor = math.ceil(max(image.size) / SIDE)
    return image.reduce(factor) if factor > 1 else image


def _levels(grey: Grey) -> dict[str, float]:
    """Brightness, contrast and sharpness."""
    deviation = float(grey.std())
    out = {"brightness": float(grey.mean()), "contrast": deviation}
    if min(grey.shape) < 3 or not deviation:
        return out
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    return out | {"sharpness": float(laplacian.std()) / deviation}


def _colours(picture: Image) -> dict[str, float]:
    """Colourfulness (D. Hasler, S. Suesstrunk, Measuring colourfulness in natural images, SPIE 5007 (2003)) and tint.

    Colourfulness does not tell red from blue: channels in another order, or another white balance, show in the tint alone.
    """
    if picture.mode == "L":
        return {"colour": 0.0, "tint": 0.0}
    red, green, blue = np.moveaxis(np.asarray(picture, np.float32), 2, 0)
    one, two = red - green, (red + green) / 2 - blue
    colour = float(np.hypot(one.std(), two.std()) + 0.3 * np.hypot(one.mean(), two.mean()))
    return {"colour": colour, "tint": float(red.mean() - blue.mean())}


def _directions(grey: Grey) -> dict[str, float]:
    """Orientation, coherence, moment angle and balance of a grey image.

    Gradients (Scharr) and balance are taken from the largest disc inside the image, so that they turn with what it shows.
    Source of the structure tensor: J. Bigun, G. Granlund, ICCV (1987); of the long axis: M.-K. Hu, IRE Trans. IT 8 (1962).
    """
    if min(grey.shape) < 2:
        return {}
    x, y, disc = _grid(*grey.shape)
    around = np.pad(grey, 1, mode="edge")
    dx, dy = around[:, 2:] - around[:, :-2], around[:-2] - around[2:]
    dx = (3 * (dx[:-2] + dx[2:]) + 10 * dx[1:-1]) * disc
    dy = (3 * (dy[:, :-2] + dy[:, 2:]) + 10 * dy[:, 1:-1]) * disc
    xx, yy, xy = _dot(dx, dx), _dot(dy, dy), _dot(dx, dy)
    coherence = math.hypot(xx - yy, 2 * xy) / (xx + yy) if xx + yy else 0.0
    inside = (grey - _dot(grey, disc) / disc.sum()) * disc
    pull = _dot(inside, x), _dot(inside, y)
    strength = math.hypot(*pull) / (float(np.abs(inside).sum()) * min(grey.shape) / 2 + 1e-9)
    return {
        "orientation": _axis(xx - yy, 2 * xy) if coherence > NO_COHERENCE else math.nan,
        "coherence": coherence,
        "moment_angle": _moment_angle(grey, x, y),
        "balance": math.degrees(math.atan2(pull[1], pull[0])) % 360 if strength > NO_BALANCE else math.nan,
    }


def _moment_angle(grey: Grey, x: Grey, y: Grey) -> float:
    """Long axis of the second moments of the distance from the background, which is the median of the border."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    mass = np.abs(grey - np.median(border))
    total = float(mass.sum())
    if not total:
        return math.nan
    x, y = x - _dot(mass, x) / total, y - _dot(mass, y) / total
    heavy = mass * x
    xx, xy, yy = _dot(heavy, x), _dot(heavy, y), _dot(mass * y, y)
    round_ = math.hypot(xx - yy, 2 * xy) <= NO_AXIS * (xx + yy)
    return math.nan if round_ else _axis(xx - yy, 2 * xy)


def _dot(a: Grey, b: Grey) -> float:
    """Sum of the products; not of BLAS, whose rounding depends on the number of threads."""
    return float((a * b).sum())


def _axis(cosine: float, sine: float) -> float:
    """An axis from its doubled angle, [0, 180)."""
    return math.degrees(math.atan2(sine, cosine)) / 2 % 180


@functools.lru_cache(maxsize=64)
def _grid(height: int, width: int) -> tuple[Grey, Grey, Grey]:
    """Coordinates from the middle, y upwards, and the largest disc around it as zeros and ones."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = x - np.float32((width - 1) / 2), np.float32((height - 1) / 2) - y
    return x, y, (x**2 + y**2 <= (min(height, width) / 2) ** 2).astype(np.float32)


def _looks(grey: Image) -> dict[str, str]:
    """A perceptual hash (signs of the 64 lowest frequencies against their median) and a thumbnail."""
    from PIL import Image

    levels = np.asarray(grey.resize((32, 32), Image.Resampling.BILINEAR), np.float64)
    cosines = _cosines()
    low = (cosines @ (levels - levels.mean()) @ cosines.T).ravel()
    bits = low > np.median(low[1:]) + 1e-6
    thumb = grey.resize((8, 8), Image.Resampling.BOX)
    return {"hash": np.packbits(bits).tobytes().hex(), "thumb": thumb.tobytes().hex()}


@functools.lru_cache(maxsize=1)
def _cosines() -> npt.NDArray[np.float64]:
    return np.cos(np.pi * (2 * np.arange(32)[None] + 1) * np.arange(8)[:, None] / 64)
