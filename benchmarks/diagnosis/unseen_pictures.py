"""Pictures that no rule of the diagnosis was made with, and what happens to pictures in life."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from benchmarks.diagnosis.datasets import Dataset, Row
from benchmarks.diagnosis.injection import Fault, Random, Spoil, _redrawn

SPANS = 4
CONFIG = """
name: shapes
data:
  source: {{images: "{data}/span-{{SPAN}}/{{label}}/*.png"}}
  window: {{last_spans: 3}}
  label: shape
train: {{model: {{cnn: {{filters: [16, 32], dense: [32]}}}}, epochs: 25, batch_size: 32, seed: 7}}
evaluate:
  metrics: [accuracy, balanced_accuracy, log_loss, auc]
  gates: {{metric_floor: {{accuracy: 0.7}}, no_regression: {{metric: accuracy, tolerance: 0.01}}}}
"""


def shapes(folder: Path) -> None:
    """Coloured pictures, 32 pixels wide, of a disc, a square, a triangle or a tilted bar on a plain ground."""
    inks = {"disc": (200, 60, 50), "square": (60, 120, 60), "triangle": (60, 60, 190), "bar": (150, 120, 40)}
    for span in range(1, SPANS + 1):
        random = np.random.default_rng([0, span, 9])
        for number in range(260):
            kind = list(inks)[int(random.integers(4))]
            ink = np.array(inks[kind] if random.random() < 0.5 else random.integers(30, 170, 3)) + random.normal(
                0, 15, 3
            )
            ground = np.array([200, 205, 190]) + random.normal(0, 14, 3)
            picture = _drawn(kind, ground, ink, random).resize((32, 32), Image.Resampling.BILINEAR)
            noisy = np.asarray(picture, np.float64) + random.normal(0, 6, (32, 32, 3))
            place = folder / f"span-{span}" / kind / f"{number:04}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(place)


def _drawn(kind: str, ground: np.ndarray, ink: np.ndarray, random: Random) -> Image.Image:
    back, front = (tuple(int(v) for v in c.clip(0, 255)) for c in (ground, ink))
    picture = Image.new("RGB", (96, 96), back)
    pen, (x, y), r = ImageDraw.Draw(picture), random.integers(34, 62, 2).tolist(), int(random.integers(16, 30))
    if kind == "disc":
        pen.ellipse((x - r, y - r, x + r, y + r), fill=front)
    elif kind == "square":
        pen.rectangle((x - r, y - r, x + r, y + r), fill=front)
    elif kind == "triangle":
        pen.polygon([(x - r, y + r), (x + r, y + r), (x, y - r)], fill=front)
    else:
        pen.line((x - r, y + r, x + r, y - r), fill=front, width=9)
    return picture


def _pictures(change: Callable[[Image.Image], Image.Image], rare: bool = False) -> Spoil:
    """Changes a share of the pictures, or of those of the rare label."""

    def spoil(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
        hit = random.random(len(rows)) < share
        return _redrawn(rows, hit & np.array([not rare or r[d.label] == d.positive for r in rows]), change)

    return spoil


def stamped(picture: Image.Image) -> Image.Image:
    """A stamp in a corner."""
    picture.paste((255, 0, 255), (0, 0, 6, 6))
    return picture


def speckled(picture: Image.Image) -> Image.Image:
    """Noise."""
    values = np.asarray(picture.convert("RGB"), np.float64)
    noise = np.random.default_rng(int(values.sum())).normal(0, 35, values.shape)
    return Image.fromarray((values + noise).clip(0, 255).astype(np.uint8))


def closer(picture: Image.Image) -> Image.Image:
    """The middle alone."""
    w, h = picture.size
    return picture.crop((w // 5, h // 5, w - w // 5, h - h // 5)).resize((w, h))


def channels_swapped(picture: Image.Image) -> Image.Image:
    """Blue for red."""
    return Image.merge("RGB", picture.convert("RGB").split()[::-1])


SHAPES = Dataset("shapes", SPANS - 1, SPANS, "shape", "triangle", (), "", CONFIG, "cnn", shapes, pictures=True)
DRIFT = ("covariate_drift",)
FAULTS = (
    Fault(
        "negative picture", DRIFT, 0.4, 1.0, _pictures(lambda p: ImageOps.invert(p.convert("RGB"))), needs="pictures"
    ),
    Fault("blurred", DRIFT, 0.4, 1.0, _pictures(lambda p: p.filter(ImageFilter.GaussianBlur(2.5))), needs="pictures"),
    Fault("speckled", DRIFT, 0.4, 1.0, _pictures(speckled), needs="pictures"),
    Fault("closer", DRIFT, 0.4, 1.0, _pictures(closer), needs="pictures"),
    Fault("channels swapped", DRIFT, 0.5, 1.0, _pictures(channels_swapped), needs="pictures"),
    Fault("another aspect", DRIFT, 0.5, 1.0, _pictures(lambda p: p.resize((p.width * 2, p.height))), needs="pictures"),
    Fault("upside down", ("turned_images",), 0.4, 1.0, _pictures(ImageOps.flip), needs="pictures"),
    Fault("askew, corners black", ("turned_images",), 0.5, 1.0, _pictures(lambda p: p.rotate(20)), needs="pictures"),
    Fault("stamp on one class", ("leakage", *DRIFT), 0.5, 1.0, _pictures(stamped, True), needs="pictures"),
)
