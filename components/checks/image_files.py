"""Images that cannot be decoded, and images of a size or with channels that the reference does not have."""

from __future__ import annotations

import collections
from collections.abc import Sequence

import numpy as np

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _images as images
from components.images import image_features
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Sample
from schemas.findings import Finding

CODE = "image_files"
UNREADABLE = (
    "Deliver the images named here again, as PNG, JPEG, GIF or BMP: they are broken, cut off or of another format, and TensorFlow cannot "
    "decode them either; or the path in the table names no file. If they do no harm: --accept image_files --reason TEXT."
)
UNUSUAL = (
    "Look whether the images named here were cropped, resized or converted in another way than before. If the {what} is meant to be new, "
    "accept it with --accept image_files --reason TEXT."
)


@plugin
class Warn:
    """No image may be unreadable: the model sees a blank picture; 1 % of unusual ones, as for unseen categories."""

    unreadable: ShareLimit = 0.0
    unusual: ShareLimit = 0.01


@plugin
class Block:
    """1 % unreadable is no single accident; 5 % unusual, as for unseen categories, are a changed process."""

    unreadable: ShareLimit = 0.01
    unusual: ShareLimit = 0.05


@plugin
class ImageFiles(Check):
    """Images that cannot be decoded, and shares of images whose size or number of channels no image of the reference has.

    Where sizes vary from image to image, new ones are expected: singletons / n (Good-Turing). Only what exceeds the 99 % bound of that is
    flagged, and `image_drift` compares the sizes themselves.

    Attributes:
        warn: `unreadable` (default 0) and `unusual` (default 0.01), shares of the images, 0 to 1; ``off`` turns one off.
        block: the same (default 0.01 and 0.05).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """Per image feature, one finding about unreadable images, and one each about sizes and channels."""
        now, there = context.sample, images.pairs(context)
        names = image_features(now) if now is not None and len(now) else []
        if now is None or not names:
            return [common.nothing_to_compare(CODE, context, "there are no images")]
        findings = [self._unreadable(context, now, n) for n in names]
        if there is not None:
            before, shared = there[1], there[2]
            for name in shared:
                for what, columns in (("size", ("width", "height")), ("channels", ("channels",))):
                    pair = _kinds(before, name, columns), _kinds(now, name, columns)
                    if all(any(side) for side in pair):
                        findings.append(self._unusual(context, now, f"{name}.{what}", *pair, 2 * len(shared)))
        return findings

    def _unreadable(self, context: DataContext, now: Sample, name: str) -> Finding:
        readable = now.numeric.get(f"{name}.readable", np.full(len(now), np.nan))
        broken, present = readable == 0, int(np.isfinite(readable).sum())
        count = int(broken.sum())
        share = count / present if present else 0.0
        level = common.severity(common.above(share, self.block.unreadable), common.above(share, self.warn.unreadable))
        text = f"{name}: {count} of {present} images in span {context.current.span} ({common.percent(share)}) cannot be decoded"
        limit = self.block.unreadable if common.above(share, self.block.unreadable) else self.warn.unreadable
        text += f"; the limit is {common.percent(limit)}." if level.rank and limit is not None else "."
        observed = {"share": share, "unreadable": count, "images": present}
        allowed = {"warn_unreadable": self.warn.unreadable, "block_unreadable": self.block.unreadable}
        rows = images.place(context, now, broken)
        return common.report(
            context, CODE, name, level, observed, allowed, text, UNREADABLE, statistic=share, rows=rows
        )

    def _unusual(
        self,
        context: DataContext,
        now: Sample,
        subject: str,
        then: Sequence[str],
        ours: Sequence[str],
        comparisons: int,
    ) -> Finding:
        known, counts = collections.Counter(filter(None, then)), collections.Counter(filter(None, ours))
        new = {k: n for k, n in counts.items() if k not in known}
        count, rows = sum(new.values()), sum(counts.values())
        share, noise = count / rows, rules.unseen_floor(known, rows, comparisons)
        sure = rules.unseen_floor(known, rows, comparisons, rules.BLOCK_ALPHA)
        blocks = common.above(share, self.block.unusual) and common.above(share, sure)
        beyond = common.above(share, self.warn.unusual) or common.above(share, self.block.unusual)
        level = common.severity(blocks, beyond and common.above(share, noise))
        what = subject.rpartition(".")[2]
        top = sorted(new.items(), key=lambda item: (-item[1], item[0]))[:3]
        examples = f" ({', '.join(f'{k}: {n}' for k, n in top)})" if level.rank else ""
        verb = "have a size" if what == "size" else "have a number of channels"
        before = common.name_of(context.reference) if context.reference else ""
        text = (
            f"{subject}: {common.percent(share)} of images in span {context.current.span} ({count} of {rows}) {verb} that no image of "
            f"{before} has{examples}"
        )
        limit = self.block.unusual if blocks or self.warn.unusual is None else self.warn.unusual
        text += f"; the limit is {common.percent(limit)}." if level.rank and limit is not None else "."
        observed = {"share": share, "unusual": count, "images": rows}
        allowed = {"warn_unusual": self.warn.unusual, "block_unusual": self.block.unusual}
        allowed |= {"warn_noise_unusual": noise, "block_noise_unusual": sure}
        places = images.place(context, now, np.array([k in new for k in ours]))
        remedy = UNUSUAL.format(what=what)
        return common.report(context, CODE, subject, level, observed, allowed, text, remedy, rows=places)


def _kinds(sample: Sample, name: str, columns: tuple[str, ...]) -> list[str]:
    """Size or channels of each image as text; empty where it cannot be decoded."""
    sides = [sample.numeric.get(f"{name}.{c}", np.full(len(sample), np.nan)) for c in columns]
    known = np.all(np.isfinite(sides), axis=0)
    rows = zip(*(np.where(known, side, 0).astype(np.int64).tolist() for side in sides), strict=True)
    return ["x".join(map(str, row)) if there else "" for row, there in zip(rows, known.tolist(), strict=True)]
