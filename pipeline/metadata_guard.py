"""The metadata of a workspace survive a bad file: one that cannot be read is set aside, and a new one never numbers over old artifacts.

TFX puts an output below the number of its execution, and numbers begin at 1 in a new store: without care, a stage would write into the
folder of an artifact that a record points to.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from schemas.findings import Finding, Severity

#: Tables whose rows must not be numbered from 1 again.
NUMBERED = ("Execution", "Artifact")


def guard(database: Path, artifacts: Path) -> Finding | None:
    """Makes the store usable. Only ever called with the lock held, before it is opened.

    Args:
        database: the SQLite file of ML Metadata.
        artifacts: root of all artifacts.

    Returns:
        A warning when a store was set aside; None else.
    """
    problem = fault_of(database) if database.exists() else None
    aside = set_aside(database) if problem else None
    if not database.exists() and (highest := highest_number(artifacts)):
        begin_after(database, highest)
    if aside is None:
        return None
    return Finding(
        code="metadata_reset",
        severity=Severity.WARN,
        subject=database.name,
        message=f"{database.name}: the store of metadata must be readable, got: {problem}. It was set aside as {aside.name}, and a new one "
        "was begun: nothing of before is reused, and data are held against the rest of the window.",
        remedy=f"Look at the disk. If a backup of {database.name} is at hand, put it back before the next run; {aside.name} may go.",
        stage="ingest",
    )


def fault_of(database: Path) -> str | None:
    """What is wrong with an SQLite file, in its own words; None when it is sound."""
    try:
        with contextlib.closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True)) as store:
            (answer,) = store.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        # A file that cannot be opened for other reasons (rights, a full disk) is not a broken one.
        return None if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error) else str(error)
    return None if answer == "ok" else str(answer)


def set_aside(database: Path) -> Path:
    """Renames a store, with its journals, to the first free name."""
    number = 1
    while (target := database.with_name(f"{database.name}.broken-{number}")).exists():
        number += 1
    for suffix in ("-journal", "-wal", "-shm"):
        journal = Path(f"{database}{suffix}")
        if journal.exists():
            os.replace(journal, f"{target}{suffix}")
    os.replace(database, target)
    return target


def highest_number(artifacts: Path) -> int:
    """The highest number that an execution had; 0 without artifacts."""
    folders = artifacts.glob("*/*/*/*") if artifacts.is_dir() else ()
    return max((int(p.name) for p in folders if p.name.isdigit()), default=0)


def begin_after(database: Path, number: int) -> None:
    """A new store whose executions and artifacts are numbered above `number`."""
    from ml_metadata import MetadataStore
    from ml_metadata.proto import metadata_store_pb2 as mlmd

    part = database.with_name(f"{database.name}.part")
    part.unlink(missing_ok=True)
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(part)
    config.sqlite.connection_mode = mlmd.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    MetadataStore(config)
    with contextlib.closing(sqlite3.connect(part)) as store:
        for table in NUMBERED:
            store.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            store.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))
        store.commit()
    os.replace(part, database)
