"""Whether the exported model can be served: a process that has nothing but TensorFlow loads it, asks it, and gets the right answers."""

from __future__ import annotations

from collections.abc import Mapping

from components.gates import _common as common
from components.interfaces import Gate, plugin
from components.parameters import Amount, AmountLimit
from schemas.evidence import ModelEvidence, ServingEvidence
from schemas.findings import Finding, Number, Severity

CODE = "serving_ready"


@plugin
class ServingReady(Gate):
    """Blocks a model that a fresh process cannot load or ask, that answers otherwise than in the evaluation, too slowly, or is too large.

    Attributes:
        tolerance: largest difference of a probability from the evaluation's (default 1e-5: there, rows are scored by the thousand, here one
            by one, and float32 sums in another order differ by some 1e-7 times a logit; a wrong graph differs by 0.01 and more).
        latency_ms: what 95 % of the requests of one row may take, in milliseconds, on the machine that trains (default 1000: who waits for
            an answer gives up about then; the models here take 1 to 50); ``off``.
        size_mb: largest size of the SavedModel in 10**6 bytes (default 2000: one that a server of ordinary memory still loads twice, the
            old version and the new); ``off``.
    """

    tolerance: Amount = 1e-5
    latency_ms: AmountLimit = 1000.0
    size_mb: AmountLimit = 2000.0

    def judge(self, evidence: ModelEvidence) -> list[Finding]:
        """One finding about the answers, one about latency, one about size."""
        got = evidence.serving
        if got is None:
            text = "The exported model was not asked in a fresh process, so nothing is known of its serving."
            return [self._report("answers", Severity.BLOCK, {}, {}, text, "Look at the evaluator's log.")]
        if got.error is not None or got.difference is None:
            text = f"The exported model cannot be served: a fresh process failed to load or ask it ({got.error})."
            remedy = "Look at the model's code: it must not need what only the training process has (custom objects, files, tables)."
            return [self._report("answers", Severity.BLOCK, {"error": got.error}, {}, text, remedy)]
        limits = (("latency_ms", got.latency_ms_p95, self.latency_ms), ("size_mb", got.size_mb, self.size_mb))
        bounded = [self._within(name, value, limit) for name, value, limit in limits if limit is not None]
        return [self._answers(got), *bounded]

    def _answers(self, got: ServingEvidence) -> Finding:
        difference = common.known(got.difference)
        observed = {"difference": difference, "rows": got.rows, "load_seconds": got.load_seconds}
        allowed = {"tolerance": self.tolerance}
        where = f"Answers of a fresh process to {got.rows} test rows"
        if difference is None:
            text = f"{where}: are not finite, so they cannot be compared with the evaluation."
            return self._report("answers", Severity.BLOCK, observed, allowed, text, "Look at the model's outputs.")
        level = Severity.OK if difference <= self.tolerance else Severity.BLOCK
        text = f"{where}: differ from the evaluation by {difference:.2g} at most; {self.tolerance:g} is allowed."
        remedy = "What is served is not what was evaluated: look for state or randomness in the model's serving graph."
        return self._report("answers", level, observed, allowed, text, remedy)

    def _within(self, name: str, value: float | None, limit: float) -> Finding:
        known = common.known(value)
        what, unit, remedy = {
            "latency_ms": ("95 % of the requests of one row", "ms", "Take a smaller model (train.model)"),
            "size_mb": ("Size of the exported model", "MB", "Take a smaller model or vocabulary (train.model)"),
        }[name]
        level = Severity.OK if known is not None and known <= limit else Severity.BLOCK
        got = (
            "is unknown" if known is None else f"{'took at most' if name == 'latency_ms' else 'is'} {known:.3g} {unit}"
        )
        text = f"{what}: {got}; the limit is {limit:g} {unit}."
        remedy = f"{remedy}, or raise evaluate.gates.serving_ready.{name}."
        return self._report(name, level, {"value": known}, {"limit": limit}, text, remedy)

    def _report(
        self,
        subject: str,
        level: Severity,
        observed: Mapping[str, Number | str | None],
        allowed: Mapping[str, Number],
        text: str,
        remedy: str,
    ) -> Finding:
        return common.report(CODE, subject, level, observed, allowed, text, remedy)
