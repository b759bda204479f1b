"""Features that together are distributed otherwise than in the reference, even when none is by itself."""

from __future__ import annotations

import collections

import numpy as np

from components import drift_rules as drift
from components.checks import _common as common
from components.checks import _domain, _gaps
from components.checks._draws import generator
from components.checks._drift import limits, shared
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Sample
from components.statistics_rules import ALPHA, BLOCK_ALPHA
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Number

CODE = "domain_drift"

#: Rows of each side that the classifier sees: the noise is then 0.06, and it takes a second.
ROWS = 3000
#: With fewer, it cannot learn anything.
FEWEST = 60


@plugin
class Warn:
    """0.10: an AUC of 0.55, as between normal features 0.18 standard deviations apart."""

    separation: ShareLimit = 0.1


@plugin
class Block:
    """0.25: Deepchecks' default of its multivariate drift; NannyML alerts at an AUC of 0.65, which is 0.30."""

    separation: ShareLimit = 0.25


@plugin
class DomainDrift(Check):
    """How well a cross-validated classifier tells the span from the reference: 2 AUC - 1, 0 (not at all) to 1.

    Both sides have the same label shares, by leaving rows out, so that a label shift alone is not seen. Where a feature's share of missing
    values moved, both sides get the same ones, since missing values are for `missing_shift` and `missing_by_label`. It finds what no
    single feature shows, like a column that was shuffled or joined to the wrong rows.

    Attributes:
        warn: `separation`, 0 to 1 (default 0.10; adapts to the spans before once there are 8); ``off`` turns the level off.
        block: `separation`, 0 to 1 (default 0.25).
        ignore: features that are left out: those that must move, like a month.
    """

    warn: Warn = Warn()
    block: Block = Block()
    ignore: tuple[str, ...] = ()

    independent = True

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about all features together."""
        then, now, ref = context.reference_sample, context.sample, context.reference
        if ref is None or then is None or now is None:
            return [common.nothing_to_compare(CODE, context, common.why_no_reference(context))]
        random = generator(context, CODE)
        before, after = _matched(then, now, random)
        numeric, categorical = ([n for n in names if n not in self.ignore] for names in shared(then, now))
        if len(before) < FEWEST or not numeric + categorical:
            why = f"fewer than {FEWEST} rows" if len(before) < FEWEST else "no features"
            return [common.nothing_to_compare(CODE, context, f"the two have {why} in common")]
        before, after, alike = _gaps.alike(before, after, numeric + categorical, random)
        seen = _domain.table(before, after, numeric, categorical)
        apart = _domain.tell_apart(seen, random)
        return [self._judge(context, ref, seen, apart, alike, random)]

    def _judge(
        self,
        context: DataContext,
        ref: SpanEvidence,
        seen: _domain.Table,
        apart: _domain.Apart,
        alike: list[str],
        random: np.random.Generator,
    ) -> Finding:
        rows = len(seen.after) // 2
        warn, block = limits(context, CODE, "data", self.warn.separation, self.block.separation)
        value = max(0.0, apart.value)
        noise, sure = (min(1.0, _domain.SPREAD * drift.auc_floor(rows, rows, alpha=a)) for a in (ALPHA, BLOCK_ALPHA))
        level, limit = common.judged(value, warn, block, noise, sure)
        lost = _domain.features_that_tell(seen, apart, random) if level.rank else {}
        telling = [n for n, x in list(lost.items())[:3] if x > 0.1 * value]
        text = (
            f"data: a classifier tells rows of span {context.current.span} from those of {common.name_of(ref)} with an AUC of "
            f"{(1 + value) / 2:.3f}, which is a separation of {value:.3f} ({rows} rows each, {len(seen.names)} features)"
        )
        if level.rank:
            text += f", by {_listed(telling)}" if telling else ""
            text += f"; the limit is {limit:.3g}"
        observed: dict[str, Number | str | None] = {
            "separation": value,
            "auc": (1 + value) / 2,
            "rows": rows,
            "features": ", ".join(telling),
            "missing_made_alike": ", ".join(alike),
        }
        allowed = common.bounds(self, warn_noise_separation=noise, block_noise_separation=sure)
        if warn is not None:
            allowed = {**allowed, "warn_separation": warn}
        return common.report(
            context, CODE, "data", level, observed, allowed, text + ".", _remedy(telling), statistic=value
        )


def _matched(then: Sample, now: Sample, random: np.random.Generator) -> tuple[Sample, Sample]:
    """Random rows of both, equally many of each label value, at most `ROWS`."""
    n, m = (collections.Counter(s.labels.tolist()) for s in (then, now))
    both = {c: min(n[c], m[c]) for c in sorted({*n} & {*m})}
    share = min(1.0, ROWS / max(1, sum(both.values())))
    sides = []
    for sample in (then, now):
        chosen = [random.permutation(np.flatnonzero(sample.labels == c))[: int(k * share)] for c, k in both.items()]
        sides.append(sample.take(np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)))
    return sides[0], sides[1]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _remedy(telling: list[str]) -> str:
    where = f" Look at {_listed(telling)} first, also at how they go together." if telling else ""
    return (
        f"Look for a changed source or population, or a column joined to the wrong rows.{where} If the change is real, accept it with "
        "--accept domain_drift --reason TEXT; list what must move in checks.domain_drift.ignore."
    )
