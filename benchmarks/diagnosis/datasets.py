"""The data sets of the suite: how each is made, what it is trained with, and what its table looks like."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
Row = dict[str, str]


@dataclass(frozen=True)
class Dataset:
    """A data set in spans of CSV.

    Attributes:
        champion: the span of the run that is held against, and `retrain` the one after it.
        folder: name of the folder of its champion; empty for `name`.
        label: its column; `positive` is the rare value; empty where the label is an amount.
        numeric: features to spoil, most telling first.
        categorical: a feature to spoil; empty without one.
        config: YAML of the configuration, `{data}` is the folder of the spans.
        model: the model with its default parameters, to be made larger or smaller.
        size: its parameters that are not the default ones, with a comma behind; `split` of its way of splitting, likewise.
        narrow: its parameters with few units, `{n}` of them; `wide` with many.
        pictures: whether rows are pictures in folders of their labels.
    """

    name: str
    champion: int
    retrain: int
    label: str
    positive: str
    numeric: tuple[str, ...]
    categorical: str
    config: str
    model: str
    make: Callable[[Path], None]
    size: str = ""
    split: str = ""
    narrow: str = "hidden: [{n}]"
    wide: str = "hidden: [{n}, {n}], dropout: 0.0, l2: 0.0"
    pictures: bool = False
    folder: str = ""

    @property
    def earlier(self) -> Dataset:
        """The same data set, one span before."""
        back = self.champion - 1
        return replace(self, champion=back, retrain=self.retrain - 1, folder=f"{self.name}-{back}")

    def rows(self, data: Path, span: int) -> list[Row]:
        """The rows of a span; of pictures: where each one lies, and its label."""
        if self.pictures:
            found = sorted((data / f"span-{span}").glob("*/*.png"))
            return [{"image": str(p), self.label: p.parent.name} for p in found]
        return read(self.table(data, span))

    def put(self, data: Path, span: int, rows: list[Row]) -> None:
        """Writes the rows of a span in the place of those that were there."""
        if not self.pictures:
            write(self.table(data, span), rows)
            return
        fresh, folder = data / "fresh", data / f"span-{span}"
        for number, row in enumerate(rows):
            place = fresh / row[self.label] / f"{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(row["image"], place)
        shutil.rmtree(folder)
        fresh.rename(folder)

    def table(self, data: Path, span: int) -> Path:
        """The CSV file of a span."""
        (found,) = sorted((data / f"span-{span}").glob("*.csv"))
        return found


def read(path: Path) -> list[Row]:
    """All rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[Row]) -> None:
    """Writes rows to a CSV file, with the columns of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


TAXI = """
name: taxi
data:
  source: {{csv: "{data}/span-{{SPAN}}/*.csv"}}
  window: {{last_spans: 4}}
  label: big_tipper
  time: trip_start_timestamp
  exclude: [tips, pickup_census_tract, trip_start_month]
train: {{epochs: 20, batch_size: 128, seed: 7}}
evaluate:
  metrics: [auc, pr_auc, accuracy, balanced_accuracy, log_loss]
  gates: {{metric_floor: {{auc: 0.8}}, no_regression: {{metric: auc}}}}
"""

DIGITS = """
name: digits
data:
  source: {{images: "{data}/span-{{SPAN}}/{{label}}/*.png"}}
  window: {{last_spans: 3}}
  label: digit
train: {{model: {{cnn: {{filters: [16, 32], dense: [32]}}}}, epochs: 40, batch_size: 32, seed: 7}}
evaluate:
  metrics: [accuracy, balanced_accuracy, log_loss, auc]
  gates: {{metric_floor: {{accuracy: 0.8}}, no_regression: {{metric: accuracy, tolerance: 0.01}}}}
"""

TABLE = """
name: {name}
data:
  source: {{{{csv: "{{data}}/span-{{{{SPAN}}}}/*.csv"}}}}
  window: {{{{last_spans: 3}}}}
  label: {label}
train: {{{{model: mlp, epochs: 40, batch_size: 32, seed: 7}}}}
evaluate:
  metrics: [auc, accuracy, balanced_accuracy, log_loss]
  gates: {{{{metric_floor: {{{{auc: 0.6}}}}, no_regression: {{{{metric: auc, tolerance: 0.01}}}}}}}}
"""


def _taxi(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "data.taxi", "--output", str(folder)], cwd=ROOT, check=True)


def _spread(folder: Path, rows: list[Row], spans: int, seed: int) -> None:
    """Deals rows out to spans, in a random order."""
    order = np.random.default_rng(seed).permutation(len(rows))
    for number, part in enumerate(np.array_split(order, spans), 1):
        write(folder / f"span-{number}" / "rows.csv", [rows[i] for i in part])


def _cancer(folder: Path) -> None:
    """Breast cancer (UCI, ships with scikit-learn): 569 patients; each three times, with measuring errors of 3 % of a deviation."""
    from sklearn.datasets import load_breast_cancer

    source, random = load_breast_cancer(), np.random.default_rng(1)
    names = [n.replace(" ", "_") for n in source.feature_names][:12]
    values = np.repeat(source.data[:, :12], 3, axis=0)
    values = values + 0.03 * values.std(axis=0) * random.normal(size=values.shape)
    labels = np.repeat(source.target, 3)
    rows = [
        {**{n: f"{v:.5g}" for n, v in zip(names, line, strict=True)}, "benign": str(int(y))}
        for line, y in zip(values, labels, strict=True)
    ]
    _spread(folder, rows, 4, 2)


def _eyes(folder: Path) -> None:
    """The synthetic screening set without its pictures: is an eye ill?"""
    made = folder.with_name("retina-source")
    words = ["--output", str(made), "--patients", "250", "--spans", "4", "--size", "16"]
    subprocess.run([sys.executable, "-m", "data.retina", *words], cwd=ROOT, check=True)
    for number in range(1, 5):
        rows = read(made / f"span-{number}" / "eyes.csv")
        kept = [{k: v for k, v in r.items() if k not in ("image", "grade")} for r in rows]
        for row, source in zip(kept, rows, strict=True):
            row["ill"] = str(int(int(source["grade"]) > 0))
        write(folder / f"span-{number}" / "eyes.csv", kept)
    shutil.rmtree(made)


def _digits(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "data.digits", "--output", str(folder)], cwd=ROOT, check=True)


DATASETS = (
    Dataset(
        "taxi",
        8,
        9,
        "big_tipper",
        "1",
        ("fare", "trip_miles", "trip_seconds"),
        "payment_type",
        TAXI,
        "wide_deep",
        _taxi,
    ),
    Dataset(
        *("cancer", 3, 4, "benign", "0", ("mean_concave_points", "mean_perimeter", "mean_texture"), ""),
        *(TABLE.format(name="cancer", label="benign"), "mlp", _cancer),
    ),
    Dataset(
        *("eyes", 3, 4, "ill", "1", ("duration", "hba1c", "systolic"), "camera"),
        *(
            TABLE.format(name="eyes", label="ill").replace("label: ill", "label: ill\n  split: {{group_by: patient}}"),
            "mlp",
            _eyes,
        ),
        split="group_by: patient, ",
    ),
    Dataset(
        *("digits", 3, 4, "digit", "3", (), "", DIGITS, "cnn", _digits),
        size="filters: [16, 32], dense: [32], ",
        narrow="filters: [{n}], dense: [{n}]",
        wide="filters: [{n}], dense: [{n}], dropout: 0.0, l2: 0.0",
        pictures=True,
    ),
)
