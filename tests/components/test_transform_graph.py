"""The exported transform graph, applied and saved as a part of a model."""

import shutil
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
tft = pytest.importorskip("tensorflow_transform")

from components.examples import RECORDS  # noqa: E402
from components.transform_graph import AppliedGraph  # noqa: E402
from tests.components import transformed  # noqa: E402

COLUMNS = {"fare": [1.0, 2.5, None, 40.0], "company": [b"a", b"b", b"a", None]}
CONTRACT = transformed.contract(fare=("float", "numeric"), company=("string", "categorical"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with an analysed graph, and rows."""
    folder, rows = tmp_path_factory.mktemp("graph"), transformed.records(COLUMNS)
    transformed.Graph(folder, rows, CONTRACT)
    return folder / "out", {RECORDS: tf.constant(rows)}


class Model(tf.Module):
    """As `components.serving` has the graph in what it saves."""

    def __init__(self, graph):
        super().__init__()
        self.graph = graph

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def serve(self, rows):
        return self.graph({RECORDS: rows})


def assert_same(one, two):
    assert set(one) == set(two)
    for name, values in one.items():
        np.testing.assert_array_equal(values.numpy(), two[name].numpy())


def test_it_is_what_the_layer_of_tft_does(made):
    folder, rows = made
    output = tft.TFTransformOutput(str(folder))
    assert_same(AppliedGraph(output)(rows), output.transform_features_layer()(rows))


def test_a_saved_model_has_its_vocabulary_and_nothing_of_keras(made, tmp_path):
    folder, rows = made
    copy, saved = tmp_path / "copy", tmp_path / "saved"
    shutil.copytree(folder, copy)
    model = Model(AppliedGraph(tft.TFTransformOutput(str(copy))))
    wanted = model.graph(rows)
    tf.saved_model.save(model, str(saved), signatures={"serving_default": model.serve})
    del model
    shutil.rmtree(copy)
    loaded = tf.saved_model.load(str(saved))
    assert_same(wanted, loaded.signatures["serving_default"](rows=rows[RECORDS]))
    assert b"_tf_keras" not in (saved / "saved_model.pb").read_bytes()
    assert sorted(p.name for p in Path(saved / "assets").iterdir()) == sorted(
        p.name for p in (folder / "transform_fn" / "assets").iterdir()
    )
