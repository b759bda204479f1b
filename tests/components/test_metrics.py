import hashlib

import numpy as np
import pytest
from sklearn import metrics as reference

from components import metric_definitions as metrics
from components.bootstrap import interval, resample
from components.bootstrap import weights as drawn_weights
from components.metrics import evaluate as evaluate_models
from components.ranking import Ranking

NAMES = list(metrics.METRICS)


def binary(rows=700, digits=2, seed=0):
    """Labels and probabilities with many ties."""
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < 0.22).astype(int)
    score = np.round(1 / (1 + np.exp(-random.normal(size=rows) - labels)), digits)
    return labels, np.stack([1 - score, score], axis=1)


def several(rows=600, classes=4, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, rows)
    probabilities = random.dirichlet(np.ones(classes), rows) + 0.5 * np.eye(classes)[labels]
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("digits", [1, 2, 15])
def test_two_classes_as_scikit_learn(digits):
    labels, p = binary(digits=digits)
    guess = p.argmax(axis=1)
    assert metrics.auc(labels, p) == pytest.approx(reference.roc_auc_score(labels, p[:, 1]), abs=1e-12)
    assert metrics.pr_auc(labels, p) == pytest.approx(reference.average_precision_score(labels, p[:, 1]), abs=1e-9)
    assert metrics.accuracy(labels, p) == pytest.approx(reference.accuracy_score(labels, guess), abs=1e-15)
    expected = reference.balanced_accuracy_score(labels, guess)
    assert metrics.balanced_accuracy(labels, p) == pytest.approx(expected, abs=1e-15)
    clipped = np.clip(p, 1e-7, 1 - 1e-7)
    assert metrics.log_loss(labels, p) == pytest.approx(reference.log_loss(labels, clipped), rel=1e-6)


def test_several_classes_as_scikit_learn():
    labels, p = several()
    assert metrics.auc(labels, p) == pytest.approx(reference.roc_auc_score(labels, p, multi_class="ovr"), abs=1e-12)
    one_hot = np.eye(4)[labels]
    assert metrics.pr_auc(labels, p) == pytest.approx(reference.average_precision_score(one_hot, p), abs=1e-9)
    expected = reference.balanced_accuracy_score(labels, p.argmax(axis=1))
    assert metrics.balanced_accuracy(labels, p) == pytest.approx(expected, abs=1e-12)
    assert metrics.log_loss(labels, p) == pytest.approx(reference.log_loss(labels, p), rel=1e-9)


@pytest.mark.parametrize("data", [binary(), several(), several(300, 5, 3)])
def test_kappa_as_scikit_learn(data):
    labels, p = data
    expected = reference.cohen_kappa_score(labels, p.argmax(axis=1), weights="quadratic")
    assert metrics.kappa(labels, p) == pytest.approx(expected, abs=1e-12)
    for w in next(drawn_weights(len(labels), 5, (1, "x"))):
        again = np.repeat(np.arange(len(labels)), w)
        expected = reference.cohen_kappa_score(labels[again], p[again].argmax(axis=1), weights="quadratic")
        sums = w.astype(float) @ metrics.grade_sums(labels, p.argmax(axis=1))
        assert metrics.kappa_of(float(w.sum()), sums) == pytest.approx(expected, abs=1e-12)


def test_kappa_weighs_being_far_off():
    labels = np.array([0, 1, 2, 3, 4])
    near, far = np.eye(5)[[0, 1, 2, 3, 3]], np.eye(5)[[0, 1, 2, 3, 0]]
    # Disagreement 1, where the 25 pairs of a y and a p have 85 / 5 = 17; and 16, where they have 100 / 5 = 20.
    assert metrics.kappa(labels, near) == pytest.approx(1 - 1 / 17, abs=1e-12)
    assert metrics.kappa(labels, far) == pytest.approx(1 - 16 / 20, abs=1e-12)
    assert metrics.kappa(labels, np.eye(5)) == 1.0


