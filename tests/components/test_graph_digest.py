"""The digest of a graph says what it computes, and nothing about the process that traced it."""

import pytest

from components.graph_digest import graph_digest

tf = pytest.importorskip("tensorflow")


def save(folder, factor):
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)], autograph=False)
    def double(x):
        return x * factor

    module.double = double
    tf.saved_model.save(module, str(folder), signatures={"serving_default": double})
    return graph_digest(folder)


def test_what_was_traced_before_does_not_matter(tmp_path):
    first = save(tmp_path / "one", 2.0)
    tf.function(lambda x: x + 1.0)(tf.constant([1.0]))
    assert save(tmp_path / "two", 2.0) == first


def test_what_it_computes_matters(tmp_path):
    assert save(tmp_path / "one", 2.0) != save(tmp_path / "two", 3.0)


def test_thread_pools_do_not_matter(tmp_path):
    first = save(tmp_path / "one", 2.0)
    path = tmp_path / "one" / "saved_model.pb"
    data = path.read_bytes()
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString(data)
    attributes = [
        n.attr["config_proto"]
        for graph in model.meta_graphs
        for nodes in (graph.graph_def.node, *(f.node_def for f in graph.graph_def.library.function))
        for n in nodes
        if "config_proto" in n.attr
    ]
    assert attributes
    for attribute in attributes:
        attribute.s = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=3).SerializeToString()
    path.write_bytes(model.SerializeToString())
    assert graph_digest(tmp_path / "one") == first
