"""Which test rows are previous and which are new, and where rows that the window has lost come from.

Previous are the rows that were registered as test up to the champion's run, and the test rows of that run's spans which the window does
not hold any more, read from the examples of that run. Without a registry or a record, the spans decide.
"""

from __future__ import annotations

import glob
import os
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from components import evaluation_files
from components import examples as example_files
from components.counting import span_of_file
from components.cross import FIRST, Previous, Scored, cross_scores, join
from components.evaluation_files import aligned
from components.frozen import among, read_keys
from components.ingest import KEYS
from components.predictions import CANDIDATE, CHAMPION, FOLDER, LABEL, SPAN
from schemas.config import PipelineConfig
from schemas.evidence import CrossScores
from schemas.features import label_text


def read_window(
    evaluation: str, report: str, previous: Previous, labels: list[str]
) -> tuple[Scored, NDArray[np.bool_]]:
    """The window's test rows from the kept predictions, and which of them are previous ones."""
    held = {way: read_keys([f for f in previous.held if f.way == way]) for way in ("row", "id")}
    parts: list[Scored] = []
    old = []
    for path in sorted(glob.glob(os.path.join(evaluation, FOLDER, "*.parquet"))):
        table = pq.read_table(path)
        name = os.path.basename(path).removesuffix(".parquet")
        keys = pq.read_table(os.path.join(report, KEYS, f"test-{name}.parquet"))
        if len(keys) != len(table):
            raise ValueError(
                f"{path}: must have a score for each of the {len(keys)} test rows of {name}, got {len(table)}"
            )
        target, there = _targets(table[LABEL].to_pylist(), labels)
        spans = np.asarray(table[SPAN].to_numpy(), np.int64)
        known = np.isin(spans, _previous_spans(previous, spans, evaluation))
        if previous.held:
            known = np.zeros(len(table), bool)
            for way in (w for w in held if w in keys.column_names):
                known |= among(np.asarray(keys[way].to_numpy(), np.uint64), held[way])
        parts.append(Scored(target, _matrix(table[CANDIDATE]), _matrix(table[CHAMPION]), spans).take(there))
        old.append(known[there])
    return join(parts), np.concatenate(old)


def _targets(values: list[Any], labels: list[str]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Index of the class of each row, or its amount where there are no labels; and whether the candidate knows it."""
    if not labels:
        return np.array(values, np.float64), np.ones(len(values), bool)
    index = {v: i for i, v in enumerate(labels)}
    found = np.array([index.get(label_text(v), -1) for v in values], np.int64)
    return found, found >= 0


def _previous_spans(previous: Previous, spans: NDArray[np.int64], evaluation: str) -> list[int]:
    """The spans of previous rows: of the champion's run; where nothing tells, all but the newest."""
    if previous.spans:
        return previous.spans
    all_of = {span_of_file(p) for p in glob.glob(os.path.join(evaluation, FOLDER, "*.parquet"))}
    return sorted(all_of)[:-1]


def _matrix(column: Any) -> NDArray[np.float64]:
    """A column of lists of one length as float64 [n, length]."""
    flat = [np.asarray(chunk.flatten().to_numpy(zero_copy_only=False), np.float64) for chunk in column.chunks]
    return np.concatenate(flat).reshape(len(column), -1)


def score_files(files: list[str], label: str, candidate: str, champion: str, labels: list[str]) -> Scored | None:
    """Test rows that the window has lost, scored by both models; None for no rows.

    Args:
        files: examples files.
        label: its column.
        candidate: the exported model; `champion` likewise.
    """
    from components.serving import Scorer

    models, parts = [Scorer(candidate), Scorer(champion)] if files else [], []
    for path in files:
        for records in example_files.read_records(path):
            flat = example_files.decode_flat(records, path)
            values = flat.column(flat.schema.get_field_index(label)).to_pylist()
            target, there = _targets(values, labels)
            new, old = (aligned(m(records), m.labels, labels).astype(np.float64) for m in models)
            spans = np.full(len(target), span_of_file(path), np.int64)
            parts.append(Scored(target, new, old, spans).take(there))
    return join(parts) if parts else None


def read_cross(
    evaluation: str, report: str, previous: Previous, config: PipelineConfig, labels: list[str], models: tuple[str, str]
) -> CrossScores:
    """The cross scores of a run.

    Args:
        evaluation: the Evaluator's folder, with predictions.
        report: the folder of the ingest report, with the keys of rows.
        labels: label values of the candidate; empty for amounts.
        models: the exported candidate and champion.
    """
    window, old = read_window(evaluation, report, previous, labels)
    left, why = None, ""
    try:
        left = score_files(previous.files, config.data.label, *models, labels)
    except Exception as error:  # rows of long ago may lack what a model needs: that is no reason to fail this run
        why = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    parts = [window.take(old), *([left] if left is not None else [])]
    chosen = evaluation_files.read(evaluation)["thresholds"] if len(labels) == 2 else {}
    return cross_scores(
        join(parts),
        window.take(~old),
        config,
        labels,
        [chosen.get(name) for name in (CANDIDATE, CHAMPION)],
        run=previous.run,
        by="rows" if previous.held else "spans",
        note=_note(previous, int(old.sum()), left, why),
    )


def no_champion() -> CrossScores:
    """What a first run has instead."""
    return CrossScores(reason=FIRST)


def _note(previous: Previous, in_window: int, left: Scored | None, why: str) -> str:
    """Where the previous rows come from, and how many."""
    of = f"run {previous.run}" if previous.run else "the champion's run"
    said = [f"Previous test rows: {in_window} are in the window"]
    if not previous.run:
        said[0] += (
            "; the champion's run has no record here, so the newest span counts as new and the others as previous"
        )
    if left is not None:
        said.append(f"{len(left)} of {_spans(sorted(set(left.spans.tolist())))} are read from the examples of {of}")
    if why:
        said.append(f"those of {_spans(sorted({span_of_file(f) for f in previous.files}))} could not be scored ({why})")
    if previous.gone:
        count = f" ({previous.rows_gone} rows)" if previous.rows_gone else ""
        said.append(f"those of {_spans(previous.gone)}{count} are gone with the examples of {of}")
    return "; ".join(said) + "."


def _spans(spans: list[int]) -> str:
    return f"span{'s' * (len(spans) > 1)} {', '.join(map(str, spans))}"
