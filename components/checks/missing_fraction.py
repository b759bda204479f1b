"""Features of which most rows have no value: they carry little, and an imputer would make them up."""

from __future__ import annotations

from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from schemas.evidence import FeatureEvidence
from schemas.findings import Finding, Severity


@plugin
class Warn:
    """Beyond half missing, a model sees more imputed values than real ones."""

    share: ShareLimit = 0.5


@plugin
class Block:
    """Off by default: a sparse feature is harmless to a model that sees missing-indicators. Shifts block elsewhere."""

    share: ShareLimit = None


@plugin
class MissingFraction(Check):
    """Share of the span's rows without a value, feature by feature.

    Attributes:
        warn: `share`, 0 to 1 (default 0.5); ``off`` turns the level off.
        block: `share`, 0 to 1 (default off).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per feature."""
        return [self._judge(context, name, f) for name, f in sorted(context.current.features.items())]

    def _judge(self, context: DataContext, name: str, feature: FeatureEvidence) -> Finding:
        share, span = feature.missing_share, context.current.span
        level = common.severity(common.above(share, self.block.share), common.above(share, self.warn.share))
        text = f"{name}: {common.percent(share)} of rows in span {span} have no value "
        text += f"({feature.missing} of {feature.rows})"
        limit = self.block.share if level is Severity.BLOCK else self.warn.share
        text += f"; the limit is {common.percent(limit or 0.0)}." if level.rank else "."
        remedy = f"Find out why {name} is mostly empty, or add it to data.exclude."
        if not feature.present:
            remedy = f"{name} carries no information: add it to data.exclude, or repair its source."
        observed = {"share": share, "missing": feature.missing, "rows": feature.rows}
        return common.report(context, "missing_fraction", name, level, observed, common.bounds(self), text, remedy)
