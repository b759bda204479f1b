"""Categories whose share changed against the reference: another population, or another way of coding."""

from __future__ import annotations

from components.checks import _common as common
from components.checks import _drift
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Sample
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Number, Severity

CODE = "category_drift"


@plugin
class Warn:
    """5 points of any category: as for the label. The 0.01 of TFDV's documents fires by chance below some 20,000 rows."""

    l_infinity: ShareLimit = 0.05


@plugin
class Block:
    """10 points of any category."""

    l_infinity: ShareLimit = 0.1


@plugin
class CategoryDrift(Check):
    """Largest change of the share of any category (L-infinity, TFDV's metric), among the rows that have a value.

    Flags only what exceeds the noise floor of the sample as well, corrected for the numbers of features and of categories. When the
    label shares moved, each class is compared with itself. Missing values are no category: `missing_shift` looks at them.

    Attributes:
        warn: `l_infinity`, 0 to 1 (default 0.05; adapts to the spans before once there are 8); ``off`` turns the level off.
        block: `l_infinity`, 0 to 1 (default 0.1).
        ignore: features that are measured, never flagged: those that must move, like a season.
    """

    warn: Warn = Warn()
    block: Block = Block()
    ignore: tuple[str, ...] = ()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per categorical feature that both samples have."""
        then, now, ref = context.reference_sample, context.sample, context.reference
        if ref is None or then is None or now is None or not len(then) or not len(now):
            return [common.nothing_to_compare(CODE, context, common.why_no_reference(context))]
        names, parts = _drift.shared(then, now)[1], _drift.parts(then, now)
        if not names or not parts:
            why = "there is no categorical feature" if not names else "the two have no label value in common"
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
        warn, block = _drift.limits(context, CODE, name, self.warn.l_infinity, self.block.l_infinity)
        found = [_drift.category(then.categorical[name], now.categorical[name], p, k) for p in parts]
        worst = _drift.worst(found, warn, block)
        level = Severity.OK if name in self.ignore else worst.level(warn, block)
        limit = block if level is Severity.BLOCK or warn is None else warn
        text = f"{name}: {_text(context, ref, worst)}"
        if level.rank:
            text += f"; the limit is {100 * (limit or 0):.3g} points"
        elif name in self.ignore:
            text += "; it is not judged (checks.category_drift.ignore)"
        observed: dict[str, Number | str | None] = {
            "l_infinity": worst.value,
            "category": worst.category,
            "share": worst.share,
            "share_before": worst.share_before,
            **worst.observed(),
        }
        allowed = common.bounds(self, warn_noise_l_infinity=worst.noise, block_noise_l_infinity=worst.sure)
        if warn is not None:
            allowed = {**allowed, "warn_l_infinity": warn}
        statistic = worst.value if worst.rows and worst.rows_before else None
        return common.report(
            context, CODE, name, level, observed, allowed, text + ".", _remedy(name), statistic=statistic
        )


def _text(context: DataContext, ref: SpanEvidence, worst: _drift.Distance) -> str:
    here, there = f"span {context.current.span}", common.name_of(ref)
    if not worst.rows or not worst.rows_before:
        return f"{here if not worst.rows else there} has no values, so that there is nothing to compare"
    shares = common.percent(worst.share), common.percent(worst.share_before)
    return (
        f"{worst.category[:40]!r} is {shares[0]} of {worst.rows} values in {here}{worst.among(context)}, "
        f"{shares[1]} of {worst.rows_before} in {there}"
    )


def _remedy(name: str) -> str:
    return (
        f"Look for a changed coding, source or population of {name}. If the change is real, accept it with --accept category_drift "
        f"--reason TEXT, or list {name} in checks.category_drift.ignore if it must move."
    )
