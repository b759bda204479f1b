"""Our Evaluator on scored rows: what TFMA says of classes and slices is what it says of single rows, and what the counts say."""

import numpy as np
import pyarrow as pa
import pytest

beam = pytest.importorskip("apache_beam")
tfma = pytest.importorskip("tensorflow_model_analysis")

from tensorflow_model_analysis.extractors import extractor  # noqa: E402
from tensorflow_model_analysis.proto import config_pb2  # noqa: E402

from components import evaluate, evaluation_files, judge_model, predictions  # noqa: E402
from schemas.config import Evaluate, parse_config  # noqa: E402
from schemas.evidence import ServingEvidence, TrainingSummary  # noqa: E402
from schemas.findings import Severity  # noqa: E402

GRADES = ["0", "1", "2", "3", "4"]
ENTRIES = [("camera",), ("camera", "eye")]


def probabilities(rng, n, classes):
    return rng.dirichlet(np.ones(classes), n).astype(np.float32)


def written(folder, classes, n=300, seed=0, champion=True):
    """Predictions in two files, as the node writes them; the same as arrays."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    scores = {
        "candidate": probabilities(rng, n, classes),
        **({"champion": probabilities(rng, n, classes)} if champion else {}),
    }
    camera = pa.array([None if i % 10 == 9 else f"cam{i % 3}" for i in range(n)])
    eye = pa.array(np.arange(n) % 2)
    (folder / predictions.FOLDER).mkdir()
    for number, rows in enumerate((slice(0, n // 2), slice(n // 2, n))):
        table = predictions.to_table(
            np.arange(n, dtype=np.uint64)[rows],
            1,
            pa.array(labels[rows]),
            {name: p[rows] for name, p in scores.items()},
            {"camera": camera[rows], "eye": eye[rows]},
        )
        with evaluation_files.table_writer(str(folder / predictions.FOLDER / f"{number}.parquet")) as write:
            write(table)
    return labels, scores, camera.to_pylist(), eye.to_pylist()


def run_tfma(folder, rows, config, **extractors):
    with beam.Pipeline() as pipeline:
        _ = (
            pipeline
            | beam.Create(rows, reshuffle=False)
            | tfma.ExtractEvaluateAndWriteResults(eval_config=config, output_path=str(folder), **extractors)
        )


def ours(folder, scored, thresholds, floors=None):
    """What TFMA wrote of our rows: model -> slice key -> metric -> value."""
    classes = scored.scores["candidate"].shape[1]
    config = evaluate.eval_config(classes, ENTRIES, thresholds, floors or {})
    sliced = extractor.Extractor(evaluate.SLICED, beam.Map(lambda x: x))
    run_tfma(folder, evaluate.tfma_sees(scored, ENTRIES, thresholds), config, extractors=[sliced])
    return {n: loaded(folder, n if len(thresholds) > 1 else None) for n in thresholds}


def loaded(folder, model=None):
    one = tfma.load_eval_result
    results = tfma.load_eval_results([str(folder)], model_name=model).get_results()[0] if model else one(str(folder))
    return {
        tuple((c, str(v)) for c, v in key): {m: v["doubleValue"] for m, v in by[""][""].items() if "doubleValue" in v}
        for key, by in results.slicing_metrics
    }


def stock(folder, labels, scores, camera, eye, threshold):
    """What TFMA says when it reads, slices and combines row by row itself."""
    names = ["ExampleCount", "AUC", "AUCPrecisionRecall", "BinaryAccuracy"]
    config = config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(prediction_key="p", label_key="y")],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[
                    config_pb2.MetricConfig(
                        class_name=m, config=f'{{"threshold": {threshold}}}' if m == "BinaryAccuracy" else ""
                    )
                    for m in names
                ]
            )
        ],
        slicing_specs=[config_pb2.SlicingSpec(), *(config_pb2.SlicingSpec(feature_keys=e) for e in ENTRIES)],
    )
    batch = pa.RecordBatch.from_pydict(
        {
            "y": pa.array([[float(v)] for v in labels], pa.list_(pa.float32())),
            "p": pa.array([[v] for v in scores[:, 1]], pa.list_(pa.float32())),
            "camera": pa.array([None if v is None else [v.encode()] for v in camera], pa.list_(pa.binary())),
            "eye": pa.array([[v] for v in eye], pa.list_(pa.int64())),
        }
    )
    run_tfma(folder, [batch], config)
    return loaded(folder)


def test_tfma_says_the_same_as_of_single_rows(tmp_path):
    labels, scores, camera, eye = written(tmp_path, 2)
    scores["candidate"][:3] = [[0.5, 0.5], [1, 0], [0, 1]]  # on a threshold, and at the ends
    thresholds = {"candidate": 0.5, "champion": 0.3}
    rows = predictions.Predictions(
        np.arange(300, dtype=np.uint64), labels, scores, predictions.read(str(tmp_path), ["0", "1"]).columns
    )
    got = ours(tmp_path / "ours", rows, thresholds)
    for model, threshold in thresholds.items():
        wanted = stock(tmp_path / model, labels, scores[model], camera, eye, threshold)
        assert {*wanted} < {*got[model]}
        assert len(wanted) == 1 + 3 + 6
        for key, metrics in wanted.items():
            same = {m: got[model][key][m] for m in metrics}  # and the differences to the champion
            assert same == pytest.approx(metrics, abs=1e-12, nan_ok=True)
    assert got["candidate"][(("camera", "(missing)"),)]["example_count"] == 30


def test_tfma_and_our_evidence_say_the_same_of_five_classes_in_slices(tmp_path):
    labels, scores, camera, _ = written(tmp_path, 5)
    thresholds = {"candidate": 0.5, "champion": 0.5}
    by_slice = ours(tmp_path, predictions.read(str(tmp_path), GRADES), thresholds)["candidate"]
    evaluation_files.write(str(tmp_path), thresholds, [], ServingEvidence(error="gone"))
    config = parse_config(
        {
            "name": "eyes",
            "data": {"source": {"csv": "x-{SPAN}.csv"}, "label": "grade"},
            "evaluate": {
                "slices": ["camera", ["camera", "eye"]],
                "metrics": ["accuracy", "kappa", "auc"],
                "gates": {"recall_floor": {"4": 0.7}},
                "bootstrap": 100,
            },
        }
    )
    epochs = [{"epoch": n, "train_loss": 0.5 / n, "val_loss": 0.6 / n, "loss": 0.7} for n in (1, 2, 3)]
    training = {"labels": GRADES, "best_epoch": 2, "epochs": epochs}
    evidence = judge_model.read_evidence(str(tmp_path), training, config, "7")
    assert evidence.training == TrainingSummary(epoch=2, train_loss=0.25, val_loss=0.3)
    assert judge_model.training_summary({**training, "best_epoch": 0}) is None
    assert (evidence.threshold, evidence.champion_threshold, evidence.serving.error) == (None, None, "gone")
    right = scores["candidate"].argmax(axis=1) == labels
    of_camera = {f"camera=cam{c}": np.array([v == f"cam{c}" for v in camera]) for c in range(3)}
    names = [s.slice for s in evidence.slices]
    assert names[:5] == ["overall", *of_camera, "camera missing"]
    assert len(names) == 5 + 7, "rows of no camera are all of eye 1"
    assert {"camera=cam1, eye=0", "camera missing, eye=1"} < {*names}
    for part in evidence.slices[:4]:
        wanted = right[of_camera.get(part.slice, slice(None))]
        key = () if part.slice == "overall" else (tuple(part.slice.split("=")),)
        assert part.candidate["accuracy"].value == pytest.approx(wanted.mean())
        assert by_slice[key]["sparse_categorical_accuracy"] == pytest.approx(wanted.mean(), abs=1e-6)
        assert by_slice[key]["example_count"] == part.rows == len(wanted)
    assert evidence.overall.recalls["4"].value == pytest.approx(right[labels == 4].mean())


def test_rows_are_known_by_their_fingerprints(tmp_path):
    _, scores, _, _ = written(tmp_path, 2, champion=False)
    rows = predictions.read(str(tmp_path), ["0", "1"])
    found = rows.candidate_of(np.array([250, 3, 1000], np.uint64))
    np.testing.assert_array_equal(found[:2], scores["candidate"][[250, 3]])
    assert np.isnan(found[2]).all()


def test_rows_of_a_class_that_the_candidate_does_not_know_are_left_out(tmp_path):
    labels, *_ = written(tmp_path, 3)
    rows = predictions.read(str(tmp_path), ["0", "1"])
    assert len(rows) == (labels < 2).sum() == len(rows.scores["champion"]) == len(rows.columns["eye"])


@pytest.mark.parametrize(("floor", "blessed"), [(0.9, False), (0.4, True), ("exact", True)])
def test_tfma_blesses_by_the_floors_that_it_can_judge(tmp_path, floor, blessed):
    from components.metric_definitions import auc

    labels, scores, *_ = written(tmp_path, 2, champion=False)
    exact = auc(labels, scores["candidate"].astype(float))
    floor = exact if floor == "exact" else floor
    given = Evaluate(gates={"metric_floor": {"auc": floor, "log_loss": 2.0}, "serving_ready": {}})
    settings = evaluate.settings_of("y", given, "")
    assert (settings.floors, settings.serving) == ({"auc": floor}, True)
    ours(tmp_path, predictions.read(str(tmp_path), ["0", "1"]), {"candidate": 0.5}, settings.floors)
    failures = evaluation_files.tfma_failures(str(tmp_path))
    assert len(failures) == (0 if blessed else 1), "slices have no floor here"
    finding = judge_model.tfma_finding(not failures, failures)
    assert finding.severity is (Severity.OK if blessed else Severity.BLOCK)
    if not blessed:
        assert f"TFMA's auc is {exact:.3f}" in finding.message
        assert "at least 0.8990 is needed" in finding.message


def test_without_a_blessing_tfma_says_no():
    assert judge_model.tfma_finding(False, []).severity is Severity.BLOCK
    assert judge_model.tfma_finding(True, []).severity is Severity.OK


def test_a_gate_by_floors_of_its_own_form_and_none_at_all():
    given = Evaluate(gates={"metric_floor": {"overall": {"accuracy": 0.7}, "min_rows": 10}})
    assert evaluate.settings_of("y", given, "").floors == {"accuracy": 0.7}
    assert evaluate.settings_of("y", Evaluate(gates={"overfit": None}), "").floors == {}
