"""The validation matrix: which cases it has, what it writes, and that faults of images are what they say."""

import random
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import faults, image_faults
from benchmarks import validation_matrix as matrix
from benchmarks.validation_cases import Case, Result

PAGE = f"Before.\n\n{matrix.BEGIN}\n\nold table\n\n{matrix.END}\n\nAfter.\n"


def test_every_fault_comes_at_both_strengths_and_in_order():
    cases = matrix.fault_cases("", 1, Path("data"))
    assert len(cases) == 2 * (len(faults.FAULTS) + len(image_faults.FAULTS))
    assert [(c.at, c.strength) for c in cases if c.data == "digits"][:2] == [(0, 30), (0, 15)]
    assert [c.data for c in cases] == sorted((c.data for c in cases), reverse=True)
    assert matrix.fault_cases("digits", 1, Path("data")) == [c for c in cases if c.data == "digits"]


def test_a_fifth_of_the_clean_pairs_are_images_and_all_sizes_come():
    cases = matrix.clean_cases(50, 1, Path("data"))
    assert Counter(c.data for c in cases) == {"taxi": 40, "digits": 10}
    assert {c.at for c in cases if c.data == "taxi"} == set(matrix.SIZES)
    assert {c.at for c in cases if c.data == "digits"} == set(matrix.IMAGE_SIZES)
    assert len({c.seed for c in cases}) == 50


def test_the_table_says_what_was_caught_and_counts_it():
    cases = matrix.fault_cases("one class mirrored", 1, Path("data"))
    results = [Result("block", False, ["image_orientation:block:image"]), Result("-", True, [])]
    text = "\n".join(matrix.fault_lines(cases, iter(results)))
    assert "| one class mirrored | `image_orientation` | block (1) | - (0.4) | - | says something |" in text
    assert "Caught: 1 of 1 clear, 0 of 1 just noticeable ones; by TFDV alone 0 and 1." in text


def test_clean_pairs_are_counted_by_severity():
    cases = [Case("digits", "clean", 450, 0.0, 1, Path("data")), Case("digits", "clean", 200, 0.0, 2, Path("data"))]
    results = [Result("-", False, ["a:warn: x", "b:block: y"]), Result("-", False, [])]
    text = "\n".join(matrix.clean_lines(cases, iter(results)))
    assert "2 pairs of samples of the same digits, 200 to 450 images each: blocks: 1, warnings: 1." in text
    assert "- 450 images: b:block: y" in text


def test_each_part_replaces_its_own_text_only(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    matrix.write(page, ["faults 1"], clean=False)
    matrix.write(page, ["clean 1"], clean=True)
    matrix.write(page, ["faults 2"], clean=False)
    parts = [matrix.BEGIN, "faults 2", matrix.CLEAN, "clean 1", matrix.END]
    assert page.read_text() == "Before.\n\n" + "\n\n".join(parts) + "\n\nAfter.\n"


@pytest.fixture
def folder(tmp_path):
    """A span of 40 small random pictures, 20 a class, and a reference of 40 others."""
    rng = np.random.default_rng(1)
    for span in ("before", "now"):
        for i in range(40):
            path = tmp_path / span / "37"[i % 2] / f"{span}-{i:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(40, 120, (8, 8)).astype(np.uint8)).save(path)
    return tmp_path


def spoil(folder, name, strength, target="spoilt"):
    """The files of a spoilt copy of the span: name -> bytes."""
    shutil.copytree(folder / "now", folder / target)
    (fault,) = [f for f in image_faults.FAULTS if f.name == name]
    fault.apply(folder / target, strength, random.Random(1), folder / "before")
    return {str(p.relative_to(folder / target)): p.read_bytes() for p in image_faults.files(folder / target)}


@pytest.mark.parametrize("fault", image_faults.FAULTS, ids=lambda f: f.name)
def test_a_fault_changes_files_in_the_same_way_each_time(folder, fault):
    before = {str(p.relative_to(folder / "now")): p.read_bytes() for p in image_faults.files(folder / "now")}
    spoilt = spoil(folder, fault.name, fault.clear)
    assert spoilt != before
    assert spoilt == spoil(folder, fault.name, fault.clear, "again")
    changed = {n for n in spoilt if spoilt[n] != before.get(n)}
    if "one class" in fault.name:
        assert changed == {n for n in before if n.startswith("3/")}


def pictures(files, folder):
    return {n: np.asarray(Image.open(folder / "spoilt" / n), np.int64) for n in files}


def test_brightness_moves_by_grey_levels(folder):
    files = spoil(folder, "brighter (grey levels)", 20)
    for name, picture in pictures(files, folder).items():
        assert np.array_equal(picture - np.asarray(Image.open(folder / "now" / name)), np.full((8, 8), 20))


def test_files_that_are_cut_off_cannot_be_decoded(folder):
    broken = []
    for name in spoil(folder, "files cut off", 0.05):
        try:
            Image.open(folder / "spoilt" / name).load()
        except OSError:
            broken.append(name)
    assert len(broken) == 2


def test_shares_of_sizes_and_channels(folder):
    shapes = Counter(p.shape for p in pictures(spoil(folder, "another size", 0.2), folder).values())
    assert shapes == {(8, 8): 32, (16, 16): 8}
    shutil.rmtree(folder / "spoilt")
    shapes = Counter(p.shape for p in pictures(spoil(folder, "colour for grey", 0.2), folder).values())
    assert shapes == {(8, 8): 32, (8, 8, 3): 8}


def test_copies_keep_their_label(folder):
    again = {n: b for n, b in spoil(folder, "old images under new names", 0.2).items() if "new-" in n}
    old = {str(p.relative_to(folder / "before")): p.read_bytes() for p in image_faults.files(folder / "before")}
    assert len(again) == 8
    assert all(old[n.replace("new-", "")] == data for n, data in again.items())
    shutil.rmtree(folder / "spoilt")
    files = spoil(folder, "images saved again", 0.2)
    copies = {n for n in files if "copy-" in n}
    assert len(copies) == 8
    assert all(files[n] != files[n.replace("copy-", "")] for n in copies)
    seen = pictures(files, folder)
    assert all(np.abs(seen[n] - seen[n.replace("copy-", "")]).mean() < 4 for n in copies)
