"""Findings of an audit against that of the last accepted run: another policy, and other pictures that come out of it."""

from __future__ import annotations

import json

import numpy as np

from components import drift_rules
from components import statistics_rules as rules
from components.augmentation_record import TRAIN, Audit
from components.augmentation_rules import finding
from schemas.findings import Finding, Number, Severity

#: Jensen-Shannon divergence, in bits, of a histogram from that of the run before: half a standard deviation, which `numeric_drift` blocks.
WARN_DRIFT = 0.05


def changed(record: Audit, previous: Audit | None) -> list[Finding]:
    """`augmentation_changed`: whether the policy is that of the last accepted run; what differs, field by field."""
    code, subject = "augmentation_changed", "policy"
    if previous is None:
        text = "policy: there is no earlier run to compare with."
        return [finding(code, Severity.OK, subject, text)]
    if record.digest == previous.digest:
        return [finding(code, Severity.OK, subject, "policy: as in the last accepted run.", statistic=0.0)]
    before, after = _flat(previous.policy), _flat(record.policy)
    fields = [k for k in {**before, **after} if before.get(k) != after.get(k)]
    text = "; ".join(f"{k} from {before.get(k, 'nothing')} to {after.get(k, 'nothing')}" for k in fields)
    text = f"policy: differs from that of the last accepted run: {text}."
    remedy = "If that was meant, nothing: later runs compare with this one. Else set it back in `transform.augment`."
    observed: dict[str, Number | str | None] = {k: after.get(k, "nothing") for k in fields}
    allowed: dict[str, Number | str | None] = {k: before.get(k, "nothing") for k in fields}
    return [finding(code, Severity.WARN, subject, text, remedy, observed, allowed, float(len(fields)))]


def _flat(value: object, path: str = "") -> dict[str, str]:
    """Plain data as path -> text."""
    if isinstance(value, dict):
        parts = {f"{path}.{k}" if path else str(k): v for k, v in value.items()}
    elif isinstance(value, list) and any(isinstance(v, dict) for v in value):
        parts = {
            f"{path}.{i}.{v.get('op', '')}" if isinstance(v, dict) else f"{path}.{i}": v for i, v in enumerate(value)
        }
    else:
        return {path: json.dumps(value, ensure_ascii=False)}
    return {k: t for p, v in parts.items() for k, t in _flat(v, p).items()}


def drift(name: str, record: Audit, previous: Audit | None) -> list[Finding]:
    """`augmentation_drift`: whether what train was augmented to is what it was in the last accepted run, property by property."""
    code = "augmentation_drift"
    before = previous.inputs.get(name) if previous else None
    if before is None or TRAIN not in before.splits:
        return [finding(code, Severity.OK, name, f"{name}: there is no earlier run to compare with.")]
    now, then = record.inputs[name].splits[TRAIN], before.splits[TRAIN]
    both = [p for p in now.histograms if p in then.histograms]
    found, worst, worst_size = dict[str, Number | str | None](), "", 0.0
    for prop in both:
        p, q = (np.array(h.histograms[prop].after, np.float64) for h in (then, now))
        distance = drift_rules.jensen_shannon(p, q)
        floor = drift_rules.jensen_shannon_floor(
            int(np.count_nonzero(p + q)), then.examples, now.examples, len(both), rules.ALPHA
        )
        found[prop] = distance
        if distance > max(WARN_DRIFT, floor) and distance > worst_size:
            worst, worst_size = prop, distance
    largest = max((float(v) for v in found.values() if v is not None), default=0.0)
    allowed: dict[str, Number | str | None] = {"warn_divergence": WARN_DRIFT}
    if not worst:
        text = f"{name}: augmented train lies as in the last accepted run (largest divergence {largest:.3f} bits)."
        return [finding(code, Severity.OK, name, text, "", found, allowed, largest)]
    text = f"{name}: the {worst.replace('_', ' ')} of augmented train is not that of the last accepted run: {worst_size:.3f} bits; the "
    text += f"limit is {WARN_DRIFT:.3f}."
    remedy = "Compare the histograms of both runs; see augmentation_changed, and the checks of the data for what changed before."
    return [finding(code, Severity.WARN, name, text, remedy, found, allowed, largest)]
