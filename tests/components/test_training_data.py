"""From examples on disk to rows, and to the exported model that scores the same examples: with a small transform that has every kind."""

import json

import numpy as np
import pytest

from schemas.config import Train
from schemas.features import ColumnType, FeatureContract

tf = pytest.importorskip("tensorflow")

from components import serving, training, training_data  # noqa: E402
from components.examples import RECORDS  # noqa: E402
from components.interfaces import ModelInputs  # noqa: E402
from components.objective import Classes  # noqa: E402

SHAPE = (4, 4, 1)


def contract(*kinds):
    types = {"numeric": "float", "text": "string", "image": "string"}
    features = [{"name": k, "type": types[k], "kind": k, "reason": "told"} for k in kinds]
    return FeatureContract.model_validate({"label": "y", "label_type": "int", "features": features})


TYPES = {"numeric": tf.float32, "text": tf.string, "image": tf.string}


class Transform(tf.Module):
    """Of serialized examples: a number; the lengths of text and of the picture's bytes as tokens and pixels; and an output that no model
    asked for."""

    def __init__(self, kinds):
        super().__init__()
        self.kinds = kinds

    def __call__(self, inputs):
        raw = tf.io.parse_example(inputs[RECORDS], {k: tf.io.VarLenFeature(TYPES[k]) for k in self.kinds})

        def one(name, default):
            column = raw[name]
            shape = tf.stack([column.dense_shape[0], tf.constant(1, tf.int64)])
            return tf.sparse.to_dense(tf.SparseTensor(column.indices, column.values, shape), default)

        number = one("numeric", 0.0)
        out = {"numeric": number, "categorical": tf.zeros(tf.stack([tf.shape(number)[0], 0]), tf.int64)}
        if "text" in self.kinds:
            out["text_0"] = tf.cast(tf.strings.length(one("text", b"")), tf.int64)
        if "image" in self.kinds:
            level = tf.cast(tf.strings.length(one("image", b"")), tf.float32)[:, :, tf.newaxis, tf.newaxis] / 10.0
            out["image_1"] = tf.tile(level, [1, *SHAPE])
        return out


def example(number, kinds):
    feature = {
        "numeric": tf.train.Feature(float_list=tf.train.FloatList(value=[number])),
        "text": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x" * (number % 5)])),
        "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"i" * (number % 10)])),
        "y": tf.train.Feature(int64_list=tf.train.Int64List(value=[number % 3])),
        "w": tf.train.Feature(float_list=tf.train.FloatList(value=[number / 4])),
        "times": tf.train.Feature(int64_list=tf.train.Int64List(value=[number])),
    }
    chosen = {k: v for k, v in feature.items() if k in (*kinds, "y")}
    return tf.train.Example(features=tf.train.Features(feature=chosen)).SerializeToString(deterministic=True)


def write(folder, span, records):
    path = str(folder / f"data_tfrecord-span-{span:08d}-00000-of-00001")
    with tf.io.TFRecordWriter(path) as writer:
        for record in records:
            writer.write(record)
    return path


ALL = ("numeric", "text", "image")


@pytest.fixture
def files(tmp_path):
    records = [example(i, ALL) for i in range(40)]
    return [write(tmp_path, 3, records[:30]), write(tmp_path, 4, records[30:])]


@pytest.mark.parametrize("at_once", [256, 7])
def test_rows_have_their_inputs_labels_keys_and_spans(files, at_once, monkeypatch):
    monkeypatch.setattr(training_data, "PICTURES_AT_ONCE", at_once)
    rows = training_data.load_rows(files, contract(*ALL), Transform(ALL))
    assert rows.labels.tolist() == [str(i % 3) for i in range(40)]
    assert rows.spans.tolist() == [3] * 30 + [4] * 10
    assert rows.inputs["numeric"][:, 0].tolist() == list(range(40))
    assert rows.inputs["text_0"][:, 0].tolist() == [i % 5 for i in range(40)]
    assert rows.inputs["image_1"].shape == (40, *SHAPE)
    assert rows.inputs["image_1"][13, 0, 0, 0] == pytest.approx(0.3)
    prints = tf.fingerprint(tf.constant([example(i, ALL) for i in range(40)])).numpy()
    assert rows.keys.tolist() == prints.view(np.uint64).reshape(-1).tolist()
    some = rows.take(np.array([35, 2]))
    assert (some.labels.tolist(), some.spans.tolist(), len(some)) == (["2", "2"], [4, 3], 2)
    assert some.inputs["numeric"].tolist() == [[35.0], [2.0]]


