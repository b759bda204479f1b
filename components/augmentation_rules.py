"""Findings of an audit: what is too far, and what must not be augmented at all. See also `augmentation_sides`, `augmentation_history`.

Noise floors are those of the checks of the data (`statistics_rules`, `drift_rules`): a finding needs an effect beyond its limit, and
beyond what chance reaches at this number of rows and comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from components import picture_statistics as pictures
from components import statistics_rules as rules
from components.augmentation_measures import Measured, Seen
from components.augmentation_record import TRAIN, Audit
from components.interfaces import F64
from components.samples import Objects
from schemas.findings import Finding, Number, Severity

Numbers = Mapping[str, Number | str | None]

STAGE = "augment"
#: Fewer rows than this say nothing that the noise would not hide.
LEAST = pictures.LEAST

#: Change at which labels are in danger. On the digits, 15 degrees with moves by a tenth are 0.37, by a fifth 0.8, half a turn is 1.3. At
#: 0.75 three quarters of the way to any other picture are gone; at 1.5 what comes out is no picture of this set.
WARN_CHANGE, BLOCK_CHANGE = 0.75, 1.5
#: Standard errors by which the mean change must exceed its limit: the two-sided quantile of 1 in 1000.
SURE = 3.3
#: Distance of pictures in eval or test from those of train as they are: the limit of a warning for properties of images in the data.
EVALUATION_DISTANCE = 0.10
#: They look augmented when they are less than half as far from the augmented pictures: drift in between is nearer to neither.
EVALUATION_CLOSER = 0.5
#: Properties and how they are compared: True where values go round in a circle.
CIRCULAR = {"brightness": False, "contrast": False, "sharpness": False, "orientation": True, "moment_angle": True}


def finding(
    code: str,
    level: Severity,
    subject: str,
    message: str,
    remedy: str = "",
    observed: Numbers | None = None,
    allowed: Numbers | None = None,
    statistic: float | None = None,
    span: int | None = None,
) -> Finding:
    """A finding of this stage; the remedy only where something is to be done, and no number that JSON does not have."""
    return Finding(
        code=code,
        severity=level,
        subject=subject,
        observed=_finite(observed or {}),
        allowed=_finite(allowed or {}),
        message=message,
        remedy=remedy if level.rank else "",
        stage=STAGE,
        span=span,
        statistic=statistic,
    )


def _finite(numbers: Numbers) -> dict[str, Number | str | None]:
    return {k: v for k, v in numbers.items() if not isinstance(v, float) or math.isfinite(v)}


def destroys(name: str, record: Audit, of: Measured) -> list[Finding]:
    """`augmentation_destroys`: whether what comes out is nearer to other pictures than to what went in.

    Of all operations together, over the rows that look changed; of each alone, where it was measured. With fewer than 20 changed rows,
    nothing is said.
    """
    code = "augmentation_destroys"
    changed = of.change[of.changed]
    findings = []
    if len(changed) >= LEAST:
        mean, error = float(changed.mean()), float(changed.std(ddof=1)) / math.sqrt(len(changed))
        findings.append(_far(code, name, "the policy", name, mean, SURE * error, len(changed)))
    else:
        text = f"{name}: only {len(changed)} rows look changed, too few to say how far."
        findings.append(finding(code, Severity.OK, name, text))
    for title, drawn in record.operations.items():
        if name in drawn.change and len(changed) >= LEAST:
            findings.append(_far(code, name, title, f"{name} by {title}", drawn.change[name], 0.0, None))
    return findings


def _far(code: str, name: str, title: str, subject: str, mean: float, noise: float, rows: int | None) -> Finding:
    sure = mean - noise
    level = Severity.BLOCK if sure > BLOCK_CHANGE else Severity.WARN if sure > WARN_CHANGE else Severity.OK
    text = f"{name}: {title} changes {'the rows it touches' if rows is None else f'{rows:,} rows'} by {mean:.2f} of the distance of two "
    text += f"different rows on average; the limit is {BLOCK_CHANGE if level is Severity.BLOCK else WARN_CHANGE:.2f}."
    remedy = (
        "Look at the contact sheet: could you still tell the label? If not, make the operations weaker; if so, as where things have no "
        "upright position, accept it with --accept augmentation_destroys --reason TEXT."
    )
    allowed: dict[str, Number | str | None] = {"warn_change": WARN_CHANGE, "block_change": BLOCK_CHANGE}
    return finding(code, level, subject, text, remedy, {"change": mean}, allowed, statistic=mean)


def in_evaluation(name: str, seen: Mapping[str, Seen], found: Mapping[str, Measured]) -> list[Finding]:
    """`augmentation_in_evaluation`: whether rows of eval or test were changed, or their pictures look like augmented ones.

    Properties of pictures are compared (brightness, contrast, sharpness, directions), with the classes of train weighted as in the other
    split: with train as it is, and with augmented train. The split is suspect where it is beyond the noise from the one and less than
    half as far from the other, unless another property that augmentation changes speaks against it.
    """
    return [_one_evaluation(name, s, seen, found) for s in seen if s != TRAIN and len(seen[s])]


def _one_evaluation(name: str, split: str, seen: Mapping[str, Seen], found: Mapping[str, Measured]) -> Finding:
    code, subject, other = "augmentation_in_evaluation", f"{name} of {split}", found[split]
    remedy = (
        f"Only train may be augmented: look for pictures that were augmented before the split, or saved after it. If {split} was taken "
        "in another way, accept it with --accept augmentation_in_evaluation --reason TEXT."
    )
    if other.changed.any():
        share = float(other.changed.mean())
        text = f"{subject}: {100 * share:.0f} % of {len(other.changed):,} rows were changed before evaluation; none may be."
        return finding(code, Severity.BLOCK, subject, text, remedy, {"changed": share}, {"changed": 0.0}, share)
    near = _distances(seen, split, found)
    if not near:
        return finding(code, Severity.OK, subject, f"{subject}: no row was changed; there is no more to compare.")
    observed: Numbers = {
        **{f"{p}_to_train": d.plain for p, d in near.items()},
        **{f"{p}_to_augmented": d.augmented for p, d in near.items()},
    }
    allowed = {"to_train": EVALUATION_DISTANCE, "closer": EVALUATION_CLOSER}
    farthest = max(d.plain for d in near.values())
    suspect = {p: d.plain for p, d in near.items() if d.suspect}
    if not suspect or any(d.speaks_against for d in near.values()):
        text = f"{subject}: pictures do not look augmented (largest distance from train as it is {farthest:.2f})."
        return finding(code, Severity.OK, subject, text, "", observed, allowed, farthest)
    worst = max(suspect, key=lambda p: suspect[p])
    text = f"{subject}: pictures look augmented: in {worst.replace('_', ' ')} they are {suspect[worst]:.2f} from those of train as they "
    text += (
        f"are (the limit is {EVALUATION_DISTANCE:.2f}), and only {near[worst].augmented:.2f} from its augmented ones."
    )
    return finding(code, Severity.BLOCK, subject, text, remedy, observed, allowed, suspect[worst])


@dataclass(frozen=True)
class _Near:
    """Distances of a property: of the split from train as it is (and what chance reaches), from augmented train, and between these."""

    plain: float
    floor: float
    augmented: float
    between: float

    @property
    def suspect(self) -> bool:
        """Whether the split looks augmented."""
        return self.plain > max(EVALUATION_DISTANCE, self.floor) and self.augmented < EVALUATION_CLOSER * self.plain

    @property
    def speaks_against(self) -> bool:
        """Whether augmentation would show here, and the split has nothing of it."""
        return self.between > EVALUATION_DISTANCE and self.augmented > self.plain


def _distances(seen: Mapping[str, Seen], split: str, found: Mapping[str, Measured]) -> dict[str, _Near]:
    """Of each property with enough values. Augmented train is its draws, or all it trains on: what is nearer."""
    train, other, numbers = found[TRAIN], found[split], seen[TRAIN].numbers
    ours, theirs = seen[TRAIN].labels, seen[split].labels
    # Every example once, and all draws.
    once, drawn = numbers == numbers.min(initial=np.iinfo(np.int64).max), numbers > 0
    out = {}
    for prop, values in other.after.items():
        before, after = train.before[prop], train.after[prop]
        plain = _distance(prop, (values, theirs), (before[once], ours[once]))
        draws = _distance(prop, (values, theirs), (after[drawn], ours[drawn]))
        every = _distance(prop, (values, theirs), (after, ours))
        between = _distance(prop, (before[once], ours[once]), (after[drawn], ours[drawn]))
        if plain and draws and every and between:
            out[prop] = _Near(*plain, min(draws[0], every[0]), between[0])
    return out


def _weights(train: Objects, other: Objects) -> F64:
    """A weight of each row of train, so that classes have the shares they have in the other split."""
    values, counts = np.unique(other.astype(str), return_counts=True)
    there = dict(zip(values.tolist(), counts.tolist(), strict=True))
    own, inverse, sizes = np.unique(train.astype(str), return_inverse=True, return_counts=True)
    per_row = np.array([there.get(v, 0) for v in own.tolist()], np.float64) / sizes
    weight: F64 = per_row[inverse.reshape(-1)]
    return weight


def _distance(prop: str, one: tuple[F64, Objects], two: tuple[F64, Objects]) -> tuple[float, float] | None:
    """Distance of the distributions of two sets of values with their labels, and its noise floor; None with too few values.

    The second set is weighted so that its classes have the shares of the first.
    """
    values, weight = two[0], _weights(two[1], one[1])
    there = np.isfinite(values) & (weight > 0)
    first, second, weight = one[0][np.isfinite(one[0])], values[there], weight[there]
    if min(len(first), len(second)) < LEAST:
        return None
    steps, size = pictures.steps(first, second, weight), pictures.effective(len(first), weight)
    if CIRCULAR[prop]:
        return pictures.kuiper(steps), pictures.kuiper_floor(size, len(CIRCULAR), rules.BLOCK_ALPHA)
    return pictures.ks(steps), pictures.ks_floor(size, len(CIRCULAR), rules.BLOCK_ALPHA)
