"""`--with-examples`: which rows are read from which files, what stays hidden, and what is said of files that have changed."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from components.image_files import write_manifest
from pipeline.audit import AuditFiles
from pipeline.report import examples, render
from pipeline.report.examples import HIDDEN, LONGEST, MOST, Picture, examples_of
from schemas.run_record import DataFile
from tests import factories

ROWS = [
    f"{label},ride {n},{n}.5,{'x' * 100 if n == 1 else f'pictures/ride {n}/a.png'}"
    for n, label in enumerate("aaaaaaab", start=1)
]


def data_file(path, span=8):
    return DataFile(
        span=span, path=str(path), bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest()
    )


@pytest.fixture
def record(tmp_path):
    """A run on one file of eight rows, with a finding that names two of them."""
    path = tmp_path / "span-8" / "trips.csv"
    path.parent.mkdir()
    path.write_text("\n".join(["kind,rider,fare,text", *ROWS]) + "\n", encoding="utf-8")
    config = {"name": "taxi", "data": {"source": {"csv": "span-{SPAN}/*.csv"}, "label": "kind", "entity": "rider"}}
    found = factories.finding(
        "warn", code="outliers", subject="fare", rows=("span-8/trips.csv row 7", "span-8/trips.csv row 2")
    )
    passed = factories.finding("ok", code="fine", subject="fare", rows=("span-8/trips.csv row 3",))
    return factories.pushed(config=config, files=[data_file(path)], findings=[found, passed], span=8)


def test_rows_of_each_class_in_turn(record):
    newest = examples_of(record).tables[0]
    assert newest.title == "Rows of span 8"
    assert newest.columns == ("place", "kind", "rider", "fare", "text")
    assert len(newest.rows) == MOST
    assert [r[0] for r in newest.rows[:3]] == [f"span-8/trips.csv row {n}" for n in (1, 8, 2)]
    assert [r[1] for r in newest.rows] == list("abaaa")
    assert {r[2] for r in newest.rows} == {HIDDEN}
    assert len(newest.rows[0][4]) == LONGEST
    assert {r[4] for r in newest.rows[1:]} == {f"pictures/{HIDDEN}/a.png"}


def test_rows_that_a_finding_names(record):
    (_, named) = examples_of(record).tables
    assert named.title == "fare: rows that outliers names"
    assert [(r[0], r[3]) for r in named.rows] == [("span-8/trips.csv row 2", "2.5"), ("span-8/trips.csv row 7", "7.5")]


def test_a_file_that_has_changed_or_is_gone_is_said_and_not_shown(record, tmp_path):
    path = tmp_path / "span-8" / "trips.csv"
    path.write_text(path.read_text().replace("1.5", "9.9"), encoding="utf-8")
    found = examples_of(record)
    assert (found.tables, found.notes) == (
        (),
        ("span-8/trips.csv is not what the run read: it has changed since; its rows are not shown.",),
    )
    path.unlink()
    assert "span-8/trips.csv cannot be read (No such file or directory)" in examples_of(record).notes[0]


def test_pictures_of_a_folder_are_shown_with_their_names(tmp_path):
    paths = []
    for label in ("cat", "dog"):
        path = tmp_path / "span-8" / label / f"{label}.png"
        path.parent.mkdir(parents=True)
        Image.new("L", (8, 8), 100).save(path)
        paths.append(str(path))
    file = write_manifest(paths, "span-{SPAN}/{label}/*.png", tmp_path, "kind", 8, tmp_path / "w")
    config = {"name": "pets", "data": {"source": {"images": "span-{SPAN}/{label}/*.png"}, "label": "kind"}}
    found = factories.finding("block", code="image_duplicates", subject="image", rows=("span-8/dog/dog.png",))
    record = factories.pushed(config=config, files=[file], findings=[found], span=8)
    newest, named = examples_of(record).tables
    assert [r[0] for r in newest.rows] == ["span-8/cat/cat.png", "span-8/dog/dog.png"]
    assert [r[0] for r in named.rows] == ["span-8/dog/dog.png"]
    assert isinstance(named.rows[0][1], Picture)
    page = render(record, None, examples_of(record))
    assert page.count('<img class="thumb" src="data:image/png;base64,') == 3
    assert "img-src data:" in page
    assert "data:image" not in render(record)


def test_hostile_values_are_text(record, tmp_path):
    path = tmp_path / "span-8" / "trips.csv"
    path.write_text('kind,rider,fare,text\na,x,1,"<script>alert(1)</script>"\n', encoding="utf-8")
    page = render(record, None, examples_of(record.model_copy(update={"files": [data_file(path)]})))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_contact_sheets_are_shown_as_long_as_there_is_room(record, tmp_path, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 255, (700, 700, 3), np.uint8)
    for number in range(3):
        Image.fromarray(noise).save(tmp_path / f"sheet-image-{number}.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "histograms-image.png")
    files = AuditFiles(tmp_path, None, tuple(sorted(tmp_path.glob("*.png"))))
    monkeypatch.setattr(examples, "audit_of", lambda record: files)
    found = examples_of(record)
    assert [p.told for p in found.sheets] == ["sheet image 0", "sheet image 1"]
    assert sum(len(p.address) for p in found.sheets) <= examples.BUDGET
    assert found.sheets[0].address.startswith("data:image/jpeg;base64,"), "photographs take less as JPEG"
    assert found.notes == ("Contact sheets that are beside the audit only, as there are too many for one page: 1.",)
    assert render(record, None, found).count('<img src="data:image/') == 2


def test_a_run_that_read_nothing_has_nothing_to_show(record):
    found = examples_of(record.model_copy(update={"files": [], "findings": []}))
    assert found.notes == ("There is nothing to show: this run read no files.",)
    unusable = record.model_copy(update={"config": {"name": "taxi", "data": {}}})
    assert examples_of(unusable).notes == (
        "The configuration of this run cannot be used, so its files cannot be read.",
    )
