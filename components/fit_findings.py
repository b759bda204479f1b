"""What a training has made of the model: whether it learned rules, rows or nothing, and whether its units and gradients are alive."""

from __future__ import annotations

import math

from components.course import Course, report
from schemas.findings import Finding, Severity
from schemas.run_record import LARGEST

#: Largest norm of the gradient of the mean loss. For the logits it is at most 1.41: beyond this, inputs or weights are in the hundreds.
NORM = 1e3
#: Share of ReLU units that no row wakes: half of the network is lost, or as good as all of it.
DEAD, ALL_DEAD = 0.5, 0.95
#: Least gain on train over knowing nothing (Deepchecks, SimpleModelComparison).
GAIN, LEAST_GAIN = 0.2, 0.1
#: Weights for each row of train, and gap between the losses as a share of that on train (as the gate `overfit`).
WEIGHTS_A_ROW, GAP = 1000, 0.25
#: The loss on eval is back up by this share at the end, after a best epoch within the first part of all.
BACK_UP, EARLY = 0.25, 0.15


def exploding_gradients(course: Course) -> Finding:
    """Blocks when the norm of the gradient was beyond `NORM` after any epoch, or not finite."""
    norms = [(e.gradient_norm, e.epoch) for e in course.epochs if e.gradient_norm is not None]
    norm, epoch = max(norms, default=(None, 0))
    got = "was not measured" if norm is None else "was not finite" if norm == LARGEST else f"was at most {norm:.4g}"
    return report(
        "exploding_gradients",
        Severity.BLOCK if norm is not None and norm > NORM else Severity.OK,
        f"the norm of the gradient {got}{f' (epoch {epoch})' if epoch else ''}; more than {NORM:g} is an explosion.",
        f"Set train.clip_norm: 1.0, lower train.learning_rate (now {course.config.learning_rate:g}), and cut extreme values of the inputs "
        "off (transform.outliers).",
        {"norm": norm},
        {"norm": NORM},
    )


def dead_units(course: Course) -> Finding:
    """Warns beyond `DEAD`, blocks beyond `ALL_DEAD`, after the epoch that was kept, or else the last."""
    epoch = course.kept or course.epochs[-1]
    share = epoch.dead_units
    if share is None:
        level, got = Severity.OK, "the model has no ReLU units that could be measured"
    else:
        level = Severity.BLOCK if share > ALL_DEAD else Severity.WARN if share > DEAD else Severity.OK
        got = f"{share:.1%} of the ReLU units are 0 for every row; more than {DEAD:.0%} warns, more than {ALL_DEAD:.0%} blocks"
    return report(
        "dead_units",
        level,
        f"{got}.",
        f"Lower train.learning_rate (now {course.config.learning_rate:g}) to a tenth, or set train.schedule: warmup: dead units stay dead.",
        {"share": share},
        {"warn": DEAD, "block": ALL_DEAD},
    )


def never_learned(course: Course) -> Finding:
    """Blocks when nothing on eval shows that the kept model is better than knowing how frequent classes are: neither its loss, by two
    standard errors, nor its ranking. Warns where only the ranking shows it: with few rows, or a probability that is off."""
    kept = course.kept
    skill, error = (kept.val_skill, kept.val_skill_error or 0.0) if kept else (None, 0.0)
    auc = kept.val_auc if kept else None
    # Without any information, the AUC of n rows in two classes of equal size has a standard error of 1 / sqrt(3 n).
    limit = 0.5 + 3 / math.sqrt(3 * max(course.training.val_rows, 1))
    ranks, saves = auc is not None and auc > limit, skill is not None and skill > 2 * error
    if skill is None:
        got = "no epoch has a finite loss on eval"
    else:
        nothing = "always giving the mean" if course.training.amounts else "knowing only how frequent classes are"
        got = f"the model saves {skill:.1%} (standard error {error:.1%}) of the loss on eval of {nothing}"
    told = "" if auc is None else f", and its AUC there is {auc:.3f}"
    return report(
        "never_learned",
        Severity.OK if saves else Severity.WARN if ranks else Severity.BLOCK,
        f"{got}{told}; two standard errors are needed"
        + ("." if course.training.amounts else f", or an AUC above {limit:.3f} to pass with a warning."),
        "See the other findings on training first. If there are none, the inputs do not tell the label: look at the labels of the newest "
        "spans, and at data.features and data.exclude.",
        {"skill": skill, "auc": auc},
        {"skill": 2 * error, "auc": limit},
    )


