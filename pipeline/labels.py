"""The label: rows of each class per split, how uneven the classes are, and the share of each over the spans of the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.wording import class_name, number, percent
from schemas.evidence import SPLITS, DataEvidence, SpanEvidence
from schemas.features import NO_CLASS
from schemas.findings import Finding

#: Classes that have a line; more are counted together.
MOST = 40
#: Checks that judge the label, in the order in which they are told.
CHECKS = ("class_balance", "label_shift")


@dataclass(frozen=True)
class LabelRow:
    """One class: rows and share in each split of the window, share in the newest span and in the one before, and in every span (of all
    rows: their number over the largest one)."""

    name: str
    splits: tuple[str, ...]
    now: str
    before: str
    change: str
    shares: tuple[float | None, ...]
    spoken: str


@dataclass(frozen=True)
class Labels:
    """A line for each class, most frequent first, and one for all rows; `skew` is how uneven they are, empty where a check says so in
    `told`."""

    splits: tuple[str, ...]
    lines: tuple[LabelRow, ...]
    skew: str
    told: tuple[str, ...]
    left_out: str


def labels_of(data: DataEvidence, findings: Sequence[Finding]) -> Labels:
    """The label over the window; of amounts there are only rows to count."""
    window, splits = data.labels, tuple(s for s in SPLITS if s in data.labels)
    totals: dict[str, int] = {}
    for counts in window.values():
        for label, n in counts.items():
            totals[label] = totals.get(label, 0) + n
    order = sorted((v for v in totals if v != NO_CLASS), key=lambda v: (-totals[v], v))
    shown, rest = order[:MOST], order[MOST:]
    judged = [f for f in findings if f.code in CHECKS and f.span in (data.newest.span, None)]
    told = [f.message for code in CHECKS for f in judged if f.code == code]
    skew = "" if any(f.code == "class_balance" for f in judged) else _skew(window.get("train", {}))
    left_out = f"And {len(rest)} rarer classes with {number(sum(totals[v] for v in rest))} rows." if rest else ""
    lines = (*(_row(data, splits, v) for v in shown), _all_rows(data, splits))
    return Labels(splits, lines, skew, tuple(told), left_out)


def _row(data: DataEvidence, splits: Sequence[str], label: str) -> LabelRow:
    shares = [_share(s, label) for s in data.spans]
    now, before = shares[-1], shares[-2] if len(shares) > 1 else None
    change = f"{100 * (now - before):+.1f}" if now is not None and before is not None else "–"
    spoken = ", ".join(f"span {s.span}: {_text(share)}" for s, share in zip(data.spans, shares, strict=True))
    cells = tuple(_counted(data.labels[s], label) for s in splits)
    return LabelRow(class_name(label), cells, _text(now), _text(before), change, tuple(shares), spoken)


def _all_rows(data: DataEvidence, splits: Sequence[str]) -> LabelRow:
    rows = [s.rows for s in data.spans]
    spoken = ", ".join(f"span {s.span}: {number(s.rows)} rows" for s in data.spans)
    most = max(rows) or 1
    before = rows[-2] if len(rows) > 1 else None
    change = f"{round(100 * (rows[-1] / before - 1)):+d} %" if before else "–"
    cells = tuple(number(sum(data.labels[s].values())) for s in splits)
    shares = tuple(n / most for n in rows)
    return LabelRow("all rows", cells, number(rows[-1]), number(before), change, shares, spoken)


def _counted(counts: dict[str, int], label: str) -> str:
    rows, total = counts.get(label, 0), sum(counts.values())
    return f"{number(rows)} ({percent(rows / total)})" if total else number(rows)


def _share(span: SpanEvidence, label: str) -> float | None:
    counts = span.label_counts
    total = sum(counts.values())
    return counts.get(label, 0) / total if total else None


def _text(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _skew(train: dict[str, int]) -> str:
    """How uneven the classes of train are, in a sentence; empty with fewer than two."""
    if len(train) < 2:
        return ""
    least, most = min(train, key=lambda v: (train[v], v)), max(train, key=lambda v: (train[v], v))
    if not train[least]:
        return f"Train has no row of class {class_name(least)}."
    ratio = train[most] / train[least]
    share = train[least] / sum(train.values())
    return (
        f"The rarest class of train is {class_name(least)}: {number(train[least])} rows, {percent(share)}; "
        f"the most frequent one, {class_name(most)}, has {ratio:.1f} times as many."
    )
