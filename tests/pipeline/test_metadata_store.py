"""Names in a shared ML Metadata, and the password's way into the connection."""

import shutil

import pytest

from pipeline.metadata_store import password_of, pipeline_name
from schemas.config import ConfigError, parse_config

URL = "postgresql://me:${RETRAIN_TEST_PASSWORD}@db/lineage"


def config(metadata=None, name="taxi"):
    return parse_config({"name": name, "data": {"source": {"csv": "x.csv"}, "label": "y"}, "metadata": metadata})


def test_a_database_of_its_own_needs_no_other_name(tmp_path):
    assert pipeline_name(config(), tmp_path) == "taxi"
    assert list(tmp_path.iterdir()) == []


def test_in_a_shared_one_each_workspace_has_its_own_and_keeps_it(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    names = [pipeline_name(config(URL), p) for p in (one, other, one)]
    assert names[0] == names[2] != names[1]
    assert all(n.startswith("taxi-") for n in names)
    assert pipeline_name(config(URL, "digits"), one) != names[0]


def test_a_copied_workspace_is_another_one(tmp_path):
    first = pipeline_name(config(URL), tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    assert pipeline_name(config(URL), tmp_path / "copy") != first


def test_password(monkeypatch):
    monkeypatch.setenv("RETRAIN_TEST_PASSWORD", "s3cret")
    assert password_of(config(URL)) == "s3cret"
    assert password_of(config()) == password_of(config("mysql://me@db/x")) == ""
    monkeypatch.delenv("RETRAIN_TEST_PASSWORD")
    with pytest.raises(ConfigError, match="environment variable RETRAIN_TEST_PASSWORD"):
        password_of(config(URL))
