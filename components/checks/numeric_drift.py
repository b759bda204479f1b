"""Numeric features that are distributed otherwise than in the reference: another population, unit or source."""

from __future__ import annotations

from components.checks import _common as common
from components.checks import _drift
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Sample
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Severity

CODE = "numeric_drift"


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
    """Jensen-Shannon divergence (bits, TFDV's unit) of each numeric feature from the reference, on its deciles and a bin for missing.

    Flags only what exceeds the noise floor of the sample as well, corrected for the number of features. When the label shares moved,
    each class is compared with itself, so that a label shift is not reported once more for every feature.

    Attributes:
        warn: `bits`, 0 to 1 (default 0.011; adapts to the spans before once there are 8); ``off`` turns the level off.
        block: `bits`, 0 to 1 (default 0.042).
        ignore: features that are measured, never flagged: those that must move, like a month.
    """

    warn: Warn = Warn()
    block: Block = Block()
    ignore: tuple[str, ...] = ()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per numeric feature that both samples have."""
        then, now, ref = context.reference_sample, context.sample, context.reference
        if ref is None or then is None or now is None or not len(then) or not len(now):
            return [common.nothing_to_compare(CODE, context, common.why_no_reference(context))]
        names, parts = _drift.shared(then, now)[0], _drift.parts(then, now)
        if not names or not parts:
            why = "there is no numeric feature" if not names else "the two have no label value in common"
            return [common.nothing_to_compare(CODE, context, why)]
        return [self._judge(context, ref, then, now, n, parts, len(names) * len(parts)) for n in names]

    def _judge(
        self,
        context: DataContext,
        ref: SpanEvidence,
        then: Sample,
        now: Sample,
        name: str,
        parts: list[_drift.Part],
        k: int,
    ) -> Finding:
        warn, block = _drift.limits(context, CODE, name, self.warn.bits, self.block.bits)
        before, after = then.numeric[name], now.numeric[name]
        worst = _drift.worst([_drift.numeric(before, after, p, k) for p in parts], warn, block)
        level = Severity.OK if name in self.ignore else worst.level(warn, block)
        where = f"span {context.current.span} against {common.name_of(ref)}{worst.among(context)}"
        text = (
            f"{name}: {where}, the divergence is {worst.value:.3g} bits ({worst.rows} rows against {worst.rows_before})"
        )
        if level.rank:
            moved = _drift.direction(_drift.pick(before, worst.part.before), _drift.pick(after, worst.part.after))
            limit = block if level is Severity.BLOCK or warn is None else warn
            text += f"; values are {moved}{_drift.missing(worst, '', 'before')}; the limit is {limit or 0:.3g}"
        elif name in self.ignore:
            text += "; it is not judged (checks.numeric_drift.ignore)"
        observed = {
            "bits": worst.value,
            "missing": worst.share,
            "missing_before": worst.share_before,
        } | worst.observed()
        allowed = common.bounds(self, warn_noise_bits=worst.noise, block_noise_bits=worst.sure)
        if warn is not None:
            allowed = {**allowed, "warn_bits": warn}
        return common.report(
            context, CODE, name, level, observed, allowed, text + ".", _remedy(name), statistic=worst.value
        )


def _remedy(name: str) -> str:
    return (
        f"Look for a changed unit, source or population of {name}. If the change is real, accept it with --accept numeric_drift "
        f"--reason TEXT, or list {name} in checks.numeric_drift.ignore if it must move."
    )
