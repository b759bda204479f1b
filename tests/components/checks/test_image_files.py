import numpy as np
import pytest

from components.checks.image_files import Block, ImageFiles, Warn
from components.images import properties
from tests.components.evidence import BLOCK, OK, WARN, context, image_context, image_sample, span, worst

BROKEN = properties(b"no image")
FINE = dict(BROKEN, readable=1.0, width=224.0, height=224.0, channels=3.0, hash="0" * 16, thumb="0" * 128)
MISSING = dict(BROKEN, readable=float("nan"))


def images(rows, broken=0, new=0, missing=0, **changed):
    """Images of one kind, then broken ones, others, and none at all."""
    plain = [FINE] * (rows - broken - new - missing)
    return image_sample([*plain, *[BROKEN] * broken, *[dict(FINE, **changed)] * new, *[MISSING] * missing])


def check(now, then=None, subject="image", **params):
    found = ImageFiles(**params).check(image_context(now, then, rows_named=2))
    return next(f for f in found if f.subject == subject)


@pytest.mark.parametrize(("broken", "severity"), [(0, OK), (1, WARN), (10, WARN), (11, BLOCK), (1000, BLOCK)])
def test_unreadable_below_on_and_above_the_limits(broken, severity):
    assert check(images(1000, broken)).severity is severity


def test_message_of_unreadable_images():
    found = check(images(1000, 20))
    assert found.message == "image: 20 of 1000 images in span 9 (2.0 %) cannot be decoded; the limit is 1.0 %."
    assert found.rows == ("span-9/images row 981", "span-9/images row 982")
    assert "--accept image_files" in found.remedy
    assert check(images(1000)).rows == ()


def test_a_missing_image_is_not_unreadable():
    found = check(images(1000, missing=300))
    assert (found.severity, found.observed["images"]) == (OK, 700)


@pytest.mark.parametrize(("new", "severity"), [(0, OK), (10, OK), (30, WARN), (50, WARN), (51, BLOCK)])
@pytest.mark.parametrize(
    ("subject", "changed"), [("image.size", {"width": 100.0}), ("image.channels", {"channels": 1.0})]
)
def test_unusual_below_on_and_above_the_limits(new, severity, subject, changed):
    assert check(images(1000, new=new, **changed), images(1000), subject).severity is severity


def test_message_of_unusual_images():
    found = check(images(1000, new=100, width=100.0), images(1000, 5), "image.size")
    assert found.message == (
        "image.size: 10.0 % of images in span 9 (100 of 1000) have a size that no image of span 8 has (100x224: 100); "
        "the limit is 5.0 %."
    )
    assert found.rows == ("span-9/images row 901", "span-9/images row 902")


def test_levels_can_be_turned_off():
    now, then = images(100, 20, 30, channels=1.0), images(100)
    off = Block(unreadable=None, unusual=None)
    assert check(now, block=off).severity is WARN
    assert check(now, then, "image.channels", block=off).severity is WARN
    found = ImageFiles(block=off, warn=Warn(unreadable=None, unusual=None)).check(image_context(now, then))
    assert worst(found) is OK


def test_nothing_to_look_at():
    for seen in (context(span(9)), image_context(image_sample([])), image_context(images(0), images(9))):
        assert "nothing to compare" in ImageFiles().check(seen)[0].message
    found = ImageFiles().check(image_context(images(30, 30), images(30)))
    assert [f.severity for f in found] == [BLOCK]
    assert worst(ImageFiles().check(image_context(images(30), images(30, 30)))) is OK


@pytest.mark.parametrize("rows", [50, 500])
def test_clean_resamples_pass_where_sizes_vary(rows):
    random, found = np.random.default_rng(rows), []
    for _ in range(50):
        sides = [
            image_sample([dict(FINE, width=float(w)) for w in 100 + random.geometric(0.02, rows)]) for _ in range(2)
        ]
        found.append(worst(ImageFiles().check(image_context(*sides))))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2
