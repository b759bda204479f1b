"""How a run did against its reference: worse, same, better, or it cannot be told."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable

from pipeline.explain import main_metric
from pipeline.wording import metric_name
from schemas.diagnosis import Comparison, Outcome
from schemas.evidence import MetricValue
from schemas.run_record import RunRecord

#: A change of this size does not matter: the default tolerance of the gate `no_regression`.
TOLERANCE = 0.005
#: Fewer runs than this say nothing of how far a metric moves from run to run.
FEW = 5


def compare(run: RunRecord, reference: RunRecord | None, earlier: Iterable[RunRecord] = ()) -> Comparison:
    """The comparison of a run with its reference.

    Where the reference is the champion that the run was evaluated against, both have scored the same rows, and the interval is that of the
    paired bootstrap. Otherwise each has its own test rows, and the interval is that of a difference of two independent values.
    """
    metric = main_metric(run)
    if run.evaluation is None or metric is None:
        return Comparison(
            outcome=Outcome.NOT_TRAINED, sentence="No model was evaluated, so there is nothing to compare."
        )
    overall, noise = run.evaluation.overall, run_to_run(metric, earlier)
    now = overall.candidate.get(metric)
    paired = (overall.difference or {}).get(metric)
    against_champion = reference is None or _is_champion(run, reference)
    if paired is not None and paired.value is not None and against_champion:
        then = (overall.champion or {}).get(metric)
        return _judged(run, metric, then, now, paired, True, noise)
    then = (
        reference.evaluation.overall.candidate.get(metric) if reference is not None and reference.evaluation else None
    )
    if then is None or now is None or then.value is None or now.value is None:
        text = "There is no run to compare with." if reference is None else "The two runs have no metric in common."
        return Comparison(outcome=Outcome.CANNOT_TELL, sentence=text, metric=metric, after=now.value if now else None)
    return _judged(run, metric, then, now, _unpaired(then, now), False, noise)


def _is_champion(run: RunRecord, reference: RunRecord) -> bool:
    version = reference.pushed.version if reference.pushed is not None else None
    return version is not None and (run.champion or "").startswith(f"version {version}")


def _unpaired(then: MetricValue, now: MetricValue) -> MetricValue:
    """The difference of two independent values; half-widths of their intervals add up in squares."""
    change = float(now.value or 0.0) - float(then.value or 0.0)
    ends = (then.low, then.high, now.low, now.high)
    if None in ends:
        return MetricValue(value=change)
    a, b, c, d = (float(e) for e in ends if e is not None)
    half = math.hypot((b - a) / 2, (d - c) / 2)
    return MetricValue(value=change, low=change - half, high=change + half)


def _judged(
    run: RunRecord,
    metric: str,
    then: MetricValue | None,
    now: MetricValue | None,
    change: MetricValue,
    paired: bool,
    noise: float | None,
) -> Comparison:
    value = float(change.value or 0.0)
    sign = 1.0 if run.evaluation is None or run.evaluation.higher_is_better.get(metric, True) else -1.0
    outcome = _outcome(sign, change, noise)
    ends = "" if change.low is None or change.high is None else f" (95 % {change.low:+.3f} to {change.high:+.3f})"
    words = {
        Outcome.WORSE: "worse than its reference",
        Outcome.BETTER: "better than its reference",
        Outcome.SAME: "as good as its reference",
        Outcome.CANNOT_TELL: "not clearly better or worse than its reference",
    }
    sentence = f"It is {words[outcome]}: {metric_name(metric)} changed by {value:+.3f}{ends}"
    sentence += f"; from run to run it moves by about {noise:.3f}." if noise is not None else "."
    return Comparison(
        outcome=outcome,
        sentence=sentence,
        metric=metric,
        before=then.value if then is not None else None,
        after=now.value if now is not None else None,
        change=value,
        low=change.low,
        high=change.high,
        paired=paired,
        noise=noise,
    )


def with_noise(known: Comparison, noise: float, run: RunRecord) -> Comparison:
    """A comparison as it would have been, had the noise from run to run been known."""
    change = MetricValue(value=known.change, low=known.low, high=known.high)
    then, now = MetricValue(value=known.before), MetricValue(value=known.after)
    return _judged(run, str(known.metric), then, now, change, known.paired, noise)


def _outcome(sign: float, change: MetricValue, noise: float | None) -> Outcome:
    """What an interval says; a change within two standard deviations of the run-to-run noise is none."""
    value = sign * float(change.value or 0.0)
    if change.low is None or change.high is None:
        return Outcome.CANNOT_TELL
    low, high = sorted((sign * change.low, sign * change.high))
    floor = max(TOLERANCE if noise is None else 2.0 * noise, 0.0)
    if high < 0 and value < -floor:
        return Outcome.WORSE
    if low > 0 and value > floor:
        return Outcome.BETTER
    calm = max(2 * TOLERANCE, floor)
    return Outcome.SAME if -calm <= low and high <= calm else Outcome.CANNOT_TELL


def run_to_run(metric: str, earlier: Iterable[RunRecord]) -> float | None:
    """Standard deviation of a metric's change between pushed runs that follow each other, over the square root of two; None for few.

    It holds what other spans, rows and seeds do to a model that is in order.
    """
    values = []
    for record in earlier:
        kept = record.evaluation.overall.candidate.get(metric) if record.evaluation and record.pushed else None
        if kept is not None and kept.value is not None:
            values.append(kept.value)
    if len(values) < FEW:
        return None
    steps = [a - b for a, b in itertools.pairwise(values)]
    return statistics.median(abs(s) for s in steps) / 0.6745 / math.sqrt(2)
