"""Numeric features that are distributed otherwise than in the reference: another population, unit or source."""

from __future__ import annotations

from components.checks import _common as common
from components.checks import _drift
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Floats
from schemas.findings import Finding


@plugin
class Warn:
    """0.011 bits: a normal feature moved by a quarter of its standard deviation, so that 0.3 is found 99 times in 100 at 5,000 rows.

    Evidently's default, a distance of 0.1, is 0.0144 bits and 0.29 standard deviations: at that limit 0.3 is found every other time.
    """

    bits: ShareLimit = 0.011


@plugin
class Block:
    """0.042 bits: half a standard deviation (Cohen's medium effect); Deepchecks' Kolmogorov-Smirnov 0.2 is the same shift."""

    bits: ShareLimit = 0.042


@plugin
class NumericDrift(Check):
    """Jensen-Shannon divergence (bits, TFDV's unit) of each numeric feature's present values from the reference's, on its deciles.

    Flags only what exceeds the noise floor of the sample as well, corrected for the number of features. When the label shares of these
    rows moved, each class is compared with itself, so that a label shift is not reported once more for every feature. Missing values
    are for `missing_shift`, `missing_by_label` and `all_missing`.

    Attributes:
        warn: `bits`, 0 to 1 (default 0.011; adapts to the spans before once there are 8); ``off`` turns the level off.
        block: `bits`, 0 to 1 (default 0.042).
        ignore: features that are measured, never flagged: those that must move, like a month.
    """

    warn: Warn = Warn()
    block: Block = Block()
    ignore: tuple[str, ...] = ()

    independent = True

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per numeric feature that both samples have."""
        return _drift.findings(context, self, KIND)


def _text(context: DataContext, worst: _drift.Distance) -> str:
    before = common.name_of(context.reference) if context.reference else ""
    where = f"span {context.current.span} against {before}{worst.among(context)}"
    return f"{where}, the divergence is {worst.value:.3g} bits ({worst.rows} values against {worst.rows_before})"


def _more(before: Floats, after: Floats, worst: _drift.Distance, limit: float) -> str:
    return f"; values are {_drift.direction(before, after)}; the limit is {limit:.3g}"


KIND = _drift.Kind(
    code="numeric_drift",
    unit="bits",
    feature="numeric",
    columns=lambda sample: sample.numeric,
    measure=_drift.numeric,
    text=_text,
    more=_more,
    cause="unit, source or population",
)
