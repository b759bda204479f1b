"""Scoring a file: every row in its order, also those whose pictures are broken or not there."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands.predict import format_of, score_file
from pipeline.errors import UsageError
from schemas.config import parse_config
from schemas.features import FeatureContract
from tests.components.kinds.images import plain

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from components import serving  # noqa: E402
from components.examples import RECORDS  # noqa: E402
from components.kinds import pictures  # noqa: E402

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
    serving.export(made, Transform(), CONTRACT, ["0", "1"], path)
    return path


def scored(path, form, model):
    parts = list(score_file(path, form, model))
    assert {tuple(labels) for labels, _, _ in parts} == {("0", "1")}
    chances = np.concatenate([scores for _, _, scores in parts])
    assert [p for _, predicted, _ in parts for p in predicted] == [str(int(a < b)) for a, b in chances]
    return np.log(chances[:, 1] / chances[:, 0]).round(4).tolist()


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
    assert scored(folder / "rows.csv", "csv", model) == pytest.approx([0.2, 2.0, 2.0, 3.0, 4.0, 1.0], abs=1e-3)


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
        list(score_file(folder / "rows.csv", "csv", model))


def test_the_format_is_by_the_ending_else_as_configured():
    config = parse_config({"name": "x", "data": {"source": {"parquet": "x"}, "label": "y"}})
    found = [format_of(Path(n), config) for n in ("a.csv", "a.csv.gz", "a.parquet", "a.tfrecord", "a.data")]
    assert found == ["csv", "csv", "parquet", "tfrecord", "parquet"]


def test_the_label_follows_the_threshold_that_the_model_was_exported_with(folder, model, tmp_path):
    shutil.copytree(model, tmp_path / "strict")
    extra = tmp_path / "strict" / serving.EXTRA
    assert json.loads(extra.read_text())["threshold"] is None
    pq.write_table(pa.table({"age": [0.0, 1.0, 2.0], "eye": ["gone"] * 3}), folder / "rows.parquet")
    for threshold, wanted in ((0.5, ["0", "1", "1"]), (0.8, ["0", "0", "1"]), (0.9, ["0", "0", "0"])):
        extra.write_text(json.dumps({**json.loads(extra.read_text()), "threshold": threshold}))
        parts = score_file(folder / "rows.parquet", "parquet", str(tmp_path / "strict"))
        assert [p for _, predicted, _ in parts for p in predicted] == wanted, "0.5, 0.731 and 0.881"
