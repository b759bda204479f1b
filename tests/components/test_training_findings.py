"""Each rule on curves: below, on and beyond its limits."""

import pytest

from components.training_findings import RULES, training_findings
from schemas.config import Train
from schemas.findings import Severity
from schemas.run_record import LARGEST, Epoch, Training

OK, WARN, BLOCK = Severity.OK, Severity.WARN, Severity.BLOCK
#: A training that is fine: it falls, turns and stops.
LOSSES = (0.60, 0.40, 0.30, 0.27, 0.26, 0.261, 0.262, 0.262, 0.263, 0.263)


def epochs(losses=LOSSES, train=None, **every):
    train = train or losses
    fine = {"gradient_norm": 0.5, "dead_units": 0.1, "train_auc": 0.95, "val_skill_error": 0.02, **every}
    return [
        Epoch(**{"epoch": i, "loss": t, "train_loss": t, "val_loss": v, **_skills(t, v), **fine})
        for i, (v, t) in enumerate(zip(losses, train, strict=True), 1)
    ]


def _skills(train, val):
    return {"train_skill": 1 - train / 0.69, "val_skill": 1 - val / 0.69}


def made(curves, stopped="early_stopping", best=None, **changes):
    best = best or min(curves, key=lambda e: e.val_loss).epoch
    values = {"class_weights": {}, "parameters": 1000, "labels": ["0", "1"], "rows": 500, **changes}
    return Training(epochs=curves, best_epoch=best, stopped=stopped, **values)


def severity(code, training, **config):
    found = {f.code: f for f in training_findings(training, Train(**config))}
    assert found[code].remedy if found[code].severity is not OK else not found[code].remedy
    return found[code].severity


def test_a_fine_training_passes_every_rule_once():
    found = training_findings(made(epochs()), Train())
    assert [f.code for f in found] == ["training_finite", *(rule.__name__ for rule in RULES)]
    assert {f.severity for f in found} == {OK}
    assert {f.subject for f in found} == {"training"}


def test_a_loss_that_is_not_finite_leaves_no_course_to_judge():
    curves = [*epochs(LOSSES[:2]), Epoch(epoch=3, loss=LARGEST, gradient_norm=LARGEST)]
    found = training_findings(made(curves, "nan", best=2), Train())
    assert [(f.code, f.severity) for f in found] == [("training_finite", BLOCK), ("exploding_gradients", BLOCK)]
    assert "epoch 3" in found[0].message
    assert [f.code for f in training_findings(made([], "nan", best=1), Train())] == ["training_finite"]


@pytest.mark.parametrize(("norm", "expected"), [(1e3, OK), (1.001e3, BLOCK), (LARGEST, BLOCK), (None, OK)])
def test_exploding_gradients(norm, expected):
    assert severity("exploding_gradients", made(epochs(gradient_norm=norm))) is expected


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, OK), (0.501, WARN), (0.95, WARN), (0.951, BLOCK), (1.0, BLOCK), (None, OK)]
)
def test_dead_units(share, expected):
    assert severity("dead_units", made(epochs(dead_units=share))) is expected


@pytest.mark.parametrize(("skill", "expected"), [(-1.0, OK), (-1.01, BLOCK), (None, OK)])
def test_a_first_epoch_that_did_harm(skill, expected):
    curves = epochs()
    curves[0] = curves[0].model_copy(update={"train_skill": skill})
    assert severity("learning_rate_high", made(curves)) is expected


def test_an_oscillating_loss():
    jumping = (0.6, 0.4, 0.44, 0.4, 0.44, 0.4, 0.44, 0.4)
    assert severity("learning_rate_high", made(epochs(jumping))) is WARN
    assert severity("learning_rate_high", made(epochs(jumping, val_skill=0.1))) is BLOCK
    assert severity("learning_rate_high", made(epochs((0.6, 0.4, 0.419, 0.4, 0.419, 0.4, 0.419)))) is OK
    assert severity("learning_rate_high", made(epochs((0.6, 0.4, 0.5, 0.4, 0.39, 0.38)))) is OK
    small = (0.03, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02)
    assert severity("learning_rate_high", made(epochs(small))) is OK


def creeping(first, step, count=10):
    return [first - step * i for i in range(count)]


