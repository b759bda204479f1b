"""The screening example's data: patients and eyes as described, drawn by chance that nobody else's data change."""

import csv
import hashlib
import shutil
import statistics
import sys

import numpy as np
import pytest
from PIL import Image, ImageFilter

from components import images
from components.checks import _lookalikes as lookalikes
from data import _eye, fundus, retina


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    output = tmp_path_factory.mktemp("data") / "retina"
    return output, retina.build(output, patients=6, spans=2, size=48, seed=3)


@pytest.fixture(scope="module")
def many():
    """The rows of 4,000 patients, right eyes and left eyes by turns."""
    return [row for patient in range(100_000, 104_000) for row, _ in retina.patient_rows(0, patient)]


def table(folder):
    with (folder / "eyes.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def numbers(rows, column):
    return np.array([float(row[column] or "nan") for row in rows])


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def drawn(severity, camera="tabletop", left=False, n=8):
    return [fundus.draw(severity, left, camera, 64, np.random.default_rng(i)) for i in range(n)]


def spots(picture, sign):
    """Share of pixels that are clearly darker (-1) or brighter (1) than what is around them."""
    green = Image.fromarray(picture).getchannel("G")
    apart = np.asarray(green, float) - np.asarray(green.filter(ImageFilter.MedianFilter(9)), float)
    y, x = np.mgrid[:64, :64] - 31.5
    return float((sign * apart > 14)[x**2 + y**2 < 22**2].mean())


def test_a_row_is_an_eye_and_names_its_picture(built):
    output, counts = built
    assert counts == {1: 12, 2: 12}
    for span in counts:
        rows = table(output / f"span-{span}")
        assert tuple(rows[0]) == retina.COLUMNS
        assert [r["eye"] for r in rows] == ["R", "L"] * 6
        assert len({r["patient"] for r in rows}) == 6
        for row in rows:
            with Image.open(output / f"span-{span}" / row["image"]) as picture:
                assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (48, 48))
    assert [p.name for p in output.parent.iterdir()] == ["retina"]


def test_more_patients_and_more_spans_change_none_that_were_there(built, tmp_path):
    more = tmp_path / "more"
    retina.build(more, patients=8, spans=3, size=48, seed=3)
    for span in (1, 2):
        assert table(more / f"span-{span}")[:12] == table(built[0] / f"span-{span}")
        images_before = files(built[0] / f"span-{span}" / "images")
        assert images_before.items() <= files(more / f"span-{span}" / "images").items()


def test_another_seed_gives_other_patients_and_other_pictures(built, tmp_path):
    retina.build(tmp_path / "other", patients=6, spans=1, size=48, seed=4)
    here, there = files(built[0] / "span-1"), files(tmp_path / "other" / "span-1")
    assert here.keys() == there.keys()
    assert not any(here[name] == there[name] for name in here)


def test_the_same_seed_gives_the_same_patients_everywhere(many):
    text = "\n".join(",".join(row[c] for c in retina.COLUMNS) for row in many[:400])
    # Another value means other data: raise retina.VERSION, and measure what docs and examples/retina.yaml say anew.
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "b260815865ffbfc7"


def test_limits_between_grades_are_the_quantiles_of_their_shares():
    below = [sum(retina.SHARES[: i + 1]) for i in range(4)]
    assert list(retina.LIMITS) == pytest.approx([statistics.NormalDist().inv_cdf(q) for q in below], abs=1e-6)
    assert [retina.grade_of(x) for x in (-9, 0.61, 0.62, 0.9, 1.7, 2.1, 9)] == [0, 0, 1, 2, 3, 4, 4]
    assert [int(retina.burden(x)) for x in (-9, 0.61, 0.62, 0.9, 1.7, 2.1, 9)] == [0, 0, 1, 2, 3, 4, 4]
    assert retina.burden(0.7) < retina.burden(0.8)


def test_grades_are_as_rare_as_they_should_be(many):
    shares = np.bincount(numbers(many, "grade").astype(int), minlength=5) / len(many)
    assert shares == pytest.approx([0.73, 0.07, 0.15, 0.03, 0.02], abs=0.02)


def test_both_eyes_of_a_patient_have_similar_grades(many):
    grades = numbers(many, "grade")
    assert np.mean(np.abs(grades[::2] - grades[1::2]) <= 1) > 0.85
    assert np.corrcoef(grades[::2], grades[1::2])[0, 1] > 0.7
    # But not the same: the second eye is a case of its own.
    assert np.mean(grades[::2] == grades[1::2]) < 0.9


@pytest.mark.parametrize(
    ("column", "low", "high", "usual"),
    [("age", 18, 92, 59), ("duration", 0, 50, 9), ("hba1c", 4.8, 14.5, 7.4), ("systolic", 90, 220, 133)],
)
def test_values_are_in_the_ranges_of_people(many, column, low, high, usual):
    values = numbers(many, column)
    assert low <= np.nanmin(values) <= np.nanmax(values) <= high
    assert np.nanmedian(values) == pytest.approx(usual, rel=0.04)


@pytest.mark.parametrize(("column", "apart"), [("duration", 4.0), ("hba1c", 0.5), ("systolic", 2.0)])
def test_what_is_measured_goes_with_the_grade(many, column, apart):
    values, grades = numbers(many, column), numbers(many, "grade")
    assert np.nanmean(values[grades >= 2]) > np.nanmean(values[grades == 0]) + apart


