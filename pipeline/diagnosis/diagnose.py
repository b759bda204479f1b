"""`diagnose`: the records of a run and of its reference in, the diagnosis out. Pure."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Sequence

from pipeline import wording
from pipeline.diagnosis import causes as family
from pipeline.diagnosis.case import Case
from pipeline.diagnosis.comparison import compare
from pipeline.diagnosis.interfaces import Cause
from pipeline.diagnosis.ranking import rank, suspects
from schemas.config import Train
from schemas.diagnosis import NAMED, Comparison, Diagnosis, Outcome, RankedCause
from schemas.run_record import RunRecord, Status

#: What tuning sets that is not a parameter of the model.
OF_TRAINING = frozenset(Train.model_fields)
#: A limit of a diagnosis, until experiments with other seeds lift it.
NOISE_UNKNOWN = "Too few runs were pushed before to know how far the metric moves from run to run."


@functools.cache
def all_causes() -> dict[str, Cause]:
    """Code -> cause, one for each file in ``causes``, in alphabetical order."""
    found: dict[str, Cause] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(family.__path__) if not m.name.startswith("_")):
        name = "".join(part.capitalize() for part in module.split("_"))
        found[module] = getattr(importlib.import_module(f"{family.__name__}.{module}"), name)()
    return found


def diagnose(run: RunRecord, reference: RunRecord | None, earlier: Sequence[RunRecord] = ()) -> Diagnosis:
    """Why a run did what it did.

    Args:
        reference: the run to hold it against; None when there is none: then only what the run itself shows is looked at.
        earlier: other runs of the same pipeline before it, newest first; for the noise from run to run.
    """
    case = Case(run, reference, compare(run, reference, earlier), tuple(earlier))
    known = all_causes()
    found, broken = suspects(case, known)
    ranked, nothing = rank(case, found)
    return Diagnosis(
        run_id=run.run_id,
        against=reference.run_id if reference is not None else None,
        comparison=case.comparison,
        headline=headline(run, case.comparison, ranked, nothing),
        causes=tuple(_tuned_again(cause, run) for cause in ranked),
        nothing=round(nothing, 4),
        looked_for=tuple(known),
        limits=(*_limits(case), *broken),
    )


def _tuned_again(cause: RankedCause, run: RunRecord) -> RankedCause:
    """The cause with a remedy that has an effect: values that tuning found take the place of the configuration's until they are asked for
    again."""
    paths = {f"train.{n}" if n in OF_TRAINING else "train.model" for n in (run.tuning.values if run.tuning else ())}
    touched = [o for o in cause.remedy.overrides if any(f"{o.partition('=')[0]}.".startswith(f"{p}.") for p in paths)]
    if not touched:
        return cause
    text = f"{cause.remedy.text} Tuning has set this, and its values are used again: look for them anew (retrain run --tune)."
    return cause.model_copy(update={"remedy": cause.remedy.model_copy(update={"text": text, "tune": True})})


def headline(run: RunRecord, comparison: Comparison, ranked: Sequence[RankedCause], nothing: float) -> str:
    """The answer in one or two sentences."""
    best = ranked[0] if ranked else None
    what = _what(run, comparison)
    if best is not None and best.score >= NAMED:
        return f"{what}: {best.title} ({best.score:.0%})."
    if run.status in (Status.FAILED, Status.INTERRUPTED):
        return f"{what}: {run.error or 'it was stopped from outside'}"
    worse = comparison.outcome is Outcome.WORSE or run.exit_code in (1, 3, 4)
    if nothing >= NAMED and not worse:
        return f"{what}. Nothing wrong found."
    if best is None:
        return f"{what}, and none of the causes looked for shows: cannot tell why."
    second = f", or {ranked[1].title} ({ranked[1].score:.0%})" if len(ranked) > 1 else ""
    return f"{what}. Cannot tell why for sure: perhaps {best.title} ({best.score:.0%}){second}."


def _what(run: RunRecord, comparison: Comparison) -> str:
    """What happened, in a few words."""
    words = {
        Status.BLOCKED: wording.outcome(run).capitalize(),
        Status.NOT_BLESSED: "Not pushed",
        Status.FAILED: "Failed",
        Status.INTERRUPTED: "Interrupted",
    }
    told = words.get(run.status)
    if told is not None:
        return told
    if comparison.outcome is Outcome.CANNOT_TELL and comparison.change is None:
        return "There is nothing to compare the new model with"
    return {
        Outcome.WORSE: "The new model is worse",
        Outcome.BETTER: "The new model is better",
        Outcome.SAME: "The new model is as good as the one before",
        Outcome.CANNOT_TELL: "The new model is not clearly better or worse",
        Outcome.NOT_TRAINED: "No model was trained",
    }[comparison.outcome]


def _limits(case: Case) -> list[str]:
    """What could not be looked at."""
    out = []
    if case.reference is None:
        out.append("There is no run to compare with, so nothing can be said about what changed.")
    if case.comparison.noise is None:
        out.append(NOISE_UNKNOWN)
    if case.run.training is None:
        out.append("Nothing was trained, so causes in training were not looked for.")
    return out
