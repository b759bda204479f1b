import math

import numpy as np
import pytest

from components.checks.image_drift import Block, ImageDrift, Warn
from components.images import properties
from tests.components.evidence import BLOCK, OK, WARN, context, image_context, image_sample, span, worst

BROKEN = properties(b"")


def images(brightness, labels=None, **changed):
    fine = dict(
        BROKEN, readable=1.0, width=64.0, height=48.0, channels=3.0, contrast=9.0, colour=3.0, tint=0.0, sharpness=1.0
    )
    return image_sample([dict(fine, brightness=float(b), **changed) for b in brightness], labels)


def check(now, then, subject="image.brightness", **params):
    found = ImageDrift(**params).check(image_context(now, then, rows_named=2))
    return next(f for f in found if f.subject == subject)


def moved(share, rows=4000):
    """Brightness of both spans whose distributions are so far apart."""
    then = np.arange(rows)
    return images(then + round(share * rows)), images(then)


@pytest.mark.parametrize(
    ("share", "severity"), [(0, OK), (0.09, OK), (0.1, OK), (0.11, WARN), (0.19, WARN), (0.2, WARN), (0.21, BLOCK)]
)
def test_below_on_and_above_the_limits(share, severity):
    found = check(*moved(share))
    assert found.severity is severity
    assert found.statistic == pytest.approx(share, abs=1e-6)


def test_message_and_rows():
    found = check(*moved(0.5))
    assert found.message == (
        "image.brightness: KS distance of the brightness between span 9 (4000 images, median 4000) and span 8 "
        "(4000, 2000) is 0.50; the limit is 0.20."
    )
    assert found.rows == ("span-9/images row 2001", "span-9/images row 2002")
    assert "--accept image_drift" in found.remedy


def test_small_samples_do_not_cry_wolf():
    random = np.random.default_rng(0)
    assert check(images(random.normal(0.5, 1, 40)), images(random.normal(0, 1, 40))).severity is OK


def test_one_class_alone_is_named():
    labels = ["cat", "dog"] * 1000
    then = images(np.tile(np.arange(1000), 2), labels)
    now = images([b + 300 * (v == "cat") for b, v in zip(np.tile(np.arange(1000), 2), labels, strict=True)], labels)
    assert check(now, then, "image.brightness of class 'cat'").severity is BLOCK
    subjects = [f.subject for f in ImageDrift().check(image_context(now, then))]
    assert "image.brightness of class 'dog'" not in subjects
    assert subjects.count("image.size") == 1


def test_other_shares_of_classes_are_no_drift():
    random = np.random.default_rng(1)

    def span_of(cats, dogs):
        return images([*random.normal(50, 9, cats), *random.normal(150, 9, dogs)], ["cat"] * cats + ["dog"] * dogs)

    assert worst(ImageDrift().check(image_context(span_of(300, 900), span_of(600, 600)))) is OK


def test_size_and_shape():
    then = images(range(200))
    assert check(images(range(200), width=48.0, height=64.0), then, "image.shape").severity is BLOCK
    assert check(images(range(200), width=48.0, height=64.0), then, "image.size").severity is OK
    assert check(images(range(200), width=32.0), then, "image.size").severity is BLOCK


def test_levels_can_be_turned_off():
    now, then = moved(0.5)
    assert check(now, then, block=Block(ks=None)).severity is WARN
    assert check(now, then, block=Block(ks=None), warn=Warn(ks=None)).severity is OK


def test_strange_images_and_nothing_to_compare():
    sides = [None, image_sample([]), image_sample([BROKEN] * 30), images([math.nan, math.inf] * 30), images([5.0] * 50)]
    for now in sides:
        for then in sides:
            assert worst(ImageDrift().check(image_context(now, then))) is OK
    assert "there are no images" in ImageDrift().check(context(span(9)))[0].message


@pytest.mark.parametrize("rows", [(50, 50), (200, 2000), (2000, 300)])
def test_clean_resamples_pass(rows):
    random, found = np.random.default_rng(rows), []
    for _ in range(50):
        sides = [
            image_sample(
                [
                    dict(BROKEN, brightness=b, contrast=c, colour=0.0)
                    for b, c in zip(*random.pareto(1, (2, n)), strict=True)
                ],
                random.choice(["a", "b", "c"], n, p=[0.1, 0.3, 0.6]),
            )
            for n in rows
        ]
        found.append(worst(ImageDrift().check(image_context(*sides))))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2


def test_red_for_blue():
    then, now = images(np.arange(300), tint=20.0), images(np.arange(300), tint=-20.0)
    found = check(now, then, "image.tint")
    assert found.severity is BLOCK
    assert "KS distance of the mean of red minus that of blue" in found.message


def test_a_sample_of_before_has_no_tint():
    then, now = images(np.arange(300), tint=np.nan), images(np.arange(300), tint=-20.0)
    assert worst(ImageDrift().check(image_context(now, then))) is OK
