"""Which experiment to make next, and what its result says. Pure."""

from __future__ import annotations

import collections
import functools
import importlib
import math
import pkgutil
from collections.abc import Iterable

from pipeline.diagnosis import experiments as family
from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from pipeline.diagnosis.proofs import NOISE, SEED
from schemas.diagnosis import Diagnosis, Proof
from schemas.evidence import MetricValue

#: Suspicion that an experiment must bear on, or it is not worth a retrain.
LEAST = 0.02
#: Halfway back to where the champion is counts as restored, less than a quarter as unchanged.
RESTORED, UNCHANGED = 0.5, 0.25


@functools.cache
def all_experiments() -> dict[str, Experiment]:
    """Code -> experiment, one for each file in ``experiments``, in alphabetical order."""
    found: dict[str, Experiment] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(family.__path__) if not m.name.startswith("_")):
        name = "".join(part.capitalize() for part in module.split("_"))
        found[module] = getattr(importlib.import_module(f"{family.__name__}.{module}"), name)()
    return found


def next_one(case: Case, found: Diagnosis, made: Iterable[str]) -> tuple[str, Swap] | None:
    """The experiment that tells most: whose causes have together nearest to one half of what is open. None when none is worth it.

    Args:
        found: with the scores that all experiments so far have led to.
        made: codes of those, each as often as it was made. Where the loss is within its own noise, only other seeds say something.
    """
    known, open_ones = collections.Counter(list(made)), []
    blurred = loss(case) <= _blur(case, (case.comparison.low, case.comparison.high))
    scores = {NOISE: found.nothing, **{c.code: c.score for c in found.causes}}
    for code, experiment in all_experiments().items():
        if blurred and code != SEED:
            continue  # Its result could not be told from the run's.
        swap = experiment.swap(case, found.causes, known[code]) if known[code] < experiment.times else None
        share = sum(scores.get(s, 0.0) for s in set(swap.supports)) if swap else 0.0
        if swap is not None and share >= LEAST:
            # One that cannot refute tells half as much; of two that tell the same, the one about the likelier causes comes first.
            told = round(min(share, 1.0 - share) * (1.0 if swap.refutes else 0.5), 6)
            open_ones.append((told, share, code, swap))
    if not open_ones:
        return None
    *_, code, swap = max(open_ones, key=lambda o: o[:2])
    return code, swap


def loss(case: Case) -> float:
    """By how much the run's main metric is worse than its reference's; below 0 where it is better."""
    return -_sign(case) * float(case.comparison.change or 0.0)


def _sign(case: Case) -> float:
    """1 where more of the main metric is better, else -1."""
    up = case.run.evaluation.higher_is_better if case.run.evaluation is not None else {}
    return 1.0 if up.get(case.comparison.metric or "", True) else -1.0


def _blur(case: Case, after: tuple[float | None, float | None]) -> float:
    """Standard deviation of the difference of two changes, by their 95 % intervals: the run's, and another one."""
    ends = (*after, case.comparison.low, case.comparison.high)
    widths = [float(e) for e in ends if e is not None]
    return math.hypot(widths[1] - widths[0], widths[3] - widths[2]) / 4 if len(widths) == 4 else 0.0


def effect(case: Case, after: MetricValue | None) -> str:
    """What became of the loss: ``restored``, ``unchanged`` or ``unclear``.

    Args:
        after: the main metric of the experiment's model minus the champion's, on the same rows.
    """
    if after is None or after.value is None or case.comparison.change is None or case.run.evaluation is None:
        return "unclear"
    lost, left = loss(case), -_sign(case) * after.value
    blur = _blur(case, (after.low, after.high))
    if lost <= max(blur, case.comparison.noise or 0.0):
        return "unclear"
    back = round((lost - left) / lost, 9)
    if back >= RESTORED and lost - left > blur:
        return "restored"
    return "unchanged" if back <= UNCHANGED else "unclear"


def proof(case: Case, code: str, swap: Swap, after: MetricValue | None, seconds: float, note: str) -> Proof:
    """An experiment that was made."""
    return Proof(
        experiment=code,
        title=swap.title,
        change=after.value if after else None,
        low=after.low if after else None,
        high=after.high if after else None,
        before=case.comparison.change,
        supports=swap.supports,
        refutes=swap.refutes,
        effect=effect(case, after),
        seconds=round(seconds, 1),
        note=note,
    )