def test_recalls_and_their_intervals():
    labels = np.array([0] * 10 + [1] * 12 + [2] * 4)
    guess = np.r_[np.zeros(7), np.ones(3), np.ones(12), np.zeros(4)].astype(int)
    part = evaluate_models(labels, np.eye(4)[guess], None, {}, ["accuracy"], ["a", "b", "c", "d"], 100, 7).overall
    assert part.champion_recalls is None
    assert [v.value for v in part.recalls.values()] == [0.7, 1.0, 0.0, None]
    # statsmodels.stats.proportion.proportion_confint(method="wilson") of 7 of 10, 12 of 12 and 0 of 4.
    expected = [(0.396775, 0.892209), (0.757506, 1.0), (0.0, 0.489891)]
    assert [(v.low, v.high) for v in list(part.recalls.values())[:3]] == [pytest.approx(e, abs=1e-5) for e in expected]
    both = evaluate((labels[:22], np.eye(2)[guess[:22]]), np.eye(2)[1 - guess[:22]], {"a=b": labels[:22] == 0}).slices
    assert both[0].recalls["0"].value == 0.7
    assert both[0].champion_recalls["0"].value == pytest.approx(0.3)
    assert (both[1].recalls["0"].value, both[1].recalls["1"].value) == (0.7, None)
    unknown = evaluate((labels[:22], np.full((22, 2), np.nan))).overall.recalls
    assert [v.value for v in unknown.values()] == [None, None]


