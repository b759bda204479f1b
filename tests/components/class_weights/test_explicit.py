import pytest

from components.class_weights.explicit import Explicit
from components.plugins import build
from schemas.config import ConfigError, PluginSpec


def of(params):
    return build("class_weights", PluginSpec(name="explicit", params=params), "train.class_weights")


def test_literal():
    # 75 * 1 + 25 * 4 = 175, over 100 rows 1.75.
    assert Explicit({"0": 1.0, "1": 4.0}).weights({"0": 75, "1": 25}) == pytest.approx({"0": 1 / 1.75, "1": 4 / 1.75})


def test_only_proportions_count():
    counts = {"a": 5, "b": 50, "c": 500}
    some, more = (Explicit({"a": 3 * f, "b": 2 * f, "c": 1 * f}).weights(counts) for f in (1.0, 40.0))
    assert some == pytest.approx(more)
    assert sum(some[k] * n for k, n in counts.items()) == pytest.approx(555)


@pytest.mark.parametrize("params", [{"0": 1, "1": 4}, {0: 1.0, 1.0: 4.0}, {"classes": {"0": 1.0, 1: 4.0}}])
def test_short_form_and_numbers_as_label_values(params):
    assert of(params) == Explicit({"0": 1.0, "1": 4.0})


def test_a_class_may_be_called_classes():
    assert of({"classes": 2.0, "b": 1.0}) == Explicit({"classes": 2.0, "b": 1.0})


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({"0": 5, "1": 5, "2": 5}, "needs one weight; without a weight: '2'$"),
        ({"0": 5}, "weights of classes that train does not have: '1'"),
        ({"0": 5, "one": 5}, "without a weight: 'one'; weights of classes that train does not have: '1'"),
        ({"0": 5, "1": 0}, "every class needs rows in train; without any: '1'"),
        ({}, "no classes"),
    ],
)
def test_refuses_what_is_not_exactly_the_classes_of_train(counts, says):
    with pytest.raises(ValueError, match=says):
        Explicit({"0": 1.0, "1": 4.0}).weights(counts)


@pytest.mark.parametrize("weight", [0, -1.0, float("inf"), float("nan"), True, "4"])
def test_weights_are_positive_numbers(weight):
    with pytest.raises(ConfigError, match=r"train.class_weights.explicit.classes.1: "):
        of({"0": 1.0, "1": weight})


@pytest.mark.parametrize("params", [{}, None, {"0": 1.0}])
def test_needs_weights(params):
    with pytest.raises(ConfigError, match="every class needs a weight"):
        of(params)


def test_one_number_is_no_weight_for_every_class():
    with pytest.raises(ConfigError, match=r"train.class_weights.explicit"):
        of(4.0)
