"""The same inputs have other labels."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes._by_label import about_labels, pictures_of_classes, within_classes
from pipeline.diagnosis.causes._cross import Harder, harder
from pipeline.diagnosis.causes._findings import evidence_of, odds_of, subjects_of
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy
from schemas.evidence import ModelEvidence

TITLE = "the data got harder: the same inputs have other labels"
#: Odds of rows that are harder; factors: where that is by three standard errors, where the candidate learned the new rule, and where it
#: forgot the old one.
HARDER, SURE, LEARNED, FORGOT = 10.0, 2.0, 3.0, 2.0
REMEDY = "Narrow data.window to the spans since the change, or add a feature that tells before from after."

ALIKE = "Features moved among the rows of a class, and all rows together are as they were."
TOGETHER = "Each of these is distributed as before, and they no longer go together as they did."


class ConceptDrift(Cause):
    """The champion, too, does worse on the new rows than on those it was judged by, and the inputs are what they were.

    Or features moved among the rows of a class while all rows together are as before: then it is the labels that moved.
    """

    family = Family.DATA

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        evaluation, apart = case.run.evaluation, about_labels(case)
        if apart and not case.same_data:
            # Labels move all features that depend on them: however many, that is one observation.
            alike = within_classes(case) + pictures_of_classes(case)
            seen = Evidence(text=ALIKE if alike else TOGETHER, where="stats")
            return Suspicion(
                odds_of(apart[:1]), TITLE, (seen, *evidence_of(apart)), Remedy(text=REMEDY), subjects_of(apart)
            )
        if evaluation is None or case.same_data:
            return None
        if evaluation.cross is not None and evaluation.cross.verdict:
            found = harder(case)
            return self._told(found) if found is not None else None
        return self._across_runs(case, evaluation)

    @staticmethod
    def _told(found: Harder) -> Suspicion:
        """By the scores of both models on previous and new test rows, in one run.

        A candidate that beats the champion on new rows and loses to it on previous ones has learned a rule that holds on the new ones
        only: the labels follow another one. Wrong labels cannot be learned, so noise does not look like this.
        """
        seen, odds = list(found.evidence), HARDER * (SURE if found.sure else 1.0)
        if found.new > 0:
            text = "The new model is clearly better on the new rows: it has learned a rule there that the champion does not know."
            seen.append(Evidence(text=text, where="metrics"))
            odds *= LEARNED
        if found.previous < 0 <= found.new:
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