def test_literal_values():
    labels = np.array([0, 0, 1, 1])
    p = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])
    assert metrics.auc(labels, p) == 0.75
    assert metrics.pr_auc(labels, p) == pytest.approx(5 / 6, abs=1e-11)
    assert metrics.accuracy(labels, p) == metrics.balanced_accuracy(labels, p) == 0.75
    assert metrics.log_loss(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(16.118095650958319)


@pytest.mark.parametrize("name", NAMES)
def test_undefined_is_none(name):
    metric = metrics.METRICS[name]
    assert metric(np.zeros(0, dtype=int), np.zeros((0, 2))) is None
    assert metric(np.array([0, 1]), np.array([[0.5, 0.5], [np.nan, 0.5]])) is None
    one_class = metric(np.array([1, 1]), np.array([[0.5, 0.5], [0.1, 0.9]]))
    assert (one_class is None) is (name in ("auc", "pr_auc", "balanced_accuracy", "kappa", "f1"))


@pytest.mark.parametrize("data", [binary(300), several(300)])
def test_weights_are_repeated_rows(data):
    labels, p = data
    weights = next(drawn_weights(len(labels), 5, (1, "x")))
    assert (weights.sum(axis=1) == len(labels)).all()
    assert len({w.tobytes() for w in weights}) == 5
    for c in range(p.shape[1]):
        areas = Ranking(p[:, c], labels == c).areas(weights)
        for i, w in enumerate(weights):
            again = np.repeat(np.arange(len(labels)), w)
            expected = reference.roc_auc_score(labels[again] == c, p[again, c])
            assert areas.auc[i] == pytest.approx(expected, abs=1e-12)
            expected = reference.average_precision_score(labels[again] == c, p[again, c])
            assert areas.average_precision[i] == pytest.approx(expected, abs=1e-9)


def evaluate(data=None, other=None, slices=None, resamples=200, seed=7):
    labels, p = data or binary()
    values = [str(i) for i in range(p.shape[1])]
    return evaluate_models(labels, p, other, slices or {}, NAMES, values, resamples, seed)


@pytest.mark.parametrize("data", [binary(2000), several(1000)])
def test_intervals_are_about_the_values(data):
    for name, value in evaluate(data).overall.candidate.items():
        assert value.low < value.value < value.high, name


def test_the_interval_of_auc_has_the_textbook_width():
    labels, p = binary(3000, digits=15)
    value = evaluate((labels, p), resamples=1000).overall.candidate["auc"]
    # J. A. Hanley and B. J. McNeil, Radiology 143 (1982), equation 1.
    a, pos = value.value, int(labels.sum())
    neg, q1, q2 = len(labels) - pos, a / (2 - a), 2 * a * a / (1 + a)
    error = np.sqrt((a * (1 - a) + (pos - 1) * (q1 - a * a) + (neg - 1) * (q2 - a * a)) / (pos * neg))
    assert value.high - value.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_pairing():
    labels, p = binary(2000, digits=15)
    same = evaluate((labels, p), p).overall
    assert all((d.value, d.low, d.high) == (0, 0, 0) for d in same.difference.values())
    noise = np.random.default_rng(1).normal(scale=0.01, size=len(labels))
    score = np.clip(p[:, 1] + noise, 0, 1)
    near = evaluate((labels, p), np.stack([1 - score, score], axis=1)).overall
    alone = near.candidate["auc"]
    paired = near.difference["auc"]
    assert paired.value == pytest.approx(near.candidate["auc"].value - near.champion["auc"].value)
    assert paired.high - paired.low < (alone.high - alone.low) / 3


def test_slices_are_independent_of_each_other():
    labels, p = binary(1000)
    first, second = np.arange(1000) < 400, np.arange(1000) >= 970
    both = evaluate((labels, p), p, {"a=1": first, "a=2": second})
    alone = evaluate((labels, p), p, {"a=2": second})
    assert [s.slice for s in both.slices] == ["overall", "a=1", "a=2"]
    assert [s.rows for s in both.slices] == [1000, 400, 30]
    assert both.slices[2] == alone.slices[1]
    assert both.slices[1].candidate["auc"].value == metrics.auc(labels[first], p[first])


def test_an_empty_slice_and_nan_outputs_are_undefined():
    labels, p = binary(200)
    evidence = evaluate((labels, p), np.full_like(p, np.nan), {"none": np.zeros(200, dtype=bool)})
    for value in [*evidence.slices[1].candidate.values(), *evidence.overall.difference.values()]:
        assert (value.value, value.low, value.high) == (None, None, None)
    assert evidence.overall.candidate["auc"].value is not None


def test_too_many_undefined_resamples_give_no_interval():
    drawn = np.r_[np.full(94, 0.5), np.full(6, np.nan)]
    assert interval(0.5, drawn, 100).low is None
    assert interval(0.5, np.r_[drawn, np.full(20, 0.5)], 100).low == 0.5


@pytest.mark.parametrize(("rows", "t"), [(5, 2.7764), (10, 2.2622), (31, 2.0423), (1001, 1.9623)])
def test_few_rows_widen_the_interval_as_students_t_does(rows, t):
    drawn = np.random.default_rng(0).normal(size=400_000)
    # Tables of Student's t at 0.975 with rows - 1 degrees of freedom; deviations of resamples lack the factor sqrt(n / (n - 1)).
    wanted = t * np.sqrt(rows / (rows - 1))
    found = interval(0.0, drawn, rows)
    assert (found.low, found.high) == (pytest.approx(-wanted, rel=0.02), pytest.approx(wanted, rel=0.02))


def test_deterministic():
    first = evaluate(seed=7).model_dump_json()
    assert first == evaluate(seed=7).model_dump_json()
    assert first != evaluate(seed=8).model_dump_json()
    # A change means that every record so far gets other intervals on replay.
    drawn = np.concatenate(list(drawn_weights(100, 50, (7, "overall"))))
    assert hashlib.sha256(drawn.astype("<i4").tobytes()).hexdigest()[:16] == "29700312afdbae41"


def test_one_or_many_blocks_give_the_same_draws(monkeypatch):
    whole = np.concatenate(list(drawn_weights(50, 30, (7, "overall"))))
    monkeypatch.setattr("components.bootstrap.BLOCK", 200)
    assert (np.concatenate(list(drawn_weights(50, 30, (7, "overall")))) == whole).all()


def test_wrong_shapes_are_refused():
    labels, p = binary(20)
    for bad in [(labels, p[:-1]), (labels, p[:, :1]), (labels + 5, p), (labels - 1, p)]:
        with pytest.raises(ValueError, match=r"must|need"):
            evaluate_models(*bad, None, {}, NAMES, ["0", "1"], 10, 7)


@pytest.mark.parametrize("data", [binary(), several(), several(300, 5, 3)])
def test_f1_and_brier_as_scikit_learn(data):
    labels, p = data
    guess, classes = p.argmax(axis=1), p.shape[1]
    assert metrics.f1(labels, p) == pytest.approx(reference.f1_score(labels, guess, average="macro"), abs=1e-12)
    # scikit-learn before 1.7 has no Brier score of several classes: it is the sum of those of each class.
    scored = [1] if classes == 2 else range(classes)
    expected = sum(reference.brier_score_loss(labels == c, p[:, c]) for c in scored)
    assert metrics.brier(labels, p) == pytest.approx(expected, abs=1e-12)
    part = evaluate_models(labels, p, None, {}, ["f1"], [str(c) for c in range(classes)], 100, 7).overall
    expected = reference.f1_score(labels, guess, average=None)
    assert [v.value for v in part.f1.values()] == pytest.approx(expected, abs=1e-12)
    expected = reference.precision_score(labels, guess, average=None)
    assert [v.value for v in part.precisions.values()] == pytest.approx(expected, abs=1e-12)
    assert all(v.low < v.value < v.high for v in part.precisions.values())


def test_a_class_that_is_never_guessed_has_an_f1_of_zero_and_no_precision():
    labels, p = np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])
    assert metrics.precisions(labels, p) == [(2, 3), None]
    assert metrics.class_f1(labels, p) == [0.8, 0.0]
    assert metrics.f1(labels, p) == 0.4
    assert metrics.class_f1(labels, np.full((3, 2), np.nan)) == [None, None]


