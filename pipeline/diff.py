"""`diff`: two run records in, what differs between them out. Pure; `retrain diff` and the UI show the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.diagnosis.case import config_changes
from pipeline.diagnosis.comparison import compare
from pipeline.explain import explanation_of
from pipeline.wording import outcome, span_text
from schemas.evidence import MetricValue, SliceEvidence, SpanEvidence
from schemas.findings import Finding, Severity
from schemas.run_diff import Difference, FindingDifference, MetricDifference, RunDiff, Side
from schemas.run_record import RunRecord

#: A share of missing values, or of a label, that moved by less is not listed: half a percentage point is noise on 1,000 rows and more.
NOTABLE_SHARE = 0.005


def diff(before: RunRecord, after: RunRecord, earlier: Sequence[RunRecord] = ()) -> RunDiff:
    """Two runs side by side.

    Args:
        earlier: runs of the same pipeline before `after`, newest first, for the noise from run to run.
    """
    both_read = before.data_digest is not None and after.data_digest is not None
    return RunDiff(
        before=_side(before),
        after=_side(after),
        comparison=compare(after, before, earlier),
        same_data=before.data_digest == after.data_digest if both_read else None,
        same_config=before.config_digest == after.config_digest,
        data=tuple(_data(before, after)),
        config=tuple(
            Difference(what=c.path, before=c.before, after=c.after) for c in config_changes(before.config, after.config)
        ),
        metrics=tuple(_metrics(before, after)),
        findings=tuple(_findings(before, after)),
        training=tuple(_training(before, after)),
        environment=tuple(_environment(before, after)),
    )


def _side(record: RunRecord) -> Side:
    return Side(
        run_id=record.run_id,
        name=record.name,
        status=record.status,
        outcome=outcome(record),
        headline=explanation_of(record).headline,
        started=record.started,
        seconds=record.seconds,
        span=record.span,
        spans=span_text(record),
        version=record.pushed.version if record.pushed else None,
    )


def _data(before: RunRecord, after: RunRecord) -> Iterable[Difference]:
    yield _pair("spans", span_text(before) or None, span_text(after) or None)
    yield from _columns(before, after)
    if before.data is None or after.data is None:
        return
    old, new = before.data.newest, after.data.newest
    yield _pair("rows in the newest span", old.rows, new.rows)
    yield _pair("rows without a label in the newest span", old.unlabelled, new.unlabelled)
    yield _pair("rows in train", _rows(before), _rows(after))
    yield from _shares("label", _label_shares(old), _label_shares(new))
    missing = ({n: f.missing_share for n, f in span.features.items()} for span in (old, new))
    yield from _shares("missing values of", *missing)


def _pair(what: str, before: Any, after: Any) -> Difference:
    return Difference(what=what, before=before, after=after, same=before == after)


def _rows(record: RunRecord) -> int | None:
    return sum(record.data.labels.get("train", {}).values()) if record.data else None


def _label_shares(span: SpanEvidence) -> dict[str, float]:
    counts = span.label_counts
    total = sum(counts.values())
    return {value: n / total for value, n in counts.items()} if total else {}


def _shares(what: str, before: Mapping[str, float], after: Mapping[str, float]) -> Iterable[Difference]:
    """Shares (0 to 1) that moved notably, the largest move first."""
    names = sorted(before.keys() | after.keys())
    moves = {n: abs(after.get(n, 0.0) - before.get(n, 0.0)) for n in names}
    for name in sorted((n for n in names if moves[n] >= NOTABLE_SHARE), key=lambda n: -moves[n]):
        yield _pair(f"{what} {name}, share", before.get(name), after.get(name))


def _columns(before: RunRecord, after: RunRecord) -> Iterable[Difference]:
    """Inputs that only one run has, or that are of another kind."""
    if before.contract is None or after.contract is None:
        return
    old, new = ({f.name: f.kind.value for f in r.contract.features} for r in (before, after) if r.contract)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield _pair(f"kind of input {name}", old.get(name), new.get(name))


def _metrics(before: RunRecord, after: RunRecord) -> Iterable[MetricDifference]:
    old, new = _slices(before), _slices(after)
    higher = {k: v for r in (before, after) if r.evaluation for k, v in r.evaluation.higher_is_better.items()}
    for name in dict.fromkeys([*new, *old]):
        was, now = (s[name].candidate if name in s else {} for s in (old, new))
        for metric in dict.fromkeys([*now, *was]):
            change = _change(was.get(metric), now.get(metric))
            better = (change > 0) == higher.get(metric, True) if change else None
            yield MetricDifference(
                slice=name, metric=metric, before=was.get(metric), after=now.get(metric), change=change, better=better
            )


def _slices(record: RunRecord) -> dict[str, SliceEvidence]:
    return {s.slice: s for s in record.evaluation.slices} if record.evaluation else {}


def _change(before: MetricValue | None, after: MetricValue | None) -> float | None:
    if before is None or after is None or before.value is None or after.value is None:
        return None
    change = after.value - before.value
    return change if math.isfinite(change) else None


def _findings(before: RunRecord, after: RunRecord) -> Iterable[FindingDifference]:
    """The worst of each code and subject in either run, where they differ; those of `after` first, worst first."""
    old, new = _worst(before), _worst(after)
    found = []
    for key in dict.fromkeys([*new, *old]):
        was, now = old.get(key), new.get(key)
        ends = (was.severity if was else None, now.severity if now else None)
        quiet = all(e in (None, Severity.OK) for e in ends)
        told = now or was
        if ends[0] is not ends[1] and not quiet and told is not None:
            found.append(
                FindingDifference(code=key[0], subject=key[1], before=ends[0], after=ends[1], message=told.message)
            )
    return sorted(found, key=lambda f: (-(f.after.rank if f.after else -1), f.code, f.subject))


def _worst(record: RunRecord) -> dict[tuple[str, str], Finding]:
    worst: dict[tuple[str, str], Finding] = {}
    for finding in record.findings:
        key = (finding.code, finding.subject)
        if key not in worst or finding.severity.rank > worst[key].severity.rank:
            worst[key] = finding
    return worst


def _training(before: RunRecord, after: RunRecord) -> Iterable[Difference]:
    old, new = before.training, after.training
    if old is None or new is None:
        return
    yield _pair("model", old.model or None, new.model or None)
    for what in ("parameters", "rows", "best_epoch", "stopped", "sampling", "class_weights"):
        yield _pair(what.replace("_", " "), getattr(old, what), getattr(new, what))
    yield _pair("epochs", len(old.epochs), len(new.epochs))
    losses = [next((e.val_loss for e in t.epochs if e.epoch == t.best_epoch), None) for t in (old, new)]
    yield _pair("eval loss of the best epoch", *losses)


def _environment(before: RunRecord, after: RunRecord) -> Iterable[Difference]:
    """Versions and seeds that differ; digests in any case, as equal ones say most."""
    for what, old, new in (("version of", before.versions, after.versions), ("seed", before.seeds, after.seeds)):
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield _pair(f"{what} {name}", old.get(name), new.get(name))
    for name in dict.fromkeys([*after.digests, *before.digests]):
        yield _pair(f"digest of {name}", before.digests.get(name), after.digests.get(name))
