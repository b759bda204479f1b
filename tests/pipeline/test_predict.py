"""Scoring a file: every row in its order; rows that cannot be scored are listed with their reasons."""

import csv
import gzip
import io
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands.predict import format_of, predict_command, write_scores
from pipeline.errors import UsageError
from schemas.config import parse_config
from schemas.features import FeatureContract
from schemas.findings import DataBlocked
from tests.components.kinds.images import plain

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from components import serving  # noqa: E402
from components.examples import RECORDS  # noqa: E402
from components.kinds import pictures  # noqa: E402
from components.objective import Classes  # noqa: E402

SHAPE = (4, 4, 1)
CONTRACT = FeatureContract.model_validate(
    {
        "label": "y",
        "label_type": "int",
        "features": [
            {"name": "age", "type": "float", "kind": "numeric", "reason": "told"},
            {"name": "eye", "type": "string", "kind": "image", "shape": SHAPE, "reason": "told"},
        ],
    }
)


class Transform(tf.Module):
    """The picture as it is, and the age; 0 where there is none."""

    def __call__(self, inputs):
        spec = {"age": tf.io.FixedLenFeature([1], tf.float32, [0.0]), "eye": tf.io.FixedLenFeature([], tf.string, b"")}
        raw = tf.io.parse_example(inputs[RECORDS], spec)
        return {"numeric": raw["age"], "image_0": pictures.decode_known(raw["eye"], SHAPE)[0]}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model whose probability of "1" is the logistic function of mean brightness + age."""
    image, age = keras.Input(SHAPE, name="image_0"), keras.Input((1,), name="numeric")
    both = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling2D()(image), age])
    outputs = keras.layers.Dense(2, kernel_initializer=keras.initializers.Zeros(), use_bias=False)(both)
    made = keras.Model({"image_0": image, "numeric": age}, outputs)
    made.layers[-1].set_weights([np.array([[0.0, 1.0], [0.0, 1.0]], np.float32)])
    path = str(tmp_path_factory.mktemp("served") / "1")
    serving.export(made, Transform(), CONTRACT, Classes(["0", "1"]), path)
    return path


def score(path, form, model):
    """Counts, the lines of scores, and row -> reason of those that were rejected."""
    scores, rejected = io.StringIO(newline=""), io.StringIO(newline="")
    counts = write_scores(Path(path), form, model, scores, rejected)
    lines = list(csv.DictReader(io.StringIO(scores.getvalue())))
    bad = list(csv.DictReader(io.StringIO(rejected.getvalue())))
    assert {r["file"] for r in bad} <= {str(path)}
    return counts, lines, {int(r["row"]): r["reason"] for r in bad}


def value(line):
    """Mean brightness + age, as the model has it; None for a row that was rejected."""
    if not line["prediction"]:
        return None
    low, high = float(line["probability_0"]), float(line["probability_1"])
    assert line["prediction"] == str(int(low < high))
    return round(float(np.log(high / low)), 4)


def scored(path, form, model):
    """The values of a file in which no row is bad."""
    counts, lines, bad = score(path, form, model)
    assert (counts.scored, counts.rejected, counts.rest, bad) == (len(lines), 0, None, {})
    return [value(line) for line in lines]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three pictures, one of which is none; somewhere else than where the command runs."""
    (tmp_path / "table" / "eyes").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for level in (51, 255):
        (tmp_path / "table" / "eyes" / f"{level}.png").write_bytes(plain(level, SHAPE[:2]))
    (tmp_path / "table" / "eyes" / "broken.png").write_bytes(plain(255)[:-30])
    return tmp_path / "table"


def write(path, columns):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def test_pictures_by_path_and_those_that_are_none(folder, model):
    eyes = ["eyes/51.png", str(folder / "eyes" / "255.png"), "eyes/broken.png", "eyes/nowhere.png", "", "eyes/255.png"]
    write(folder / "rows.csv", {"eye": eyes, "age": [0, 1, 2, 3, 4, ""], "more": ["x"] * 6})
    counts, lines, bad = score(folder / "rows.csv", "csv", model)
    # A missing picture is a missing value, and one that is none is a bad row.
    assert [value(line) for line in lines] == [
        pytest.approx(v, abs=1e-3) if v else v for v in [0.2, 2, None, None, 4, 1]
    ]
    assert (counts.scored, counts.rejected) == (4, 2)
    assert bad == dict.fromkeys([3, 4], "eye is no picture that can be decoded, or there is no such file.")


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
def test_parquet_holds_paths_or_bytes(folder, model, kind):
    paths = [folder / "eyes" / f"{n}.png" for n in ("51", "255")]
    eyes = [str(p) if kind == pa.string() else p.read_bytes() for p in paths]
    pq.write_table(pa.table({"age": [0.0, 1.0], "eye": pa.array(eyes, kind)}), folder / "rows.parquet")
    assert scored(folder / "rows.parquet", "parquet", model) == pytest.approx([0.2, 2.0], abs=1e-3)


