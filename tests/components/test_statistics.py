"""Statistics that are added up from parts are those of TFDV."""

import dataclasses
import hashlib
import pickle

import numpy as np
import pyarrow as pa
import pytest

from components.examples import encode, write_records
from components.remembered import File
from components.statistics import accumulators, added_up


def made(folder, span, rows, columns=("fare", "company", "trips")):
    random = np.random.default_rng(span)
    values = {
        "fare": pa.array(np.where(random.random(rows) < 0.2, None, random.gamma(2, 10, rows)), pa.float32()),
        "company": pa.array([f"company {i}".encode() for i in random.integers(0, 30, rows)], pa.binary()),
        "trips": pa.array(random.integers(0, 9, rows), pa.int64()),
    }
    batch = pa.RecordBatch.from_arrays([values[n] for n in columns], names=list(columns))
    path = folder / "Split-train" / f"data_tfrecord-span-{span:08d}-00000-of-00001"
    path.parent.mkdir(exist_ok=True)
    write_records(str(path), encode(batch))
    return File(str(path), span, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def files(tmp_path):
    """Three spans; the last one lacks a column, and one has more rows than a batch."""
    return [made(tmp_path, 1, 5000), made(tmp_path, 2, 300), made(tmp_path, 3, 50, ("fare", "trips"))]


def by_tfdv(files):
    """What TFDV's own Beam pipeline says of the rows of all files."""
    import apache_beam as beam
    import tensorflow_data_validation as tfdv
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from tfx_bsl.coders import example_coder

    from components.examples import read_records

    decoder = example_coder.ExamplesToRecordBatchDecoder()
    batches = [decoder.DecodeBatch(r) for f in files for r in read_records(f.path)]
    out = f"{files[0].path}.stats"
    with beam.Pipeline(runner=FnApiRunner()) as p:
        _ = p | beam.Create(batches) | tfdv.GenerateStatistics() | tfdv.WriteStatisticsToBinaryFile(out)
    return tfdv.load_stats_binary(out)


def flat(message, path=""):
    """Every number and text of a message, by where it stands."""
    for field, value in message.ListFields():
        place = f"{path}.{field.name}"
        items = value if field.label == field.LABEL_REPEATED else [value]
        for i, item in enumerate(items):
            if field.type == field.TYPE_MESSAGE:
                yield from flat(item, f"{place}[{i}]")
            else:
                yield f"{place}[{i}]", item


def features(statistics):
    (whole,) = statistics.datasets
    return whole.num_examples, {f.path.step[0]: dict(flat(f)) for f in whole.features}


def test_parts_add_up_to_the_statistics_of_tfdv(files):
    found = features(added_up([accumulators(f) for f in files]))
    wanted = features(by_tfdv(files))
    assert found[0] == wanted[0] == 5350
    assert found[1].keys() == wanted[1].keys() == {"fare", "company", "trips"}
    for name, values in wanted[1].items():
        assert found[1][name].keys() == values.keys()
        for place, value in values.items():
            got = found[1][name][place]
            assert got == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value), (name, place)


def test_kept_accumulators_give_the_same_bytes_as_new_ones(files):
    new = [accumulators(f) for f in files]
    kept = pickle.loads(pickle.dumps([accumulators(f) for f in files]))
    assert added_up(new).SerializeToString(deterministic=True) == added_up(kept).SerializeToString(deterministic=True)


def test_a_file_is_read_as_it_is(files):
    with pytest.raises(Exception, match=r"cannot|not|missing"):
        accumulators(dataclasses.replace(files[0], path=files[0].path + ".gone"))
