"""Serving data that differ from what is trained on: the model would be asked about something else than it learned."""

from __future__ import annotations

from components.checks import _common as common
from components.checks import _drift
from components.checks._parts import Part
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Sample
from schemas.findings import Finding, Number, Severity

CODE = "serving_skew"
WHOLE = [Part()]
TRAIN = 0


@plugin
class Warn:
    """As numeric_drift and category_drift: a quarter of a standard deviation; 5 points of any category."""

    bits: ShareLimit = 0.011
    l_infinity: ShareLimit = 0.05


@plugin
class Block:
    """As numeric_drift and category_drift: half a standard deviation; 10 points."""

    bits: ShareLimit = 0.042
    l_infinity: ShareLimit = 0.1


@plugin
class ServingSkew(Check):
    """Distance of each feature between the rows that are served and the train rows of the span.

    Jensen-Shannon divergence in bits for numbers, largest change of a share for categories; missing counts in both. Flags only what
    exceeds the noise floor as well. A column that serving lacks blocks, always: the model needs it. Serving rows have no label, so another
    mix of labels shows here as other features.

    Attributes:
        warn: `bits` (0.011) and `l_infinity` (0.05), 0 to 1 (both adapt once there are 8 spans); ``off`` turns one off.
        block: `bits` (0.042) and `l_infinity` (0.1).
        ignore: features that are measured, never flagged: those that must move, like a month.
    """

    warn: Warn = Warn()
    block: Block = Block()
    ignore: tuple[str, ...] = ()

    independent = True

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per lacking column, and one per feature."""
        lacking = sorted({*context.facts.serving_lacks})
        found = [self._lacks(context, name) for name in lacking]
        train, serving = context.sample, context.serving
        train = None if train is None else train.take(train.splits == TRAIN)
        if train is None or serving is None or not len(train) or not len(serving):
            rows = "no serving data are configured" if serving is None else "there are no serving or no train rows"
            return found or [common.nothing_to_compare(CODE, context, rows)]
        numeric, categorical = ([n for n in names if n not in lacking] for names in _drift.shared(train, serving))
        k = len(numeric) + len(categorical)
        found += [self._judge(context, train, serving, n, k, n in train.numeric) for n in sorted(numeric + categorical)]
        return found or [common.nothing_to_compare(CODE, context, "there are no features")]

    def _lacks(self, context: DataContext, name: str) -> Finding:
        text = f"{name}: the serving data lack this column, which span {context.current.span} has as an input."
        remedy = f"Deliver {name} when serving, or leave it out of training with data.exclude."
        return common.report(context, CODE, name, Severity.BLOCK, {"columns": 0}, {"columns": 1}, text, remedy)

    def _judge(self, context: DataContext, train: Sample, serving: Sample, name: str, k: int, number: bool) -> Finding:
        unit = "bits" if number else "l_infinity"
        warn, block = _drift.limits(context, CODE, name, getattr(self.warn, unit), getattr(self.block, unit))
        if number:
            there = _drift.numeric(train.numeric[name], serving.numeric[name], WHOLE, k)[0]
        else:
            there = _drift.category(train.categorical[name], serving.categorical[name], WHOLE, k)[0]
        level = Severity.OK if name in self.ignore else there.level(warn, block)
        limit = (block if level is Severity.BLOCK or warn is None else warn) or 0.0
        text = f"{name}: {_text(context, there, number)}"
        text += _beyond(train, serving, name, there, limit) if level.rank else ""
        if name in self.ignore:
            text += "; it is not judged (checks.serving_skew.ignore)"
        observed: dict[str, Number | str | None] = {
            unit: there.value,
            "share_missing" if number else "share": there.share,
            "share_missing_train" if number else "share_train": there.share_before,
            "rows": there.rows,
            "rows_train": there.rows_before,
        }
        allowed = {n: v for n, v in common.bounds(self).items() if n.endswith(unit)}
        allowed |= {f"warn_noise_{unit}": there.noise, f"block_noise_{unit}": there.sure}
        if warn is not None:
            allowed[f"warn_{unit}"] = warn
        return common.report(
            context, CODE, name, level, observed, allowed, text + ".", _remedy(name), statistic=there.value
        )


def _text(context: DataContext, there: _drift.Distance, number: bool) -> str:
    span, shares = context.current.span, (common.percent(there.share), common.percent(there.share_before))
    if number:
        sides = f"{there.rows} rows against {there.rows_before}"
        return f"serving against the train rows of span {span}, the divergence is {there.value:.3g} bits ({sides})"
    return (
        f"{there.category[:40]!r} is {shares[0]} of {there.rows} rows when served, "
        f"{shares[1]} of {there.rows_before} in the train rows of span {span}"
    )


def _beyond(train: Sample, serving: Sample, name: str, there: _drift.Distance, limit: float) -> str:
    """What is told only of a feature that is flagged."""
    if name not in train.numeric:
        return f"; the limit is {100 * limit:.3g} points"
    moved = _drift.direction(train.numeric[name], serving.numeric[name], "a train and a serving row")
    missing = ""
    if abs(there.share - there.share_before) >= 0.01:
        missing = (
            f"; {common.percent(there.share)} are missing when served, {common.percent(there.share_before)} in train"
        )
    return f"; served values are {moved}{missing}; the limit is {limit:.3g}"


def _remedy(name: str) -> str:
    return (
        f"Compare how {name} is made for training and for serving: another unit, default, source or time. If the difference is expected, "
        "accept it with --accept serving_skew --reason TEXT."
    )
