import functools
import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import rotate
from sklearn.datasets import load_digits

from components.checks import _directions as directions
from components.checks.image_orientation import Block, ImageOrientation, Warn
from components.images import properties
from tests.components.evidence import BLOCK, OK, WARN, context, image_context, image_sample, span, worst

NONE = properties(b"")


def lying(degrees, labels=None, suffix="moment_angle"):
    """Images with these directions and no others."""
    return image_sample([dict(NONE, hash="0", thumb="0", **{suffix: float(d)}) for d in degrees], labels)


def check(now, then, subject="image", **params):
    found = ImageOrientation(**params).check(image_context(now, then, rows_named=2))
    return next(f for f in found if f.subject == subject)


@functools.lru_cache
def digits(label, degrees=0):
    """Properties of the real digits of a label, turned counter-clockwise."""
    source = load_digits()
    pictures = source.images[source.target == label] * 255 / 16
    pictures = rotate(pictures, degrees, axes=(2, 1), reshape=False, order=1) if degrees else pictures
    out = []
    for p in np.clip(pictures, 0, 255).astype(np.uint8):
        file = io.BytesIO()
        Image.fromarray(p).save(file, "PNG")
        out.append(properties(file.getvalue()))
    return out


def halves(turned=0, label=3):
    """Two halves of the digits 1, 3 and 7; one label of the first half is turned."""
    sides = []
    for side in (0, 1):
        parts = [(v, digits(v, turned if side == 0 and v == label else 0)[side::2]) for v in (1, 3, 7)]
        sides.append(image_sample([p for _, ps in parts for p in ps], [str(v) for v, ps in parts for _ in ps]))
    return sides


SPREAD = np.arange(3200) / 32  # Exact in binary, as are whole degrees more.


@pytest.mark.parametrize(
    ("degrees", "severity"), [(0, OK), (9, OK), (10, OK), (11, WARN), (19, WARN), (20, WARN), (21, BLOCK)]
)
def test_below_on_and_above_the_limits(degrees, severity):
    found = check(lying(SPREAD + degrees), lying(SPREAD))  # spread over 100 degrees: V is a hundredth per degree
    assert found.severity is severity
    assert found.statistic == pytest.approx(degrees / 100, abs=1e-6)


@pytest.mark.parametrize(("start", "turn"), [(170, 15), (10, -15), (60, 30), (0, 89)])
def test_no_angle_is_favoured_and_the_turn_is_told(start, turn):
    random = np.random.default_rng(start)
    then, now = ((random.normal(start + t, 10, 300)) % 180 for t in (0, turn))
    found = check(lying(now), lying(then))
    assert found.severity is BLOCK
    assert found.observed["turned_degrees"] == pytest.approx(turn, abs=3)
    way = "counter-clockwise" if turn > 0 else "clockwise"
    assert (
        f"are turned by about {abs(found.observed['turned_degrees'])}° {way} against those of span 8" in found.message
    )


def test_message_rows_and_remedy():
    found = check(lying([*[20] * 100, *[60] * 100]), lying([20] * 200))
    assert found.message == (
        "image: images of span 9 (200 with a direction) lie in other directions (no single turn explains it; perhaps only some are "
        "turned) than those of span 8 (200): Kuiper's V of the long axis of shapes is 0.50; the limit is 0.20. "
        "From 0° on in steps of 10° it was ▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ and is ▁▁▅▁▁▁▅▁▁▁▁▁▁▁▁▁▁▁."
    )
    assert found.rows == ("span-9/images row 101", "span-9/images row 102")
    assert "--accept image_orientation" in found.remedy


@pytest.mark.parametrize(("degrees", "told"), [(15, 22), (-20, -16), (30, 34), (180, 180)])
def test_real_digits_turned_in_one_class_alone(degrees, told):
    now, then = halves(degrees)
    found = check(now, then, "image of class '3'")
    assert found.severity is BLOCK
    assert abs((found.observed["turned_degrees"] - told + 180) % 360 - 180) <= 15
    for other in "17":
        assert check(now, then, f"image of class '{other}'").severity is OK


def test_real_digits_pass():
    assert worst(ImageOrientation().check(image_context(*halves()))) is OK


def test_upside_down_is_seen_in_the_side_of_the_light():
    random = np.random.default_rng(2)
    then, now = random.normal(90, 40, 200) % 360, random.normal(270, 40, 200) % 360
    found = check(lying(now, suffix="balance"), lying(then, suffix="balance"))
    assert found.severity is BLOCK
    assert abs(found.observed["turned_degrees"]) > 165


def test_other_shares_of_classes_are_no_turn():
    random = np.random.default_rng(3)

    def span_of(flat, upright):
        degrees = [*random.normal(0, 9, flat) % 180, *random.normal(90, 9, upright)]
        return lying(degrees, ["flat"] * flat + ["upright"] * upright)

    assert worst(ImageOrientation().check(image_context(span_of(200, 800), span_of(500, 500)))) is OK


def test_levels_can_be_turned_off_and_small_classes_are_left_out():
    now, then = lying([60] * 100), lying([20] * 100)
    assert check(now, then, block=Block(kuiper=None)).severity is WARN
    assert check(now, then, block=Block(kuiper=None), warn=Warn(kuiper=None)).severity is OK
    assert "fewer than 20" in ImageOrientation().check(image_context(lying([60] * 19), then))[0].message


def test_many_classes_give_few_passes_but_every_alarm():
    labels = [f"{i % 30:02}" for i in range(3000)]
    random = np.random.default_rng(4)
    then = lying(random.normal(90, 5, 3000), labels)
    now = lying([random.normal(90, 5) + 40 * (v == "29") for v in labels], labels)
    found = ImageOrientation().check(image_context(now, then))
    assert len(found) <= 24
    assert "image of class '29'" in [f.subject for f in found if f.severity is BLOCK]


def test_strange_images_and_nothing_to_compare():
    sides = [
        None,
        image_sample([]),
        image_sample([NONE] * 30),
        lying([np.inf, np.nan] * 40),
        lying([7.0] * 50, list("ab") * 25),
    ]
    for now in sides:
        for then in sides:
            assert worst(ImageOrientation().check(image_context(now, then))) is OK
    assert "there are no images" in ImageOrientation().check(context(span(9)))[0].message


@pytest.mark.parametrize("rows", [(60, 60), (200, 2000), (2000, 300)])
def test_clean_resamples_pass(rows):
    random, found = np.random.default_rng(rows), []
    for _ in range(50):
        sides = []
        for n in rows:
            pairs = zip(*random.vonmises(0, 2, (2, n)) % 3 * 60, strict=True)
            images = [dict(NONE, hash="0", thumb="0", moment_angle=a, orientation=b) for a, b in pairs]
            sides.append(image_sample(images, random.choice(["a", "b", "c"], n, p=[0.1, 0.3, 0.6])))
        found.append(worst(ImageOrientation().check(image_context(*sides))))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2


def test_both_histograms_are_drawn():
    assert directions.bars(np.array([0.0, 0.5, 1.0, 0.25]), 1.0) == "▁▅█▃"
    difference = directions.Difference(
        "orientation",
        0.5,
        10.0,
        np.array([5.0, 5.0, 175.0]),
        np.array([95.0]),
        np.ones(1),
        np.zeros(1, int),
        (np.zeros(0),) * 2,
    )
    before, now = directions.histograms(difference)
    assert before.tolist() == [2 / 3] + [0.0] * 16 + [1 / 3]
    assert now.tolist() == [0.0] * 9 + [1.0] + [0.0] * 8
