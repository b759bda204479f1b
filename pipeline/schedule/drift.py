"""Drift of new rows, labelled or not, from what the champion was trained on: the measures of `numeric_drift` and `category_drift`.

A process of its own (`python -m pipeline.schedule.drift`): the scheduler stays without numpy. Neither TensorFlow nor TFX.
"""

from __future__ import annotations

import dataclasses
import glob
import hashlib
import itertools
import os
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from components import fingerprints, registry, samples, served, sources
from components.checks._common import POOLED
from components.inspection import context_for
from components.interfaces import DataContext
from components.samples import Sample
from components.spans import find_spans
from pipeline.errors import UsageError
from pipeline.schedule.launcher import Drift
from pipeline.workspace import Workspace
from schemas.config import ConfigError, PipelineConfig, load_config
from schemas.evidence import DataEvidence, SpanEvidence
from schemas.features import label_text
from schemas.findings import DataBlocked, Finding, Severity
from schemas.run_record import RunRecord, StageState
from schemas.schedule import OnNewData

CHECKS = ("numeric_drift", "category_drift")
#: Folder of the samples in the artifact of `inspect_data` (`components.artifacts.SAMPLE`, which needs TFX).
SAMPLE = "sample"
TRAIN = 0


def new_files(pattern: str, base: Path) -> list[str]:
    """Files of `on_drift.data`, hidden and temporary ones left out."""
    there = glob.glob(os.path.join(base, pattern), recursive=True)
    return sorted(p for p in there if os.path.isfile(p) and os.path.basename(p)[0] not in "._")


def settled(path: str, rules: OnNewData, now: float) -> bool:
    """Whether a file is complete: its folder has the marker, or it has not changed for long enough.

    Args:
        now: seconds since 1970.
    """
    marker = rules.marker and os.path.exists(os.path.join(os.path.dirname(path), rules.marker))
    return bool(marker) or now - os.stat(path).st_mtime >= rules.settle


def champion_record(workspace: Workspace, config: PipelineConfig) -> RunRecord:
    """The record of the run that made the served model.

    Raises:
        UsageError: when nothing is served, or that run is not known any more.
    """
    now = served.served(str(workspace.serving(config.name, config.push.directory)))
    if now is None:
        raise UsageError("no model is served yet, so there is nothing to drift from.")
    run = str(served.manifest(now["path"]).get("run", ""))
    if not run or not workspace.record_path(run).exists():
        raise UsageError(
            f"version {now['version']} was not made by a run of this workspace; its training data are not known."
        )
    return workspace.load_record(run)


def trained_on(record: RunRecord) -> Sample:
    """A sample of the rows that the champion was trained on: those of train, of all spans of its window.

    Raises:
        UsageError: when they are not there any more.
    """
    stage = next((s for s in record.stages if s.name == "inspect_data"), None)
    ended = stage is not None and stage.state in (StageState.DONE, StageState.CACHED)
    folder = stage.artifacts.get("findings", "") if stage and ended else ""
    kinds = _kinds(record)
    found = [
        samples.read_sample(os.path.join(folder, SAMPLE, str(s.span)), kinds, s.rows)
        for s in (record.data.spans if record.data and folder else [])
    ]
    whole = samples.join([s for s in found if s is not None])
    if whole is None:
        raise UsageError(f"the samples of run {record.run_id} are not there any more, so drift cannot be measured.")
    return whole.take(whole.splits == TRAIN)


def _kinds(record: RunRecord) -> dict[str, str]:
    features = record.data.newest.features if record.data else {}
    return {n: f.kind for n, f in features.items() if f.kind in ("numeric", "categorical")}


def read_new(files: list[str], form: str, record: RunRecord, most: int) -> Sample:
    """The new rows, at most `most`: those with the lowest fingerprints, whatever the order of files and rows.

    Raises:
        DataBlocked: when a file cannot be read, or a value has another type than the champion's features.
    """
    assert record.contract is not None
    kinds, label, amounts = _kinds(record), record.contract.label, record.contract.amounts
    types = {f.name: f.type for f in record.contract.features if f.name in kinds}
    types_and_label = {**types, label: record.contract.label_type}
    kept: pa.Table | None = None
    order = np.empty(0, np.uint64)
    for path in files:
        row = 1
        for raw in sources.read_raw(path, form):
            labelled = label in raw.schema.names
            # An amount is a feature here, missing where it is not known yet; a class is kept apart.
            wanted = types_and_label if labelled or amounts else types
            batch = sources.typed(sources.complete(raw, wanted), wanted, path, row)
            nowhere = np.full(batch.num_rows, -1, np.int64)
            column = label if labelled and not amounts else None
            table = samples.sample_table(batch if amounts else _filled(batch, label), column, TRAIN, nowhere, nowhere)
            row += batch.num_rows
            keys = fingerprints.row_fingerprints(list(zip(batch.schema.names, batch.columns, strict=True)))[0]
            joined = table if kept is None else pa.concat_tables([kept, table])
            order = np.concatenate([order, keys])
            chosen = np.sort(np.argsort(order, kind="stable")[:most])
            kept, order = joined.take(pa.array(chosen)), order[chosen]
    there = {n: k for n, k in kinds.items() if n in types_and_label}
    whole = samples.from_tables([] if kept is None else [kept], there, 0 if kept is None else kept.num_rows)
    if whole and amounts and np.isnan(whole.numeric[label]).all():
        whole = dataclasses.replace(whole, numeric={n: v for n, v in whole.numeric.items() if n != label})
    return whole or Sample(of=0, labels=np.empty(0, object), splits=np.empty(0, np.int8))


