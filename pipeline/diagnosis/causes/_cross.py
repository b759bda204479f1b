"""Cross scores: did the data get harder, and did the new model learn what is new in them?"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.diagnosis.case import Case
from schemas.diagnosis import Evidence
from schemas.evidence import CrossCells, MetricValue


@dataclass(frozen=True)
class Harder:
    """The champion does worse on the new rows than on those it was judged by.

    Attributes:
        new: 1 where the new model is clearly better than the champion on the new rows, -1 where it is worse, 0 where neither is sure.
        previous: the same on the previous rows.
        sure: whether that is three standard errors or more.
        evidence: that in words.
    """

    new: int
    previous: int
    sure: bool
    evidence: tuple[Evidence, ...]


def harder(case: Case) -> Harder | None:
    """That the data got harder; None where they did not, or nothing was crossed."""
    evaluation = case.run.evaluation
    cross = evaluation.cross if evaluation is not None else None
    if evaluation is None or cross is None or cross.verdict != "harder":
        return None
    sign = 1.0 if evaluation.higher_is_better.get(cross.metric, True) else -1.0
    gap = cross.harder.get(cross.metric)
    numbers = {} if gap is None else {"change": gap.value, "low": gap.low, "high": gap.high}
    seen = [Evidence(text=cross.data, where="metrics", numbers=numbers)]
    seen += [Evidence(text=cross.model, where="metrics")] if cross.model else []
    new, previous = _clear(cross.new, cross.metric, sign), _clear(cross.previous, cross.metric, sign)
    return Harder(new, previous, _sure(gap), tuple(seen))


def _sure(gap: MetricValue | None) -> bool:
    """Whether a change is three standard errors away from none, by its 95 % interval."""
    if gap is None or gap.value is None or gap.low is None or gap.high is None:
        return False
    return abs(gap.value) >= 3 * (gap.high - gap.low) / 3.92


def _clear(cells: CrossCells | None, metric: str, sign: float) -> int:
    """1 where the candidate is better than the champion on these rows, -1 where it is worse, 0 where its interval holds no change."""
    change = cells.difference.get(metric) if cells is not None else None
    if change is None or change.low is None or change.high is None:
        return 0
    low, high = sorted((sign * change.low, sign * change.high))
    return int(low > 0) - int(high < 0)
