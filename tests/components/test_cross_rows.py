"""Which test rows are previous: by the registry, by the spans of the champion's run, or all but the newest span."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("tensorflow_model_analysis")

from components import cross_rows, evaluation_files
from components.cross import Previous
from components.cross_rows import read_cross, read_window, score_files
from components.frozen import HeldFile
from tests.components.test_cross import config

NAMES = [f"data_tfrecord-span-{n:08d}-00000-of-00001" for n in (4, 5)]


@pytest.fixture
def evaluated(tmp_path):
    """Predictions and keys of ten rows each of spans 4 and 5; one label is unknown. Keys are 40 to 49 and 50 to 59."""
    for span, name in zip((4, 5), NAMES, strict=True):
        labels = ["a", "b"] * 5
        labels[9] = "c" if span == 5 else "b"
        scores = pa.FixedSizeListArray.from_arrays(pa.array(np.tile([0.75, 0.25], 10).astype("f4")), 2)
        table = {"span": np.full(10, span), "label": labels, "candidate": scores, "champion": scores}
        for folder, made in (("predictions", table), ("keys", {"row": row_keys(span), "id": row_keys(span) + 100})):
            (tmp_path / folder).mkdir(exist_ok=True)
            prefix = "test-" if folder == "keys" else ""
            pq.write_table(pa.table(made), tmp_path / folder / f"{prefix}{name}.parquet")
    evaluation_files.write(str(tmp_path), {"candidate": 0.5, "champion": 0.5}, [], None)
    return tmp_path


def row_keys(span):
    return np.arange(10 * span, 10 * span + 10).astype(np.uint64)


def held(folder, keys, way="row"):
    path = folder / f"{way}.npy"
    np.save(path, np.asarray(keys, np.uint64))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return HeldFile(
        path=str(path), sha256=sha256, way=way, column="nr" if way == "id" else None, span=4, rows=len(keys)
    )


def previous_rows(folder, known):
    rows, old = read_window(str(folder), str(folder), known, ["a", "b"])
    assert len(rows) == len(old) == 19
    return old.sum(), sorted(set(rows.spans[old].tolist()))


def test_registered_rows_are_previous_also_within_a_span(evaluated):
    known = Previous(run="r", spans=[4], held=[held(evaluated, [*range(40, 50), 52, 999])])
    assert previous_rows(evaluated, known) == (11, [4, 5])
    corrected = known.model_copy(update={"held": [*known.held, held(evaluated, [157], "id")]})
    assert previous_rows(evaluated, corrected) == (12, [4, 5])


def test_without_a_registry_spans_decide(evaluated):
    assert previous_rows(evaluated, Previous(run="r", spans=[3, 4])) == (10, [4])
    assert previous_rows(evaluated, Previous(run="r", spans=[5])) == (9, [5])


def test_without_a_record_the_newest_span_is_new_and_that_is_said(evaluated):
    assert previous_rows(evaluated, Previous()) == (10, [4])
    found = read_cross(str(evaluated), str(evaluated), Previous(), config(), ["a", "b"], ("", ""))
    assert (found.by, found.previous.rows, found.new.rows) == ("spans", 10, 9)
    assert found.note == (
        "Previous test rows: 10 are in the window; the champion's run has no record here, so the newest span counts as new and the "
        "others as previous."
    )


def test_scores_that_do_not_fit_the_keys_are_refused(evaluated):
    pq.write_table(pa.table({"row": row_keys(4)[:9]}), evaluated / "keys" / f"test-{NAMES[0]}.parquet")
    with pytest.raises(ValueError, match=r"a score for each of the 9 test rows .* got 10"):
        read_window(str(evaluated), str(evaluated), Previous(), ["a", "b"])


class Scorer:
    """Says a with 0.9 whatever comes; the path is its name."""

    def __init__(self, path):
        self.labels = ["a", "b"]

    def __call__(self, records):
        return np.tile([0.9, 0.1], (len(records), 1)).astype("f4")


@pytest.fixture
def examples(monkeypatch):
    flat = pa.RecordBatch.from_pydict({"y": pa.array(["a", "b", "z", "a"])})
    monkeypatch.setattr("components.serving.Scorer", Scorer)
    monkeypatch.setattr(cross_rows.example_files, "read_records", lambda _: iter([[b""] * 4]))
    monkeypatch.setattr(cross_rows.example_files, "decode_flat", lambda *_: flat)


def test_rows_that_the_window_has_lost_are_scored_by_both_models(evaluated, examples):
    found = score_files([NAMES[0]], "y", "new", "old", ["a", "b"])
    assert found.labels.tolist() == [0, 1, 0]
    assert found.champion[:, 0] == pytest.approx([0.9] * 3)
    assert score_files([], "y", "new", "old", ["a", "b"]) is None
    known = Previous(run="r", spans=[2, 3, 4], files=[NAMES[0].replace("0004", "0003")], gone=[2], rows_gone=7)
    cross = read_cross(str(evaluated), str(evaluated), known, config(), ["a", "b"], ("new", "old"))
    assert (cross.previous.rows, cross.previous.spans, cross.new.rows) == (13, [3, 4], 9)
    assert cross.note == (
        "Previous test rows: 10 are in the window; 3 of span 3 are read from the examples of run r; those of span 2 (7 rows) are gone "
        "with the examples of run r."
    )


def test_rows_of_long_ago_that_cannot_be_scored_do_not_fail_the_run(evaluated, examples, monkeypatch):
    monkeypatch.setattr(Scorer, "__call__", lambda *_: (_ for _ in ()).throw(KeyError("fare")))
    known = Previous(run="r", spans=[3, 4], files=[NAMES[0].replace("0004", "0003")])
    cross = read_cross(str(evaluated), str(evaluated), known, config(), ["a", "b"], ("new", "old"))
    assert cross.previous.rows == 10
    assert "those of span 3 could not be scored (KeyError: 'fare')" in cross.note


def test_each_model_decides_by_its_own_threshold(evaluated):
    evaluation_files.write(str(evaluated), {"candidate": 0.2, "champion": 0.5}, [], None)
    found = read_cross(str(evaluated), str(evaluated), Previous(), config(), ["a", "b"], ("", "")).previous
    # Every row has 0.25 for "b": the candidate takes all for "b", the champion none; half are.
    assert found.labels == {"a": 5, "b": 5}
    assert [found.candidate["accuracy"].value, found.champion["accuracy"].value] == [0.5, 0.5]
    assert found.candidate["log_loss"] == found.champion["log_loss"]
    newer = read_cross(str(evaluated), str(evaluated), Previous(), config(), ["a", "b"], ("", "")).new
    assert newer.labels == {"a": 5, "b": 4}
    assert [newer.candidate["accuracy"].value, newer.champion["accuracy"].value] == pytest.approx([4 / 9, 5 / 9])
