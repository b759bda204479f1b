"""Data sets that no rule of the diagnosis was made with. Every row is drawn by its span; scikit-learn's own tables are dealt out."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.diagnosis.datasets import ROOT, TABLE, Dataset, Row, _spread, write
from benchmarks.diagnosis.unseen_pictures import SHAPES, SPANS

Random = np.random.Generator
CLASSES = {"auc: 0.6": "accuracy: 0.4", "metric: auc": "metric: accuracy", "[auc, accuracy": "[accuracy"}
AMOUNTS = {
    "auc: 0.6": "r2: 0.2",
    "metric: auc": "metric: rmse",
    "[auc, accuracy, balanced_accuracy, log_loss]": "[rmse, mae, r2]",
}
TEXTS = """
name: words
data:
  source: {{csv: "{data}/span-{{SPAN}}/*.csv"}}
  window: {{last_spans: 3}}
  label: sentiment
  time: date
  features: {{text: text, category: categorical, price: numeric}}
train: {{model: text, class_weights: none, epochs: 12, batch_size: 64, learning_rate: 0.002, seed: 7}}
evaluate:
  metrics: [accuracy, balanced_accuracy, log_loss, auc]
  gates: {{metric_floor: {{accuracy: 0.7}}, no_regression: {{metric: accuracy, tolerance: 0.01}}}}
