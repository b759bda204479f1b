"""Augmentation end to end: what is done to one class only blocks, what is done to all is quiet, and nothing but train ever sees it.

That a class which is turned in the data themselves blocks is shown in `test_validation`.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from data.digits import build
from tests.e2e.conftest import retrain

pytestmark = pytest.mark.e2e

CONFIG = """
name: digits
data:
  source: {images: "digits/span-{SPAN}/{label}/*.png"}
  window: {last_spans: 2}
  label: digit
transform: {augment: {ops: [{rotate: {degrees: 30, classes: ["3"]}}]}}
train: {model: {cnn: {filters: [16], dense: []}}, epochs: 3, batch_size: 64, learning_rate: 0.01}
evaluate:
  metrics: [accuracy]
  bootstrap: 100
  gates: {metric_floor: {accuracy: 0.0}}
"""
EVERYWHERE = "transform.augment={balance: true, copies: 2, ops: [{rotate: 30}, noise, cutout]}"
#: What no graph that serves has: moved pixels, Python, and TensorFlow's random numbers.
MOVES = {"ImageProjectiveTransformV2", "ImageProjectiveTransformV3"}
PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


def run(folder, *words):
    return retrain("run", "retrain.yaml", "--json", "--span", 2, *words, cwd=folder)


def audit_of(result):
    return json.loads((result.artifact("augment", "audit") / "document.json").read_text())


def about_augmentation(result):
    return [f for f in result.flagged if f[0].startswith("augmentation")]


def rows_of(result, split):
    """The raw examples of a split as `ingest` left them, and their labels."""
    from components.examples import decode_flat, read_records, split_files

    records, labels = [], []
    for file in split_files(str(result.artifact("ingest", "examples")), split):
        for batch in read_records(file):
            decoded = decode_flat(batch, file)
            records += batch
            labels += decoded.column(decoded.schema.get_field_index("digit")).to_pylist()
    return records, [v.decode() if isinstance(v, bytes) else v for v in labels]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Two spans of digits, half of the eights left out. All runs share a workspace, so that data are read once."""
    folder = tmp_path_factory.mktemp("digits")
    build(folder / "digits")
    for span in (1, 2):
        for picture in sorted((folder / "digits" / f"span-{span}" / "8").glob("*.png"))[::2]:
            picture.unlink()
    (folder / "retrain.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def one_class(project):
    """A run whose policy turns threes only, and what `retrain show latest` says of it."""
    return run(project), retrain("show", "latest", cwd=project)


@pytest.fixture(scope="module")
def everywhere(project):
    """A run whose policy turns all digits by as much, and does more; eights get more copies."""
    return run(project, "--override", EVERYWHERE)


@pytest.fixture(scope="module")
def scorer(everywhere):
    from components.serving import Scorer

    return Scorer(everywhere.json["pushed"]["path"])


def test_turning_one_class_blocks_and_says_which_and_how_far(one_class):
    result, shown = one_class
    assert result.code == 3, result.err
    assert result.states["augmentation_ok"] == "blocked"
    assert about_augmentation(result) == [("augmentation_one_sided", "image of class '3'", "block")]
    (found,) = [f for f in result.json["findings"] if f["severity"] == "block"]
    # Angles are drawn evenly up to 30 degrees either way: 15 on average.
    assert found["observed"]["turn"] == pytest.approx(15, abs=3)
    assert found["observed"]["turn_of_others"] == 0
    said = f"turned by {found['observed']['turn']:.1f}°"
    report = Path(result.json["workspace"], "runs", result.json["run_id"], "report.html").read_text(encoding="utf-8")
    for text in (found["message"], result.err, " ".join(shown.out.split()), report):
        assert said in text
        assert "class '3'" in text.replace("&#39;", "'").replace("&#x27;", "'")


def test_nothing_is_trained_on_what_the_audit_blocks(one_class, project):
    result, _ = one_class
    assert result.states["trainer"] == "pending"
    assert result.json["training"] is None
    assert "nothing was trained" in result.json["explanation"]["headline"]


def test_the_audit_has_histograms_and_contact_sheets_of_each_class(one_class):
    result, _ = one_class
    image = audit_of(result)["audit"]["inputs"]["image"]
    turns = image["classes"]["3"]["histograms"]["turn"]
    centres = turns["low"] + turns["step"] * (np.arange(len(turns["after"])) + 0.5)
    turned = np.array(turns["after"])
    assert turned[(np.abs(centres) > 5) & (np.abs(centres) <= 40)].sum() > turned.sum() / 4
    assert all(np.array(image["classes"]["1"]["histograms"]["turn"]["after"])[np.abs(centres) > 5] == 0)
    train = image["splits"]["train"]
    assert (train["rows"], train["drawn"]) == (2 * train["examples"], train["examples"])
    sheets = sorted((result.artifact("augment", "audit") / "sheets").glob("*.png"))
    assert [p.name for p in sheets] == ["histograms-image.png", *(f"sheet-image-{d}.png" for d in range(10))]
    assert all(p.read_bytes().startswith(b"\x89PNG\r\n") for p in sheets)
    beside_the_record = Path(result.json["log"]).parent / "sheets"
    assert sorted(p.name for p in beside_the_record.iterdir()) == [p.name for p in sheets]


def test_what_one_class_alone_may_have_is_let_through_with_a_reason(one_class, project):
    words = (
        "--accept",
        "augmentation_one_sided",
        "--reason",
        "Threes are written askew.",
        "--until",
        "augmentation_ok",
    )
    result = run(project, *words)
    assert result.code == 0, result.err
    assert about_augmentation(result) == [("augmentation_one_sided", "image of class '3'", "warn")]
    (found,) = [f for f in result.json["findings"] if f["code"] == "augmentation_one_sided" and f["severity"] == "warn"]
    assert "Threes are written askew." in found["message"]


def test_the_same_for_all_classes_is_quiet_and_pushed(everywhere):
    assert everywhere.code == 0, everywhere.err
    assert everywhere.json["status"] == "pushed"
    assert about_augmentation(everywhere) == []


def test_the_exported_graph_holds_nothing_of_augmentation(everywhere):
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    from components.augmentation import Policy
    from schemas.config import Augment

    policy = Policy.of(Augment.model_validate(everywhere.json["config"]["transform"]["augment"]))
    whole = tf.TensorSpec([None], tf.int64)

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 1]), whole, whole, whole])
    def training(pictures, keys, number, labels):
        return policy.in_graph({"image_0": pictures}, keys, number, labels, list("0123456789"), 0)

    model = saved_model_pb2.SavedModel()
    model.ParseFromString(Path(everywhere.json["pushed"]["path"], "saved_model.pb").read_bytes())
    served = set().union(*(operations(g.graph_def) for g in model.meta_graphs))
    trained = operations(training.get_concrete_function().graph.as_graph_def())
    # The walk finds them where they are.
    assert trained & MOVES
    assert trained & PYTHON
    assert {"DecodeImage", "Conv2D", "Softmax"} <= served
    assert not served & (MOVES | PYTHON)
    assert not [op for op in served if "Random" in op or "Rng" in op or op == "Multinomial"]
    # Noise is made from keys by exclusive or; nothing that serves needs that.
    assert "BitwiseXor" in trained - served


