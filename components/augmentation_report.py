"""From transformed rows to the audit of a policy, its findings and its contact sheets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from components import augmentation_audit as audits
from components import contact_sheet
from components.augmentation import Policy
from components.augmentation_audit import Audit, Seen
from components.augmentation_steps import I64, OpDraw
from components.fingerprints import mix
from components.interfaces import F32
from schemas.features import FeatureContract, Kind
from schemas.findings import Finding

if TYPE_CHECKING:
    from components.training_data import Rows

TRAIN, NUMERIC = "train", "numeric"
#: Examples per split that are read for the audit; shares of classes and angles are then known to a few per cent.
ROWS = 4000
#: Rows (copies included) that are measured, and numbers in them: 40 million are 160 MB, and there are as many after.
MEASURED, NUMBERS = 3000, 40_000_000
#: How numeric features are called together.
NUMBERS_TOGETHER = "numeric features"
SHEETS = "sheets"
_AT_ONCE = 256


def report(
    policy: Policy, sample: Mapping[str, Rows], contract: FeatureContract, previous: dict[str, Any] | None, folder: str
) -> tuple[dict[str, Any], list[Finding]]:
    """Applies the policy to train, audits it, and writes the contact sheets.

    Args:
        sample: split -> transformed rows.
        previous: the audit of the last accepted run, as plain data.
        folder: where ``sheets`` are written to.

    Returns:
        The audit as plain data, and the findings.
    """
    numeric, names = len(contract.of_kind(Kind.NUMERIC)), shown_names(policy, contract)
    index, number = chosen(policy, sample[TRAIN], names)
    seen = {split: as_they_are(rows, names, numeric) for split, rows in sample.items() if split != TRAIN}
    train = sample[TRAIN].take(index)
    seen[TRAIN] = augmented(policy, train, number, names, numeric)
    record, findings = audits.audit(policy, seen, Audit.model_validate(previous) if previous else None)
    _write_sheets(record, seen[TRAIN], train, policy, os.path.join(folder, SHEETS))
    return record.model_dump(mode="json"), findings


def shown_names(policy: Policy, contract: FeatureContract) -> dict[str, str]:
    """Model input -> what people call it, of the inputs that the policy changes."""
    kinds = {s.op.kind for s in policy.steps}
    pictures = {f"image_{i}": f.name for i, f in enumerate(contract.of_kind(Kind.IMAGE))}
    return (pictures if "image" in kinds else {}) | ({NUMERIC: NUMBERS_TOGETHER} if NUMERIC in kinds else {})


def chosen(policy: Policy, rows: Rows, names: Mapping[str, str]) -> tuple[I64, I64]:
    """Which rows of an epoch are measured, and the numbers of their draws; where there are many, a choice by fingerprint and number."""
    index, number = policy.rows(rows.labels)
    width = sum(int(np.prod(rows.inputs[n].shape[1:])) for n in names)
    most = max(min(MEASURED, NUMBERS // max(width, 1)), 1)
    with np.errstate(over="ignore"):
        order = np.argsort(mix(rows.keys[index] ^ mix(number.astype(np.uint64))), kind="stable")
    kept = np.sort(order[:most])
    return index[kept], number[kept]


def _values(inputs: Mapping[str, Any], names: Mapping[str, str], numeric: int) -> dict[str, F32]:
    return {shown: np.asarray(inputs[n][:, :numeric] if n == NUMERIC else inputs[n]) for n, shown in names.items()}


def as_they_are(rows: Rows, names: Mapping[str, str], numeric: int) -> Seen:
    """Rows of a split that no operation touches."""
    values = _values(rows.inputs, names, numeric)
    return Seen(values, values, rows.labels, rows.spans, np.zeros(len(rows), np.int64))


def augmented(policy: Policy, rows: Rows, number: I64, names: Mapping[str, str], numeric: int) -> Seen:
    """Rows of train before and after, as training changes them."""
    draws = policy.draw(rows.keys, number, rows.labels)
    inputs = {n: rows.inputs[n] for n in names}

    def change(only: int | None) -> dict[str, F32]:
        parts = [
            policy.apply(
                {n: v[i : i + _AT_ONCE] for n, v in inputs.items()}, _part(draws, slice(i, i + _AT_ONCE)), numeric, only
            )
            for i in range(0, len(rows), _AT_ONCE)
        ]
        joined = {n: np.concatenate([p[n].numpy() for p in parts]) if parts else v for n, v in inputs.items()}
        return _values(joined, names, numeric)

    alone = [change(i) for i in range(len(policy.steps))] if len(policy.steps) > 1 else []
    before = _values(rows.inputs, names, numeric)
    return Seen(before, change(None), rows.labels, rows.spans, number, draws, alone)


def _part(draws: Sequence[OpDraw], rows: slice) -> list[OpDraw]:
    return [OpDraw(d.parameters[rows], d.applied[rows], d.keys[rows]) for d in draws]


def _write_sheets(record: Audit, seen: Seen, rows: Rows, policy: Policy, folder: str) -> None:
    captions = contact_sheet.captions_of([s.title for s in policy.steps], seen.draws, len(seen))
    os.makedirs(folder, exist_ok=True)
    for name, found in record.inputs.items():
        if found.kind != "image":
            continue
        pages = contact_sheet.sheets(name, seen, rows.keys, captions)
        pages[contact_sheet.file_name("histograms", name)] = contact_sheet.histograms(name, record)
        for file, data in pages.items():
            with open(os.path.join(folder, file), "wb") as out:
                out.write(data)
