"""The size that pictures are brought to, from the configuration or from the pictures themselves."""

from __future__ import annotations

import collections
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from components import fingerprints, image_files, sources
from components.images import FORMATS
from components.kinds import picture_paths
from schemas.config import Picture
from schemas.features import Feature, FeatureContract, Kind
from schemas.run_record import DataFile

if TYPE_CHECKING:
    from PIL.Image import Image

#: Pictures that are looked at: enough to see which size is the usual one, and read in a second.
LOOKED_AT = 200
#: Longest side without a size in the configuration, pixels: what a small convolutional network can take in on a CPU.
LONGEST = 96
#: Levels (of 255) by which the colours of a grey picture may differ: JPEG rounds them.
GREY_TOLERANCE = 2


def with_shapes(contract: FeatureContract, files: list[DataFile], form: str, wanted: Picture) -> FeatureContract:
    """The contract with a shape for every feature that is a picture, and the reason for it.

    Args:
        files: the input files; the pictures of the newest span are looked at.
        wanted: what the configuration says.
    """
    newest = max(f.span for f in files)
    recent = [f for f in files if f.span == newest]
    features = [_shaped(f, recent, form, wanted) if f.kind is Kind.IMAGE else f for f in contract.features]
    return contract.model_copy(update={"features": tuple(features)})


def _shaped(feature: Feature, files: list[DataFile], form: str, wanted: Picture) -> Feature:
    height, width, channels, said = wanted.height, wanted.width, wanted.channels, "set in transform.image"
    if height and width and channels:
        shape: tuple[int, int, int] = (height, width, channels)
    else:
        seen, reason = usual_shape(some_pictures(files, form, feature.name))
        said = f"{said} and {reason}" if height or width or channels else reason
        shape = _completed(wanted, seen)
    colour = "grey" if shape[2] == 1 else "colour"
    reason = f"{feature.reason}; {shape[0]} x {shape[1]} {colour}: {said}"
    return feature.model_copy(update={"shape": shape, "reason": reason})


def _completed(wanted: Picture, seen: tuple[int, int, int]) -> tuple[int, int, int]:
    """What was seen, where nothing is wanted; one side that is given decides on the other."""
    height, width, channels = wanted.height, wanted.width, wanted.channels or seen[2]
    if height is None and width is None:
        return seen[0], seen[1], channels
    height = height or max(4, round((width or 0) * seen[0] / seen[1]))
    return height, width or max(4, round(height * seen[1] / seen[0])), channels


def some_pictures(files: list[DataFile], form: str, name: str) -> list[bytes]:
    """Up to `LOOKED_AT` pictures, chosen by what they are or where they are, not by the order of rows."""
    chosen: dict[int, tuple[bytes, str | None]] = {}
    for file in files:
        for key, reference, table in _candidates(file, form, name):
            chosen.setdefault(key, (reference, table))
            if len(chosen) > 2 * LOOKED_AT:
                chosen = dict(sorted(chosen.items())[:LOOKED_AT])
    kept = sorted(chosen.items())[:LOOKED_AT]
    return [v if table is None else picture_paths.content(v, table) for _, (v, table) in kept]


def _candidates(file: DataFile, form: str, name: str) -> Iterator[tuple[int, bytes, str | None]]:
    """Key, bytes or path, and the table that a path is relative to; None for bytes."""
    if form == "images":
        import pyarrow.parquet as pq

        listed = pq.read_table(file.path, columns=[image_files.PATH, image_files.SHA256])
        keys = listed[image_files.SHA256].to_pylist()
        yield from ((int(k[:16], 16), p.encode(), file.path) for k, p in zip(keys, listed[0].to_pylist(), strict=True))
        return
    for raw in sources.read_raw(file.path, form):
        at = raw.schema.get_field_index(name)
        if at < 0:
            continue
        flat = sources.flatten(raw.column(at)).drop_null()
        table = file.path if picture_paths.holds_paths(raw.schema.field(at).type, form) else None
        hashes = fingerprints.row_fingerprints([("", flat)])[0] if len(flat) else np.empty(0, np.uint64)
        for i in np.argsort(hashes, kind="stable")[:LOOKED_AT].tolist():
            yield int(hashes[i]), flat[i].as_py(), table


def usual_shape(pictures: list[bytes]) -> tuple[tuple[int, int, int], str]:
    """The most frequent size (of equally frequent ones the smallest), reduced to `LONGEST`; grey when all are; and the reason."""
    import PIL.Image

    sizes, grey = collections.Counter[tuple[int, int]](), True
    for data in pictures:
        try:
            with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                size = (picture.size[1], picture.size[0])
                picture.draft(picture.mode, (LONGEST, LONGEST))
                # Once one is in colour, only the sizes of the others matter, and those need no decoding.
                grey = grey and _is_grey(picture)
        except Exception:  # Decoders raise whatever the bytes lead them to; `image_files` counts such pictures.
            continue
        sizes[size] += 1
    if not sizes:
        return (LONGEST, LONGEST, 3), f"none of {len(pictures)} pictures can be decoded"
    (height, width), count = min(sizes.items(), key=lambda item: (-item[1], item[0]))
    reason = f"{count} of {sizes.total()} pictures looked at are {height} x {width}"
    longest = max(height, width)
    if longest > LONGEST:
        height, width = (max(4, round(side * LONGEST / longest)) for side in (height, width))
        reason += f", reduced to {LONGEST} pixels"
    return (height, width, 1 if grey else 3), reason


def _is_grey(picture: Image) -> bool:
    if picture.mode in ("1", "L", "LA") or picture.mode.startswith("I"):
        picture.load()
        return True
    levels = np.asarray(picture.convert("RGB"), np.int16)
    return int((levels.max(axis=2) - levels.min(axis=2)).max()) <= GREY_TOLERANCE