def operations(graph):
    """All types of operations in a graph and in all functions of its library."""
    return {n.op for n in graph.node} | {n.op for f in graph.library.function for n in f.node_def}


def test_served_scores_are_the_same_again_and_in_any_batch(everywhere, scorer):
    records, _ = rows_of(everywhere, "test")
    at_once = scorer(records)
    assert len(records) > 100
    assert np.ptp(at_once, axis=0).max() > 0.01
    np.testing.assert_array_equal(scorer(records), at_once)
    one_by_one = np.concatenate([scorer([r]) for r in records])
    np.testing.assert_allclose(one_by_one, at_once, rtol=0, atol=1e-6)


def test_eval_and_test_are_scored_as_they_are(everywhere, scorer):
    best = everywhere.json["training"]["epochs"][everywhere.json["training"]["best_epoch"] - 1]
    records, labels = rows_of(everywhere, "eval")
    right = scorer(records)[np.arange(len(labels)), [scorer.labels.index(v) for v in labels]]
    assert best["val_loss"] == pytest.approx(-np.log(right).mean(), abs=1e-4)
    tables = sorted((everywhere.artifact("evaluator", "evaluation") / "predictions").glob("*.parquet"))
    evaluated = np.concatenate([np.array(pq.read_table(p)["candidate"].to_pylist()) for p in tables])
    scored = scorer(rows_of(everywhere, "test")[0])
    np.testing.assert_allclose(evaluated[np.lexsort(evaluated.T)], scored[np.lexsort(scored.T)], rtol=0, atol=1e-6)
    splits = audit_of(everywhere)["audit"]["inputs"]["image"]["splits"]
    assert [splits[s]["changed"] for s in ("eval", "test")] == [0, 0]
    assert splits["train"]["changed"] > 0.9


def test_rare_classes_get_more_copies_and_weights_are_those_of_all_rows(everywhere):
    counts = {}
    for span in everywhere.json["data"]["spans"]:
        for label, rows in span["labels"]["train"].items():
            counts[label] = counts.get(label, 0) + rows
    most = max(counts.values())
    assert counts["8"] < 0.6 * most
    rows = {v: n * round(2 * most / n) for v, n in counts.items()}
    training = everywhere.json["training"]
    assert training["rows"] == sum(rows.values())
    expected = {v: sum(rows.values()) / (10 * n) for v, n in rows.items()}
    assert training["class_weights"] == pytest.approx(expected)
    assert max(expected.values()) < 1.2


def test_two_workers_without_a_cache_train_the_same_weights(everywhere, project):
    words = ("--until", "trainer", "--no-cache", "--override", "beam.workers=2")
    again = run(project, "--override", EVERYWHERE, *words, "--override", "beam.mode=multi_threading")
    assert again.code == 0, again.err
    assert set(again.states.values()) == {"done", "pending"}
    expected = {what: everywhere.json["digests"][what] for what in ("examples", "transform", "weights")}
    assert again.json["digests"] == expected
