"""Test rows stay test rows when the shares change, and both models score old and new ones: harder data is told from a worse model."""

import json
import random

import pyarrow.parquet as pq
import pytest

from schemas.run_record import RunRecord
from tests.e2e.conftest import is_identical, retrain, write_rows

pytestmark = pytest.mark.e2e

CONFIG = """
name: taps
data:
  source: {csv: "taps/span-{SPAN}/*.csv"}
  window: {last_spans: 2}
  label: leaks
  split: {train: 0.6, eval: 0.1, test: 0.3}
train: {model: linear, class_weights: none, epochs: 5, batch_size: 32, learning_rate: 0.1}
evaluate:
  metrics: [auc, log_loss]
  bootstrap: 200
  gates: {metric_floor: {auc: 0.5}}
"""


def rows(span, noise):
    """900 taps; the higher the pressure, the more of them leak; noise makes it harder to tell."""
    rng = random.Random(span)
    for _ in range(900):
        pressure = rng.gauss(3, 1)
        leaks = int(pressure + rng.gauss(0, noise) > 3)
        yield {"pressure": f"{pressure:.3f}", "age": f"{rng.gauss(20, 5):.2f}", "leaks": leaks}


def keys(result):
    """(span, split) -> fingerprints of its rows."""
    folder, found = result.artifact("ingest", "report"), {}
    for shard in json.loads((folder / "document.json").read_text())["shards"]:
        into = found.setdefault((shard["span"], shard["split"]), set())
        into |= set(pq.read_table(folder / shard["keys"])["row"].to_pylist())
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Spans 1 and 2; then spans 2 and 3, the third much noisier, with other shares."""
    folder = tmp_path_factory.mktemp("frozen")
    for span in (1, 2, 3):
        write_rows(folder / "taps" / f"span-{span}" / "rows.csv", list(rows(span, 1.2 if span == 3 else 0.5)))
    (folder / "retrain.yaml").write_text(CONFIG)

    def run(*words):
        result = retrain("run", "retrain.yaml", "--json", *words, cwd=folder)
        assert result.code == 0, result.err
        return result

    changed = [f"--override=data.split.{k}={v}" for k, v in (("train", 0.6), ("eval", 0.2), ("test", 0.2))]
    return folder, run("--span", 2), run("--span", 3, *changed), run("--span", 3, *changed)


def frozen_findings(result):
    return [f["message"] for f in result.json["findings"] if f["code"] == "frozen_test"]


def test_every_test_row_is_still_in_test(runs):
    _, first, second, _ = runs
    before, after = keys(first), keys(second)
    held = before[(2, "test")]
    assert 240 < len(held) < 310
    assert held <= after[(2, "test")]
    assert not held & (after[(2, "train")] | after.get((2, "eval"), set()))
    assert 0.16 < len(after[(3, "test")]) / 900 < 0.24
    assert frozen_findings(first) == [
        "frozen_test: nothing to compare with yet: no earlier run held out rows of other data."
    ]
    said = frozen_findings(second)[0]
    assert said.startswith(
        f"test set frozen: {len(held)} rows of span 2 that earlier runs held out are all still in test; "
    )
    record = RunRecord.model_validate(second.json)
    assert record.frozen.rows == len(held | before[(1, "test")])
    assert 60 < record.frozen.held["eval"] < 120
    assert (record.frozen.runs, len(record.frozen.digest)) == (1, 64)


def test_harder_data_is_told_from_a_worse_model(runs):
    _, first, second, again = runs
    none = RunRecord.model_validate(first.json).evaluation.cross
    assert none.previous is none.new is None
    assert "first model" in none.reason
    cross = RunRecord.model_validate(second.json).evaluation.cross
    before, after = keys(first), keys(second)
    assert (cross.run, cross.by, cross.verdict) == (first.json["run_id"], "rows", "harder")
    assert cross.previous.spans == [1, 2]
    assert cross.previous.rows == len(before[(1, "test")]) + len(before[(2, "test")])
    assert (cross.new.spans, cross.new.rows) == ([3], len(after[(3, "test")]))
    # About the same on old rows as in its own run, and far lower on the new ones.
    own = first.json["evaluation"]["slices"][0]["candidate"]["auc"]["value"]
    assert cross.previous.champion["auc"].value == pytest.approx(own, abs=0.005)
    assert cross.new.champion["auc"].value < own - 0.05
    assert cross.harder["auc"].high < 0 < cross.harder["log_loss"].low
    assert abs(cross.previous.difference["auc"].value) < 0.02
    assert (
        f"{len(before[(1, 'test')])} of span 1 are read from the examples of run {first.json['run_id']}" in cross.note
    )
    assert "the data got harder" in second.err
    assert RunRecord.model_validate(again.json).evaluation.cross.new is None


def test_people_see_it(runs):
    folder, _, second, _ = runs
    run_id = second.json["run_id"]
    shown = retrain("show", run_id, "metrics", cwd=folder)
    page = (folder / ".retrain" / "runs" / run_id / "report.html").read_text()
    for text in (shown.out, page):
        assert "Previous and new test rows" in text
        assert "the data got harder" in " ".join(text.split())


def test_once_more_there_is_nothing_to_do_and_the_registry_stays(runs):
    folder, _, second, again = runs
    assert again.json["status"] == "nothing_new"
    assert {again.states[n] for n in ("ingest", "inspect_data", "transform", "trainer")} == {"cached"}
    assert len(list((folder / ".retrain" / "registry" / "taps" / "test").glob("*.json"))) == 2
    assert again.json["digests"] == second.json["digests"]


def test_a_replay_uses_the_registry_of_its_time(runs):
    assert is_identical(runs[0])
