"""Contact sheets, as PNG files: pictures of each class before and after augmentation, and histograms of how they lie."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from components.augmentation_measures import Seen
from components.augmentation_record import Audit, Group, Histogram
from components.augmentation_steps import OpDraw
from components.fingerprints import mix
from components.interfaces import F32
from components.samples import U64
from schemas.features import order_labels

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

#: Pictures per line, and lines, of a sheet: what is seen at one glance.
COLUMNS, LINES = 8, 2
#: Pixels that a picture is enlarged to (by a whole factor) or reduced to.
SMALLEST, LARGEST = 96, 160
#: Colours: ground, text, before, after.
WHITE, BLACK, GREY, BLUE = (255, 255, 255), (30, 30, 30), (185, 185, 185), (31, 119, 180)
_GAP, _LEFT, _TITLE, _LINE = 6, 52, 30, 16
_UNITS = {
    "turn": "turned by, degrees",
    "orientation": "direction of edges, degrees",
    "moment_angle": "long axis, degrees",
    "brightness": "brightness, levels",
    "contrast": "contrast, levels",
}


def file_name(kind: str, name: str, label: str | None = None) -> str:
    """A file name for a sheet: whatever the label holds, it is one safe part of a path."""
    return (
        "-".join(quote(part, safe=" ") for part in (kind, name, label) if part is not None).replace(" ", "_") + ".png"
    )


def sheets(name: str, seen: Seen, keys: U64, captions: Sequence[str], seed: int = 0) -> dict[str, bytes]:
    """File name -> PNG: one sheet for each class with draws.

    Which draws are shown depends on the fingerprints, their numbers and the seed, not on the order of rows.

    Args:
        name: of an input with pictures.
        seen: rows of train.
        keys: fingerprint of the example of each row, uint64 [n].
        captions: what was drawn, in short lines, for each row (`captions_of`).
    """
    before, after, drawn = seen.before[name], seen.after[name], seen.numbers > 0
    with np.errstate(over="ignore"):
        places = mix(mix(keys ^ mix(np.array([seed], np.uint64))) + seen.numbers.astype(np.uint64))
    order = np.argsort(places, kind="stable")
    texts = seen.labels.astype(str)
    out = {}
    for label in order_labels(set(texts.tolist())):
        chosen = [int(i) for i in order if drawn[i] and texts[i] == label][: COLUMNS * LINES]
        if chosen:
            count = int((drawn & (texts == label)).sum())
            title = f"{name}, class {label}: {len(chosen)} of {count:,} draws"
            page = sheet(before[chosen], after[chosen], title, [captions[i] for i in chosen])
            out[file_name("sheet", name, label)] = encode(page)
    return out


def sheet(before: F32, after: F32, title: str, captions: Sequence[str]) -> Image:
    """Pairs of pictures, each above what became of it, with a caption below."""
    from PIL import Image, ImageDraw

    high, wide = _size(before.shape[1], before.shape[2])
    columns, lines = min(COLUMNS, len(before)), -(-len(before) // COLUMNS)
    rows = max((c.count("\n") + 1 for c in captions), default=1)
    cell = max([wide, *(_width(c) for c in captions)]) + _GAP
    block = 2 * (high + _GAP) + rows * _LINE + 2 * _GAP
    size = max(_LEFT + columns * cell, _width(title, 14) + 2 * _GAP), _TITLE + lines * block
    page = Image.new("RGB", size, WHITE)
    draw = ImageDraw.Draw(page)
    draw.text((_GAP, _GAP), title, BLACK, font=_font(14))
    for i in range(len(before)):
        x, y = _LEFT + i % COLUMNS * cell, _TITLE + i // COLUMNS * block
        for row, (text, picture) in enumerate((("before", before[i]), ("after", after[i]))):
            top = y + row * (high + _GAP)
            if i % COLUMNS == 0:
                draw.text((_GAP, top + high // 2 - 8), text, BLACK, font=_font())
            page.paste(_picture(picture, high, wide), (x, top))
        draw.multiline_text((x, y + 2 * (high + _GAP) - 2), captions[i], BLACK, font=_font(), spacing=3)
    return page


def histograms(name: str, record: Audit, properties: Sequence[str] = ("turn", "orientation")) -> bytes:
    """PNG: for each class of an input a line of histograms, before (grey) and after (blue); shares of rows."""
    from PIL import Image, ImageDraw

    groups = record.inputs[name].classes
    wide, high = 300, 88
    left = max([_width(f"class {v}") for v in groups], default=0) + 4 * _GAP
    page = Image.new(
        "RGB", (left + len(properties) * (wide + 4 * _GAP), _TITLE + 14 + len(groups) * (high + 2 * _LINE)), WHITE
    )
    draw = ImageDraw.Draw(page)
    draw.text(
        (_GAP, _GAP), f"{name}: before (grey) and after (blue) augmentation, shares of rows", BLACK, font=_font(14)
    )
    for row, (value, group) in enumerate(groups.items()):
        top = _TITLE + 14 + row * (high + 2 * _LINE)
        draw.text((_GAP, top + high // 2 - 14), f"class {value}\n{group.rows:,} rows", BLACK, font=_font())
        for column, prop in enumerate(p for p in properties if p in group.histograms):
            x = left + column * (wide + 4 * _GAP)
            if row == 0:
                draw.text((x, top - 18), _UNITS[prop], BLACK, font=_font())
            _bars(draw, group.histograms[prop], (x, top, wide, high), _tallest(groups, prop))
    return encode(page)


def captions_of(titles: Sequence[str], draws: Sequence[OpDraw], rows: int) -> list[str]:
    """For each row the operations that were applied, one a line, with their parameters; ``nothing`` where none was.

    Args:
        titles: of the operations, in order (`Step.title`).
        draws: of each, as numpy arrays.
    """
    out = []
    for i in range(rows):
        lines = []
        for title, draw in zip(titles, draws, strict=True):
            if draw.applied[i]:
                lines.append(f"{title} " + " ".join(f"{round(p, 3):.3g}" for p in draw.parameters[i].tolist()))
        out.append("\n".join(lines) or "nothing")
    return out


def encode(page: Image) -> bytes:
    """A picture as PNG."""
    file = io.BytesIO()
    page.save(file, "PNG", optimize=True)
    return file.getvalue()


def _size(height: int, width: int) -> tuple[int, int]:
    """Size at which a picture is shown: small ones enlarged by a whole factor, large ones reduced."""
    if max(height, width) > LARGEST:
        by = LARGEST / max(height, width)
        return max(1, round(height * by)), max(1, round(width * by))
    by = max(1, -(-SMALLEST // max(height, width)))
    return height * by, width * by


def _picture(levels: F32, high: int, wide: int) -> Image:
    from PIL import Image

    whole = np.round(levels * 255).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(whole[..., 0] if whole.shape[2] == 1 else whole).convert("RGB")
    way = Image.Resampling.NEAREST if high >= whole.shape[0] else Image.Resampling.BOX
    return picture.resize((wide, high), way)


def _tallest(groups: Mapping[str, Group], prop: str) -> float:
    """The largest share of a bin, over all classes: bars of all of them compare."""
    shares = [0.0]
    for group in groups.values():
        found = group.histograms[prop]
        shares += [max(counts) / sum(counts) for counts in (found.before, found.after) if sum(counts)]
    return max(shares)


def _bars(draw: ImageDraw, found: Histogram, box: tuple[int, int, int, int], tallest: float) -> None:
    """Before as filled bars, after as an outline on top of them, with the edges of the axis below."""
    x, y, wide, high = box
    bins = len(found.after)
    step = wide / bins

    def shares(counts: list[int]) -> list[float]:
        return [n / sum(counts) / tallest * (high - 2) if sum(counts) and tallest else 0.0 for n in counts]

    for i, bar in enumerate(shares(found.before)):
        if bar:
            draw.rectangle((x + i * step + 1, y + high - bar, x + (i + 1) * step - 1, y + high), GREY)
    line: list[tuple[float, float]] = [(x, y + high)]
    for i, bar in enumerate(shares(found.after)):
        line += [(x + i * step, y + high - bar), (x + (i + 1) * step, y + high - bar)]
    draw.line([*line, (x + wide, y + high)], BLUE, 2)
    draw.line((x, y + high, x + wide, y + high), BLACK)
    for part in (0, 0.5, 1):
        text = f"{found.low + part * bins * found.step:g}"
        at = x + part * wide - (0, _width(text) / 2, _width(text))[round(2 * part)]
        draw.line((x + part * wide, y + high, x + part * wide, y + high + 3), BLACK)
        draw.text((at, y + high + 4), text, BLACK, font=_font(10))


def _font(size: int = 11) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _width(text: str, size: int = 11) -> int:
    return max((round(_font(size).getlength(line)) for line in text.split("\n")), default=0)
