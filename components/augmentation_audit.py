"""The audit of augmentation: what was really done to train, and what is to be said of it.

Everything is measured on the values before and after (`augmentation_measures`), summed up (`augmentation_record`) and judged
(`augmentation_sides`, `augmentation_rules`, `augmentation_history`). The draws are recorded beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

from components import augmentation_history as history
from components import augmentation_measures as measures
from components import augmentation_record, augmentation_rules, augmentation_sides
from components.augmentation import Policy
from components.augmentation_measures import Seen
from components.augmentation_record import TRAIN, Audit
from schemas.findings import Finding

__all__ = ["Audit", "Seen", "audit"]


def audit(policy: Policy, seen: Mapping[str, Seen], previous: Audit | None = None) -> tuple[Audit, list[Finding]]:
    """Measures, records and judges.

    Args:
        policy: what train was changed by.
        seen: split -> its rows; ``train`` must be there. All splits have the same inputs.
        previous: the audit of the last accepted run.

    Returns:
        The record, and the findings, passes included.
    """
    train = seen[TRAIN]
    measured = {
        name: {split: measures.measure(s.before[name], s.after[name]) for split, s in seen.items()}
        for name in train.before
    }
    record = augmentation_record.record(policy, seen, measured)
    findings = history.changed(record, previous)
    for name, found in measured.items():
        findings += augmentation_sides.one_sided(name, policy, train, found[TRAIN])
        findings += augmentation_rules.destroys(name, record, found[TRAIN])
        findings += augmentation_rules.in_evaluation(name, seen, found)
        findings += history.drift(name, record, previous)
    return record, findings