def underfit(course: Course) -> Finding:
    """Warns or blocks when the model is hardly better than knowing nothing on the very rows it was trained on, by loss and by AUC (of
    amounts: by correlation, the root of the share of the loss that is saved)."""
    kept = course.kept or course.epochs[-1]
    gains = [kept.train_skill, None if kept.train_auc is None else 2 * kept.train_auc - 1]
    if course.training.amounts and kept.train_skill is not None:
        gains.append(math.sqrt(max(kept.train_skill, 0.0)))
    gain = max((g for g in gains if g is not None), default=None)
    level = Severity.BLOCK if gain is None or gain < LEAST_GAIN else Severity.WARN if gain < GAIN else Severity.OK
    told = "is not known" if gain is None else f"is {gain:.1%}"
    other = "correlation" if course.training.amounts else "AUC"
    return report(
        "underfit",
        level,
        f"the gain over knowing nothing, on rows it was trained on, {told} (the larger of loss and {other}); less than {GAIN:.0%} warns, "
        f"less than {LEAST_GAIN:.0%} blocks.",
        "Take a wider model (hidden, dense or filters of train.model), less dropout and l2, or a higher train.learning_rate.",
        {"gain": gain},
        {"warn": GAIN, "block": LEAST_GAIN},
    )


def too_wide(course: Course) -> Finding:
    """Blocks when there are thousands of weights for each row and the model knows its rows better than others."""
    training, kept = course.training, course.kept
    ratio = training.parameters / max(training.rows, 1)
    known = kept is not None and kept.train_loss is not None and kept.val_loss is not None
    gap = (kept.val_loss or 0.0) - (kept.train_loss or 0.0) if kept is not None and known else None
    overfits = gap is not None and kept is not None and gap > GAP * (kept.train_loss or 0.0)
    return report(
        "too_wide",
        Severity.BLOCK if ratio > WEIGHTS_A_ROW and overfits else Severity.OK,
        f"there are {ratio:,.1f} weights for each row of train"
        + ("" if gap is None else f", and the loss is {gap:+.4f} from train to eval")
        + f"; more than {WEIGHTS_A_ROW:,} with a gap of more than {GAP:.0%} block.",
        "Take a narrower model (hidden, dense or filters of train.model), or widen data.window.",
        {"weights_a_row": ratio, "gap": gap},
        {"weights_a_row": WEIGHTS_A_ROW, "gap": GAP},
    )


def overfitting_early(course: Course) -> Finding:
    """Warns when the best epoch came early and eval got much worse after it while train got better; the gate `overfit` judges the model."""
    kept, last = course.kept, course.epochs[-1]
    back = None
    if kept is not None and kept.val_loss and last.val_loss is not None:
        back = last.val_loss / kept.val_loss - 1
    better = kept is not None and (last.train_loss or 0.0) < (kept.train_loss or 0.0)
    early = kept is not None and kept.epoch <= max(2, EARLY * len(course.epochs))
    level = Severity.WARN if back is not None and back > BACK_UP and better and early else Severity.OK
    told = "the loss on eval is not known" if back is None else f"the loss on eval ended {back:+.1%} from its best"
    return report(
        "overfitting_early",
        level,
        f"{told}, of epoch {course.training.best_epoch} of {len(course.epochs)}; more than {BACK_UP:.0%} after so early a best, "
        "with a falling loss on train, means that rows are learned by heart.",
        "Regularise (dropout or l2 of train.model, train.weight_decay), lower train.learning_rate, or widen data.window.",
        {"back_up": back, "best_epoch": course.training.best_epoch},
        {"back_up": BACK_UP},
    )
