"""Code and weights of the user's: found when a run is planned, kept for a replay."""

import pytest

from pipeline.model_files import FOLDER, check_model, keep_code, place_model, placed_again
from schemas.config import ConfigError, PluginSpec

USER = PluginSpec(name="user", params={"function": "own:build", "params": {"width": 3}})
PRETRAINED = PluginSpec(name="pretrained", params="net.weights.h5")


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "own.py").write_text("import helper\n\ndef build(inputs, width): pass\n")
    (folder / "helper.py").write_text("A = 1\n")
    (folder / "net.weights.h5").write_bytes(b"weights")
    return folder


def test_models_without_files_stay_as_they_are(tmp_path):
    spec = PluginSpec(name="mlp", params={"hidden": [3]})
    assert place_model(spec, tmp_path, tmp_path).spec == spec
    assert place_model(None, tmp_path, tmp_path).spec is None
    check_model(None, tmp_path)


def test_code_runs_from_a_copy_that_is_named_by_its_content(base, tmp_path):
    first = place_model(USER, base, tmp_path / "ws")
    assert first.spec.params == {"function": "own:build", "params": {"width": 3}, "folder": str(first.code)}
    assert sorted(p.name for p in first.code.iterdir()) == ["helper.py", "own.py"]
    assert [f.name for f in first.files] == ["helper.py", "own.py"]
    assert place_model(USER, base, tmp_path / "ws") == first
    (base / "helper.py").write_text("A = 2\n")
    edited = place_model(USER, base, tmp_path / "ws")
    assert edited.code != first.code
    assert (first.code / "helper.py").read_text() == "A = 1\n"
    assert [a.sha256 == b.sha256 for a, b in zip(first.files, edited.files, strict=True)] == [False, True]


def test_a_replay_runs_the_code_of_the_run(base, tmp_path):
    placed, run = place_model(USER, base, tmp_path / "ws"), tmp_path / "run"
    keep_code(placed, run)
    (base / "own.py").unlink()
    again = placed_again(USER, base, tmp_path / "other", run, list(placed.files))
    assert [(f.name, f.sha256) for f in again.files] == [(f.name, f.sha256) for f in placed.files]
    assert again.code.name == placed.code.name
    (run / FOLDER / "helper.py").write_text("A = 3\n")
    with pytest.raises(ConfigError, match=r"helper\.py has changed since the run"):
        placed_again(USER, base, tmp_path / "other", run, list(placed.files))


def test_weights_stay_where_they_are_and_must_be_the_same_for_a_replay(base, tmp_path):
    placed = place_model(PRETRAINED, base, tmp_path / "ws")
    assert placed.spec.params["weights"] == str(base / "net.weights.h5")
    assert placed.code is None
    assert placed_again(PRETRAINED, base, tmp_path / "other", tmp_path, list(placed.files)) == placed
    (base / "net.weights.h5").write_bytes(b"others!")
    with pytest.raises(ConfigError, match=r"net\.weights\.h5 has changed since the run"):
        placed_again(PRETRAINED, base, tmp_path / "other", tmp_path, list(placed.files))
    (base / "net.weights.h5").unlink()
    with pytest.raises(ConfigError, match="there is no file"):
        check_model(PRETRAINED, base)
