"""Categories that the reference did not have: a model has learned nothing about them."""

from __future__ import annotations

from components import statistics_rules as rules
from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Severity

Values = dict[str, int]

REMEDY = (
    "Look for a changed spelling or coding of {name}. If the categories are really new, accept them with "
    "--accept unseen_category --reason TEXT: the retrain then learns them."
)


@plugin
class Warn:
    """1 % of rows: a new name or two, which the out-of-vocabulary index absorbs."""

    share: ShareLimit = 0.01


@plugin
class Block:
    """5 % of rows: a changed spelling or coding is likelier than that much that is really new."""

    share: ShareLimit = 0.05


@plugin
class UnseenCategory(Check):
    """Share of the span's present rows whose category the reference did not have.

    Rows of rare categories are expected: a reference of n rows misses about singletons / n of all rows (Good-Turing).
    Only what exceeds the noise floor of that, corrected for the number of features, is flagged.

    Attributes:
        warn: `share` of present rows, 0 to 1 (default 0.01); ``off`` turns the level off.
        block: `share` of present rows, 0 to 1 (default 0.05).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per feature whose categories are known in both spans."""
        pairs: dict[str, tuple[Values, Values]] = {}
        for name, now in sorted(context.current.features.items()):
            then = context.reference.features.get(name) if context.reference else None
            if then and then.values and now.values and sum(then.values.values()) and sum(now.values.values()):
                pairs[name] = then.values, now.values
        if context.reference is None or not pairs:
            return [common.nothing_to_compare("unseen_category", context, common.why_no_reference(context))]
        return [self._judge(context, context.reference, n, *pair, len(pairs)) for n, pair in pairs.items()]

    def _judge(self, context: DataContext, ref: SpanEvidence, name: str, then: Values, now: Values, k: int) -> Finding:
        unseen = {c: n for c, n in now.items() if n and not then.get(c)}
        count, rows = sum(unseen.values()), sum(now.values())
        share, noise = count / rows, rules.unseen_floor(then, rows, k)
        sure = rules.unseen_floor(then, rows, k, rules.BLOCK_ALPHA)
        level = common.severity(
            common.above(share, self.block.share) and common.above(share, sure),
            any(common.above(share, bound) for bound in (self.warn.share, self.block.share))
            and common.above(share, noise),
        )
        limit = self.block.share if level is Severity.BLOCK else self.warn.share
        text = (
            f"{name}: {common.percent(share)} of values in span {context.current.span} ({count} of {rows}) are in "
            f"categories that {common.name_of(ref)} did not have{_examples(unseen)}"
        )
        text += f"; the limit is {common.percent(limit or 0.0)}." if level.rank else "."
        observed = {"share": share, "unseen_rows": count, "rows": rows, "unseen_categories": len(unseen)}
        allowed = common.bounds(self, warn_noise_share=noise, block_noise_share=sure)
        return common.report(context, "unseen_category", name, level, observed, allowed, text, REMEDY.format(name=name))


def _examples(unseen: Values) -> str:
    """The three most frequent unseen categories, in brackets."""
    top = sorted(unseen.items(), key=lambda item: (-item[1], item[0]))[:3]
    return f" ({', '.join(f'{c[:40]!r}: {n}' for c, n in top)})" if top else ""
