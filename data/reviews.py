"""Generates the text example: product reviews that are negative, neutral or positive. ALL OF IT IS SYNTHETIC.

    python -m data.reviews --output data/reviews

No review is by a person and no product exists: sentences come from a small grammar (`data.opinions`). A row of
``span-<N>/reviews.csv`` is a review, `sentiment` its label. A span is a month. Every review depends on the seed, its span and its number
only, so more reviews or more spans change none that were there. See data/README.md.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import random
import sys
from pathlib import Path

from data import _folders, opinions

#: Raised whenever the same seed gives other data.
VERSION = 1
COLUMNS = ("text", "sentiment", "category", "price", "date")
#: Shares of the labels: most reviews are positive, as in real ones, but less so.
SHARES = {"negative": 0.30, "neutral": 0.22, "positive": 0.48}
#: Share of reviews whose label is another one than the text says: people choose wrongly, too.
SLIPS = 0.02
#: Share of words with a typing error.
TYPOS = 0.015
#: The month of span 1.
FIRST = (2024, 1)


def review(seed: int, span: int, number: int) -> dict[str, str]:
    """One review: its text, `sentiment`, `category` of the product, `price` in euros, and `date`, a time in UTC (ISO 8601)."""
    rng = random.Random(f"reviews {seed} {span} {number}")
    sentiment = rng.choices(list(SHARES), list(SHARES.values()))[0]
    category = rng.choice(list(opinions.CATEGORIES))
    text = _typed(opinions.write(sentiment, category, rng), rng)
    if rng.random() < SLIPS:
        sentiment = rng.choice([s for s in SHARES if s != sentiment])
    low, high = opinions.CATEGORIES[category].price
    # Dear things disappoint a little more often.
    dear = min(max(rng.betavariate(1.3, 3) + {"negative": 0.06, "neutral": 0.0, "positive": -0.03}[sentiment], 0), 1)
    price = f"{low + (high - low) * dear:.2f}"
    return {"text": text, "sentiment": sentiment, "category": category, "price": price, "date": _time(span, rng)}


def _time(span: int, rng: random.Random) -> str:
    months = FIRST[0] * 12 + FIRST[1] - 1 + span - 1
    start = datetime.datetime(months // 12, months % 12 + 1, 1, tzinfo=datetime.timezone.utc)
    # Mostly in the evening.
    hour = int(rng.triangular(0, 24, 20)) % 24
    moment = start + datetime.timedelta(days=rng.randrange(28), hours=hour, seconds=rng.randrange(3600))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _typed(text: str, rng: random.Random) -> str:
    """The text with typing errors: a letter is lost, doubled, or changes places with the next one. Some write without capitals."""
    words = text.split(" ")
    for i, word in enumerate(words):
        if len(word) < 5 or rng.random() >= TYPOS:
            continue
        at = rng.randrange(1, len(word) - 2)
        words[i] = rng.choice(
            [
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )
    joined = " ".join(words)
    return joined.lower() if rng.random() < 0.15 else joined


def build(output: Path, reviews: int = 2000, spans: int = 3, seed: int = 0) -> dict[int, int]:
    """Writes all spans; all of them or none.

    Args:
        reviews: of each span, 1 or more.
        spans: numbered from 1; each is a month, from January 2024.
        seed: of all draws.

    Returns:
        span -> number of reviews.
    """
    with _folders.replaced(output, recipe(reviews, spans, seed)) as folder:
        for span in range(1, spans + 1):
            (folder / f"span-{span}").mkdir()
            with (folder / f"span-{span}" / "reviews.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                writer.writeheader()
                writer.writerows(review(seed, span, n) for n in range(reviews))
    return dict.fromkeys(range(1, spans + 1), reviews)


def recipe(reviews: int, spans: int, seed: int) -> dict[str, object]:
    """Everything the data depend on."""
    return {"data": "reviews", "synthetic": True, "version": VERSION, "reviews": reviews, "spans": spans, "seed": seed}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "reviews")
    parser.add_argument(
        "--reviews", type=_folders.whole(1, 1_000_000), default=2000, help="of each span (default: 2000)"
    )
    parser.add_argument("--spans", type=_folders.whole(1, 99), default=3, help="number of spans (default: 3)")
    parser.add_argument("--seed", type=_folders.whole(0, 2**31 - 1), default=0)
    given = parser.parse_args()
    if _folders.is_made(given.output, recipe(given.reviews, given.spans, given.seed)):
        print(f"{given.output}: all {given.spans} spans are there already")
        return 0
    try:
        counts = build(given.output, given.reviews, given.spans, given.seed)
    except OSError as error:
        print(f"error: reviews not built: {error}", file=sys.stderr)
        return 1
    print(f"{given.output}: {sum(counts.values())} synthetic reviews in {len(counts)} spans")
    return 0


if __name__ == "__main__":
    sys.exit(main())
