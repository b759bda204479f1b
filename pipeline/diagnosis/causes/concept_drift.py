"""The same inputs have other labels."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy
from schemas.evidence import CrossScores, ModelEvidence

TITLE = "the data got harder: the same inputs have other labels"
REMEDY = "Narrow data.window to the spans since the change, or add a feature that tells before from after."


class ConceptDrift(Cause):
    """The champion, too, does worse on the new rows than on those it was judged by, and the inputs are what they were."""

    family = Family.DATA

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        evaluation = case.run.evaluation
        if evaluation is None or case.same_data:
            return None
        cross = evaluation.cross
        if cross is not None and cross.verdict:
            return self._told(cross) if cross.verdict == "harder" else None
        return self._across_runs(case, evaluation)

    @staticmethod
    def _told(cross: CrossScores) -> Suspicion:
        """By the champion's scores on previous and new test rows, in one run."""
        gap = cross.harder.get(cross.metric)
        numbers = {} if gap is None else {"change": gap.value, "low": gap.low, "high": gap.high}
        seen = [Evidence(text=cross.data, where="metrics", numbers=numbers)]
        seen += [Evidence(text=cross.model, where="metrics")] if cross.model else []
        return Suspicion(10.0, TITLE, tuple(seen), Remedy(text=REMEDY))

    @staticmethod
    def _across_runs(case: Case, evaluation: ModelEvidence) -> Suspicion | None:
        """For records without cross scores: by the champion's scores in its own run and in this one."""
        reference, metric = case.reference, case.comparison.metric
        if reference is None or reference.evaluation is None or metric is None:
            return None
        now, then = (evaluation.overall.champion or {}).get(metric), reference.evaluation.overall.candidate.get(metric)
        if now is None or then is None or None in (now.value, then.value, now.low, now.high, then.low, then.high):
            return None
        before, after = float(then.value or 0.0), float(now.value or 0.0)
        fell = (before - after) * (1 if evaluation.higher_is_better.get(metric, True) else -1)
        width = (float(now.high or 0) - float(now.low or 0) + float(then.high or 0) - float(then.low or 0)) / 2
        if fell <= width:
            return None
        text = f"The champion's {metric} was {before:.3f} on the test rows of its own run and is {after:.3f} on those of this one."
        seen = Evidence(text=text, where="metrics", numbers={"before": before, "after": after})
        return Suspicion(5.0, TITLE, (seen,), Remedy(text=REMEDY))
