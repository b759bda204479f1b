import io

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from components.checks import _lookalikes as lookalikes
from components.checks.image_duplicates import Block, ImageDuplicates, Warn
from components.images import properties
from tests.components.evidence import BLOCK, OK, WARN, context, image_context, image_sample, span, worst


def saved(picture, form="PNG", **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def photographs(number, seed=0):
    """Soft random pictures."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 255, (number, 7, 7, 3), np.uint8)
    return [Image.fromarray(b).resize((64, 64), Image.Resampling.BICUBIC) for b in blocks]


PICTURES = photographs(200)
FILES = [properties(saved(p)) for p in PICTURES]
AGAIN = [properties(saved(p, "JPEG", quality=85)) for p in PICTURES[:60]]
DIGITS = [saved(Image.fromarray((i * 15.9).astype(np.uint8))) for i in load_digits().images[:500]]


def repeats(images, then=None, subject="image", splits=None, **params):
    seen = image_context(
        image_sample(images, splits=splits), None if then is None else image_sample(then), rows_named=2
    )
    return next(f for f in ImageDuplicates(**params).check(seen) if f.subject == subject)


@pytest.mark.parametrize(("copies", "severity"), [(0, OK), (1, OK), (2, WARN), (10, WARN), (11, BLOCK)])
def test_below_on_and_above_the_limits(copies, severity):
    images = [*FILES[: 200 - copies], *FILES[:copies]]
    assert len(images) == 200
    found = repeats(images)
    assert found.observed["duplicates"] == copies
    assert found.severity is (severity if copies != 2 else OK)  # 1 % is on the limit
    assert repeats([*FILES[:197], *FILES[:3]]).severity is WARN


def test_copies_saved_as_jpeg_are_found_and_named():
    found = repeats([*FILES[:140], *AGAIN])
    assert found.observed["duplicates"] >= 50
    assert found.severity is BLOCK
    assert found.rows[0].startswith("span-9/images row 14")
    assert found.message.startswith("image: ")
    assert found.message.endswith("look like another one of it; the limit is 5.0 %.")
    assert "--accept image_duplicates" in found.remedy


def test_what_the_reference_has_is_usual():
    images = [*FILES[:160], *FILES[:40]]
    assert repeats(images, images).severity is OK
    assert repeats([*FILES[:100], *FILES[:100]], images).severity is BLOCK


def test_a_copy_in_another_split_blocks():
    # JPEG leaves the hashes of about 1 of 4 of these soft pictures as they were, and of 6 of 7 photographs.
    images = [*FILES[:190], *AGAIN[:50]]
    splits, same = [0] * 190 + [2] * 50, "image between splits"
    assert repeats(images, splits=[0] * 240, subject=same).severity is OK
    found = repeats(images, splits=splits, subject=same)
    assert found.severity is BLOCK
    assert found.observed["leaked"] == 2 * found.observed["leaked_test"]
    assert found.observed["leaked_test"] >= 5
    assert found.message.endswith("of them in test; the limit is 0.")
    assert repeats(images, splits=splits, subject=same, block=Block(leaked=None)).severity is OK
    assert repeats([*FILES[:199], FILES[7]], splits=[0] * 199 + [1], subject=same).rows == (
        "span-9/images row 8",
        "span-9/images row 200",
    )


def test_real_digits_are_no_copies_and_plain_areas_do_not_leak():
    sample = image_sample(DIGITS, splits=[i % 3 for i in range(len(DIGITS))])
    assert worst(ImageDuplicates().check(image_context(sample))) is OK
    plain = [saved(Image.new("L", (8, 8), 5))] * 3
    assert repeats([*FILES, *plain], splits=[0] * 202 + [2], subject="image between splits").severity is OK


def test_very_many_equal_images_take_no_time():
    many = np.repeat(np.array([f["hash"] for f in FILES], object), 100)
    thumbs = np.repeat(np.array([f["thumb"] for f in FILES], object), 100)
    number, _ = lookalikes.groups(lookalikes.read(many, thumbs))
    assert len(set(number.tolist())) == 200


def test_levels_can_be_turned_off():
    images = [*FILES[:100], *FILES[:100]]
    assert repeats(images, block=Block(share=None)).severity is WARN
    assert repeats(images, block=Block(share=None), warn=Warn(share=None)).severity is OK


def test_nothing_to_look_at():
    for seen in (context(span(9)), image_context(image_sample([]))):
        assert "nothing to compare" in ImageDuplicates().check(seen)[0].message
    broken = [properties(b"")] * 30
    for images in (broken, FILES[:1], [*broken, FILES[0]]):
        assert worst(ImageDuplicates().check(image_context(image_sample(images), image_sample(broken)))) is OK
