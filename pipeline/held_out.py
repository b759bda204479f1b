"""The registry of test rows: what every run that trained held out, as sorted fingerprints per span. Files are added, never changed.

`registry/<name>/test/<run>.json` says what a run added; its fingerprints are in `<run>/span-<n>-<way>.npy`. The JSON file comes last: what
it does not name was never registered. Where rows are split by time, test moves on by design: such rows are noted, and hold nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from components import plan as plans
from components.fingerprints import U64, row_fingerprints
from components.frozen import Held, HeldFile, Way, among
from components.plan import IngestPlan
from components.samples import MISSING
from components.spans import digest_file
from pipeline import kept
from pipeline.collect import DOCUMENT
from pipeline.record_json import write_atomic
from schemas.run_record import FrozenTest

GROUPS = "groups"


class Holdout(BaseModel):
    """What one run added.

    Attributes:
        run: id of the run.
        recipe: the way of splitting, see `way_of_splitting`.
        by_time: the column that rows were split by in time; None where they are frozen.
        inputs: SHA-256 of the input files that the run read.
        files: what it added; paths are relative to the registry.
    """

    model_config = ConfigDict(extra="forbid")

    run: str
    recipe: str
    by_time: str | None
    inputs: list[str]
    files: list[HeldFile]


def folder(root: Path, name: str) -> Path:
    """Where the registry of a pipeline is."""
    return root / "registry" / name / "test"


def way_of_splitting(plan: IngestPlan) -> str:
    """Identity of everything that decides the split of a row with given content: under the same one, it never changes."""
    return hashlib.sha256(json.dumps([kept.recipe(plan), plan.id]).encode()).hexdigest()[:16]


def read(root: Path, name: str) -> list[Holdout]:
    """What all runs added, oldest first, with full paths."""
    there, found = folder(root, name), []
    for path in sorted(there.glob("*.json")):
        holdout = Holdout.model_validate_json(path.read_text(encoding="utf-8"))
        files = [f.model_copy(update={"path": str(there / f.path)}) for f in holdout.files]
        found.append(holdout.model_copy(update={"files": files}))
    return found


def digest(holdouts: list[Holdout]) -> str:
    """SHA-256 of everything that is registered."""
    lines = [[h.run, h.by_time, [[f.span, f.way, f.column, f.sha256] for f in h.files]] for h in holdouts]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def summary(plan: IngestPlan, holdouts: list[Holdout]) -> FrozenTest:
    """The registry as a run finds it, for its record."""
    rows = sum(f.rows for h in holdouts if bool(h.by_time) == bool(plan.by_time) for f in h.files if f.way == "row")
    found = digest(holdouts) if holdouts else ""
    return FrozenTest(digest=found, runs=len(holdouts), rows=rows, by_time=bool(plan.by_time))


def _read_the_same(plan: IngestPlan, holdout: Holdout) -> bool:
    """Whether a run split these very files (perhaps among others) in this way: what it added holds nothing more in them."""
    return holdout.recipe == way_of_splitting(plan) and {f.sha256 for f in plan.files} <= set(holdout.inputs)


def holding(plan: IngestPlan, holdouts: list[Holdout]) -> tuple[HeldFile, ...]:
    """The files that can change the split of a row of this plan; none where rows are split by time.

    Under the same way of splitting, what is registered by content or group is in test anyway, and is left out: so a second run on the
    same data has the same plan, and is cached. Ids are not: a corrected row has another content.
    """
    if plan.by_time:
        return ()
    found, now = [], way_of_splitting(plan)
    for holdout in holdouts:
        if holdout.by_time or _read_the_same(plan, holdout):
            continue
        for file in holdout.files:
            known = file.way == "row" or file.column in plan.types
            if known and (file.way == "id" or holdout.recipe != now):
                found.append(file)
    return tuple(found)


def to_prove(plan: IngestPlan, holdouts: list[Holdout]) -> list[HeldFile]:
    """What is registered of the window's spans by runs that read other files or split them in another way."""
    return [
        file
        for holdout in holdouts
        if bool(holdout.by_time) == bool(plan.by_time) and not _read_the_same(plan, holdout)
        for file in holdout.files
        if file.span in plan.window
    ]