@pytest.mark.parametrize(
    ("losses", "stopped", "expected"),
    [
        (creeping(0.69, 0.001), "epochs", BLOCK),
        (creeping(0.69, 0.01), "epochs", WARN),
        (creeping(0.69, 0.001), "early_stopping", OK),
        (creeping(0.69, 0.03), "epochs", OK),
        (creeping(0.30, 0.001), "epochs", OK),
        # A weak signal that was found at once: all that can be gained is gained.
        ([0.67, 0.65, 0.645, 0.6448, 0.6447, 0.64465, 0.64463, 0.64462], "epochs", OK),
        ([0.69, 0.67], "epochs", OK),
    ],
)
def test_a_rate_that_is_too_low(losses, stopped, expected):
    assert severity("learning_rate_low", made(epochs(losses), stopped)) is expected


@pytest.mark.parametrize(
    ("losses", "stopped", "expected"),
    [
        ([0.3], "epochs", BLOCK),
        ([0.6, 0.5], "epochs", BLOCK),
        ([0.6, 0.55], "epochs", WARN),
        ([0.6, 0.5, 0.4952], "epochs", OK),
        ([0.6, 0.5, 0.4948], "epochs", WARN),
        ([0.6, 0.5, 0.51], "epochs", OK),
        ([0.6, 0.5, 0.4], "early_stopping", OK),
        # Of next to nothing, a tenth is nothing.
        ([0.6, 0.02, 0.015], "epochs", WARN),
    ],
)
def test_epochs_that_ran_out(losses, stopped, expected):
    assert severity("too_few_epochs", made(epochs(losses), stopped), epochs=max(len(losses), 1)) is expected


@pytest.mark.parametrize(
    ("patience", "train", "expected"),
    [(0, 0.29, BLOCK), (1, 0.29, BLOCK), (0, 0.2999, OK), (0, 0.31, OK), (2, 0.29, OK), (5, 0.29, OK)],
)
def test_a_patience_that_does_not_wait(patience, train, expected):
    curves = epochs((0.6, 0.4, 0.41), (0.5, 0.3, train))
    settings = {"early_stopping": {"patience": patience}, "reduce_lr": None}
    assert severity("stopped_early", made(curves), **settings) is expected
    assert severity("stopped_early", made(curves, "epochs"), **settings) is OK


def test_stopped_at_the_best_epoch():
    assert severity("stopped_early", made(epochs((0.6, 0.5, 0.49, 0.48)))) is WARN
    assert severity("stopped_early", made(epochs((0.6, 0.5, 0.49, 0.48)), "epochs")) is OK


@pytest.mark.parametrize(
    ("parameters", "val", "expected"),
    [(500_000, 0.4, OK), (500_001, 0.4, BLOCK), (500_001, 0.25, OK), (500_001, 0.2501, BLOCK), (400_000, 9.0, OK)],
)
def test_more_weights_than_rows(parameters, val, expected):
    curves = epochs((0.6, val), (0.5, 0.2))
    assert severity("too_wide", made(curves, best=2, parameters=parameters)) is expected


@pytest.mark.parametrize(
    ("last", "train", "best", "expected"),
    [(0.5, 0.05, 2, WARN), (0.499, 0.05, 2, OK), (0.7, 0.5, 2, OK), (0.7, 0.05, 3, OK)],
)
def test_a_best_epoch_that_came_early(last, train, best, expected):
    losses = [0.45] * 9 + [last]
    losses[best - 1] = 0.3999
    curves = epochs(losses, [0.4] * 9 + [train])
    assert severity("overfitting_early", made(curves)) is expected


@pytest.mark.parametrize(
    ("skill", "auc", "expected"),
    [
        (0.2, 0.5, OK),
        (0.19, 0.5, WARN),
        (0.1, 0.5, WARN),
        (0.09, 0.5, BLOCK),
        (0.05, 0.65, OK),
        (0.05, 0.56, WARN),
        (None, None, BLOCK),
    ],
)
def test_little_learned_on_train_itself(skill, auc, expected):
    assert severity("underfit", made(epochs(train_skill=skill, train_auc=auc))) is expected


@pytest.mark.parametrize(
    ("skill", "auc", "expected"),
    [
        (0.041, None, OK),
        (0.04, None, BLOCK),
        (-0.5, 0.5, BLOCK),
        (-0.5, 0.67, BLOCK),
        (-0.5, 0.68, WARN),
        (0.041, 0.68, OK),
        (None, None, BLOCK),
    ],
)
def test_nothing_learned(skill, auc, expected):
    """100 rows of eval: without information, an AUC has a standard error of 0.058."""
    assert severity("never_learned", made(epochs(val_skill=skill, val_auc=auc), val_rows=100)) is expected


def test_a_training_without_a_best_epoch_never_learned():
    curves = epochs(val_skill=None, val_skill_error=None)
    assert severity("never_learned", made(curves, best=99)) is BLOCK
