"""The vectorised tf.Example writer against protobuf itself."""

import numpy as np
import pyarrow as pa
import pytest

from components.wire import serialize, varint

example_pb2 = pytest.importorskip("tensorflow.core.example.example_pb2")


def by_protobuf(rows):
    out = []
    for row in rows:
        example = example_pb2.Example()
        example.features.SetInParent()
        for name, value in row.items():
            if isinstance(value, int):
                example.features.feature[name].int64_list.value.append(value)
            elif isinstance(value, float):
                example.features.feature[name].float_list.value.append(value)
            elif value is not None:
                example.features.feature[name].bytes_list.value.append(value)
        out.append(example.SerializeToString(deterministic=True))
    return out


def test_is_byte_for_byte_what_protobuf_writes_in_deterministic_mode():
    rng = np.random.default_rng(0)
    ints = [0, 1, -1, 127, 128, 2**31, 2**62, -(2**63), 2**63 - 1, None] * 20
    floats = [0.0, -0.0, 1.5, float("inf"), 3.4e38, 1e-45, None, 7.0, 2.0, 1.0] * 20
    texts = [b"", b"x", "é☃".encode(), b"\xff\x00", b"a" * 127, b"b" * 200, b"c" * 40_000, None, b"d", b"e"] * 20
    rows = [
        {"n": i, "a longer name": f, "t": t}
        for i, f, t in zip(ints, rng.permutation(np.array(floats, object)), texts, strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array([r["n"] for r in rows], pa.int64()),
            pa.array([r["a longer name"] for r in rows], pa.float32()),
            pa.array([r["t"] for r in rows], pa.binary()),
        ],
        names=["n", "a longer name", "t"],
    )
    assert serialize(batch).to_pylist() == by_protobuf(rows)


def test_a_row_without_any_value_is_an_empty_example():
    batch = pa.RecordBatch.from_arrays([pa.nulls(2, pa.int64())], names=["x"])
    assert serialize(batch).to_pylist() == [b"\n\x00"] * 2


@pytest.mark.parametrize(("value", "expected"), [(0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")])
def test_varints(value, expected):
    assert varint(value) == expected
