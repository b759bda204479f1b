"""URLs of ML Metadata's database: taken apart, checked, and never a way for a password to leak."""

import pytest

from schemas.config import ConfigError, parse_config
from schemas.metadata import Database, parse_database, redact

DATA = {"name": "t", "data": {"source": {"csv": "x.csv"}, "label": "y"}}


def test_what_is_not_said_is_usual():
    assert parse_database("postgresql://me@db/lineage") == Database("postgresql", "db", 5432, "me", "lineage")
    assert parse_database("mysql://me@db/lineage") == Database("mysql", "db", 3306, "me", "lineage")


def test_everything_that_can_be_said():
    found = parse_database("postgres://a%40b:${DB_PASSWORD}@[::1]:5433/x?sslmode=verify-full&sslrootcert=/ca.pem")
    tls = {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}
    assert found == Database("postgresql", "::1", 5433, "a@b", "x", "DB_PASSWORD", tls)
    assert found.password({"DB_PASSWORD": "p@ss/word"}) == "p@ss/word"
    assert parse_database("mysql://a@h/x?ssl_ca=/ca.pem").tls == {"ca": "/ca.pem"}


@pytest.mark.parametrize(
    "url",
    [
        *("", "db", "/tmp/x.db", "sqlite://u@h/x", "postgresql://h/x", "postgresql://u@h", "postgresql://u@h/"),
        *("postgresql://u@h:port/x", "postgresql://u@h/x/y", "postgresql://u@/x", "mysql://u@h/x?sslmode=require"),
    ],
)
def test_what_is_refused(url):
    with pytest.raises(ConfigError) as caught:
        parse_config(DATA | {"metadata": url})
    assert all(p.startswith("metadata: ") for p in caught.value.problems)


def test_a_written_password_is_refused_and_not_repeated():
    with pytest.raises(ConfigError) as caught:
        parse_config(DATA | {"metadata": "postgresql://me:hunter2@db/x"})
    assert "${NAME}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_written_password_is_not_repeated_whatever_else_is_wrong():
    for url in ("oracle://me:hunter2@db/x", "postgresql://me:hunter2@db/x?a=1", "postgresql://me:hunter2@db:p/x"):
        with pytest.raises(ConfigError) as caught:
            parse_config(DATA | {"metadata": url})
        assert "hunter2" not in str(caught.value)


def test_redact():
    assert redact("a postgresql://u:p@h/x b mysql://v:q@h") == "a postgresql://u:***@h/x b mysql://v:***@h"
    assert redact("postgresql://u:${P}@h/x") == "postgresql://u:${P}@h/x"
    assert redact("http://host:80/path me@there") == "http://host:80/path me@there"
