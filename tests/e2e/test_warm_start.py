"""A second span that starts from the first one's model, and its replay."""

import shutil

import pytest

from tests.e2e.conftest import make_project, retrain

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def warm(tmp_path_factory, taxi):
    """A project whose span 8 was pushed from fresh weights (there was nothing else), and whose span 9 started from it."""
    project = make_project(tmp_path_factory.mktemp("warm"), taxi, range(5, 10))
    text = (
        project.config.read_text()
        .replace("train:\n", "train:\n  warm_start: champion\n")
        .replace("epochs: 50", "epochs: 12")
    )
    (project.folder / "retrain.yaml").write_text(text)
    project.config.unlink()
    runs = [retrain("run", "retrain.yaml", "--json", "--span", n, cwd=project.folder) for n in (8, 9)]
    for result in runs:
        assert result.code in (0, 4), result.err
    assert runs[0].json["status"] == "pushed"
    return project, *runs


def test_the_second_span_starts_where_the_first_one_ended(warm):
    _, first, second = warm
    cold, start = (r.json["training"]["warm_start"] for r in (first, second))
    assert (cold["warm"], cold["champion"]) == (False, None)
    assert (start["warm"], start["champion"]) == (True, "version 1")
    assert start["share"] > 0.9
    # One more span has other companies, and other counts order them: all of that is in the vocabulary's tables.
    assert {f.partition("/")[0] for f in start["fresh"]} <= {"embedding", "wide"}
    assert start["val_loss"] < 0.6 * start["cold_val_loss"]
    epochs = [r.json["training"]["epochs"] for r in (first, second)]
    assert epochs[1][0]["val_loss"] < epochs[0][0]["val_loss"]
    assert all(abs(s["shift"]) < 1 for s in start["moved"].values())
    assert ("warm_start", "training", "ok") in {
        (f["code"], f["subject"], f["severity"]) for f in second.json["findings"]
    }
    told = retrain("show", "latest", "curves", cwd=warm[0].folder)
    assert "From version 1: " in told.out


def test_a_champion_that_does_not_fit_is_a_cold_start_with_a_warning(warm):
    project = warm[0]
    words = ("--until", "trainer", "--override", "train.model=mlp", "--override", "train.epochs=1")
    result = retrain("run", "retrain.yaml", "--json", *words, cwd=project.folder)
    assert result.code == 0, result.err
    start = result.json["training"]["warm_start"]
    assert (start["warm"], start["champion"]) == (False, f"version {warm[2].json['served']['version']}")
    assert ("warm_start", "training", "warn") in result.flagged
    assert "it is a wide_deep, and this one a mlp" in start["why"]


def test_a_replay_starts_from_the_champion_of_that_time(warm):
    project, _, second = warm
    # What is served now, or whether that version is still there, does not matter.
    shutil.rmtree(project.workspace / "serving" / "taxi" / "1")
    replayed = retrain("replay", second.json["run_id"], "--json", cwd=project.folder)
    assert replayed.code == 0, replayed.err
    assert [d["what"] for d in replayed.json["digests"]] == ["examples", "transform", "weights", "metrics"]
