"""The same inputs have other labels."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes._findings import evidence_of, odds_of, subjects_of
from pipeline.diagnosis.causes._spans import within_classes
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy
from schemas.evidence import CrossCells, CrossScores, ModelEvidence

TITLE = "the data got harder: the same inputs have other labels"
#: Odds of rows that are harder; factors where the candidate learned the new rule, and where it forgot the old one.
HARDER, LEARNED, FORGOT = 10.0, 3.0, 2.0
REMEDY = "Narrow data.window to the spans since the change, or add a feature that tells before from after."

ALIKE = Evidence(
    text="Features moved among the rows of a class, and all rows together are as they were.", where="stats"
)


class ConceptDrift(Cause):
    """The champion, too, does worse on the new rows than on those it was judged by, and the inputs are what they were.

    Or features moved among the rows of a class while all rows together are as before: then it is the labels that moved.
    """

    family = Family.DATA

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        evaluation, apart = case.run.evaluation, within_classes(case)
        if apart and not case.same_data:
            return Suspicion(
                odds_of(apart), TITLE, (ALIKE, *evidence_of(apart)), Remedy(text=REMEDY), subjects_of(apart)
            )
        if evaluation is None or case.same_data:
            return None
        cross = evaluation.cross
        if cross is not None and cross.verdict:
            up = evaluation.higher_is_better.get(cross.metric, True)
            return self._told(cross, 1.0 if up else -1.0) if cross.verdict == "harder" else None
        return self._across_runs(case, evaluation)

    @staticmethod
    def _told(cross: CrossScores, sign: float) -> Suspicion:
        """By the scores of both models on previous and new test rows, in one run.

        A candidate that beats the champion on new rows and loses to it on previous ones has learned a rule that holds on the new ones
        only: the labels follow another one. Wrong labels cannot be learned, so noise does not look like this.
        """
        gap = cross.harder.get(cross.metric)
        numbers = {} if gap is None else {"change": gap.value, "low": gap.low, "high": gap.high}
        seen = [Evidence(text=cross.data, where="metrics", numbers=numbers)]
        seen += [Evidence(text=cross.model, where="metrics")] if cross.model else []
        new, old = _clear(cross.new, cross.metric, sign), _clear(cross.previous, cross.metric, sign)
        odds = HARDER
        if new > 0:
            text = "The new model is clearly better on the new rows: it has learned a rule there that the champion does not know."
            seen.append(Evidence(text=text, where="metrics"))
            odds *= LEARNED
        if old < 0 <= new:
            text = "It is clearly worse on the previous rows: the two sets do not follow one rule."
            seen.append(Evidence(text=text, where="metrics"))
            odds *= FORGOT
        return Suspicion(odds, TITLE, tuple(seen), Remedy(text=REMEDY))

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


def _clear(cells: CrossCells | None, metric: str, sign: float) -> int:
    """1 where the candidate is better than the champion on these rows, -1 where it is worse, 0 where its interval holds no change."""
    change = cells.difference.get(metric) if cells is not None else None
    if change is None or change.low is None or change.high is None:
        return 0
    low, high = sorted((sign * change.low, sign * change.high))
    return int(low > 0) - int(high < 0)
