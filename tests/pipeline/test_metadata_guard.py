"""A store of metadata that is broken or gone: set aside, said, and no number is given twice."""

import sqlite3

import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.metadata_guard import fault_of, guard


def open_store(path):
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    config.sqlite.connection_mode = mlmd.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    return MetadataStore(config)


def put_execution(path):
    store = open_store(path)
    kind = store.put_execution_type(mlmd.ExecutionType(name="stage"))
    return store.put_executions([mlmd.Execution(type_id=kind)])[0]


@pytest.fixture
def workspace(tmp_path):
    """A store with one execution, and an artifact of a much later one."""
    assert put_execution(tmp_path / "metadata.db") == 1
    (tmp_path / "artifacts" / "taxi" / "ingest" / "examples" / "41").mkdir(parents=True)
    return tmp_path


def call(workspace):
    return guard(workspace / "metadata.db", workspace / "artifacts")


def test_a_sound_store_stays_as_it_is(workspace):
    before = (workspace / "metadata.db").read_bytes()
    assert call(workspace) is None
    assert (workspace / "metadata.db").read_bytes() == before


@pytest.mark.parametrize("damage", ["head", "middle", "cut"])
def test_a_broken_one_is_set_aside_and_numbers_go_on(workspace, damage):
    path = workspace / "metadata.db"
    whole = path.read_bytes()
    third = len(whole) // 3
    broken = {
        "head": b"\x00" * 512 + whole[512:],
        "middle": whole[:third] + b"\xff" * third + whole[2 * third :],
        "cut": whole[:third],
    }[damage]
    path.write_bytes(broken)
    said = call(workspace)
    assert (said.code, said.severity.value) == ("metadata_reset", "warn")
    assert "metadata.db.broken-1" in said.message
    assert (workspace / "metadata.db.broken-1").read_bytes() == broken
    assert put_execution(path) == 42
    assert fault_of(path) is None
    path.write_bytes(b"nonsense, and long enough to be read as a header of a file" * 10)
    assert "metadata.db.broken-2" in call(workspace).message


def test_one_that_is_gone_is_begun_above_the_artifacts(workspace):
    (workspace / "metadata.db").unlink()
    assert call(workspace) is None
    assert put_execution(workspace / "metadata.db") == 42


def test_a_new_workspace_needs_nothing(tmp_path):
    assert call(tmp_path) is None
    assert not (tmp_path / "metadata.db").exists()


def test_a_locked_store_is_not_a_broken_one(workspace):
    holder = sqlite3.connect(workspace / "metadata.db")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        assert fault_of(workspace / "metadata.db") is None
    finally:
        holder.close()
