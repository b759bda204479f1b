"""Images that look otherwise than before: another camera, exposure, crop or compression."""

from __future__ import annotations

import numpy as np

from components import picture_statistics as statistics
from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _images as images
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Floats, Mask, Sample
from schemas.findings import Finding

CODE = "image_drift"
PROPERTIES = ("brightness", "contrast", "colour", "tint", "sharpness", "size", "shape")
WORDS = {"tint": "mean of red minus that of blue", "size": "number of pixels", "shape": "width over height"}
REMEDY = (
    "Look at the images of both spans: another camera, exposure, white balance, order of channels, crop, resolution or compression "
    "changes {what}. Process them as before; if the world has changed, accept it with --accept image_drift --reason TEXT."
)


@plugin
class Warn:
    """0.10: half of Deepchecks' limit, since the noise floor is watched besides."""

    ks: ShareLimit = 0.10


@plugin
class Block:
    """0.20: Deepchecks' limit of drift of image properties."""

    ks: ShareLimit = 0.20


@plugin
class ImageDrift(Check):
    """Brightness, contrast, colourfulness, tint, sharpness, size and shape of the images against the reference, by their KS distance.

    Compared over all images, with classes weighted as in the reference, and within each class with 20 or more on both sides.

    Attributes:
        warn: `ks`, 0 to 1 (default 0.10), and beyond the noise; ``off`` turns the level off.
        block: the same (default 0.20).
    """

    warn: Warn = Warn()
    block: Block = Block()

    independent = True

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per property over all images, and one per property and class that is flagged."""
        there = images.pairs(context)
        if there is None:
            return [common.nothing_to_compare(CODE, context, images.why_not(context))]
        now, then, names = there
        weights, groups = images.weights(now, then), list(images.groups(now, then))
        comparisons = len(names) * len(PROPERTIES) * len(groups)
        findings = []
        for name in names:
            for what in PROPERTIES:
                sides = values(now, name, what), values(then, name, what)
                for group, ours, theirs in groups:
                    masks = ours & np.isfinite(sides[0]) & (weights > 0), theirs & np.isfinite(sides[1])
                    if min(masks[0].sum(), masks[1].sum()) < statistics.LEAST:
                        continue
                    found = self._judge(context, now, f"{name}.{what}", group, sides, masks, weights, comparisons)
                    findings += [found] if found.severity.rank or not group else []
        few = f"fewer than {statistics.LEAST} images of a side can be decoded"
        return findings or [common.nothing_to_compare(CODE, context, few)]

    def _judge(
        self,
        context: DataContext,
        sample: Sample,
        column: str,
        group: str,
        sides: tuple[Floats, Floats],
        masks: tuple[Mask, Mask],
        weights: Floats,
        comparisons: int,
    ) -> Finding:
        now, then, weight = sides[0][masks[0]], sides[1][masks[1]], weights[masks[0]]
        steps, size = statistics.steps(then, now, weight), statistics.effective(len(then), weight)
        ks, noise = statistics.ks(steps), statistics.ks_floor(size, comparisons, rules.ALPHA)
        sure = statistics.ks_floor(size, comparisons, rules.BLOCK_ALPHA)
        subject = f"{column}{images.of_class(group)}"
        limit = common.adapted(context, CODE, subject, self.warn.ks, 1.0 if self.block.ks is None else self.block.ks)
        level, bound = common.judged(ks, limit, self.block.ks, noise, sure)
        before = common.name_of(context.reference) if context.reference else ""
        what = column.rpartition(".")[2]
        medians = float(np.median(now)), float(np.median(then))
        text = (
            f"{subject}: KS distance of the {WORDS.get(what, what)} between span {context.current.span} ({len(now)} images, median "
            f"{medians[0]:.4g}) and {before} ({len(then)}, {medians[1]:.4g}) is {ks:.2f}"
        )
        text += f"; the limit is {bound:.2f}." if level.rank else "."
        observed = {"ks": ks, "images": len(now), "images_before": len(then)}
        observed |= {"median": medians[0], "median_before": medians[1]}
        allowed = common.bounds(self, warn_noise_ks=noise, block_noise_ks=sure)
        rows = images.place(context, sample, masks[0] & _apart(sides[0], steps)) if level.rank else []
        remedy = REMEDY.format(what=f"the {WORDS.get(what, what)}")
        return common.report(context, CODE, subject, level, observed, allowed, text, remedy, statistic=ks, rows=rows)


def values(sample: Sample, name: str, what: str) -> Floats:
    """A property of every image; NaN where it has none."""
    none = np.full(len(sample), np.nan)
    if what in ("size", "shape"):
        width, height = (sample.numeric.get(f"{name}.{side}", none) for side in ("width", "height"))
        return np.multiply(width, height) if what == "size" else np.divide(width, np.where(height > 0, height, np.nan))
    return sample.numeric.get(f"{name}.{what}", none)


def _apart(values: Floats, steps: statistics.Steps) -> Mask:
    """Which images are on the side, of where both distributions differ most, that holds too many of them."""
    values_at, height = steps
    # Of equal gaps the outermost, so that the images named are the most unusual ones.
    gaps = np.flatnonzero(np.abs(height) >= statistics.ks(steps) - common.ROUNDING)
    low = height[gaps[0]] > 0
    apart: Mask = values <= values_at[gaps[0]] if low else values > values_at[gaps[-1]]
    return apart
