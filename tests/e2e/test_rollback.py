"""Two pushes, back to the first, and what the next runs make of it."""

import json
import random
import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import retrain, write_rows

pytestmark = pytest.mark.e2e

CONFIG = """
name: taps
data:
  source: {csv: "taps/span-{SPAN}/*.csv"}
  window: {last_spans: 1}
  label: leaks
train: {model: linear, class_weights: none, epochs: 5, batch_size: 32, learning_rate: 0.1}
evaluate:
  metrics: [auc]
  bootstrap: 100
  gates: {metric_floor: {auc: 0.5}}
"""


def rows(span):
    """600 taps; the higher the pressure, the more of them leak."""
    rng = random.Random(span)
    for _ in range(600):
        pressure = rng.gauss(3, 1)
        leaks = int(pressure + rng.gauss(0, 0.5) > 3)
        yield {"pressure": f"{pressure:.3f}", "age": f"{rng.gauss(20, 5):.2f}", "leaks": leaks}


def champion_auc(result):
    return result.json["evaluation"]["slices"][0]["champion"]["auc"]["value"]


def test_back_to_the_first_push_and_on_from_there(tmp_path):
    def call(*words):
        return retrain(*words, "--json", cwd=tmp_path)

    for span in (1, 2):
        write_rows(tmp_path / "taps" / f"span-{span}" / "rows.csv", list(rows(span)))
    (tmp_path / "retrain.yaml").write_text(CONFIG)
    for span in (1, 2):
        result = call("run", "retrain.yaml", "--span", span)
        assert result.code == 0, result.err
        assert result.json["pushed"]["version"] == span
    second = result
    assert second.json["champion"] == "version 1"
    back = call("rollback", "retrain.yaml", "--reason", "customers complain")
    assert back.code == 0, back.err
    assert (back.json["served"], back.json["rollback"]["to"]) == (3, 1)
    # The champion is read from where it is served: its artifact may go.
    serving = tmp_path / ".retrain" / "serving" / "taps"
    made = json.loads((serving / "1" / "assets.extra" / "push.json").read_text())["artifact"]
    shutil.rmtree(tmp_path / ".retrain" / "artifacts" / "taps" / "trainer" / made)

    # The very same retrain again would push what was rolled back.
    again = call("run", "retrain.yaml")
    assert again.code == 4, again.err
    assert again.flagged == [("rolled_back", "version 2", "block")]
    assert "this model was rolled back before; version 3 stays served" in again.err
    assert again.json["champion"] == "version 3, a copy of version 1"

    # Another model is compared with the first version, on the same rows as the second was.
    third = call("run", "retrain.yaml", "--override", "train.seed=9")
    assert third.code == 0, third.err
    assert third.json["champion"] == "version 3, a copy of version 1"
    assert champion_auc(third) == champion_auc(second)
    assert champion_auc(third) != second.json["evaluation"]["slices"][0]["candidate"]["auc"]["value"]
    assert third.json["pushed"]["version"] == 4

    listed = call("runs", "retrain.yaml").json
    assert [r["status"] for r in listed] == ["pushed", "not_blessed", "rolled_back", "pushed", "pushed"]
    cards = {n: (Path(serving) / str(n) / "assets.extra" / "model_card.md").read_text() for n in (1, 2, 3, 4)}
    assert second.json["run_id"] in cards[2]
    assert cards[3].startswith("> Version 3 is a copy of version 1")
    assert cards[3].endswith(cards[1])
    scored = call("predict", "retrain.yaml", "--input", "taps/span-2/rows.csv", "--output", "out.csv", "--version", 3)
    assert scored.code == 0, scored.err
