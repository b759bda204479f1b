"""Contact sheets and histograms as PNG files."""

import io

import numpy as np
import pytest
from PIL import Image

from components import contact_sheet
from components.augmentation import OpDraw
from components.augmentation_measures import Seen


def pictures(n=6, height=8, width=8, channels=1):
    return np.random.default_rng(0).random((n, height, width, channels), np.float32)


def opened(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def sheets(order=None, seed=0, drawn=None):
    n = 40
    order = np.arange(n) if order is None else order
    before, at = pictures(n)[order // 2], np.arange(n)[order]
    number = np.arange(n) % 4 if drawn is None else drawn.astype(np.int64)
    seen = Seen(
        {"image": before},
        {"image": 1 - before},
        np.array(["3", "a/b"], object)[at // 2 % 2],
        np.ones(n, np.int64),
        number[order],
    )
    # Two draws of each example.
    keys = (at // 2).astype(np.uint64) * np.uint64(99991)
    return contact_sheet.sheets("image", seen, keys, [f"row {i}" for i in at], seed)


def test_one_sheet_for_each_class_with_draws():
    assert list(sheets()) == ["sheet-image-3.png", "sheet-image-a%2Fb.png"]
    assert list(sheets(drawn=np.arange(40) // 2 % 2 == 1)) == ["sheet-image-a%2Fb.png"]
    assert sheets(drawn=np.zeros(40, bool)) == {}


def test_the_choice_depends_on_the_seed_and_not_on_the_order_of_rows():
    order = np.random.default_rng(1).permutation(40)
    assert sheets(order) == sheets()
    few = np.arange(40) % 4 < 2
    # Ten draws of a class fit on a sheet: the seed decides about their order.
    assert sheets(seed=1, drawn=few) != sheets(drawn=few)


@pytest.mark.parametrize(("side", "channels", "shown"), [(8, 1, 96), (28, 3, 112), (96, 3, 96), (400, 3, 160)])
def test_pictures_are_enlarged_pixel_by_pixel_or_reduced(side, channels, shown):
    before = np.ones((1, side, side, channels), np.float32) * np.float32(0.5)
    page = np.asarray(contact_sheet.sheet(before, before / 2, "", [""]))[:, contact_sheet._LEFT :]
    # 0.5 and 0.25 as levels, each as a square.
    for level in (128, 64):
        rows, columns = np.nonzero((page == level).all(axis=2))
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (shown, shown)
        assert (page[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == level).all()


def test_before_is_above_after_and_lines_follow_each_other():
    before = np.stack([np.full((8, 8, 1), v / 32, np.float32) for v in range(10)])
    page = np.asarray(contact_sheet.sheet(before, before + np.float32(0.5), "", [""] * 10))[:, contact_sheet._LEFT :]

    def place(level):
        rows, columns = np.nonzero((page == round(level * 255)).all(axis=2))
        return rows.min(), columns.min()

    # Before and after of the first picture, then of the ninth, which begins the second line.
    tops = [place(level)[0] for level in (0, 0.5, 8 / 32, 0.5 + 8 / 32)]
    assert tops == sorted({*tops})
    assert place(0)[1] == place(0.5)[1] == place(8 / 32)[1] == 0
    assert 0 < place(1 / 32)[1] < place(2 / 32)[1]


def test_captions_name_what_was_applied():
    draws = [
        OpDraw(np.array([[12.3456], [-3.0]], np.float32), np.array([True, False]), np.zeros(2, np.int64)),
        OpDraw(np.array([[0.1, -0.0049], [0, 0]], np.float32), np.array([True, False]), np.zeros(2, np.int64)),
    ]
    assert contact_sheet.captions_of(["rotate", "translate"], draws, 2) == [
        "rotate 12.3\ntranslate 0.1 -0.005",
        "nothing",
    ]


def test_names_of_files_are_safe():
    assert contact_sheet.file_name("sheet", "eye", "../x y") == "sheet-eye-..%2Fx_y.png"
    assert contact_sheet.file_name("histograms", "eye") == "histograms-eye.png"
