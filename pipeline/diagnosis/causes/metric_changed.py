"""It is measured in another way."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family, Remedy
from schemas.findings import Severity

#: Rows that were trained on are in test because they are split in another way: the check compares ways of splitting.
MOVED = 60.0
PATHS = ("evaluate.metrics", "evaluate.gates", "evaluate.threshold", "data.split", "data.label")


class MetricChanged(Cause):
    """Gates, metrics, the threshold, the label or the split differ: the numbers mean something else."""

    family = Family.EVALUATION
    explains = ("config_changed",)

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        found = [c for c in case.changes if any(c.path == p or c.path.startswith(f"{p}.") for p in PATHS)]
        if not found:
            return None
        remedy = Remedy(
            text="Measure both runs in the same way.",
            overrides=tuple(_settings.back(c) for c in found if c.before is not None),
        )
        odds = (
            12.0 if any(c.path.startswith(("data.label", "data.split", "evaluate.threshold")) for c in found) else 6.0
        )
        resplit = any(c.path.startswith("data.split") for c in found)
        trained = [f for f in case.findings("trained_test_rows") if resplit and f.severity is not Severity.OK]
        return Suspicion(
            MOVED if trained else odds,
            "it is measured in another way",
            (*map(_settings.told, found[:4]), *_findings.evidence_of(trained[:1])),
            remedy,
            tuple(c.path for c in found),
            ("leakage*",) if trained else (),
        )