def test_calibration_error_by_hand():
    # 30 rows, 15 bins of two, one of which is of the class; then one bin, as all are equal.
    scores = np.sort(np.linspace(0.01, 0.99, 30))
    labels = np.tile([0, 1], 15)
    pairs = scores.reshape(15, 2).mean(axis=1)
    expected = np.abs(0.5 - pairs).mean()
    assert metrics.calibration_error(labels, np.stack([1 - scores, scores], axis=1)) == pytest.approx(
        expected, abs=1e-12
    )
    constant = np.tile([0.4, 0.6], (30, 1))
    assert metrics.calibration_error(labels, constant) == pytest.approx(0.1, abs=1e-12)


def test_calibration_error_of_several_classes_is_the_mean_of_theirs():
    labels, p = several(3000, 3)
    alone = [
        metrics.calibration_error((labels == c).astype(int), np.stack([1 - p[:, c], p[:, c]], 1)) for c in range(3)
    ]
    assert metrics.calibration_error(labels, p) == pytest.approx(np.mean(alone), abs=1e-12)


def test_calibration_error_does_not_depend_on_the_order_of_rows_even_with_ties():
    labels, p = binary(digits=1)
    order = np.random.default_rng(3).permutation(len(labels))
    assert metrics.calibration_error(labels, p) == metrics.calibration_error(labels[order], p[order])


@pytest.mark.parametrize(("rows", "classes"), [(100, 2), (1000, 2), (10_000, 2), (1000, 5)])
def test_calibrated_models_stay_below_the_noise_of_calibration(rows, classes):
    random, above = np.random.default_rng(5), 0
    for _ in range(200):
        p = random.dirichlet(np.full(classes, 0.8), rows)
        labels = (p.cumsum(axis=1) < random.random((rows, 1))).sum(axis=1)
        noise = metrics.calibration_noise(np.bincount(labels, minlength=classes).tolist())
        above += metrics.calibration_error(labels, p) > noise
    assert above <= 5, "1 % of 200 are 2, and 5 or fewer come in 99 of 100 such tests"


@pytest.mark.parametrize("data", [binary(500), several(500)])
@pytest.mark.parametrize("name", ["f1", "brier", "log_loss"])
def test_resampled_metrics_are_those_of_repeated_rows(data, name):
    labels, p = data
    drawn = resample(labels, [p], [metrics.row_losses(labels, p)], [name], 5, (1, "x"))[0][name]
    for value, w in zip(drawn, next(drawn_weights(len(labels), 5, (1, "x"))), strict=True):
        again = np.repeat(np.arange(len(labels)), w)
        assert value == pytest.approx(metrics.METRICS[name](labels[again], p[again]), abs=1e-7)


def test_the_interval_of_calibration_error_covers_a_bias_of_the_model():
    random, missed = np.random.default_rng(9), 0
    for seed in range(60):
        p = random.uniform(0.2, 0.8, 1000)
        labels = (random.random(1000) < p - 0.1).astype(int)
        value = evaluate_models(
            labels, np.stack([1 - p, p], 1), None, {}, ["calibration_error"], ["0", "1"], 300, seed
        ).overall.candidate["calibration_error"]
        missed += not value.low <= 0.1 <= value.high
    assert missed <= 8
