"""The serving folder: whole versions in order, the same model never twice, leftovers of a kill removed."""

import os

import pytest

from components import served


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "saved_model.pb").write_text("graph")
    return folder


def test_versions_count_up_and_the_same_model_is_not_pushed_twice(model, tmp_path):
    directory = str(tmp_path / "serving")
    assert served.served(directory) is None
    assert served.push(str(model), directory, "one", "run-1") == {
        "version": 1,
        "path": f"{directory}/1",
        "already_there": False,
    }
    assert served.push(str(model), directory, "one", "run-2")["already_there"]
    assert served.push(str(model), directory, "two", "run-3")["version"] == 2
    assert served.push(str(model), directory, "one", "run-4")["version"] == 3
    assert sorted(os.listdir(directory)) == ["1", "2", "3"]
    assert served.served(directory)["digest"] == "one"


def test_a_half_copied_version_is_neither_served_nor_kept(model, tmp_path):
    directory = tmp_path / "serving"
    (directory / ".staging-killed").mkdir(parents=True)
    (directory / ".staging-killed" / "saved_model.pb").write_text("half")
    (directory / "7").mkdir()
    assert served.versions(str(directory)) == {}
    assert served.push(str(model), str(directory), "one", "run")["version"] == 8
    assert sorted(os.listdir(directory)) == ["7", "8"]


def test_a_push_that_fails_leaves_what_is_served(model, tmp_path, monkeypatch):
    directory = str(tmp_path / "serving")
    served.push(str(model), directory, "one", "run-1")
    monkeypatch.setattr(served, "_sync", lambda folder: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        served.push(str(model), directory, "two", "run-2")
    assert served.served(directory)["version"] == 1


def test_the_digest_is_of_weights_and_of_what_was_learned(model):
    before = served.model_digest(str(model), "w")
    (model / "assets").mkdir()
    (model / "assets" / "learned").write_text("x")
    assert len({before, served.model_digest(str(model), "w"), served.model_digest(str(model), "v")}) == 3
