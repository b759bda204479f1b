"""A feature that gives the label away: it is known only after the label, or is a copy of it."""

from __future__ import annotations

import dataclasses

import numpy as np

from components import statistics_rules as rules
from components.checks import _auc as ranks
from components.checks import _common as common
from components.checks import _draws as draws
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Floats, Sample
from schemas.findings import Finding

REMEDY = (
    "Ask whether {name} is known when the model is asked. If not, add it to data.exclude. If it is, accept it with --accept "
    "label_leak --reason TEXT."
)


#: In fewer rows a good feature (8 % wrong) may well have no error: only a perfect one is told.
FEW = 100
ALL_BUT = 0.995
#: From here on a feature without any error has less than 4 % of them in truth (0.96**200 is 0.0003): it may block.
SURE = 200


@plugin
class Warn:
    """AUC 0.95: a single feature is rarely so good (Deepchecks warns from a predictive power of 0.8)."""

    auc: ShareLimit = 0.95


@plugin
class Block:
    """AUC 0.995: the feature all but says the label."""

    auc: ShareLimit = 0.995


@plugin
class LabelLeak(Check):
    """How well each feature alone tells the label, as the area under the ROC curve, 0.5 (not at all) to 1.

    The score of a row is the mean label of its bin (quantile or category; missing values are a bin) in the other four fifths
    of the sample. With more than two label values each is held against the rest; the best of them warns, only their mean
    blocks: in honest tables one feature often tells one class of several. Of more than 20 label values, the most frequent ones are
    looked at. The limit of `warn` is one standard error higher, which matters in small samples.

    An amount is taken for two classes, above its median and not.

    Attributes:
        warn: `auc` (default 0.95; with 8 or more accepted spans at least their mean + 3 deviations); ``off`` turns the level off.
        block: `auc` (default 0.995).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per feature of the sample."""
        sample = _halves(context.sample, context.facts.amount)
        labels = ranks.frequent(sample.labels) if sample is not None else []
        names = [*sorted(sample.numeric), *sorted(sample.categorical)] if sample is not None else []
        if sample is None or len(labels) < 2 or not names:
            why = "there is no sample with two label values and a feature"
            return [common.nothing_to_compare("label_leak", context, why)]
        number = {v: i for i, v in enumerate(labels)}
        classes = np.array([number.get(v, len(labels)) for v in sample.labels.tolist()], np.int64)
        folds = np.empty(len(sample), np.int64)
        folds[draws.generator(context, "label_leak").permutation(len(sample))] = np.arange(len(sample)) % ranks.FOLDS
        binned = {n: ranks.numeric_bins(v) for n, v in sample.numeric.items()}
        binned |= {n: ranks.codes(v) for n, v in sample.categorical.items()}
        found = {n: ranks.aucs(binned[n], classes, folds, len(labels)) for n in names}
        return [self._judge(context, sample, n, labels, found[n], len(names)) for n in names]

    def _judge(
        self, context: DataContext, sample: Sample, name: str, labels: list[str], found: Floats, features: int
    ) -> Finding:
        best, mean = int(np.argmax(found)), float(found.mean())
        auc, count = float(found[best]), int(np.sum(sample.labels == labels[best]))
        floors = [
            ranks.auc_floor(count, len(sample) - count, features * len(labels), a)
            for a in (rules.ALPHA, rules.BLOCK_ALPHA)
        ]
        widest = 1.0 if self.block.auc is None else self.block.auc
        limit = common.adapted(context, "label_leak", name, self.warn.auc, widest=widest)
        if limit is not None and self.warn.auc is not None:
            limit = max(limit, self.warn.auc)  # What never moved is no leak: only ever wider.
        if limit is not None:
            # One standard error, so that a good feature (payment_type of the taxi trips: 0.93) passes in a small span.
            limit = min(limit + ranks.deviation_of(limit, count, len(sample) - count), max(limit, 0.999))
            limit = max(limit, ALL_BUT if len(sample) < FEW else 0.0)
        bounds = [b for b in (limit, self.block.auc) if b is not None]
        level = common.severity(
            common.above(mean, self.block.auc) and mean > floors[1] and len(sample) >= SURE,
            bool(bounds) and common.above(auc, min(bounds)) and auc > floors[0],
        )
        which = f" {labels[best]!r} against the rest" if len(labels) > 2 else ""
        text = f"{name}: alone it tells the label{which} with AUC {auc:.3f} in span {context.current.span} ({len(sample)} rows)"
        shown = self.block.auc if level.value == "block" else limit
        text += f"; the limit is {shown:.3f}." if level.rank and shown is not None else "."
        observed = {"auc": auc, "mean_auc": mean, "rows": len(sample), "rows_of_class": count}
        allowed = {**common.bounds(self, warn_noise_auc=floors[0], block_noise_auc=floors[1]), "warn_auc_here": limit}
        remedy = REMEDY.format(name=name)
        return common.report(context, "label_leak", name, level, observed, allowed, text, remedy, statistic=auc)


def _halves(sample: Sample | None, amount: str | None) -> Sample | None:
    """The sample with two classes where the label is an amount, which then is no feature; else as it is."""
    if sample is None or amount is None or amount not in sample.numeric:
        return sample
    values = sample.numeric[amount]
    above = np.where(values > np.nanmedian(values), "above its median", "not above its median").astype(object)
    others = {n: v for n, v in sample.numeric.items() if n != amount}
    return dataclasses.replace(sample, labels=above, numeric=others)
