"""The connection to ML Metadata, and the name that a pipeline has in it."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from schemas.config import ConfigError, PipelineConfig
from schemas.metadata import Database, parse_database

#: Tells workspaces apart that share a database. The name in it is random: paths and machines may be named alike.
IDENTITY = "metadata.id"
#: Folder of texts that are too long for PostgreSQL.
LONG_TEXTS = "metadata.texts"


def connection(config: PipelineConfig, root: Path) -> Any:
    """The connection: to the database of the configuration, else to a SQLite file in the workspace.

    Raises:
        ConfigError: when the variable of the password is not set.
    """
    if config.metadata is None:
        from tfx.orchestration.metadata import sqlite_metadata_connection_config

        return sqlite_metadata_connection_config(str(root / "metadata.db"))
    from ml_metadata.proto import metadata_store_pb2

    database = parse_database(config.metadata)
    if database.kind == "postgresql":
        from components.compat import adapt_to_postgresql

        adapt_to_postgresql(str(root / LONG_TEXTS))
    found = metadata_store_pb2.ConnectionConfig()
    _fill(found, database, password_of(config))
    return found


def password_of(config: PipelineConfig) -> str:
    """The password of the database; empty without one.

    Raises:
        ConfigError: when its variable is not set.
    """
    if config.metadata is None:
        return ""
    database = parse_database(config.metadata)
    try:
        return database.password()
    except KeyError:
        name = database.password_variable
        raise ConfigError(
            [f"metadata: the environment variable {name} must hold the database's password. Set {name}."]
        ) from None


def _fill(found: Any, database: Database, password: str) -> None:
    """Two protocols, two spellings: PostgreSQL's port is a text and its database `dbname`."""
    if database.kind == "postgresql":
        target, tls = found.postgresql, found.postgresql.ssloption
        target.port, target.dbname = str(database.port), database.name
    else:
        target, tls = found.mysql, found.mysql.ssl_options
        target.port, target.database = database.port, database.name
    target.host, target.user = database.host, database.user
    if password:
        target.password = password
    for key, value in database.tls.items():
        setattr(tls, key, value)


def pipeline_name(config: PipelineConfig, root: Path) -> str:
    """What the pipeline is called in ML Metadata, caches included.

    In a database of its own the workspace's pipelines have their own names. In a shared one a name may be taken in another workspace,
    whose artifacts must neither be reused nor compared with: the workspace is part of the name there. So is its path, since artifacts are
    kept by absolute paths: a copied workspace is another one.
    """
    if config.metadata is None:
        return config.name
    identity = hashlib.sha256(f"{_identity(root)} {root}".encode()).hexdigest()[:12]
    return f"{config.name}-{identity}"


def _identity(root: Path) -> str:
    """The workspace's random name, made on first use. The workspace's lock is held; the loser of a race without it reads the winner's."""
    path = root / IDENTITY
    if not path.exists():
        root.mkdir(parents=True, exist_ok=True)
        temporary = root / f"{IDENTITY}.{os.getpid()}"
        temporary.write_text(secrets.token_hex(8), encoding="ascii")
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text(encoding="ascii")
