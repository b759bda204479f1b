"""What imputers of numbers fill in, and findings about constants that stand where train has no values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.interfaces import Imputer, NumericSummary
from components.logarithm import log_scaled, unscaled
from schemas.findings import Finding, Severity

#: Fewest train values near a fill value, as a share: with less than one in a thousand the model sees a value that practically no row has.
NEAR = 0.001


def fixed_fill(imputer: Imputer) -> float | None:
    """What an imputer of numbers fills in whatever train has, in the units of the data; None when it learns."""
    value = imputer.fill(NumericSummary("", 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0))
    return None if value is None else float(value)


def fill_of(summary: NumericSummary, imputer: Imputer, log: bool) -> float:
    """What stands in for missing values of a numeric feature, before cutting off."""
    fixed = fixed_fill(imputer)
    if fixed is not None:
        return log_scaled(fixed) if log else fixed
    value = imputer.fill(summary)
    return summary.median if value is None else float(value)


def near(summary: NumericSummary, fill: float) -> tuple[float, float]:
    """The range around a fill value that counts as near: half an inter-quartile range (or deviation, where that is 0) either side."""
    half = 0.5 * (summary.quantiles[0.75] - summary.quantiles[0.25] or summary.deviation)
    return fill - half, fill + half


def imputation_warnings(
    summaries: Sequence[NumericSummary],
    imputers: Mapping[str, Imputer],
    fills: Mapping[str, float],
    counts: Mapping[str, int],
    log: frozenset[str] = frozenset(),
) -> list[Finding]:
    """Constants that stand where train has no values: a model takes them for a quantity that no row ever had.

    Learned values are not judged: they are inside the data, and `docs/transform.md` compares them.

    Args:
        summaries: of train, with quartiles; on the logarithmic scale for features in `log`.
        imputers: by feature.
        fills: feature -> what its missing values become, on the same scale and after cutting off.
        counts: feature -> number of train values in the range `near` its fill.

    Returns:
        One finding per feature with a fixed fill and train values: ``warn`` when less than `NEAR` of them are near, else ``ok``.
    """
    found = []
    for s in summaries:
        if fixed_fill(imputers[s.name]) is not None and s.present:
            log_scale = s.name in log
            found.append(_judge_fill(s, _in_units(fills[s.name], log_scale), counts[s.name], log_scale))
    return found


def _judge_fill(s: NumericSummary, fill: float, count: int, log: bool) -> Finding:
    share, lacking = count / s.present, s.missing / (s.present + s.missing)
    lowest, highest = _in_units(s.minimum, log), _in_units(s.maximum, log)
    warns = share < NEAR
    text = f"{s.name}: missing values become {fill:g}, and {count:,} of {s.present:,} train values are near that "
    text += f"(train has {lowest:g} to {highest:g}, median {_in_units(s.median, log):g}). "
    rows = f"{s.missing:,} of {s.present + s.missing:,} train rows ({100 * lacking:.1f} %) are filled so."
    later = "No train row lacks it yet, so the model would meet this value for the first time when it serves."
    remedy = (
        f"Use {{{s.name}: median}} in transform.impute, or group_median or conditional_mean where other features tell more; if the "
        "constant has a meaning, make sure that train has rows with it."
    )
    return Finding(
        code="misleading_fill",
        severity=Severity.WARN if warns else Severity.OK,
        subject=s.name,
        observed={
            "fill": fill,
            "near": count,
            "near_share": share,
            "minimum": lowest,
            "maximum": highest,
            "missing_share": lacking,
        },
        allowed={"near_share": NEAR},
        message=text + (rows if s.missing else later),
        remedy=remedy if warns else "",
        stage="transform",
    )


def _in_units(value: float, log: bool) -> float:
    return unscaled(value) if log else value
