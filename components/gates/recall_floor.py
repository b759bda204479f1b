"""A floor under the recall of named classes: the ones that must not be missed, however good the model is on the rest."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from components.gates import _common as common
from components.interfaces import Gate, plugin
from components.parameters import Count, Share
from schemas.evidence import OVERALL, MetricValue, ModelEvidence, SliceEvidence
from schemas.features import label_text
from schemas.findings import Finding, Severity


@plugin
class RecallFloor(Gate):
    """Of the test rows of each named class, at least this share must be recognised as such.

    Attributes:
        floors: label value -> floor of its recall, 0 to 1. ``{"3": 0.7, "4": 0.7}`` is short for ``{floors: {"3": 0.7, "4": 0.7}}``.
            At least one is required: which class must not be missed depends on the task.
        min_rows: classes with fewer test rows are a warning, not judged (default 20: a recall of 0.7 is then known to about 0.2 either
            way, and 0.5 can just be told from 0.9). A class without any test row blocks.
    """

    for_amounts = False

    floors: dict[str, Share] = field(default_factory=dict)
    min_rows: Count = 20

    def __post_init__(self) -> None:
        if not self.floors:
            raise ValueError('at least one floor is needed, like {"3": 0.7}')

    @classmethod
    def expand(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Moves the classes of the short form into `floors`; label values may be numbers."""
        own = {k: v for k, v in params.items() if k in ("floors", "min_rows")}
        short = {k: v for k, v in params.items() if k not in own}
        floors = own.get("floors", {})
        if isinstance(floors, dict):
            own["floors"] = {label_text(k): v for k, v in {**floors, **short}.items()}
        return own

    def judge(self, evidence: ModelEvidence) -> list[Finding]:
        """One finding per class with a floor."""
        if not any(s.slice == OVERALL for s in evidence.slices):
            return [self._report(v, Severity.BLOCK, None, 0, f, *common.NO_EVIDENCE) for v, f in self.floors.items()]
        return [self._judge(evidence.overall, value, floor) for value, floor in self.floors.items()]

    def _judge(self, overall: SliceEvidence, value: str, floor: float) -> Finding:
        rows, got = overall.labels.get(value, 0), overall.recalls.get(value)
        where = f"recall of {value} on its {rows} test rows"
        if value not in overall.labels:
            text = f"recall of {value}: is no label value of the test rows; there are {', '.join(overall.labels)}."
            return self._report(value, Severity.BLOCK, None, 0, floor, text, "Correct evaluate.gates.recall_floor.")
        if not rows:
            text, remedy = f"{where}: there is nothing to judge.", "Widen data.window or the test split."
            return self._report(value, Severity.BLOCK, got, rows, floor, text, remedy)
        known = common.known(got.value) if got else None
        if got is None or known is None:
            text = f"{where}: is undefined, so it cannot be judged; it must reach {floor:g}."
            return self._report(
                value, Severity.BLOCK, got, rows, floor, text, "Make sure that the model's outputs are finite."
            )
        if rows < self.min_rows:
            text = f"{where}: is {common.with_interval(got)}; too few rows to judge ({self.min_rows} are needed)."
            remedy = "Widen data.window or the test split, so that the class has enough test rows."
            return self._report(value, Severity.WARN, got, rows, floor, text, remedy)
        level = Severity.OK if known >= floor else Severity.BLOCK
        text = f"{where}: is {common.with_interval(got)}; the floor is {floor:g}."
        remedy = "Weight the classes (train.class_weights: balanced), add rows of this class, or correct the floor."
        return self._report(value, level, got, rows, floor, text, remedy)

    def _report(
        self, value: str, level: Severity, got: MetricValue | None, rows: int, floor: float, text: str, remedy: str
    ) -> Finding:
        observed = {k: common.known(v) for k, v in (got or MetricValue(value=None)).model_dump().items()}
        return common.report(
            "recall_floor",
            f"recall of {value}",
            level,
            {**observed, "rows": rows},
            {"floor": floor, "min_rows": self.min_rows},
            text,
            remedy,
        )
