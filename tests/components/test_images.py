"""What is read from the bytes of an image."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from components.images import IMAGE_COLUMNS, image_features, is_image_column, properties
from tests.components.evidence import image_sample


def encoded(levels, form="PNG", **options):
    file = io.BytesIO()
    picture = levels if isinstance(levels, Image.Image) else Image.fromarray(np.asarray(levels, np.uint8))
    picture.save(file, form, **options)
    return file.getvalue()


def bar(degrees, side=48):
    """A bright bar on a dark ground, turned counter-clockwise from lying flat."""
    ground = np.zeros((side, side), np.uint8)
    ground[side // 2 - 3 : side // 2 + 3, side // 6 : -side // 6] = 200
    return Image.fromarray(ground).rotate(degrees, Image.Resampling.BICUBIC)


def gap(one, other, period):
    return abs((one - other + period / 2) % period - period / 2)


def test_all_columns_and_their_types():
    found = properties(encoded(bar(0)))
    assert list(found) == list(IMAGE_COLUMNS)
    assert all(isinstance(found[s], float if k == "numeric" else str) for s, k in IMAGE_COLUMNS.items())
    assert (found["width"], found["height"], found["channels"], found["readable"]) == (48.0, 48.0, 1.0, 1.0)
    assert (len(found["hash"]), len(found["thumb"])) == (16, 128)


@pytest.mark.parametrize("data", [b"", b"no image", encoded(bar(0))[:60], b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_what_cannot_be_decoded(data):
    found = properties(data)
    assert found["readable"] == 0.0
    assert all(math.isnan(found[s]) for s, k in IMAGE_COLUMNS.items() if k == "numeric" and s != "readable")
    assert found["hash"] is found["thumb"] is None


@pytest.mark.parametrize("degrees", [0, 15, 30, 45, 90, 120, 179])
def test_directions_turn_with_the_image_counter_clockwise(degrees):
    found = properties(encoded(bar(degrees)))
    assert gap(found["moment_angle"], degrees, 180) < 2
    assert gap(found["orientation"], degrees + 90, 180) < 4


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_balance_points_to_the_brighter_side(degrees):
    dark_to_bright = Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1)))
    assert gap(properties(encoded(dark_to_bright.rotate(degrees)))["balance"], degrees, 360) < 1


def test_a_plain_area_has_no_direction():
    for size in ((1, 1), (1, 9), (2, 2), (8, 8), (300, 20)):
        found = properties(encoded(np.full(size, 77)))
        assert all(math.isnan(found[s]) for s in ("orientation", "moment_angle", "balance"))
        assert (found["brightness"], found["contrast"], found["colour"], found["tint"]) == (77.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("I;16", 1), ("LA", 2), ("P", 3), ("RGB", 3), ("RGBA", 4)]
)
def test_channels(mode, channels):
    deep = Image.fromarray(np.full((8, 8), 257 * 100, np.uint16))
    picture = deep if mode == "I;16" else Image.new("RGB", (8, 8), (100, 100, 100)).convert(mode)
    found = properties(encoded(picture))
    assert (found["readable"], found["channels"]) == (1.0, channels)
    assert mode == "1" or found["brightness"] == pytest.approx(100, abs=3)


def test_looks_outlast_another_size_and_format():
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 255, (9, 9, 3), np.uint8)).resize((224, 224), Image.Resampling.BICUBIC)
    one, other = properties(encoded(picture)), properties(encoded(picture.resize((180, 180)), "JPEG", quality=85))
    assert (int(one["hash"], 16) ^ int(other["hash"], 16)).bit_count() <= 3
    assert one["colour"] == pytest.approx(other["colour"], rel=0.1)


def test_channels_in_another_order_show_in_the_tint_alone():
    random = np.random.default_rng(2)
    pixels = (random.integers(0, 255, (32, 32, 3)) * (1.0, 0.7, 0.4)).astype(np.uint8)
    one, other = (
        properties(encoded(Image.fromarray(pixels))),
        properties(encoded(Image.fromarray(pixels[:, :, ::-1].copy()))),
    )
    assert one["tint"] == pytest.approx(-other["tint"])
    assert one["tint"] > 50
    assert one["colour"] == pytest.approx(other["colour"], rel=0.25)


def test_sharpness_and_contrast():
    random = np.random.default_rng(1)
    noise = random.integers(60, 190, (64, 64))
    sharp, flat = properties(encoded(noise)), properties(encoded(60 + (noise - 60) // 2))
    blurred = properties(encoded(Image.fromarray(noise.astype(np.uint8)).reduce(2).resize((64, 64))))
    assert blurred["sharpness"] < sharp["sharpness"] / 2
    assert flat["sharpness"] == pytest.approx(sharp["sharpness"], rel=0.05)
    assert flat["contrast"] == pytest.approx(sharp["contrast"] / 2, rel=0.05)


def test_columns_of_an_image_feature_are_known():
    sample = image_sample([encoded(bar(0))])
    sample.numeric["image.price"] = sample.numeric["size.width"] = np.zeros(1)
    assert image_features(sample) == ["image"]
    assert is_image_column("image.width", sample)
    assert is_image_column("image.hash", sample)
    assert not any(is_image_column(n, sample) for n in ("image", "image.price", "size.width", "width"))