def test_many_rows_keep_their_order(folder, model):
    ages = [i % 7 for i in range(300)]
    write(folder / "rows.csv", {"age": ages, "eye": ["eyes/51.png"] * 300})
    assert scored(folder / "rows.csv", "csv", model) == pytest.approx([a + 0.2 for a in ages], abs=5e-3)


def test_a_column_that_the_model_needs_must_be_there(folder, model):
    write(folder / "rows.csv", {"age": [1]})
    with pytest.raises(UsageError, match=r"rows\.csv: lacks the columns eye, which the model needs\."):
        score(folder / "rows.csv", "csv", model)


def test_the_format_is_by_the_ending_else_as_configured():
    config = parse_config({"name": "x", "data": {"source": {"parquet": "x"}, "label": "y"}})
    found = [
        format_of(Path(n), config) for n in ("a.csv", "b.csv.gz", "a.parquet", "a.tfrecord", "a.tfrecord.gz", "a.data")
    ]
    assert found == ["csv", "csv", "parquet", "tfrecord", "tfrecord", "parquet"]


BAD_LINES = """age,eye
1,eyes/51.png
x,eyes/51.png
1
"2","eyes/51.png",more
,

3,"eyes/51.png"
NaN,
-1e3,eyes/51.png
"""
REASONS = {
    2: "age must be float.",
    3: "It must have 2 columns, got 1.",
    4: "It must have 2 columns, got 3.",
    5: "It has no value for any of the model's inputs.",
    7: "It has no value for any of the model's inputs.",
}


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_bad_lines_are_rejected_by_number_and_the_others_keep_their_place(folder, model, ending):
    path, data = folder / f"rows.{ending}", BAD_LINES.encode()
    path.write_bytes(gzip.compress(data) if ending == "csv.gz" else data)
    _, lines, bad = score(path, "csv", model)
    assert bad == REASONS
    assert [i for i, line in enumerate(lines, 1) if line["prediction"]] == [1, 6, 8]
    assert value(lines[5]) == pytest.approx(3.2, abs=1e-3)


def test_bad_rows_change_no_other_score(folder, model):
    ages = [str(i % 7) for i in range(9000)]
    write(folder / "good.csv", {"age": ages, "eye": [""] * 9000})
    whole = scored(folder / "good.csv", "csv", model)
    marked = ["?" if i % 1500 == 7 else a for i, a in enumerate(ages)]
    write(folder / "marked.csv", {"age": marked, "eye": [""] * 9000})
    _, lines, bad = score(folder / "marked.csv", "csv", model)
    assert sorted(bad) == [8 + 1500 * i for i in range(6)]
    assert [value(line) for line in lines] == [None if i + 1 in bad else v for i, v in enumerate(whole)]


def test_values_of_a_parquet_column_of_texts_are_judged_one_by_one(folder, model):
    table = pa.table({"age": ["1", "one", None, "3"], "eye": pa.array([None] * 4, pa.binary())})
    pq.write_table(table, folder / "rows.parquet")
    _, lines, bad = score(folder / "rows.parquet", "parquet", model)
    assert sorted(bad) == [2, 3]
    assert [value(lines[i]) for i in (0, 3)] == [pytest.approx(1, abs=1e-3), pytest.approx(3, abs=1e-3)]


def example(**features):
    made = tf.train.Example()
    for name, values in features.items():
        made.features.feature[name].float_list.value.extend(values)
    return made.SerializeToString()


