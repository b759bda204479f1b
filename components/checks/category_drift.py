"""Categories whose share changed against the reference: another population, or another way of coding."""

from __future__ import annotations

from components.checks import _common as common
from components.checks import _drift
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Objects
from schemas.findings import Finding


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
    label shares of these rows moved, each class is compared with itself. Missing values are no category: `missing_shift` looks at them.

    Attributes:
        warn: `l_infinity`, 0 to 1 (default 0.05; adapts to the spans before once there are 8); ``off`` turns the level off.
        block: `l_infinity`, 0 to 1 (default 0.1).
        ignore: features that are measured, never flagged: those that must move, like a season.
    """

    warn: Warn = Warn()
    block: Block = Block()
    ignore: tuple[str, ...] = ()

    independent = True

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per categorical feature that both samples have."""
        return _drift.findings(context, self, KIND)


def _text(context: DataContext, worst: _drift.Distance) -> str:
    shares = common.percent(worst.share), common.percent(worst.share_before)
    before = common.name_of(context.reference) if context.reference else ""
    return (
        f"{worst.category[:40]!r} is {shares[0]} of {worst.rows} values in span {context.current.span}{worst.among(context)}, "
        f"{shares[1]} of {worst.rows_before} in {before}"
    )


def _more(before: Objects, after: Objects, worst: _drift.Distance, limit: float) -> str:
    return f"; the limit is {100 * limit:.3g} points"


KIND = _drift.Kind(
    code="category_drift",
    unit="l_infinity",
    feature="categorical",
    columns=lambda sample: sample.categorical,
    measure=_drift.category,
    text=_text,
    more=_more,
    cause="coding, source or population",
)