@pytest.mark.parametrize(("column", "stored", "unit"), [("w", "float", 0.25), ("times", "int", 1)])
def test_rows_have_their_weights(tmp_path, column, stored, unit):
    path = write(tmp_path, 3, [example(i, ("numeric", column)) for i in range(9)])
    told = contract("numeric").model_copy(update={"sample_weight": column, "sample_weight_type": ColumnType(stored)})
    rows = training_data.load_rows([path], told, Transform(("numeric",)))
    assert rows.weights.dtype == np.float32
    assert rows.weights.tolist() == [unit * i for i in range(9)]
    assert rows.take(np.array([8, 1])).weights.tolist() == [8 * unit, unit]
    assert training_data.load_rows([path], contract("numeric"), Transform(("numeric",))).weights is None


def test_an_example_without_its_weight_is_an_error(tmp_path):
    path = write(tmp_path, 3, [example(i, ("numeric",)) for i in range(9)])
    told = contract("numeric").model_copy(update={"sample_weight": "w"})
    with pytest.raises(tf.errors.InvalidArgumentError, match="w"):
        training_data.load_rows([path], told, Transform(("numeric",)))


def test_an_empty_split_has_the_right_shapes(files):
    empty = training_data.load_rows([], contract(*ALL), Transform(ALL))
    full = training_data.load_rows(files, contract(*ALL), Transform(ALL))
    assert len(empty) == 0
    assert {n: (v.shape[1:], v.dtype) for n, v in empty.inputs.items()} == {
        n: (v.shape[1:], v.dtype) for n, v in full.inputs.items()
    }
    assert (empty.labels.dtype, empty.keys.dtype, empty.spans.dtype) == (object, np.uint64, np.int64)
    wanted = ModelInputs(1, 0, 9, 3, texts={"text_0": 1}, images={"image_1": SHAPE})
    assert training_data.model_inputs(empty.inputs, 9, 3) == wanted


@pytest.mark.parametrize(("limit", "spans"), [(20, [3] * 15 + [4] * 5), (1, [3, 4]), (1000, [3] * 30 + [4] * 10)])
def test_a_sample_has_its_share_of_every_file(files, limit, spans):
    rows = training_data.load_rows(files, contract(*ALL), Transform(ALL), limit=limit)
    assert rows.spans.tolist() == spans
    assert rows.inputs["numeric"][0, 0] == 0.0


@pytest.mark.parametrize("kinds", [("numeric",), ("numeric", "text"), ALL])
def test_the_exported_model_scores_raw_examples_as_training_sees_them(kinds, tmp_path, monkeypatch):
    told, transform = contract(*kinds), Transform(kinds)
    rows = training_data.load_rows([write(tmp_path, 1, [example(i, kinds) for i in range(20)])], told, transform)
    model, *_ = training.build_model(Train(), training_data.model_inputs(rows.inputs, 9, 3))
    path = str(tmp_path / "model")
    serving.export(model, transform, told, Classes(["0", "1", "2"]), path)
    monkeypatch.setattr(training_data, "PICTURES_AT_ONCE", 6)
    monkeypatch.setattr(training_data, "AT_ONCE", 6)
    scorer = serving.Scorer(path)
    scores = scorer([example(i, kinds) for i in range(20)])
    expected = tf.nn.softmax(model(rows.inputs, training=False)).numpy()
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-7)
    assert scorer([]).shape == (0, 3)
    assert json.loads((tmp_path / "model" / serving.EXTRA).read_text())["labels"] == ["0", "1", "2"]