def _filled(batch: pa.RecordBatch, label: str) -> pa.RecordBatch:
    """The batch with its labels as text; a missing one is an empty text."""
    at = batch.schema.get_field_index(label)
    if at < 0:
        return batch
    texts = pa.array(["" if v is None else label_text(v) for v in batch.column(at).to_pylist()], pa.string())
    columns = {n: texts if n == label else c for n, c in zip(batch.schema.names, batch.columns, strict=True)}
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def compare(record: RunRecord, before: Sample, after: Sample, config: PipelineConfig) -> list[Finding]:
    """Findings of the two checks, with the limits of the configuration. Labels count only where all new rows have one."""
    if not len(after) or not all(after.labels.tolist()):
        before = dataclasses.replace(before, labels=np.full(len(before), "", object))
        after = dataclasses.replace(after, labels=np.full(len(after), "", object))
    label = record.contract.label if record.contract else ""
    context = DataContext(
        window=DataEvidence(label=label, spans=[SpanEvidence(span=0, rows=len(after), labels={}, features={})]),
        reference=SpanEvidence(span=POOLED, rows=len(before), labels={}, features={}),
        sample=after,
        reference_sample=before,
    )
    checks = registry.build_all(config).checks
    return [f for n in CHECKS if n in checks for f in checks[n].check(context_for(n, checks[n], context))]


def sentence(record: RunRecord, findings: list[Finding], config: PipelineConfig, rows: int) -> str | None:
    """What has drifted, when it is enough to start a run; None otherwise."""
    rules = config.schedule.on_drift if config.schedule else None
    assert rules is not None
    wanted = Severity(rules.at).rank
    drifted = sorted((f for f in findings if f.severity.rank >= wanted), key=lambda f: -(f.statistic or 0.0))
    if len(drifted) < rules.features:
        return None
    named = ", ".join(f"{f.subject} ({f.statistic:.3g} {_unit(f)})" for f in drifted[:3])
    more = f" and {len(drifted) - 3} more" if len(drifted) > 3 else ""
    return (
        f"Drift: {len(drifted)} of {len(findings)} features in {rows:,} new rows differ from what {record.run_id} was trained on: "
        f"{named}{more}."
    )


def _unit(finding: Finding) -> str:
    return "bits" if finding.code == "numeric_drift" else "L-infinity"


def measure(config_path: Path, workspace: Workspace, overrides: list[str]) -> Drift:
    """Measures once, on the files that are complete."""
    base, unsettled = config_path.resolve().parent, []
    try:
        config = load_config(config_path, overrides)
        rules = config.schedule.on_drift if config.schedule else None
        if rules is None or config.data.source.format == "images":
            raise UsageError("schedule.on_drift compares tables (csv, parquet, tfrecord).")
        complete = config.schedule.settling if config.schedule else OnNewData()
        there = {p: settled(p, complete, time.time()) for p in new_files(rules.data, base)}
        files, unsettled = [p for p, whole in there.items() if whole], [p for p, whole in there.items() if not whole]
        if not files:
            return Drift(unsettled=unsettled)
        record, facts = champion_record(workspace, config), _facts(files)
        after = read_new(files, config.data.source.format, record, config.checks.sample)
        found = compare(record, trained_on(record), after, config)
        if changed := [p for p, fact in zip(files, _facts(files), strict=True) if fact not in facts]:
            return Drift(unsettled=[*unsettled, *changed])
    except (UsageError, ConfigError) as error:
        return Drift(problem=" ".join(error.problems), unsettled=unsettled)
    except DataBlocked as error:
        return Drift(problem=str(error), unsettled=unsettled)
    except FileNotFoundError as error:
        return Drift(problem=f"{error.filename} was removed meanwhile.", unsettled=unsettled)
    training = find_spans(config.data.source.pattern, base).values()
    key = _key(sorted([*files, *itertools.chain.from_iterable(training)]))
    return Drift(drift=sentence(record, found, config, len(after)), key=key, unsettled=unsettled)


def _key(files: list[str]) -> str:
    """Of the new rows and of all that could be trained on: while both stay, another run would find what the last one found."""
    return hashlib.sha256("\n".join(_facts(files)).encode()).hexdigest()[:16]


def _facts(files: list[str]) -> list[str]:
    return [f"{p} {os.stat(p).st_size} {os.stat(p).st_mtime_ns}" for p in files]


def main() -> int:
    """``CONFIG WORKSPACE [OVERRIDE ...]``; the measurement as JSON on standard output."""
    config, workspace, *overrides = sys.argv[1:]
    print(measure(Path(config), Workspace(Path(workspace)), overrides).model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
