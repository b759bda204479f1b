"""Pictures for tests."""

import io

import numpy as np
from PIL import Image


def picture(mode="L", size=(20, 16), form="PNG", seed=0, **options):
    """The bytes of a picture of noise, width and height as given."""
    levels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    whole = Image.fromarray(levels, "RGBA")
    return encoded(whole if mode == "RGBA" else whole.convert("RGB").convert(mode), form, **options)


def plain(level, size=(8, 8), mode="L"):
    """The bytes of a PNG of one colour."""
    return encoded(Image.new(mode, size, level))


def encoded(image, form="PNG", **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
