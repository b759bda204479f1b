"""One ML Metadata for several pipelines: a real PostgreSQL shared by two workspaces, and a SQLite file shared by two configurations."""

import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.conftest import environment, make_project, retrain

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

VARIABLE, PASSWORD = "RETRAIN_TEST_DB_PASSWORD", "s3cret-hunter2"


def programs():
    """PostgreSQL's programs: Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else Path(shutil.which("initdb") or "/nowhere/initdb").parent


def as_postgres(*words):
    """PostgreSQL refuses to run as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return subprocess.run([*user, *map(str, words)], check=True, capture_output=True, text=True, cwd="/")


@pytest.fixture(scope="module")
def postgresql():
    """A private cluster in a temporary folder; gives (port, function that runs SQL on ML Metadata's database)."""
    if not (programs() / "initdb").exists():
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(as_postgres("mktemp", "-d", "/tmp/retrain-pg-XXXXXX").stdout.strip())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        as_postgres("sh", "-c", f"umask 077; printf %s {PASSWORD} > {folder}/pw")
        initdb = (programs() / "initdb", "-D", folder / "data", "-U", "retrain", "-A", "scram-sha-256")
        as_postgres(*initdb, "--no-sync", f"--pwfile={folder}/pw")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        ctl = (programs() / "pg_ctl", "-D", folder / "data", "-w")
        as_postgres(*ctl, "-l", folder / "log", "-o", options, "start")

        def sql(text, database="lineage"):
            words = [programs() / "psql", "-h", "127.0.0.1", "-p", port, "-U", "retrain", "-AtX", "-d", database]
            environment = {**os.environ, "PGPASSWORD": PASSWORD}
            done = subprocess.run(
                [*map(str, words), "-c", text], env=environment, capture_output=True, text=True, check=True
            )
            return done.stdout.splitlines()

        try:
            yield port, sql
        finally:
            as_postgres(*ctl, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def shared(tmp_path_factory, taxi, postgresql):
    """Two workspaces of pipelines with one name on one database, twice at the same time: up to the gate, then through to the push."""
    port, sql = postgresql
    projects, results = [], {}
    for name in ("one", "two"):
        project = make_project(tmp_path_factory.mktemp(name), taxi, range(6, 9))
        text = project.config.read_text(encoding="utf-8")
        url = f"postgresql://retrain:${{{VARIABLE}}}@127.0.0.1:{port}/lineage"
        project.config.write_text(f"{text}\nmetadata: {url}\n", encoding="utf-8")
        projects.append(project)
    os.environ[VARIABLE] = PASSWORD

    def both(key, spans, *words):
        with ThreadPoolExecutor(2) as pool:
            results[key] = list(pool.map(lambda n: projects[n].run("--span", spans[n], *words), (0, 1)))

    try:
        both("checked", (7, 8), "--until", "require_ok")
        both("pushed", (8, 8))
        yield projects, results, sql
    finally:
        del os.environ[VARIABLE]


def test_pipelines_with_one_name_run_at_the_same_time(shared):
    _, results, _ = shared
    for result in results["checked"]:
        assert result.code == 0, result.err
        assert result.states["ingest"] == result.states["inspect_data"] == "done"


def test_both_push_at_the_same_time(shared):
    projects, results, _ = shared
    for project, result in zip(projects, results["pushed"], strict=True):
        assert result.code == 0, result.err
        assert project.versions() == ["1"]
        assert not (project.workspace / "metadata.db").exists()


def test_no_run_reads_or_writes_an_artifact_of_another_workspace(shared):
    projects, _, sql = shared
    used = sql(
        "select distinct c.name || ' ' || a.uri from context c join type t on t.id = c.type_id and t.name = 'pipeline' "
        "join association s on s.context_id = c.id join event e on e.execution_id = s.execution_id "
        "join artifact a on a.id = e.artifact_id"
    )
    workspaces = {}
    for name, uri in (line.split(" ", 1) for line in used):
        (of,) = [n for n, p in enumerate(projects) if Path(uri).is_relative_to(p.workspace)]
        workspaces.setdefault(name, set()).add(of)
    assert sorted(workspaces.values(), key=min) == [{0}, {1}]


def test_the_cache_works_and_holds_nothing_of_others(shared):
    projects, results, _ = shared
    cached = ("ingest", "statistics", "schema", "inspect_data")
    states = [{r.states[s] for s in cached} for r in results["pushed"]]
    assert states[1] == {"cached"}
    assert "done" in states[0]
    for project, result in zip(projects, results["pushed"], strict=True):
        folders = {a for s in result.json["stages"] for a in s["artifacts"].values()}
        assert all(Path(f).is_relative_to(project.workspace) for f in folders)


def test_names_in_ml_metadata(shared):
    _, _, sql = shared
    kinds = "select c.name from context c join type t on c.type_id = t.id where t.name = 'pipeline'"
    names = sql(kinds)
    assert len(names) == 2
    assert all(n.startswith("taxi-") for n in names)


def test_the_password_is_written_nowhere(shared):
    projects, results, sql = shared
    for project in projects:
        for path in project.workspace.rglob("*"):
            assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path
    for result in [*results["checked"], *results["pushed"]]:
        assert PASSWORD not in result.out + result.err
    for table in ("executionproperty", "artifactproperty", "contextproperty"):
        assert sql(f"select count(*) from {table} where string_value like '%{PASSWORD}%'") == ["0"]


TEXTS = """
import sys
from pathlib import Path
from ml_metadata.proto import metadata_store_pb2 as mlmd
from pipeline.metadata_store import connection
from schemas.config import parse_config
import ml_metadata

plain = {"name": "t", "data": {"source": {"csv": "x"}, "label": "y"}, "metadata": sys.argv[1]}
store = ml_metadata.MetadataStore(connection(parse_config(plain), Path(sys.argv[2])))
kind = mlmd.ExecutionType(name="texts", properties={"p": mlmd.STRING})
number = store.put_execution_type(kind)
digits = "".join(chr(33 + n * n % 94) for n in range(1_000_000))
for text in ("plain", "back\\\\slash", '{"a": "{\\\\"b\\\\": 1}"}', "quote ' é", digits):
    one = mlmd.Execution(type_id=number, properties={"p": mlmd.Value(string_value=text)})
    (found,) = store.get_executions_by_id(store.put_executions([one]))
    assert found.properties["p"].string_value == text == one.properties["p"].string_value, text[:40]
"""


def test_every_text_comes_back_from_postgresql(postgresql, tmp_path, monkeypatch):
    """ML Metadata itself keeps neither backslashes there nor texts beyond 2.7 kB, such as the plan of some dozens of files."""
    url = f"postgresql://retrain:${{{VARIABLE}}}@127.0.0.1:{postgresql[0]}/texts"
    monkeypatch.setenv(VARIABLE, PASSWORD)
    words = [sys.executable, "-c", TEXTS, url, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stderr[-3000:]


ORDER = """
import sys
from pathlib import Path
from ml_metadata.proto import metadata_store_pb2 as mlmd
from pipeline.metadata_store import connection
from schemas.config import parse_config
import ml_metadata

plain = {"name": "t", "data": {"source": {"csv": "x"}, "label": "y"}, "metadata": sys.argv[1]}
store = ml_metadata.MetadataStore(connection(parse_config(plain), Path(sys.argv[2])))
kind = store.put_artifact_type(mlmd.ArtifactType(name="order"))
ids = store.put_artifacts([mlmd.Artifact(type_id=kind, uri=str(n)) for n in range(4)])
for number in (ids[1], ids[0]):
    store.put_artifacts([mlmd.Artifact(id=number, type_id=kind, uri="changed", state=mlmd.Artifact.LIVE)])
for asked in (ids, ids[::-1]):
    assert [a.id for a in store.get_artifacts_by_id(asked)] == asked, asked
"""


def test_artifacts_come_in_the_order_that_was_asked_for(postgresql, tmp_path, monkeypatch):
    """PostgreSQL gives a changed row last. TFX pairs a cached stage's outputs with their names by position: two would change places."""
    url = f"postgresql://retrain:${{{VARIABLE}}}@127.0.0.1:{postgresql[0]}/sequence_kept"
    monkeypatch.setenv(VARIABLE, PASSWORD)
    words = [sys.executable, "-c", ORDER, url, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stderr[-3000:]


def test_without_the_password_nothing_starts(shared):
    projects, _, _ = shared
    word = os.environ.pop(VARIABLE)
    try:
        for command in ("run", "check"):
            result = retrain(command, projects[0].config)
            assert (result.code, VARIABLE in result.err) == (2, True)
    finally:
        os.environ[VARIABLE] = word


def test_two_configurations_share_a_workspace(tmp_path, taxi):
    """Runs of two pipelines take turns; each finds its own earlier stages and nothing of the other."""
    project = make_project(tmp_path, taxi, [8])
    other = tmp_path / "other.yaml"
    text = project.config.read_text(encoding="utf-8")
    other.write_text(text.replace("name: taxi", "name: other").replace("  seed: 7", "  seed: 8"), encoding="utf-8")
    words = ("--until", "statistics", "--json")
    first = retrain("run", project.config, *words)
    second = retrain("run", other, *words)
    assert (first.code, second.code) == (0, 0), second.err
    assert {second.states[s] for s in ("ingest", "statistics")} == {"done"}
    again = [retrain("run", c, *words) for c in (project.config, other)]
    for before, after in zip((first, second), again, strict=True):
        assert {after.states[s] for s in ("ingest", "statistics")} == {"cached"}
        assert after.artifact("ingest", "examples") == before.artifact("ingest", "examples")
