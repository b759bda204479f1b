"""A model of the user's own, end to end: a run, a replay from its copy, serving without it, an edit, and mistakes."""

import shutil

import pytest

from tests.e2e.conftest import is_identical, make_project, retrain

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
def own(tmp_path_factory, taxi):
    """A project with a model of the user's own after one run."""
    project = make_project(tmp_path_factory.mktemp("own"), taxi, [8])
    text = project.config.read_text().replace("{wide_deep: {hidden: [64, 32], dropout: 0.1}}", '{user: "own:build"}')
    (project.folder / "retrain.yaml").write_text(
        text.replace("epochs: 50", "epochs: 10").replace("rate: 0.001", "rate: 0.01")
    )
    project.config.unlink()
    (project.folder / "own.py").write_text(OWN)
    (project.folder / "own_parts.py").write_text(PARTS)
    checked = retrain("check", "retrain.yaml", cwd=project.folder)
    assert checked.code == 0, checked.err
    result = retrain("run", "retrain.yaml", "--json", cwd=project.folder)
    assert result.code == 0, result.err
    return project, result


def test_a_model_of_ones_own_is_recorded_and_replayed_from_its_copy(own, tmp_path):
    project, result = own
    assert result.json["training"]["model"] == "user"
    assert [f["name"] for f in result.json["model_files"]] == ["own.py", "own_parts.py"]
    folder = tmp_path / "copy"
    shutil.copytree(project.folder, folder)
    for name in ("own.py", "own_parts.py"):
        (folder / name).unlink()
    # The replay reads data and weights where the run did, but runs the code that it kept.
    assert is_identical(folder)
    # Serving needs neither the module nor Keras' idea of it.
    words = ("--input", project.span(8), "--output", tmp_path / "scores.csv", "--json")
    scored = retrain("predict", "retrain.yaml", *words, cwd=folder)
    assert scored.code == 0, scored.err


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
