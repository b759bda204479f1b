"""Whether a training went at the right pace and to its end: learning rate, number of epochs, patience."""

from __future__ import annotations

import itertools

from components.course import Course, falls_of, report
from schemas.findings import Finding, Severity

#: An oscillation is a rise of the weighted loss on train within an epoch by more than this share, and by this part of the loss of knowing
#: nothing (AutoTrainer, Zhang et al. 2021, counts peaks of 0.03). More than the share `RISING` of the first epochs, twice at least, tell
#: that steps are too long from the start; later ones come with small rare classes as well, and with the best weights kept they do no harm.
RISE, PEAK, RISING, FROM_THE_START = 0.05, 0.03, 0.2, 10
#: The first epoch may leave at most this many times the loss of knowing nothing: a rate that is too high throws the weights far out.
START = 2.0
#: A loss that still falls by more than this share in the last epoch has not come to its end; beyond the second it is far from it.
FALLING, PLUNGING = 0.01, 0.10
#: Below this skill, and with no epoch that gained this much of it, training crept (AutoTrainer has 0.01 of the metric).
CREPT_SKILL, CREPT_GAIN = 0.2, 0.02


def learning_rate_high(course: Course) -> Finding:
    """Blocks when the first epoch did harm, or the loss oscillates and little was learned; warns when it oscillates."""
    first, kept = course.epochs[0], course.kept
    start = None if first.train_skill is None else 1 - first.train_skill
    losses = [1 - e.train_skill for e in course.epochs[: FROM_THE_START + 1] if e.train_skill is not None]
    rises = [b > a * (1 + RISE) and b > a + PEAK for a, b in itertools.pairwise(losses)]
    oscillates = sum(rises) >= 2 and sum(rises) > RISING * len(rises)
    harmed = start is not None and start > START
    unlearned = kept is None or kept.val_skill is None or kept.val_skill <= CREPT_SKILL
    level = Severity.BLOCK if harmed or (oscillates and unlearned) else Severity.WARN if oscillates else Severity.OK
    started = "" if start is None else f"the first epoch left {start:.2f} times the loss of knowing nothing, and "
    return report(
        "learning_rate_high",
        level,
        f"{started}the loss on train rose by more than {RISE:.0%} in {sum(rises)} of the first {len(losses)} epochs; more than {START:g} "
        f"times, or rises in more than {RISING:.0%} of these epochs, mean that steps are too long.",
        f"Lower train.learning_rate (now {course.config.learning_rate:g}) to a tenth, or set train.schedule: warmup.",
        {"start": start, "rises": sum(rises)},
        {"start": START, "rises": RISING * len(rises)},
    )


def learning_rate_low(course: Course) -> Finding:
    """Warns or blocks when the epochs ran out while skill still rose as it had from the start, and there is little of it."""
    skills = [e.train_skill for e in course.epochs if e.train_skill is not None]
    gains = [b - a for a, b in itertools.pairwise(skills)]
    half = len(gains) // 2
    steady = bool(half) and sum(g > 0 for g in gains) >= 0.8 * len(gains) and sum(gains[half:]) > 0.25 * sum(gains)
    skill, largest = course.epochs[-1].train_skill, max(gains, default=0.0)
    crept = course.training.stopped == "epochs" and steady and skill is not None and largest < CREPT_GAIN
    level = Severity.OK
    if crept and skill is not None and skill < CREPT_SKILL:
        level = Severity.BLOCK if skill < CREPT_SKILL / 2 else Severity.WARN
    told = "not known" if skill is None else f"{skill:.3f}"
    return report(
        "learning_rate_low",
        level,
        f"no epoch gained more than {largest:.4f} of skill on train, and the last left a skill of {told}; when the epochs run out "
        f"in a steady rise of less than {CREPT_GAIN:g} an epoch, less than {CREPT_SKILL:g} warns and less than {CREPT_SKILL / 2:g} blocks.",
        f"Raise train.learning_rate (now {course.config.learning_rate:g}) tenfold.",
        {"largest_gain": largest if gains else None, "skill": skill},
        {"largest_gain": CREPT_GAIN, "warn": CREPT_SKILL, "block": CREPT_SKILL / 2},
    )


def too_few_epochs(course: Course) -> Finding:
    """Blocks when the epochs ran out after one, or in a plunge of the loss; warns when it still fell."""
    falls, count = course.falls(), len(course.epochs)
    last = falls[-1] if falls else None
    ran_out = course.training.stopped == "epochs" and course.training.best_epoch == count
    if count == 1 and ran_out:
        level, got = Severity.BLOCK, "one epoch cannot show whether the loss has stopped to fall"
    else:
        falling = ran_out and last is not None and last > FALLING
        plunging = falling and last is not None and last > PLUNGING and _matters(course)
        level = Severity.BLOCK if plunging else Severity.WARN if falling else Severity.OK
        told = "is not known" if last is None else f"fell by {last:.1%}" if last > 0 else f"rose by {-last:.1%}"
        got = f"in the last of {count} epochs, the loss on eval {told}"
    return report(
        "too_few_epochs",
        level,
        f"{got}; when the epochs run out, more than {FALLING:.0%} warns and more than {PLUNGING:.0%} blocks.",
        f"Raise train.epochs (now {course.config.epochs}) to {max(20, 3 * course.config.epochs)}; early stopping ends it in time.",
        {"fall": last, "epochs": count},
        {"warn": FALLING, "block": PLUNGING},
    )


def _matters(course: Course) -> bool:
    """Whether the last fall is also one of the loss of knowing nothing: of a loss near 0, a tenth is nothing."""
    skills = [e.val_skill for e in course.epochs[-2:]]
    return all(s is not None for s in skills) and (skills[1] or 0) - (skills[0] or 0) > FALLING


def stopped_early(course: Course) -> Finding:
    """Blocks when training ended at the first epoch that was not better although its loss still fell; warns when that on eval did."""
    stop, falls, fitted = course.config.early_stopping, course.falls(), falls_of([e.loss for e in course.epochs])
    fired = course.training.stopped == "early_stopping" and stop is not None and bool(falls) and bool(fitted)
    impatient = fired and stop is not None and stop.patience <= 1 and fitted[-1] > FALLING
    improving = fired and falls[-1] > 0 and min(e.val_loss or 0 for e in course.epochs) == course.epochs[-1].val_loss
    patience = stop.patience if stop else None
    if impatient:
        got = (
            f"a patience of {patience} ended it after epoch {len(course.epochs)}, the first that was not better, "
            f"while the loss in training still fell by {fitted[-1]:.1%}"
        )
    elif improving:
        got = f"early stopping ended it after epoch {len(course.epochs)}, whose loss on eval is the lowest of all"
    else:
        got = "it was not cut off while it still got better"
    return report(
        "stopped_early",
        Severity.BLOCK if impatient else Severity.WARN if improving else Severity.OK,
        f"{got}.",
        "Set train.early_stopping.patience to 5 or more: single epochs go up and down."
        if impatient
        else "Lower train.early_stopping.min_delta, or set its monitor to val_loss.",
        {"patience": patience, "epochs": len(course.epochs), "fall": falls[-1] if falls else None},
        {"patience": 2},
    )
