"""Our Evaluator on scored rows: what TFMA says of several classes and slices is what the counts say."""

import numpy as np
import pyarrow as pa
import pytest

beam = pytest.importorskip("apache_beam")
tfma = pytest.importorskip("tensorflow_model_analysis")

from components import evaluate, judge_model  # noqa: E402
from schemas.config import parse_config  # noqa: E402
from schemas.evidence import TrainingSummary  # noqa: E402

GRADES = ["0", "1", "2", "3", "4"]


class Scorer:
    """A model whose scores are the first floats of its records."""

    def __init__(self, path):
        self.labels = GRADES[: int(path[-1])]
        self._shift = float(path.split("-")[1])

    def __call__(self, records):
        rows = [np.random.default_rng(len(r)).dirichlet(np.ones(len(self.labels))) for r in records]
        return np.roll(np.array(rows), int(self._shift), axis=1).astype("f4")


def table(n=60, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, n)
    camera = [None if i % 10 == 9 else f"cam{i % 3}" for i in range(n)]
    return labels, camera, [b"x" * i for i in range(n)]


@pytest.fixture
def evaluated(tmp_path, monkeypatch):
    """Metrics by slice, and the folder, of a candidate of five classes and a champion of four."""
    labels, camera, records = table()
    flat = pa.RecordBatch.from_pydict({"grade": pa.array(labels), "camera": pa.array(camera, pa.string())})
    monkeypatch.setattr("components.serving.Scorer", Scorer)
    monkeypatch.setattr(evaluate.example_files, "read_records", lambda _: iter([records]))
    monkeypatch.setattr(evaluate.example_files, "decode_flat", lambda *_: flat)
    score = evaluate.Score("candidate-0-5", "champion-1-4", "grade", ["camera"], str(tmp_path / "predictions"))
    score.setup()
    batches = list(score.process("data_tfrecord-span-00000001-00000-of-00001"))
    config = evaluate.eval_config(5, ["camera"], champion=True)
    with beam.Pipeline() as pipeline:
        _ = (
            pipeline
            | beam.Create(batches)
            | tfma.ExtractEvaluateAndWriteResults(eval_config=config, output_path=str(tmp_path / "tfma"))
        )
    written = tfma.load_eval_results([str(tmp_path / "tfma")], model_name="candidate").get_results()
    return {key: metrics[""][""] for key, metrics in written[0].slicing_metrics}, labels, camera, tmp_path


def test_tfma_and_our_evidence_say_the_same_of_five_classes_in_slices(evaluated):
    by_slice, labels, camera, folder = evaluated
    config = parse_config(
        {
            "name": "eyes",
            "data": {"source": {"csv": "x-{SPAN}.csv"}, "label": "grade"},
            "evaluate": {
                "slices": ["camera"],
                "metrics": ["accuracy", "kappa", "auc"],
                "gates": {"recall_floor": {"4": 0.7}},
                "bootstrap": 100,
            },
        }
    )
    epochs = [{"epoch": n, "train_loss": 0.5 / n, "val_loss": 0.6 / n, "loss": 0.7} for n in (1, 2, 3)]
    training = {"labels": GRADES, "best_epoch": 2, "epochs": epochs}
    evidence = judge_model.read_evidence(str(folder), training, config, "7")
    assert evidence.training == TrainingSummary(epoch=2, train_loss=0.25, val_loss=0.3)
    assert judge_model.training_summary({**training, "best_epoch": 0}) is None
    guess = Scorer("candidate-0-5")(table()[2]).argmax(axis=1)
    right = guess == labels
    wanted = {"overall": right, **{f"camera=cam{c}": right[[v == f"cam{c}" for v in camera]] for c in range(3)}}
    assert {s.slice for s in evidence.slices} == {*wanted, "camera missing"}
    for part in evidence.slices:
        if part.slice in wanted:
            assert part.candidate["accuracy"].value == pytest.approx(wanted[part.slice].mean())
            key = () if part.slice == "overall" else (tuple(part.slice.split("=")),)
            told = by_slice[key]
            assert told["sparse_categorical_accuracy"]["doubleValue"] == pytest.approx(
                wanted[part.slice].mean(), abs=1e-6
            )
            assert told["example_count"]["doubleValue"] == part.rows
    overall = evidence.overall
    of_four = labels == 4
    assert overall.labels["4"] == of_four.sum()
    assert overall.recalls["4"].value == pytest.approx(right[of_four].mean())
    assert overall.champion_recalls["4"].value == 0.0, "the champion does not know this class"
    assert overall.difference["kappa"].low < overall.difference["kappa"].high


def test_two_classes_have_the_areas_under_the_curves():
    names = [m.class_name for m in evaluate.eval_config(2, [], champion=False).metrics_specs[0].metrics]
    assert names == ["ExampleCount", "AUC", "AUCPrecisionRecall", "BinaryAccuracy"]
