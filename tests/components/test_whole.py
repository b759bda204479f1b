"""Outputs of stages are noted, and seen to be damaged before they are reused."""

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.whole import READ, is_whole, note


@pytest.fixture
def artifact(tmp_path):
    """Two files, one of them too large to be read in every run."""
    folder = tmp_path / "artifact"
    (folder / "inner").mkdir(parents=True)
    (folder / "document.json").write_text('{"rows": 1}')
    (folder / "inner" / "large").write_bytes(b"x" * (READ + 1))
    made = mlmd.Artifact(uri=str(folder))
    note(made)
    return made, folder


def test_what_was_left_alone_is_whole(artifact):
    made, folder = artifact
    (folder / "empty").mkdir()
    assert is_whole(made)


@pytest.mark.parametrize("name", ["document.json", "inner/large"])
def test_what_was_cut_off_or_lost_is_not(artifact, name):
    made, folder = artifact
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-1])
    assert not is_whole(made)
    (folder / name).write_bytes(whole)
    assert is_whole(made)
    (folder / name).rename(folder / "other")
    assert not is_whole(made)


def test_another_content_of_the_same_size(artifact):
    made, folder = artifact
    (folder / "document.json").write_text('{"rows": 2}')
    assert not is_whole(made)


def test_a_file_more_is_damage_too(artifact):
    made, folder = artifact
    (folder / "more").touch()
    assert not is_whole(made)


def test_what_was_never_noted_is_taken_as_it_is_but_must_be_there(tmp_path):
    assert is_whole(mlmd.Artifact(uri=str(tmp_path)))
    assert not is_whole(mlmd.Artifact(uri=str(tmp_path / "gone")))
