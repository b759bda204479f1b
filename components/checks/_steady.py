"""Features that can be taken at their word: those whose distribution is what it was, whatever happened to the labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from components import drift_rules as drift
from components.checks._parts import MOVED, Ints, Labels, codes
from components.samples import Floats, Sample

#: As the warning limit of `label_noise`: a fault in a share of the rows can make no more rows than these contradict their labels.
LIMIT = 0.03


def moved(before: Sample, after: Sample) -> list[str]:
    """Features that changed by themselves: over all rows, and also once the reference has the label shares of the span.

    Wrong labels leave the distribution over all rows as it was. Another mix of labels leaves the one within each label value as it was.
    What differs in both ways was filled in, lost, recoded or rescaled: rows then contradict a model because of that feature. Missing
    values count as a value.
    """
    labels = Labels.of(before, after)
    n, m = (np.bincount(c, minlength=len(labels.values)).astype(np.float64) for c in (labels.before, labels.after))
    weights = (m / np.maximum(n, 1))[labels.before]
    numeric = sorted({*before.numeric} & {*after.numeric})
    categorical = sorted({*before.categorical} & {*after.categorical})
    bins = {name: _bins(before.numeric[name], after.numeric[name]) for name in numeric}
    bins |= {name: codes(before.categorical[name], after.categorical[name])[1:] for name in categorical}
    return [name for name, (one, two) in bins.items() if _differ(one, two, None) and _differ(one, two, weights)]


def _bins(before: Floats, after: Floats) -> tuple[Ints, Ints]:
    """Numbers of the reference's deciles, and one more for missing values."""
    upper = drift.edges(before[~np.isnan(before)])
    one, two = (drift.bins(values, upper) for values in (before, after))
    return one, two


def _differ(before: Ints, after: Ints, weights: npt.NDArray[np.float64] | None) -> bool:
    """Whether the share of any value moved by more than the limit and than chance explains."""
    width = int(max(before.max(initial=0), after.max(initial=0))) + 1
    one = np.bincount(before, weights, width).astype(np.float64)
    two = np.bincount(after, minlength=width).astype(np.float64)
    n = drift.effective(len(before), weights)
    floor = drift.largest_change_floor(one, two, n, len(after), alpha=MOVED)
    return drift.largest_change(one, two)[0] > max(LIMIT, floor)