def write_records(path, records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path


def test_broken_records_are_rejected_one_by_one(folder, model):
    records = [
        example(age=[1]),
        b"\xff\xff",
        example(age=[2]),
        example(age=[1, 2]),
        example(other=[1]),
        example(age=[3]),
    ]
    path = write_records(folder / "rows.tfrecord", records)
    data = bytearray(path.read_bytes())
    data[12 + 5] ^= 1  # a byte of the first record: its checksum is wrong
    path.write_bytes(data)
    _, lines, bad = score(path, "tfrecord", model)
    assert sorted(bad) == [1, 2, 4, 5]
    assert bad[1] == "The checksum of the record is wrong."
    assert "no tf.Example" in bad[2]
    assert "several values" in bad[4]
    assert [value(lines[i]) for i in (2, 5)] == [pytest.approx(2, abs=1e-3), pytest.approx(3, abs=1e-3)]


@pytest.mark.parametrize("cut", ["length", "end"])
def test_a_file_that_breaks_off_is_scored_so_far(folder, model, cut):
    path = write_records(folder / "rows.tfrecord", [example(age=[i]) for i in (1, 2, 3)])
    data = bytearray(path.read_bytes())
    if cut == "length":
        data[2 * len(data) // 3] ^= 1
    path.write_bytes(data if cut == "length" else data[:-2])
    counts, lines, bad = score(path, "tfrecord", model)
    assert (counts.scored, counts.rejected, len(lines)) == (2, 0, 2)
    assert counts.rest.startswith("row 3: The file cannot be read from here on (")
    assert list(bad) == [3]


def test_the_length_of_a_damaged_record_asks_for_no_memory(folder, model):
    path = folder / "rows.tfrecord"
    path.write_bytes(struct.pack("<QI", 2**60, 0) + b"x" * 40)
    assert score(path, "tfrecord", model)[0].rest is not None


def test_a_file_of_another_format_is_refused(folder, model):
    (folder / "rows.parquet").write_text("no parquet")
    with pytest.raises(DataBlocked, match=r"rows\.parquet: cannot be read"):
        score(folder / "rows.parquet", "parquet", model)
    (folder / "rows.csv").write_text("age,eye\n")
    with pytest.raises(DataBlocked, match="has no rows"):
        score(folder / "rows.csv", "csv", model)


class Project:
    """A configuration whose served model is `model`."""

    def __init__(self, folder, model):
        (folder / ".retrain" / "serving" / "x").mkdir(parents=True)
        shutil.copytree(model, folder / ".retrain" / "serving" / "x" / "1")
        self.config, self.output = folder / "x.yaml", folder / "out.csv"
        self.config.write_text("name: x\ndata: {source: {csv: 'x-{SPAN}.csv'}, label: y}\n")
        self.input = folder / "rows.csv"

    def predict(self, text):
        self.input.write_text(text)
        return predict_command(self.config, self.input, self.output, None, None, as_json=True)


@pytest.fixture
def project(folder, model):
    return Project(folder, model)


def test_the_command_counts_and_lists_what_it_rejected(project, capsys):
    assert project.predict("age,eye\n1,\nx,\n") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["rejected"], told["unread"]) == (1, 1, None)
    listed = list(csv.reader(io.StringIO(Path(told["rejected_output"]).read_text())))
    assert listed == [["file", "row", "reason"], [str(project.input), "2", "age must be float."]]
    assert project.predict("age,eye\n1,\n") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rejected_output"] is None
    assert not project.output.with_name("out.csv.rejected.csv").exists()


def test_when_all_rows_are_bad_the_output_stays_as_it_was(project, capsys):
    project.output.write_text("before")
    assert project.predict("age,eye\nx,\n1\n") == 3
    assert json.loads(capsys.readouterr().out)["output"] is None
    assert project.output.read_text() == "before"
    assert sorted(p.name for p in project.output.parent.iterdir() if p.name.startswith((".out", "out"))) == [
        "out.csv",
        "out.csv.rejected.csv",
    ]


def test_an_input_that_cannot_be_read_at_all_is_a_usage_error_and_leaves_everything(project):
    project.output.write_text("before")
    with pytest.raises(UsageError, match="has no rows"):
        project.predict("age,eye\n")
    assert project.output.read_text() == "before"


def test_the_label_follows_the_threshold_that_the_model_was_exported_with(folder, model, tmp_path):
    shutil.copytree(model, tmp_path / "strict")
    extra = tmp_path / "strict" / serving.EXTRA
    assert json.loads(extra.read_text())["threshold"] is None
    pq.write_table(pa.table({"age": [0.0, 1.0, 2.0], "eye": [""] * 3}), folder / "rows.parquet")
    for threshold, wanted in ((0.5, ["0", "1", "1"]), (0.8, ["0", "0", "1"]), (0.9, ["0", "0", "0"])):
        extra.write_text(json.dumps({**json.loads(extra.read_text()), "threshold": threshold}))
        _, lines, _ = score(folder / "rows.parquet", "parquet", str(tmp_path / "strict"))
        assert [line["prediction"] for line in lines] == wanted, "0.5, 0.731 and 0.881"
