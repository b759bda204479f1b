"""The short form of the validation matrix: clear faults are named, clean data are not. And what takes a whole run to see."""

import shutil

import pytest

from benchmarks import faults, image_faults
from benchmarks.validation_cases import Case, build, run
from tests.e2e.conftest import make_project, read_rows, retrain, write_rows

pytestmark = pytest.mark.e2e

LISTED = {"taxi": faults.FAULTS, "digits": image_faults.FAULTS}
CLEAR = {
    ("taxi", "values missing at random"): "block",
    ("taxi", "filled with -999"): "block",
    ("taxi", "cents for dollars"): "block",
    ("taxi", "label share moved"): "block",
    ("taxi", "another spelling"): "block",
    ("taxi", "rows twice"): "block",
    ("taxi", "the old span again"): "block",
    ("taxi", "serving in other units"): "block",
    ("digits", "one class turned (degrees)"): "block",
    ("digits", "files cut off"): "block",
    ("digits", "images saved again"): "block",
}
DIGITS = """
name: digits
data:
  source: {images: "digits/span-{SPAN}/{label}/*.png"}
  window: {last_spans: 2}
  label: label
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """All data of the matrix."""
    folder = tmp_path_factory.mktemp("matrix")
    build(folder)
    return folder


@pytest.mark.parametrize(("data", "name"), sorted(CLEAR))
def test_a_clear_fault_is_named_by_its_code_about_its_subject(source, data, name):
    ((at, fault),) = [(i, f) for i, f in enumerate(LISTED[data]) if f.name == name]
    result = run(Case(data, "fault", at, fault.clear, 1, source))
    assert result.named == CLEAR[data, name], result.raised


@pytest.mark.parametrize(("data", "size"), [("taxi", 500), ("digits", 200)])
def test_nothing_is_said_of_two_samples_of_the_same_data(source, data, size):
    assert run(Case(data, "clean", size, 0.0, 1, source)).raised == []


def flagged(result):
    return sorted((f["code"], f["subject"], f["severity"]) for f in result.json["findings"] if f["severity"] != "ok")


def test_fares_served_in_cents_block(tmp_path, taxi):
    project = make_project(tmp_path, taxi, spans=[8])
    rows = [{**r, "fare": f"{100 * float(r['fare']):.0f}" if r["fare"] else ""} for r in read_rows(project.span(8))]
    write_rows(tmp_path / "data" / "serving.csv", rows)
    result = project.run("--until", "require_ok", "--override", "data.serving={csv: data/serving.csv}")
    assert result.code == 3, result.err
    assert flagged(result) == [("serving_skew", "fare", "block")]
    assert "fare" in result.err


def test_a_class_of_images_that_is_turned_blocks(tmp_path, source):
    (tmp_path / "digits.yaml").write_text(DIGITS)
    for span in (1, 2):
        shutil.copytree(source / "dealt" / f"span-{span}", tmp_path / "digits" / f"span-{span}")
    turn = image_faults.each(image_faults.turned, image_faults.ONE)
    turn(tmp_path / "digits" / "span-2", 30, None, None)
    first, second = (
        retrain("run", tmp_path / "digits.yaml", "--json", "--until", "require_ok", "--span", n) for n in (1, 2)
    )
    assert first.code == 0, first.err
    assert first.json["status"] == "checked"
    assert second.code == 3, second.err
    blocks = [f for f in second.json["findings"] if f["severity"] == "block"]
    assert ("image_orientation", "image of class '3'") in {(f["code"], f["subject"]) for f in blocks}
    # Nothing is said to block of any class but the one that was turned.
    assert all("of class '3'" in f["subject"] for f in blocks)
    assert "of class '3'" in second.err