def test_nobody_has_been_ill_for_longer_than_alive(many):
    assert np.nanmin(numbers(many, "age") - numbers(many, "duration")) > 0


def test_missing_values_depend_on_the_camera_and_not_on_the_grade(many):
    cameras, missing = np.array([r["camera"] for r in many]), np.isnan(numbers(many, "hba1c"))
    share = {c: missing[cameras == c].mean() for c in fundus.CAMERAS}
    assert share == pytest.approx({"tabletop": 0.04, "legacy": 0.10, "handheld": 0.45}, abs=0.04)
    handheld, ill = cameras == "handheld", numbers(many, "grade") > 0
    assert missing[handheld & ill].mean() == pytest.approx(missing[handheld & ~ill].mean(), abs=0.09)


def test_lesions_grow_in_number_and_kind():
    rng = np.random.default_rng(0)
    none, mild, moderate, severe, most = (_eye.Lesions.of(grade + 0.5, rng) for grade in range(5))
    assert none == _eye.Lesions()
    assert mild == _eye.Lesions(microaneurysms=mild.microaneurysms)
    assert mild.microaneurysms > 0
    assert moderate.haemorrhages > 0
    assert moderate.cotton_wool_spots == 0
    assert severe.haemorrhages > moderate.haemorrhages
    assert severe.cotton_wool_spots > 0
    assert severe.new_vessels == 0
    assert most.new_vessels > 0


@pytest.mark.parametrize("camera", fundus.CAMERAS)
def test_lesions_show_in_the_picture(camera):
    dark = [np.mean([spots(p, -1) for p in drawn(s, camera)]) for s in (0.5, 2.5, 3.5)]
    bright = [np.mean([spots(p, 1) for p in drawn(s, camera)]) for s in (0.5, 3.5)]
    assert dark[0] * 1.2 < dark[1] < dark[2] / 1.2
    assert bright[1] > 2 * bright[0]


def test_left_eyes_are_mirror_images():
    """The disc, the brightest part, is on the nose's side: right in the picture of a right eye."""
    sides = {left: np.mean([p.sum(axis=2).argmax() % 64 for p in drawn(0.5, left=left)]) for left in (False, True)}
    assert sides[False] > 40
    assert sides[True] < 24


def test_the_field_is_round_and_the_rest_is_dark():
    for picture in drawn(0.5):
        assert picture[:4, :4].max() < 16
        assert picture[24:40, 24:40].mean(axis=(0, 1)).tolist() == sorted(
            picture[24:40, 24:40].mean(axis=(0, 1)), reverse=True
        )


def test_cameras_have_colours_of_their_own():
    blue = {
        c: np.mean([p[20:44, 20:44, 2].mean() / p[20:44, 20:44, 0].mean() for p in drawn(0.5, c)])
        for c in fundus.CAMERAS
    }
    assert blue["legacy"] < 0.85 * blue["tabletop"] < 0.85 * blue["handheld"]


def test_no_two_eyes_look_like_copies(built):
    """As the check `image_duplicates` sees them."""
    seen = [images.properties(p.read_bytes()) for p in sorted(built[0].rglob("*.png"))]
    looks = lookalikes.read(*(np.array([s[k] for s in seen], object) for k in ("hash", "thumb")))
    assert len(set(lookalikes.groups(looks)[0].tolist())) == 24


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["retina", *map(str, arguments)])
    return retina.main()


def test_called_again_there_is_nothing_to_do_unless_something_else_is_wanted(tmp_path, monkeypatch, capsys):
    output = tmp_path / "retina"
    arguments = ("--output", output, "--patients", 2, "--spans", 1, "--size", 16)
    assert run(monkeypatch, *arguments) == 0
    assert "4 synthetic photographs of 2 patients" in capsys.readouterr().out
    marked = output / "span-1" / "images" / "100000-R.png"
    marked.write_bytes(b"mine")
    assert run(monkeypatch, *arguments) == 0
    assert "there already" in capsys.readouterr().out
    assert marked.read_bytes() == b"mine"
    assert run(monkeypatch, *arguments, "--seed", 1) == 0
    assert marked.read_bytes() != b"mine"
    assert [p.name for p in tmp_path.iterdir()] == ["retina"]


def test_when_building_fails_what_was_there_stays(built, tmp_path, monkeypatch, capsys):
    output = tmp_path / "retina"
    shutil.copytree(built[0], output)
    before = files(output)

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(retina, "_span", full)
    assert run(monkeypatch, "--output", output) == 1
    assert capsys.readouterr().err == "error: retina data not built: disk full\n"
    assert files(output) == before
    assert [p.name for p in tmp_path.iterdir()] == ["retina"]


def test_a_folder_with_other_things_is_not_removed(tmp_path, monkeypatch, capsys):
    (tmp_path / "letters").mkdir()
    assert run(monkeypatch, "--output", tmp_path, "--patients", 1, "--spans", 1) == 1
    assert "holds 'letters', which is not of this data; give another folder with --output" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["letters"]


@pytest.mark.parametrize(
    ("option", "value"), [("--patients", "0"), ("--size", "8"), ("--spans", "x"), ("--seed", "-1")]
)
def test_numbers_out_of_range_are_refused(tmp_path, monkeypatch, capsys, option, value):
    with pytest.raises(SystemExit):
        run(monkeypatch, "--output", tmp_path / "retina", option, value)
    assert f"argument {option}: must be a whole number from" in capsys.readouterr().err
