"""Images that are there twice, though their files differ: saved again, resized, or in another format; also in two splits."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _images as images
from components.checks import _lookalikes as lookalikes
from components.checks import _rows as by_row
from components.checks._lookalikes import Looks
from components.images import image_features
from components.interfaces import Check, DataContext, plugin
from components.parameters import CountLimit, ShareLimit
from components.samples import Mask, Sample
from schemas.evidence import SPLITS
from schemas.findings import Finding

CODE = "image_duplicates"
REMEDY = (
    "Deliver each image once: copies count twice in training. If they are meant to be there, as frames of a film, accept them with "
    "--accept image_duplicates --reason TEXT."
)
LEAK = (
    "Keep copies of one image in one split, or deliver each image once: a model looks better than it is on images that it has learned. "
    "If they only look alike: --accept image_duplicates --reason TEXT."
)


@plugin
class Warn:
    """1 %, as for duplicates of rows."""

    share: ShareLimit = 0.01


@plugin
class Block:
    """5 % of images, as for duplicates of rows (Deepchecks); between splits none, as for all leakage."""

    share: ShareLimit = 0.05
    leaked: CountLimit = 0


@plugin
class ImageDuplicates(Check):
    """Images that look like another one of the span, and images that look the same in two splits.

    Alike are images whose 64-bit perceptual hashes differ in 3 bits at most and whose thumbnails agree but for what JPEG does. Between
    splits, the hashes must be equal, and plain areas do not count. The share is what exceeds that in as many images of the reference.

    Attributes:
        warn: `share` of images, 0 to 1 (default 0.01); ``off`` turns the level off.
        block: the same (default 0.05), and `leaked`, number of images that are also in another split (default 0).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """Per image feature, one finding about the span, and one about its splits."""
        now = context.sample
        names = image_features(now) if now is not None and len(now) else []
        if now is None or not names:
            return [common.nothing_to_compare(CODE, context, "there are no images")]
        findings = []
        for name in names:
            looks = lookalikes.read(now.categorical[f"{name}.hash"], now.categorical[f"{name}.thumb"])
            findings += [self._repeats(context, now, name, looks), self._leaks(context, now, name, looks)]
        return findings

    def _repeats(self, context: DataContext, now: Sample, name: str, looks: Looks) -> Finding:
        again, total = np.zeros(len(now), bool), len(looks)
        if total:
            group = lookalikes.groups(looks)[0]
            again[looks.index] = ~_first(group)
        count = int(again.sum())
        share = count / total if total else 0.0
        natural, known = self._natural(context, name, total)
        excess, (noise, sure) = (
            share - natural,
            (_noise(natural, total, known, a) for a in (rules.ALPHA, rules.BLOCK_ALPHA)),
        )
        blocks = common.above(excess, self.block.share) and excess > sure
        beyond = common.above(excess, self.warn.share) or common.above(excess, self.block.share)
        level = common.severity(blocks, beyond and excess > noise)
        text = f"{name}: {common.percent(share)} of images in span {context.current.span} ({count} of {total}) look like another one of it"
        text += f", {common.percent(natural)} are usual" if natural else ""
        limit = self.block.share if blocks or self.warn.share is None else self.warn.share
        text += f"; the limit is {common.percent(limit)}." if level.rank and limit is not None else "."
        observed = {"share": share, "duplicates": count, "images": total, "usual_share": natural}
        allowed = {"warn_share": self.warn.share, "block_share": self.block.share}
        allowed |= {"warn_noise_share": noise, "block_noise_share": sure}
        rows = images.place(context, now, again) if level.rank else []
        return common.report(context, CODE, name, level, observed, allowed, text, REMEDY, statistic=share, rows=rows)

    def _natural(self, context: DataContext, name: str, total: int) -> tuple[float, int]:
        """Share of repeats to expect, as the reference has them, and the number of its images; 0 when there are none."""
        then = context.reference_sample
        if then is None or f"{name}.hash" not in then.categorical or f"{name}.thumb" not in then.categorical:
            return 0.0, 0
        looks = lookalikes.read(then.categorical[f"{name}.hash"], then.categorical[f"{name}.thumb"])
        if not len(looks) or not total:
            return 0.0, 0
        return by_row.expected_repeats(by_row.counts(lookalikes.groups(looks)[0].astype(np.uint64)), total), len(looks)

    def _leaks(self, context: DataContext, now: Sample, name: str, looks: Looks) -> Finding:
        leaked = np.zeros(len(now), bool)
        if len(looks):
            group, shows = lookalikes.groups(looks, bits=0)
            leaked[looks.index] = shows & _in_several(group, now.splits[looks.index])
        tested = leaked & (now.splits == SPLITS.index("test"))
        count, limit = int(leaked.sum()), self.block.leaked
        level = common.severity(common.above(count, limit), warns=False)
        subject = f"{name} between splits"
        text = (
            f"{subject}: {count} of {len(looks)} images of span {context.current.span} look the same as one in another split, "
            f"{int(tested.sum())} of them in test"
        )
        text += f"; the limit is {limit}." if level.rank else "."
        observed = {"leaked": count, "leaked_test": int(tested.sum()), "images": len(looks)}
        rows = images.place(context, now, leaked) if level.rank else []
        return common.report(context, CODE, subject, level, observed, {"block_leaked": limit}, text, LEAK, rows=rows)


def _first(group: lookalikes.Ints) -> Mask:
    """Which images are the first of their group."""
    out = np.zeros(len(group), bool)
    out[np.unique(group, return_index=True)[1]] = True
    return out


def _in_several(group: lookalikes.Ints, splits: np.ndarray) -> Mask:
    """Which images are in a group that is in more than one split."""
    seen = np.zeros(int(group.max()) + 1, np.int64)
    np.bitwise_or.at(seen, group, 1 << splits.astype(np.int64))
    several: Mask = (seen & (seen - 1) > 0)[group]
    return several


def _noise(natural: float, total: int, known: int, alpha: float) -> float:
    """How far the share may exceed the usual one by chance, repeats taken as Poisson; nothing where nothing is known."""
    if not known or not total:
        return 0.0
    rate = natural + 1 / min(total, known)
    return 1 / min(total, known) + NormalDist().inv_cdf(1 - alpha) * math.sqrt(rate * (1 / total + 1 / known))
