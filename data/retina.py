"""Generates the screening example: photographs of both eyes of diabetic patients in five grades of retinopathy. ALL OF IT IS SYNTHETIC.

    python -m data.retina --output data/retina

No picture and no value is of a person, and no conclusion about patients, cameras or models of medicine can be drawn from it: patients are
drawn from simple distributions and their eyes are drawings (`data.fundus`). A row of ``span-<N>/eyes.csv`` is an eye, `grade` its label.
Every patient depends on the seed and its own number only, so more patients or more spans change none that were there. See data/README.md.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from data import _folders, fundus

#: Raised whenever the same seed gives other data.
VERSION = 1
COLUMNS = ("image", "grade", "patient", "eye", "camera", "age", "duration", "hba1c", "systolic")
#: Shares of the grades 0 to 4, about those of the screening data that are public.
SHARES = (0.73, 0.07, 0.15, 0.03, 0.02)
#: Limits between grades on the standard normal severity: its quantiles at 0.73, 0.80, 0.95 and 0.98.
LIMITS = (0.6128130, 0.8416212, 1.6448536, 2.0537489)
#: The whole of the highest grade, on the same scale.
HIGHEST = 0.6
#: Correlation of the patient's severity with what is measured: duration of the disease, HbA1c, blood pressure.
DURATION, HBA1C, SYSTOLIC = 0.45, 0.40, 0.20
#: Correlation of the severities of a patient's eyes.
EYES = 0.9
#: Weight of the reader's error beside the true severity: graders differ at the limits between grades.
READER = 0.06
#: Shares of missing values by camera: the handheld one is used outside, where there is no laboratory.
MISSING = {
    "tabletop": {"duration": 0.02, "hba1c": 0.04, "systolic": 0.02},
    "legacy": {"duration": 0.03, "hba1c": 0.10, "systolic": 0.04},
    "handheld": {"duration": 0.06, "hba1c": 0.45, "systolic": 0.10},
}
#: Patients of a span at most: the patient's number is span * MOST + number in the span.
MOST = 100_000

Row = dict[str, str]


def grade_of(severity: float) -> int:
    """Grade, 0 to 4, of a standard normal severity."""
    return sum(severity >= limit for limit in LIMITS)


def burden(severity: float) -> float:
    """Grade plus how far within the grade a severity is, 0 to below 5: what `fundus.draw` takes."""
    grade = grade_of(severity)
    low = LIMITS[grade - 1] if grade else -3.0
    high = LIMITS[grade] if grade < 4 else low + HIGHEST
    return grade + min(max((severity - low) / (high - low), 0.0), 0.999)


def patient_rows(seed: int, patient: int) -> list[tuple[Row, float]]:
    """Both eyes of a patient, right (R) and left (L), each with the burden to draw.

    Ranges: age 18 to 92 years, duration of the diabetes 0 to 50 years, HbA1c 4.8 to 14.5 %, systolic pressure 90 to 220 mmHg.
    """
    rng = np.random.default_rng([seed, patient])
    aged, lasting, sugar, pressure, other = rng.standard_normal(5).tolist()
    camera = str(rng.choice(list(fundus.CAMERAS), p=[c.share for c in fundus.CAMERAS.values()]))
    age = min(max(59 + 12 * aged, 18), 92)
    values = {
        # Skewed to the right, with medians of 9 years and 7.4 %.
        "duration": f"{min(max(9 * math.exp(0.7 * lasting), 0), 50, age - 8):.1f}",
        "hba1c": f"{min(max(7.4 * math.exp(0.18 * sugar), 4.8), 14.5):.1f}",
        "systolic": f"{min(max(133 + 0.3 * (age - 59) + 14 * pressure, 90), 220):.0f}",
    }
    values = {k: "" if rng.random() < MISSING[camera][k] else v for k, v in values.items()}
    rest = math.sqrt(1 - DURATION**2 - HBA1C**2 - SYSTOLIC**2)
    common = DURATION * lasting + HBA1C * sugar + SYSTOLIC * pressure + rest * other
    rows = []
    for eye in ("R", "L"):
        own, reader = rng.standard_normal(2).tolist()
        true = math.sqrt(EYES) * common + math.sqrt(1 - EYES) * own
        read = math.sqrt(1 - READER**2) * true + READER * reader
        row = {
            "image": f"images/{patient:06}-{eye}.png",
            "grade": str(grade_of(read)),
            "patient": f"{patient}",
            "eye": eye,
        }
        rows.append(({**row, "camera": camera, "age": f"{age:.0f}", **values}, burden(true)))
    return rows


def build(output: Path, patients: int = 500, spans: int = 3, size: int = 64, seed: int = 0) -> dict[int, int]:
    """Writes all spans; all of them or none.

    Args:
        patients: of each span, 1 to `MOST`.
        spans: numbered from 1.
        size: pixels a side of the pictures, 16 to 512.
        seed: of all draws, 0 or more.

    Returns:
        span -> number of eyes.
    """
    with _folders.replaced(output, recipe(patients, spans, size, seed)) as folder:
        return {span: _span(folder / f"span-{span}", span, patients, size, seed) for span in range(1, spans + 1)}


def recipe(patients: int, spans: int, size: int, seed: int) -> dict[str, object]:
    """Everything the data depend on."""
    return {
        "data": "retina",
        "synthetic": True,
        "version": VERSION,
        "patients": patients,
        "spans": spans,
        "size": size,
        "seed": seed,
    }


def _span(folder: Path, span: int, patients: int, size: int, seed: int) -> int:
    (folder / "images").mkdir(parents=True)
    rows = []
    for patient in range(span * MOST, span * MOST + patients):
        for row, severity in patient_rows(seed, patient):
            left = row["eye"] == "L"
            picture = fundus.draw(severity, left, row["camera"], size, np.random.default_rng([seed, patient, 1 + left]))
            Image.fromarray(picture).save(folder / row["image"])
            rows.append(row)
    with (folder / "eyes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "retina")
    parser.add_argument("--patients", type=_folders.whole(1, MOST), default=500, help="of each span (default: 500)")
    parser.add_argument("--spans", type=_folders.whole(1, 99), default=3, help="number of spans (default: 3)")
    parser.add_argument("--size", type=_folders.whole(16, 512), default=64, help="pixels a side (default: 64)")
    parser.add_argument("--seed", type=_folders.whole(0, 2**31 - 1), default=0)
    given = parser.parse_args()
    if _folders.is_made(given.output, recipe(given.patients, given.spans, given.size, given.seed)):
        print(f"{given.output}: all {given.spans} spans are there already")
        return 0
    try:
        counts = build(given.output, given.patients, given.spans, given.size, given.seed)
    except OSError as error:
        print(f"error: retina data not built: {error}", file=sys.stderr)
        return 1
    print(
        f"{given.output}: {sum(counts.values())} synthetic photographs of {len(counts) * given.patients} patients in {len(counts)} spans"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