def came_back(plan: IngestPlan, holdouts: list[Holdout]) -> bool:
    """Whether rows were split in this way before, then in another one: a row trained on then may be held in test since."""
    ways = [h.recipe == way_of_splitting(plan) for h in holdouts if not h.by_time]
    return True in ways and False in ways[ways.index(True) :]


def with_whole_groups(root: Path, name: str, plan: IngestPlan) -> IngestPlan:
    """Where rows were not split by group before: a group with one held row is held as a whole. One streamed pass, if needed at all."""
    if not plan.group_by or all(f.way == "group" for f in plan.held):
        return plan
    held, groups = Held(plan.held), [np.empty(0, np.uint64)]
    for file in plan.files:
        for _, batch in plans.read_rows(file, plan):
            rows = plans.labelled(batch, plan.label)
            if rows.num_rows:
                values = rows.column(rows.schema.get_field_index(plan.group_by))
                of = row_fingerprints([(plan.group_by, values)])[0]
                groups.append(np.unique(of[held.holds(rows, plans.positions(rows, plan)[0]) & (of != MISSING)]))
    keys = np.unique(np.concatenate(groups))
    if not len(keys):
        return plan
    path = folder(root, name) / GROUPS / f"{hashlib.sha256(keys.tobytes()).hexdigest()[:16]}.npy"
    more = _write(path, keys, "group", plan.group_by, plan.window[-1])
    return plan.model_copy(update={"held": (*plan.held, more)})


def _write(path: Path, keys: U64, way: Way, column: str | None, span: int) -> HeldFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.save(file, keys)
    temporary.replace(path)
    sha256 = digest_file(str(path), span).sha256
    return HeldFile(path=str(path), sha256=sha256, way=way, column=column, span=span, rows=len(keys))


def add(root: Path, name: str, run: str, plan: IngestPlan, report: Path) -> None:
    """Registers the test rows of a run that trained, as far as they are not registered yet.

    Ids and groups of which a row is in train or eval (an accepted `split_leakage`) are not registered: to hold them in test would turn
    rows that were trained on into test rows.
    """
    there, before = folder(root, name), [h for h in read(root, name) if bool(h.by_time) == bool(plan.by_time)]
    known = [f for h in before for f in h.files]
    shards = json.loads((report / DOCUMENT).read_text(encoding="utf-8"))["shards"]
    files = []
    for way, field, column in _ways(plan):
        elsewhere = _keys(report, [s for s in shards if s["split"] != "test"], field) if way != "row" else None
        for span in plan.window:
            keys = _keys(report, [s for s in shards if (s["split"], s["span"]) == ("test", span)], field)
            old = [np.load(f.path) for f in known if (f.way, f.column, f.span) == (way, column, span)]
            for taken in [*old, *([] if elsewhere is None else [elsewhere])]:
                keys = keys[~among(keys, taken)]
            if len(keys):
                written = _write(there / run / f"span-{span:08d}-{way}.npy", keys, way, column, span)
                files.append(written.model_copy(update={"path": str(Path(written.path).relative_to(there))}))
    if files:
        inputs = [f.sha256 for f in plan.files]
        holdout = Holdout(run=run, recipe=way_of_splitting(plan), by_time=plan.by_time, inputs=inputs, files=files)
        write_atomic(there / f"{run}.json", holdout.model_dump_json(indent=1))


def _ways(plan: IngestPlan) -> list[tuple[Way, str, str | None]]:
    """How rows of this plan are known: the way, the column of keys, the column of the data."""
    ways: list[tuple[Way, str, str | None]] = [("row", "row", None)]
    if plan.id and not plan.by_time:
        ways.append(("id", "id", plan.id))
    if plan.group_by and not plan.by_time:
        ways.append(("group", "entity" if plan.entity == plan.group_by else "group", plan.group_by))
    return ways


def _keys(report: Path, shards: list[dict[str, Any]], field: str) -> U64:
    """The fingerprints of some shards, sorted, each once, without missing ones."""
    import pyarrow.parquet as pq

    parts = [pq.read_table(report / s["keys"], columns=[field])[field].to_numpy() for s in shards]
    keys: U64 = np.unique(np.concatenate([*parts, np.empty(0, np.uint64)]).astype(np.uint64))
    return keys[keys != MISSING]
