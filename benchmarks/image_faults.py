"""Faults that spoil a retrain on images, injected into the files of a span, at a clear and at a just noticeable severity.

Pillow and numpy only: shares no code, no names and no threshold with the checks. A span is a folder of ``<label>/<name>.png``.
"""

from __future__ import annotations

import io
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

#: (folder of the span, strength, random, folder of the reference): changes the files of the span.
Apply = Callable[[Path, float, random.Random, Path], None]
Change = Callable[[Image.Image, float], Image.Image]
#: The class that faults of one class are about.
ONE = "3"


@dataclass(frozen=True)
class ImageFault:
    """One kind of fault.

    Attributes:
        codes: any of these findings names it.
        subject: what the finding must be about, exactly.
        clear, slight: the strength of the two severities, in the unit of `apply`.
        apply: spoils a folder.
    """

    name: str
    codes: tuple[str, ...]
    subject: str
    clear: float
    slight: float
    apply: Apply


def files(folder: Path, label: str = "*") -> list[Path]:
    """The images of a span, or of one of its classes, in the order of their names."""
    return sorted(folder.glob(f"{label}/*.png"))


def each(change: Change, label: str = "*") -> Apply:
    """Changes all images, or those of one class, by the strength."""

    def apply(folder: Path, strength: float, rng: random.Random, before: Path) -> None:
        for path in files(folder, label):
            with Image.open(path) as image:
                change(image, strength).save(path)

    return apply


def some(change: Callable[[Image.Image], Image.Image], label: str = "*") -> Apply:
    """Changes a share of the images, or of those of one class."""

    def apply(folder: Path, share: float, rng: random.Random, before: Path) -> None:
        for path in _drawn(files(folder, label), share, rng):
            with Image.open(path) as image:
                change(image).save(path)

    return apply


def turned(image: Image.Image, degrees: float) -> Image.Image:
    """Counter-clockwise, the size kept."""
    return image.rotate(degrees, Image.Resampling.BICUBIC)


def brighter(image: Image.Image, levels: float) -> Image.Image:
    """By so many of the 256 grey levels; what is above white is white."""
    return Image.fromarray(np.clip(np.asarray(image, np.float64) + levels, 0, 255).astype(np.uint8))


def flatter(image: Image.Image, factor: float) -> Image.Image:
    """Distances from the mean grey of the image times the factor."""
    return ImageEnhance.Contrast(image).enhance(factor)


def blurred(image: Image.Image, pixels: float) -> Image.Image:
    """By a Gaussian filter of this deviation."""
    return image.filter(ImageFilter.GaussianBlur(pixels))


def doubled(image: Image.Image) -> Image.Image:
    """Twice as wide and as high."""
    return image.resize((2 * image.width, 2 * image.height), Image.Resampling.BICUBIC)


def cut_off(folder: Path, share: float, rng: random.Random, before: Path) -> None:
    """Of a share of the files, only the first half arrived."""
    for path in _drawn(files(folder), share, rng):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])


def old_again(folder: Path, share: float, rng: random.Random, before: Path) -> None:
    """Images of the reference come again under other names; as a share of the span's images."""
    for path in rng.sample(files(before), round(share * len(files(folder)))):
        shutil.copyfile(path, folder / path.parent.name / f"new-{path.name}")


def saved_again(folder: Path, share: float, rng: random.Random, before: Path) -> None:
    """A share of the images is there a second time, after it was a JPEG of quality 90: other bytes, the same to the eye."""
    for path in _drawn(files(folder), share, rng):
        between = io.BytesIO()
        with Image.open(path) as image:
            image.save(between, "JPEG", quality=90)
        with Image.open(between) as image:
            image.save(path.with_name(f"copy-{path.name}"))


def _drawn(paths: list[Path], share: float, rng: random.Random) -> list[Path]:
    return rng.sample(paths, round(share * len(paths)))


def _class(subject: str) -> str:
    return f"{subject} of class '{ONE}'"


FAULTS = (
    ImageFault("one class turned (degrees)", ("image_orientation",), _class("image"), 30, 15, each(turned, ONE)),
    ImageFault("all images turned (degrees)", ("image_orientation",), "image", 15, 8, each(turned)),
    ImageFault("one class mirrored", ("image_orientation",), _class("image"), 1, 0.4, some(ImageOps.mirror, ONE)),
    ImageFault("brighter (grey levels)", ("image_drift",), "image.brightness", 60, 20, each(brighter)),
    ImageFault(
        "one class brighter (grey levels)", ("image_drift",), _class("image.brightness"), 60, 20, each(brighter, ONE)
    ),
    ImageFault("less contrast (a factor)", ("image_drift",), "image.contrast", 0.4, 0.75, each(flatter)),
    ImageFault("blurred (pixels)", ("image_drift",), "image.sharpness", 1, 0.4, each(blurred)),
    ImageFault("files cut off", ("image_files",), "image", 0.05, 0.005, cut_off),
    ImageFault("another size", ("image_files",), "image.size", 0.2, 0.03, some(doubled)),
    ImageFault(
        "colour for grey", ("image_files",), "image.channels", 0.2, 0.03, some(lambda image: image.convert("RGB"))
    ),
    ImageFault("old images under new names", ("repeated_rows",), "*", 0.2, 0.03, old_again),
    ImageFault("images saved again", ("image_duplicates",), "image", 0.2, 0.03, saved_again),
    ImageFault(
        "images saved again into another split", ("image_duplicates",), "image between splits", 0.2, 0.03, saved_again
    ),
)
