"""What checks on row fingerprints share: which rows they are about, how often rows repeat, and where they are."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from components.checks import _common as common
from components.interfaces import DataContext
from components.samples import U64, Mask, RowKeys
from schemas.findings import Finding, Severity

Ints = npt.NDArray[np.int64]


def current(context: DataContext) -> RowKeys | None:
    """The rows of the span under examination; None when there are none."""
    return _of(context.keys, None if context.keys is None else context.keys.span == context.current.span)


def reference(context: DataContext) -> RowKeys | None:
    """The rows of the reference; None when there is none, when the window does not hold it, or when it is the span itself."""
    keys, ref = context.keys, context.reference
    if keys is None or ref is None or ref.span == context.current.span:
        return None
    return _of(keys, keys.span < context.current.span if ref.span == common.POOLED else keys.span == ref.span)


def _of(keys: RowKeys | None, chosen: Mask | None) -> RowKeys | None:
    return keys.take(chosen) if keys is not None and chosen is not None and len(keys) and chosen.any() else None


def repeats(keys: RowKeys, values: U64) -> Mask:
    """Which rows have a value that another row has that comes earlier in the files."""
    numbers = keys.numbers if len(keys.numbers) else np.arange(len(keys))
    files = keys.files if len(keys.files) else np.zeros(len(keys), np.int64)
    order = np.lexsort((numbers, files, values))
    again = np.zeros(len(values), bool)
    again[order[1:]] = values[order[1:]] == values[order[:-1]]
    return again


def among(values: U64, ordered: U64) -> Mask:
    """Which values are among sorted ones, at least one."""
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: Mask = ordered[at] == values
    return found


def counts(values: U64) -> Ints:
    """How often each distinct value occurs."""
    return np.unique(values, return_counts=True)[1].astype(np.int64)


def expected_repeats(times: Ints, rows: int) -> float:
    """Share of repeats to expect among `rows` rows drawn without replacement from rows that occur so many times.

    Rarefaction (S. H. Hurlbert, Ecology 52 (1971)): distinct values in a random part, exactly. Where fewer rows are known
    than asked for, the share among all of them.
    """
    whole = int(times.sum())
    part = min(rows, whole)
    if not part:
        return 0.0
    sizes, frequency = np.unique(times, return_counts=True)
    distinct = 0.0
    for size, n in zip(sizes.tolist(), frequency.tolist(), strict=True):
        absent = math.exp(_log_choose(whole - size, part) - _log_choose(whole, part)) if whole - size >= part else 0.0
        distinct += n * (1 - absent)
    return max(0.0, 1 - distinct / part)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def places(context: DataContext, keys: RowKeys, chosen: Mask) -> list[str]:
    """The first of the chosen rows, by file and number."""
    if not len(keys.files):
        return []
    there = np.flatnonzero(chosen & (keys.files >= 0))
    files, numbers = keys.files[there], keys.numbers[there]
    first = np.lexsort((numbers, files))[: context.facts.rows_named]
    return common.places(context, files[first].tolist(), numbers[first].tolist())


class Limits(Protocol):
    """The limits of a check that counts rows."""

    @property
    def rows(self) -> int | None: ...


def judged(
    context: DataContext,
    code: str,
    subject: str,
    limits: tuple[Limits, Limits],
    keys: RowKeys,
    chosen: Mask,
    observed: common.Numbers,
    text: str,
    remedy: str,
) -> Finding:
    """A finding about rows of which there may be no more than so many.

    Args:
        limits: those of `warn` and `block`.
        chosen: the rows that count, bool [n].
        text: what was found, in words, without an end.
    """
    warn, block = limits
    count = int(chosen.sum())
    level = common.severity(common.above(count, block.rows), common.above(count, warn.rows))
    text += f"; the limit is {block.rows if level is Severity.BLOCK else warn.rows} rows." if level.rank else "."
    found = places(context, keys, chosen) if level.rank else []
    allowed = {"warn_rows": warn.rows, "block_rows": block.rows}
    return common.report(context, code, subject, level, observed, allowed, text, remedy, rows=found)


def no_rows(context: DataContext) -> str:
    """Why a check of the span's own rows has nothing to look at."""
    return f"there are no fingerprints of rows of span {context.current.span}"
