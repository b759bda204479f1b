"""Builds the image example: 4 spans of the 1,797 handwritten digits that ship inside the installed `scikit-learn` package, as PNG files.

    python -m data.digits --output data/digits

A digit is ``span-<N>/<label>/<index>.png``, 8x8 pixels, grey. The digits of each label are dealt out in the order of a hash of their
index, since the source lists them writer by writer. Nothing is downloaded. Origin and licence: data/README.md.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from data import _folders

SPANS = 4
#: Grey levels of the source are 0 to 16.
LEVELS = 16


def build(output: Path) -> dict[int, int]:
    """Writes all spans; all of them or none.

    Returns:
        span -> number of images.
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    source = load_digits()
    pictures = np.round(source.images * 255 / LEVELS).astype(np.uint8)
    labels = source.target.tolist()
    order = sorted(range(len(labels)), key=lambda i: hashlib.sha256(str(i).encode()).digest())
    dealt: Counter[int] = Counter()
    spans: Counter[int] = Counter()
    with _folders.replaced(output) as made:
        for index in order:
            # The first label starts at span 1, the second at span 2, ...: spans of nearly equal size.
            span = (labels[index] + dealt[labels[index]]) % SPANS + 1
            dealt[labels[index]] += 1
            spans[span] += 1
            folder = made / f"span-{span}" / str(labels[index])
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pictures[index]).save(folder / f"{index:04}.png")
    return dict(sorted(spans.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "digits")
    output = parser.parse_args().output
    if all((output / f"span-{n}").is_dir() for n in range(1, SPANS + 1)):
        print(f"{output}: all {SPANS} spans are there already")
        return 0
    try:
        counts = build(output)
    except (ImportError, OSError) as error:
        print(f"error: digits not built: {error}", file=sys.stderr)
        return 1
    print(f"{output}: {sum(counts.values())} images in {len(counts)} spans")
    return 0


if __name__ == "__main__":
    sys.exit(main())
