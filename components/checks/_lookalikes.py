"""Which images look alike: perceptual hashes that nearly agree, and thumbnails that do too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.samples import U64, Objects

Ints = npt.NDArray[np.int64]

#: Bits in which two perceptual hashes may differ; of 4 parts of 16 bits, at least one then agrees. JPEG at quality 50 to 90 changes no
#: more of 97 % of photographs.
BITS = 3
#: Mean distance of thumbnails in units of their own deviation. JPEG makes up to 0.05 of it; different 8x8 digits whose hashes nearly agree
#: have 0.16 and more, the closest of all pairs of digits 0.06.
DISTANCE = 0.05
#: Grey levels of deviation below which a thumbnail shows nothing that could be compared.
PLAIN = 2.0
#: Neighbours of each image that are looked at in each part of the hash: all of them, unless very many agree there.
NEIGHBOURS = 64
_ONES = np.array([bin(i).count("1") for i in range(256)], np.uint8)


@dataclass(frozen=True, eq=False)
class Looks:
    """Hash and thumbnail of images.

    Attributes:
        index: of each image that can be decoded, in the columns it was read from, int64 [n].
        hashes: uint64 [n].
        thumbs: grey levels, uint8 [n, 64].
    """

    index: Ints
    hashes: U64
    thumbs: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.index)


def read(hashes: Objects, thumbs: Objects) -> Looks:
    """From the columns ``F.hash`` and ``F.thumb``."""
    index = np.array(
        [i for i, (h, t) in enumerate(zip(hashes.tolist(), thumbs.tolist(), strict=True)) if h and t and len(t) == 128],
        np.int64,
    )
    numbers = np.array([int(h, 16) for h in hashes[index].tolist()], np.uint64)
    levels = np.frombuffer(bytes.fromhex("".join(thumbs[index].tolist())), np.uint8).reshape(len(index), 64)
    return Looks(index, numbers, levels)


def groups(looks: Looks, bits: int = BITS) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Number of the group of images that look alike, of each image, and whether it shows anything.

    Args:
        bits: in which hashes may differ, 0 to `BITS`. Pairs that are alike through others are in one group.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    # Equal thumbnails and hashes first: they may be very many.
    both = np.concatenate([looks.hashes[:, None].view(np.uint8), looks.thumbs], axis=1)
    _, first, of = np.unique(both.view(f"V{both.shape[1]}").ravel(), return_index=True, return_inverse=True)
    hashes, levels = looks.hashes[first], looks.thumbs[first].astype(np.float32)
    deviation = levels.std(axis=1, keepdims=True)
    scaled = (levels - levels.mean(axis=1, keepdims=True)) / np.maximum(deviation, PLAIN)
    shows = deviation[:, 0] >= PLAIN
    left, right = _near(hashes, bits)
    alike = shows[left] & shows[right] & (np.abs(scaled[left] - scaled[right]).mean(axis=1) <= DISTANCE)
    left, right, n = left[alike], right[alike], len(hashes)
    _, number = connected_components(
        coo_matrix((np.ones(len(left), bool), (left, right)), shape=(n, n)), directed=False
    )
    of = of.reshape(-1)
    return number[of].astype(np.int64), shows[of]


def _near(hashes: U64, bits: int) -> tuple[Ints, Ints]:
    """Pairs of hashes that differ in so many bits at most; each once or more."""
    out = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for part in range(4):
        band = (hashes >> np.uint64(16 * part)) & np.uint64(0xFFFF)
        order = np.lexsort((hashes, band))
        for step in range(1, min(NEIGHBOURS, len(order) - 1) + 1):
            left, right = order[:-step], order[step:]
            same = band[left] == band[right]
            if not same.any():
                break
            left, right = left[same], right[same]
            differing = (hashes[left] ^ hashes[right])[:, None].view(np.uint8)
            close = _ONES[differing].sum(axis=1) <= bits
            out.append((left[close], right[close]))
    return np.concatenate([a for a, _ in out]), np.concatenate([b for _, b in out])
