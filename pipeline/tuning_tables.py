"""A tuning in sentences and tables, for the terminal and the page."""

from __future__ import annotations

from typing import Any

import yaml

from pipeline.wording import duration, number
from schemas.run_record import Trial, Tuning

STOPPED = {
    "trials": "all trials were made",
    "minutes": "the budget in minutes was spent",
    "space": "there were no other values to try",
}


def summary(found: Tuning) -> list[tuple[str, str]]:
    """Names and values: what was searched, and what came out."""
    return [
        ("model", found.model),
        ("search", f"{found.method}, seed {found.seed}; ended because {STOPPED.get(found.stopped, found.stopped)}"),
        *((name, range_text(d)) for name, d in found.search.items()),
        ("best", tuned_text(found)),
    ]


def tuned_text(found: Tuning) -> str:
    """What training took, and whose values these are, on one line."""
    best = next((t for t in found.trials if t.number == found.best), None)
    told = (
        "as configured: no trial was finished in time" if best is None else f"{values_text(best)} (trial {best.number})"
    )
    return f"{told}, found by {_whose(found)}" if found.reused else told


def _whose(found: Tuning) -> str:
    return f"run {found.run}" + (f" (span {found.span})" if found.span is not None else "")


def as_yaml(found: Tuning) -> str:
    """The best values as lines for a configuration's `train` section; width and depth are those of the model's layers."""
    return str(yaml.safe_dump(found.values, sort_keys=True, default_flow_style=True)).strip()


def range_text(dimension: dict[str, Any]) -> str:
    """``0.0001 to 0.01 (logarithmic)``, or the choices."""
    if "choices" in dimension:
        return ", ".join(number(v) for v in dimension["choices"])
    return f"{number(dimension['low'])} to {number(dimension['high'])}" + (
        " (logarithmic)" if dimension.get("log") else ""
    )


def values_text(trial: Trial) -> str:
    """What was tried, on one line."""
    return ", ".join(f"{n} {number(v, 3)}" for n, v in trial.values.items()) or "as configured"


def table_of(found: Tuning) -> tuple[list[str], list[list[str]]]:
    """Columns and rows: the trials, best first, then those that failed."""
    ordered = sorted(found.trials, key=lambda t: (t.loss is None, t.loss or 0.0, t.number))
    return [">trial", ">eval loss", "values", ">epochs", ">weights", ">time", "note"], [_row(found, t) for t in ordered]


def _row(found: Tuning, trial: Trial) -> list[str]:
    note = trial.failed or ("best" if trial.number == found.best else "")
    loss = "failed" if trial.loss is None else f"{trial.loss:.4f}"
    counted = [number(trial.epochs or None), number(trial.parameters or None), duration(trial.seconds)]
    return [str(trial.number), loss, values_text(trial), *counted, note]
