"""The same inputs have other labels."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy


class ConceptDrift(Cause):
    """The champion, too, does worse on the new rows than on those it was judged by, and the inputs are what they were."""

    family = Family.DATA

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        reference, evaluation, metric = case.reference, case.run.evaluation, case.comparison.metric
        if reference is None or reference.evaluation is None or evaluation is None or metric is None or case.same_data:
            return None
        now, then = (evaluation.overall.champion or {}).get(metric), reference.evaluation.overall.candidate.get(metric)
        if (
            now is None
            or then is None
            or now.value is None
            or then.value is None
            or None in (now.low, now.high, then.low, then.high)
        ):
            return None
        higher = evaluation.higher_is_better.get(metric, True)
        fell = (then.value - now.value) * (1 if higher else -1)
        width = (float(now.high or 0) - float(now.low or 0) + float(then.high or 0) - float(then.low or 0)) / 2
        if fell <= width:
            return None
        text = f"The champion's {metric} was {then.value:.3f} on the test rows of its own run and is {now.value:.3f} on those of this one."
        seen = Evidence(text=text, where="metrics", numbers={"before": then.value, "after": now.value})
        remedy = Remedy(
            text="Narrow data.window to the spans since the change, or add a feature that tells before from after."
        )
        return Suspicion(5.0, "the data got harder: the same inputs have other labels", (seen,), remedy)
