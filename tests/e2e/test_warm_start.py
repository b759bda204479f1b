"""A model of the user's own, and a second span that starts from the first one's model: runs, replays, an edit, and mistakes."""

import shutil

import pytest

from tests.e2e.conftest import Project, is_identical, make_project, retrain

pytestmark = pytest.mark.e2e

OWN = """
import keras

from own_parts import hidden


def build(inputs, width=8):
    numeric = keras.Input((inputs.numeric,), name="numeric")
    categories = keras.Input((inputs.categorical,), dtype="int64", name="categorical")
    vectors = keras.layers.Flatten()(keras.layers.Embedding(inputs.vocabulary, 4)(categories))
    x = hidden(width)(keras.layers.Concatenate()([numeric, vectors]))
    return keras.Model([numeric, categories], keras.layers.Dense(inputs.classes)(x))
"""
PARTS = """
import keras


def hidden(width):
    return keras.layers.Dense(width, activation="relu")
"""


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


def test_a_replay_starts_from_the_champion_of_that_time(warm):
    project, _, _ = warm
    # What is served now, or whether that version is still there, does not matter.
    shutil.rmtree(project.workspace / "serving" / "taxi" / "1")
    assert is_identical(project.folder)


@pytest.fixture(scope="module")
def own(tmp_path_factory, taxi):
    """A project with a model of the user's own after one run."""
    project = make_project(tmp_path_factory.mktemp("own"), taxi, [8])
    text = project.config.read_text().replace("{wide_deep: {hidden: [64, 32], dropout: 0.1}}", '{user: "own:build"}')
    (project.folder / "retrain.yaml").write_text(text.replace("epochs: 50", "epochs: 6"))
    project.config.unlink()
    (project.folder / "own.py").write_text(OWN)
    (project.folder / "own_parts.py").write_text(PARTS)
    checked = retrain("check", "retrain.yaml", cwd=project.folder)
    assert checked.code == 0, checked.err
    result = retrain("run", "retrain.yaml", "--json", cwd=project.folder)
    assert result.code in (0, 4), result.err
    return project, result


def test_a_model_of_ones_own_is_recorded_and_replayed_from_its_copy(own, tmp_path):
    project, result = own
    assert result.json["training"]["model"] == "user"
    assert [f["name"] for f in result.json["model_files"]] == ["own.py", "own_parts.py"]
    folder = Project(tmp_path / "copy").folder
    shutil.copytree(project.folder, folder)
    for name in ("own.py", "own_parts.py"):
        (folder / name).unlink()
    # The copy of the project has its data elsewhere; the replay reads them where the run did.
    assert is_identical(folder)


def test_an_edit_of_what_it_imports_trains_again_and_a_mistake_is_named(own):
    project, first = own
    again = retrain("run", "retrain.yaml", "--json", cwd=project.folder)
    assert again.states["trainer"] == "cached"
    (project.folder / "own_parts.py").write_text(PARTS.replace("relu", "tanh"))
    edited = retrain("run", "retrain.yaml", "--json", cwd=project.folder)
    assert (edited.states["transform"], edited.states["trainer"]) == ("cached", "done")
    assert edited.json["digests"]["weights"] != first.json["digests"]["weights"]
    (project.folder / "own_parts.py").write_text(PARTS.replace("keras.layers.Dense", "keras.layers.Dens"))
    broken = retrain("run", "retrain.yaml", "--json", cwd=project.folder)
    assert broken.code == 2
    assert "AttributeError in own_parts.py line 6" in broken.json["error"]
    assert broken.json["status"] == "invalid"
    wrong = retrain("check", "retrain.yaml", "--override", "train.model={user: 'own:biuld'}", cwd=project.folder)
    assert wrong.code == 2
    assert "Did you mean 'build'?" in wrong.err
