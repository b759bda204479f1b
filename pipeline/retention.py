"""What of a workspace may go: `plan` decides and changes nothing, `carry_out` removes. Only ever called with the lock held.

Kept are the newest runs and versions, what is served, the runs that made kept versions, and every artifact that the record of a kept
run points to. What later runs look up goes never: accepted data and audits, registries, split bounds, schemas. A run goes before its
artifacts, and everything under another name before it is removed: a `gc` that is killed leaves nothing half there that looks whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from components.rollback import withdrawn
from components.served import manifest, versions
from pipeline.workspace import BadRecord, Workspace
from schemas.config import Retention
from schemas.run_record import RunRecord, Status

#: Outputs that resolvers look up, however old they are.
LOOKED_UP = ("accepted",)
GOING = ".gc-"


@dataclass(frozen=True)
class Doomed:
    """A folder that may go.

    Attributes:
        kind: ``run``, ``version``, ``artifact``, ``span`` (what is remembered of it) or ``remains`` (of a `gc` that was killed).
        bytes: what removing it frees; files with a second name elsewhere free nothing.
    """

    kind: str
    path: Path
    bytes: int


@dataclass(frozen=True)
class Plan:
    """What goes and what stays.

    Attributes:
        doomed: in the order in which they are removed.
        runs: id of a kept run -> why it stays.
        versions: number of a kept version -> why it stays.
    """

    doomed: tuple[Doomed, ...]
    runs: dict[str, str]
    versions: dict[int, str]

    @property
    def bytes(self) -> int:
        """What all of it frees."""
        return sum(d.bytes for d in self.doomed)


def plan(workspace: Workspace, name: str, serving: Path, retention: Retention) -> Plan:
    """Decides; reads records, and changes nothing.

    Args:
        name: the pipeline; those of others in the same workspace are left alone.
        serving: folder of its versions.
    """
    stay = kept_versions(serving, retention.versions)
    records = workspace.records()
    runs = kept_runs(records, name, retention.runs, {str(manifest(str(serving / str(n))).get("run", "")) for n in stay})
    own = [r for r in records if isinstance(r, RunRecord) and r.name == name]
    gone = [r.run_id for r in own if r.run_id not in runs]
    out = [_doomed("remains", p) for p in _remains(workspace, name, serving)]
    out += [_doomed("version", serving / str(n)) for n in versions(str(serving)) if n not in stay]
    out += [_doomed("run", workspace.run_folder(run)) for run in gone]
    if not any(isinstance(r, BadRecord) for r in records):
        # A record that cannot be read may point anywhere.
        needed = {
            str(Path(a).resolve()) for r in own if r.run_id in runs for s in r.stages for a in s.artifacts.values()
        }
        out += [_doomed("artifact", p) for p in _artifacts(workspace, name) if str(p.resolve()) not in needed]
        known = {str(span) for r in own if r.run_id in runs for span in r.window}
        out += [_doomed("span", p) for p in _remembered(workspace, name) if p.name not in known]
    return Plan(tuple(out), runs, stay)


def kept_versions(serving: Path, most: int) -> dict[int, str]:
    """Number -> why it stays."""
    there = versions(str(serving))
    if not there:
        return {}
    newest = sorted(there)[-most:]
    stay = dict.fromkeys(newest, f"one of the newest {most}")
    out = {r["id"] for r in withdrawn(str(serving)).values()}
    stay |= {n: "notes a rollback" for n, f in there.items() if (manifest(f).get("rollback") or {}).get("id") in out}
    return stay | {max(there): "served"}


def kept_runs(records: Iterable[RunRecord | BadRecord], name: str, most: int, pushed: set[str]) -> dict[str, str]:
    """Id -> why it stays.

    Args:
        records: newest first.
        pushed: ids of the runs that made the kept versions.
    """
    stay: dict[str, str] = {}
    own = [r for r in records if isinstance(r, RunRecord) and r.name == name]
    for place, record in enumerate(own):
        if record.status is Status.RUNNING:
            stay[record.run_id] = "at work"
        elif record.run_id in pushed:
            stay[record.run_id] = "made a kept version"
        elif place < most:
            stay[record.run_id] = f"one of the newest {most}"
    return stay


def carry_out(plan: Plan) -> None:
    """Removes what is doomed: first all of it out of sight, each by one rename, then for good.

    Raises:
        OSError: when something cannot be removed; the rest goes all the same.
    """
    failed: list[OSError] = []
    hidden = []
    for doomed in plan.doomed:
        target = doomed.path.with_name(f"{GOING}{doomed.path.name}")
        try:
            if doomed.kind == "remains":
                target = doomed.path
            else:
                os.rename(doomed.path, target)
            hidden.append(target)
        except OSError as error:
            failed.append(error)
    for path in hidden:
        try:
            shutil.rmtree(path)
        except OSError as error:
            failed.append(error)
    if failed:
        raise failed[0]


def _artifacts(workspace: Workspace, name: str) -> list[Path]:
    """Folders of artifacts, ``<node>/<output>/<number>``; not those that later runs look up."""
    found = sorted((workspace.artifacts / name).glob("*/*/*"))
    return [p for p in found if p.is_dir() and p.name.isdigit() and p.parent.name not in LOOKED_UP]


def _remembered(workspace: Workspace, name: str) -> list[Path]:
    """Folders of results, one a span."""
    found = sorted(workspace.remembered(name).glob("*"), key=lambda p: (len(p.name), p.name))
    return [p for p in found if p.name.isdigit()]


def _remains(workspace: Workspace, name: str, serving: Path) -> list[Path]:
    places = (folder.glob(f"{GOING}*") for folder in (workspace.runs, serving, workspace.remembered(name)))
    return sorted([*(p for found in places for p in found), *(workspace.artifacts / name).glob(f"*/*/{GOING}*")])


def _doomed(kind: str, path: Path) -> Doomed:
    size = 0
    for folder, _, files in os.walk(path):
        for file in files:
            status = os.lstat(os.path.join(folder, file))
            size += status.st_size if status.st_nlink == 1 else 0
    return Doomed(kind, path, size)
