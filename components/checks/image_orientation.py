"""Images that are turned: a rotation of some of them, as of one class, and the model learns the rotation instead of the class."""

from __future__ import annotations

from components import picture_statistics as statistics
from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _directions as directions
from components.checks import _images as images
from components.checks._directions import DIRECTIONS, Difference
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Sample
from schemas.findings import Finding, Severity

CODE = "image_orientation"
#: Feature, class ("" for all), and how it differs.
Compared = tuple[str, str, list[Difference]]

#: Passes of so many classes are reported; all classes are compared, and what is flagged is always reported.
PASSES = 20
REMEDY = (
    "Look at the images named here, and for a rotation or flip that was applied to some images only: EXIF orientation, a camera, an "
    "augmentation that was saved. Turn them back; if the world has changed, accept it with --accept image_orientation --reason TEXT."
)


@plugin
class Warn:
    """0.10, as for all properties of images: half of Deepchecks' limit, since the noise floor is watched besides."""

    kuiper: ShareLimit = 0.10


@plugin
class Block:
    """0.20: Deepchecks' limit of drift of image properties. 15 degrees in one class of the 8x8 digits give 0.4 to 0.9."""

    kuiper: ShareLimit = 0.20


@plugin
class ImageOrientation(Check):
    """Directions of the images against the reference: of edges, of the long axis of shapes, and of the brighter side.

    Compared are the distributions, by Kuiper's V (which has no favoured angle), over all images and within each class with 20 or more
    on both sides. Over all, classes are weighted as in the reference. The rest are images without a direction, as plain areas.

    Attributes:
        warn: `kuiper`, 0 to 1 (default 0.10), and beyond the noise; ``off`` turns the level off.
        block: the same (default 0.20).
    """

    warn: Warn = Warn()
    block: Block = Block()

    independent = True

    def check(self, context: DataContext) -> list[Finding]:
        """One finding for all images, one for each of the first 20 classes, and one for each class that is flagged."""
        there = images.pairs(context)
        if there is None:
            return [common.nothing_to_compare(CODE, context, images.why_not(context))]
        now, then, names = there
        weights = images.weights(now, then)
        compared: list[Compared] = []
        for name in names:
            for group, ours, theirs in images.groups(now, then):
                found = directions.differences((now, then), name, ours, theirs, weights)
                if found:
                    compared.append((name, group, found))
        if not compared:
            why = f"fewer than {statistics.LEAST} images of a side have a direction"
            return [common.nothing_to_compare(CODE, context, why)]
        comparisons = sum(len(found) for _, _, found in compared)
        classes = any(group for _, group, _ in compared)
        findings = [self._judge(context, now, one, classes, comparisons) for one in compared]
        passes = [f for f in findings if not f.severity.rank][: (PASSES + 1) * len(names)]
        return [f for f in findings if f.severity.rank or f in passes]

    def _judge(self, context: DataContext, now: Sample, one: Compared, classes: bool, comparisons: int) -> Finding:
        name, group, found = one
        most = found[0]
        subject = f"{name}{images.of_class(group)}"
        limit = common.adapted(
            context, CODE, subject, self.warn.kuiper, 1.0 if self.block.kuiper is None else self.block.kuiper
        )
        noise, sure = most.floor(comparisons), most.floor(comparisons, rules.BLOCK_ALPHA)
        level, bound = common.judged(most.kuiper, limit, self.block.kuiper, noise, sure)
        # Of a mixture of turned and other classes, an angle would say nothing: each class says its own.
        alone = bool(group) or not classes
        degrees = directions.turn(found) if level.rank and alone else None
        before = common.name_of(context.reference) if context.reference else ""
        where = f"{subject}: images of span {context.current.span} ({len(most.now)} with a direction)"
        text = f"{where} {_words(level, degrees, alone)} {before} ({len(most.then)})"
        text += f": Kuiper's V of the {DIRECTIONS[most.suffix][1]} is {most.kuiper:.2f}"
        text += f"; the limit is {bound:.2f}{_drawn(most)}." if level.rank else "."
        observed: dict[str, float | str | None] = {
            "kuiper": most.kuiper,
            "of": most.suffix,
            "images": len(most.now),
            "images_before": len(most.then),
        }
        observed |= {f"kuiper_{d.suffix}": d.kuiper for d in found}
        observed |= {"turned_degrees": degrees} if degrees is not None else {}
        allowed = common.bounds(self, warn_noise_kuiper=noise, block_noise_kuiper=sure)
        rows = images.place(context, now, directions.too_many(most)) if level.rank else []
        return common.report(
            context, CODE, subject, level, observed, allowed, text, REMEDY, statistic=most.kuiper, rows=rows
        )


def _drawn(found: Difference) -> str:
    """Both histograms, as text."""
    before, now = directions.histograms(found)
    most, step = float(max(before.max(), now.max())), DIRECTIONS[found.suffix][0] // directions.BINS
    then = directions.bars(before, most)
    return f". From 0° on in steps of {step}° it was {then} and is {directions.bars(now, most)}"


def _words(level: Severity, degrees: int | None, alone: bool) -> str:
    if not level.rank:
        return "lie as those of"
    if degrees is None:
        why = " (no single turn explains it; perhaps only some are turned)" if alone else ""
        return f"lie in other directions{why} than those of"
    way = "" if abs(degrees) > 170 else " counter-clockwise" if degrees > 0 else " clockwise"
    return f"are turned by about {abs(degrees)}°{way} against those of"