"""


def _table(name: str, label: str, other: dict[str, str] | None = None, data: str = "") -> str:
    """The configuration of a table: AUC of two classes, unless `other` says what takes the place of what."""
    text = TABLE.format(name=name, label=label)
    for old, new in (other or {}).items():
        text = text.replace(old, new)
    more = "  task: regression\n" if other is AMOUNTS else ""
    return text.replace(f"  label: {label}\n", f"  label: {label}\n{more}{data}")


def _spans(draw: Callable[[Random, int], list[Row]]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for span in range(1, SPANS + 1):
            write(folder / f"span-{span}" / "rows.csv", draw(np.random.default_rng([0, span, 5]), span))

    return make


def _loaded(loader: str, label: str, times: int) -> Callable[[Path], None]:
    """A table of scikit-learn, each row so many times, with measuring errors of 3 % of a deviation."""

    def make(folder: Path) -> None:
        import sklearn.datasets

        source, random = getattr(sklearn.datasets, loader)(), np.random.default_rng([0, 1])
        values = np.repeat(source.data, times, axis=0)
        values = values + 0.03 * values.std(axis=0) * random.normal(size=values.shape)
        names = [n.split(" (")[0].replace(" ", "_").replace("/", "_") for n in source.feature_names]
        labels = [f"{v:g}" if loader == "load_diabetes" else "abc"[int(v)] for v in np.repeat(source.target, times)]
        rows = [
            {**{n: f"{v:.5g}" for n, v in zip(names, line, strict=True)}, label: y}
            for line, y in zip(values, labels, strict=True)
        ]
        _spread(folder, rows, SPANS, 77)

    return make


def _rows(columns: dict[str, list[str]]) -> list[Row]:
    return [dict(zip(columns, line, strict=True)) for line in zip(*columns.values(), strict=True)]


def _told(values: np.ndarray, digits: int = 5, gaps: np.ndarray | None = None) -> list[str]:
    gone = np.zeros(len(values), bool) if gaps is None else gaps
    return ["" if g else f"{v:.{digits}g}" for v, g in zip(values.tolist(), gone.tolist(), strict=True)]


def _yes(random: Random, score: np.ndarray, words: tuple[str, str] = ("0", "1")) -> list[str]:
    """Labels by a logistic score."""
    return [words[int(u)] for u in random.random(len(score)) < 1 / (1 + np.exp(-score))]


def churn(random: Random, span: int) -> list[Row]:
    """Fifteen numbers and categories of customers, six of them with gaps."""
    n = 1500
    z = random.normal(size=(n, 8))
    visits = random.poisson(3, n).astype(float)
    region, plan = (
        random.choice(["north", "south", "east", "west"], n, p=[0.4, 0.3, 0.2, 0.1]),
        random.choice(["a", "b", "c"], n),
    )
    score = (
        2 * z[:, 0] + 1.5 * z[:, 2] - 1.1 * z[:, 7] + 1.6 * (plan == "c") - 1.3 * (region == "south") + 0.5 * visits - 3
    )
    numbers = {
        "load": _told(50 + 12 * z[:, 0]),
        "pressure": _told(1013 + 9 * (0.6 * z[:, 0] + 0.8 * z[:, 1]), 6),
        "income": _told(np.exp(10 + 0.6 * z[:, 2]), 6, random.random(n) < 0.12),
        "age": _told(np.clip(np.round(40 + 13 * z[:, 3]), 18, 90), 3, random.random(n) < 0.05),
        "visits": _told(visits),
        "ratio": _told(1 / (1 + np.exp(-z[:, 4]))),
        "distance": _told(random.exponential(8, n), 4, random.random(n) < 0.03),
        "temp": _told(20 + 6 * z[:, 7]),
        "debt": _told(np.where(random.random(n) < 0.4, 0, np.exp(7 + z[:, 5]))),
        "score": _told(np.round(5 + 2 * z[:, 6], 1), 3, random.random(n) < 0.2),
    }
    browser = [
        "" if g else b for g, b in zip(random.random(n) < 0.08, random.choice(["x", "y", "z", "other"], n), strict=True)
    ]
    shop = [f"s{i:02}" for i in random.integers(0, 25, n)]
    words = {"region": region.tolist(), "plan": plan.tolist(), "browser": browser, "shop": shop}
    return _rows({**numbers, **words, "churn": _yes(random, score, ("no", "yes"))})


def crops(random: Random, span: int) -> list[Row]:
    """Twelve classes of unequal size by eight measurements and a soil."""
    n, names = 1400, ("nitrogen", "phosphor", "potash", "heat", "humidity", "acidity", "rain", "height")
    middles, shares = np.random.default_rng(99).normal(size=(12, 8)) * 1.6, np.linspace(1.6, 0.5, 12)
    y = random.choice(12, n, p=shares / shares.sum())
    values, soil = (
        middles[y] + random.normal(size=(n, 8)),
        np.where(random.random(n) < 0.6, y % 4, random.integers(0, 4, n)),
    )
    columns = {c: _told(20 + 5 * values[:, i], 4) for i, c in enumerate(names)}
    soils = [("clay", "sand", "loam", "peat")[s] for s in soil]
    return _rows({**columns, "soil": soils, "crop": [f"crop{v:02}" for v in y]})


def fraud(random: Random, span: int) -> list[Row]:
    """One row in 80 is of the rare class."""
    n = 5000
    y = random.random(n) < 0.012
    channel = np.where(random.random(n) < 0.25 + 0.4 * y, "web", np.where(random.random(n) < 0.5, "shop", "phone"))
    columns = {
        "amount": _told(np.exp(3.5 + random.normal(size=n) + 1.1 * y), 6),
        "hour": _told((random.normal(14, 5, n) + 9 * y) % 24, 4),
        "speed": _told(random.exponential(1 + 2.5 * y, n), 4),
        "account_days": _told(np.round(random.gamma(3, 200, n) * np.where(y, 0.5, 1))),
    }
    return _rows({**columns, "channel": channel.tolist(), "fraud": [str(int(v)) for v in y]})


def queue(random: Random, span: int) -> list[Row]:
    """Calls in an hour, with a daily pattern and a slow trend, by time: was the queue long?"""
    n, start = 1200, datetime.datetime(2024, 1, 1) + datetime.timedelta(days=30 * (span - 1))
    seconds = np.sort(random.random(n) * 30 * 24 * 3600)
    hour, day = seconds / 3600 % 24, (seconds // 86400 % 7).astype(int)
    calls = 100 + 0.4 * span + 18 * np.sin((hour - 8) / 24 * 2 * np.pi) + 8 * random.normal(size=n)
    staff = 12 + 3 * random.normal(size=n) + 0.05 * (calls - 100)
    columns = {
        "time": [(start + datetime.timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%SZ") for s in seconds.tolist()],
        "calls": _told(calls, 4),
        "staff": _told(staff, 4),
        "hour": _told(hour, 4),
        "temp": _told(15 + 0.3 * span + 7 * random.normal(size=n), 3),
        "day": [("mon", "tue", "wed", "thu", "fri", "sat", "sun")[d] for d in day],
    }
    return _rows({**columns, "long": _yes(random, 0.12 * (calls - 100) - 0.7 * (staff - 12) - 0.3)})


def energy(random: Random, span: int) -> list[Row]:
    """What it costs to heat a house: lognormal amounts."""
    n = 900
    area, age, cold = random.gamma(6, 20, n), np.round(random.uniform(0, 90, n)), 5 + 4 * random.normal(size=n)
    people, kind = (
        1 + random.poisson(1.5, n),
        random.choice(["gas", "oil", "pump", "wood"], n, p=[0.5, 0.25, 0.15, 0.1]),
    )
    cost = 4 + 0.006 * area + 0.008 * age - 0.05 * cold + 0.05 * people + 0.4 * (kind == "oil") - 0.5 * (kind == "pump")
    numbers = {
        "area": _told(area),
        "age": _told(age, 3, random.random(n) < 0.07),
        "cold": _told(cold),
        "people": _told(people),
    }
    return _rows({**numbers, "kind": kind.tolist(), "cost": _told(np.exp(cost + 0.15 * random.normal(size=n)))})


def wards(random: Random, span: int) -> list[Row]:
    """Five classes by counts with many zeros, whole numbers and categories."""
    n = 1000
    y, middles = (
        random.choice(5, n, p=[0.35, 0.25, 0.2, 0.12, 0.08]),
        np.array([[0.3, 4, 60], [1.5, 8, 72], [3, 2, 50], [0.2, 12, 80], [6, 6, 65]]),
    )
    columns = {
        "falls": _told(random.poisson(middles[y, 0])),
        "days": _told(random.poisson(middles[y, 1])),
        "age": _told(np.clip(np.round(middles[y, 2] + 9 * random.normal(size=n)), 1, 99)),
        "pulse": _told(np.round(75 + 4 * y + 9 * random.normal(size=n))),
        "fever": np.where(random.random(n) < 0.2 + 0.12 * y, "yes", "no").tolist(),
        "admitted": random.choice(["er", "gp", "self", "transfer"], n, p=[0.4, 0.3, 0.2, 0.1]).tolist(),
    }
    return _rows({**columns, "ward": ["ABCDE"[v] for v in y]})


def words(folder: Path) -> None:
    """The reviews of the example, with another seed."""
    settings = ["--output", str(folder), "--spans", str(SPANS), "--reviews", "1200", "--seed", "40"]
    subprocess.run([sys.executable, "-m", "data.reviews", *settings], cwd=ROOT, check=True)


def _of(name: str, label: str, positive: str, features: str, config: str, make: Callable[[Path], None]) -> Dataset:
    """One that is trained with an MLP; `features` are its numbers, and behind a bar its category."""
    numbers, _, category = features.partition("|")
    return Dataset(name, SPANS - 1, SPANS, label, positive, tuple(numbers.split()), category, config, "mlp", make)


WINE, SUGAR = _table("wine", "cultivar"), _table("sugar", "progress", AMOUNTS)
QUEUE = _table("queue", "long", data="  time: time\n")
DATASETS = (
    _of("wine", "cultivar", "a", "proline flavanoids color_intensity", WINE, _loaded("load_wine", "cultivar", 4)),
    _of("sugar", "progress", "", "bmi s5 bp", SUGAR, _loaded("load_diabetes", "progress", 3)),
    _of("churn", "churn", "yes", "load income temp|region", _table("churn", "churn"), _spans(churn)),
    _of("crops", "crop", "crop03", "nitrogen potash rain|soil", _table("crops", "crop", CLASSES), _spans(crops)),
    _of("fraud", "fraud", "1", "amount speed account_days|channel", _table("fraud", "fraud"), _spans(fraud)),
    _of("queue", "long", "1", "calls staff temp|day", QUEUE, _spans(queue)),
    _of("energy", "cost", "", "area cold age|kind", _table("energy", "cost", AMOUNTS), _spans(energy)),
    _of("wards", "ward", "D", "age days pulse|admitted", _table("wards", "ward", CLASSES), _spans(wards)),
    _of("words", "sentiment", "negative", "|category", TEXTS, words),
    SHAPES,
)
