"""Labels that are wrong."""

from __future__ import annotations

import math

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _findings
from pipeline.diagnosis.causes._cross import harder
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy
from schemas.findings import Severity

CODES, TITLE, WEIGHT = ("label_noise", "conflicting_labels"), "labels contradict the features", 3.0
#: How the check names the excess that chance reaches once in 2,000 samples, `ALPHA` standard errors, and its limit.
SURE, LIMIT, ALPHA = "warn_noise_excess", "warn_excess_here", 3.29
#: Odds of new rows that no model can learn.
NOT_LEARNED = 20.0
#: Standard errors from which on an excess is a hint: one in 40.
HINT = 2.0


class LabelNoise(Cause):
    """More labels contradict what the features say than before: the model learns the errors, and is judged by them.

    The check compares label by label, so other shares of the classes are no noise to it; wrong labels, though, make rare classes more
    frequent. So noise explains a shift of the labels, and not the other way round.
    """

    family = Family.DATA
    explains = (
        "label_shift*",
        "class_lost*",
        "concept_drift*",
        "overfitting*",
        "too_few_epochs*",
        "early_stopping*",
    )

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        found = _findings.suspect(case, CODES, TITLE, weight=WEIGHT)
        return found or _nearly(case) or _not_learned(case)


def _nearly(case: Case) -> Suspicion | None:
    """Where the check saw more contradictions than its limit, but too few rows to be sure to one in 2,000."""
    for f in case.run.findings:
        excess, sure, limit = (d.get(n) for d, n in ((f.observed, "excess"), (f.allowed, SURE), (f.allowed, LIMIT)))
        if f.code != "label_noise" or not isinstance(excess, float) or not isinstance(sure, float) or not sure:
            continue
        errors = excess / sure * ALPHA
        if errors < HINT or not isinstance(limit, float) or excess <= limit:
            return None
        # The likelihood ratio of the best and of no excess, over what the choice of the best gains.
        odds = min(math.exp(errors**2 / 2) / 4, _findings.ODDS[Severity.WARN]) * WEIGHT
        text = f"{f.message} That is {errors:.1f} standard errors."
        remedy = Remedy(text="Look at a sample of the newest labels: they may be wrong, though the check was not sure.")
        return Suspicion(odds, TITLE, (Evidence(text=text, where="findings label_noise"),), remedy, (f.subject,))
    return None


def _not_learned(case: Case) -> Suspicion | None:
    """Where the champion does worse on the new rows, the new model does no better, and with the settings of before it cannot fit train as
    it could: there is no other rule in the new labels that could be learned."""
    found, less = harder(case), _curves.learned_less(case)
    if (
        case.same_data
        or found is None
        or found.new > 0
        or less is None
        or case.change("train")
        or case.change("transform")
    ):
        return None
    text = "The new model is not better on the new rows: what is new in them could not be learned."
    seen = (*found.evidence, Evidence(text=text, where="metrics"), less)
    remedy = Remedy(text="Look at a sample of the newest labels; leave the span out until they are right.")
    return Suspicion(NOT_LEARNED, TITLE, seen, remedy)
