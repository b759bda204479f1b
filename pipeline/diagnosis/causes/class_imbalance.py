"""Rare classes hardly count."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: A recall that fell by more than this, while the others held, is a class that was given up.
FELL = 0.1


class ClassImbalance(Cause):
    """Classes are unequal and nothing makes up for it, or no longer does: rare classes are given up."""

    family = Family.TRAINING
    explains = ("config_changed",)

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        evens = bool(case.setting("train.class_weights") or case.setting("train.sampling"))
        change = case.change("train.class_weights") or case.change("train.sampling")
        rare = self._rare(case)
        if rare is None or (evens and change is None):
            return None
        seen, odds = [], 1.0
        if change is not None and not evens:
            seen.append(_settings.told(change))
            odds *= 8.0
        elif change is not None:
            seen.append(_settings.told(change))
            odds *= 3.0
        label, share = rare
        if not evens and share < 0.1:
            text = f"Class {label!r} is {share:.1%} of train, and neither class weights nor sampling make up for it."
            seen.append(Evidence(text=text, where="train.class_weights", numbers={"share": share}))
            odds *= 2.0
        fell = self._fell(case, label)
        if fell is not None and seen:
            seen.append(
                Evidence(
                    text=f"The recall of class {label!r} is {fell[1]:.2f}; the champion's is {fell[0]:.2f}.",
                    where="metrics",
                )
            )
            odds *= 4.0
        if not seen or odds < 3:
            return None
        overrides = (_settings.back(change),) if change is not None else ("train.class_weights=balanced",)
        remedy = Remedy(text="Weight the classes, or sample them alike.", overrides=overrides)
        return Suspicion(odds, f"rare classes ({label!r}) hardly count in training", tuple(seen), remedy, (label,))

    @staticmethod
    def _rare(case: Case) -> tuple[str, float] | None:
        counts = case.run.data.labels.get("train", {}) if case.run.data is not None else {}
        total = sum(counts.values())
        if len(counts) < 2 or not total:
            return None
        label = min(sorted(counts), key=lambda v: counts[v])
        return label, counts[label] / total

    @staticmethod
    def _fell(case: Case, label: str) -> tuple[float, float] | None:
        if case.run.evaluation is None:
            return None
        overall = case.run.evaluation.overall
        now, then = overall.recalls.get(label), (overall.champion_recalls or {}).get(label)
        if now is None or then is None or now.value is None or then.value is None or then.value - now.value < FELL:
            return None
        return then.value, now.value
