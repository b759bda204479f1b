from fractions import Fraction

import pytest

from components.class_weights.effective_number import EffectiveNumber
from components.plugins import build
from schemas.config import ConfigError, PluginSpec


def test_literal():
    # beta 1/2: 1 - 1/4 = 3/4 and 1 - 1/2 = 1/2, so 2 : 3; (2 * 2 + 1 * 3) / 3 = 7/3 is the mean to divide by.
    assert EffectiveNumber(beta=0.5).weights({"0": 2, "1": 1}) == pytest.approx({"0": 6 / 7, "1": 9 / 7})


@pytest.mark.parametrize("counts", [{"0": 700, "1": 300}, {"a": 5000, "b": 50, "c": 1}])
def test_as_the_formula_in_exact_fractions(counts):
    beta = Fraction(0.999)
    raw = {k: (1 - beta) / (1 - beta**n) for k, n in counts.items()}
    mean = sum(raw[k] * n for k, n in counts.items()) / sum(counts.values())
    assert EffectiveNumber().weights(counts) == pytest.approx({k: float(w / mean) for k, w in raw.items()}, rel=1e-12)


def test_between_no_weights_and_balanced():
    counts = {"0": 900, "1": 100}
    ratios = []
    for beta in (1e-6, 0.9, 0.999, 1 - 1e-9):
        weights = EffectiveNumber(beta=beta).weights(counts)
        assert 900 * weights["0"] + 100 * weights["1"] == pytest.approx(1000)
        ratios.append(weights["1"] / weights["0"])
    assert ratios == sorted(ratios)
    assert ratios[0] == pytest.approx(1)
    assert ratios[-1] == pytest.approx(9, rel=1e-5)


@pytest.mark.parametrize(("counts", "says"), [({"0": 5, "1": 0}, "effective_number: .*'1'"), ({}, "no classes")])
def test_refuses_classes_without_rows(counts, says):
    with pytest.raises(ValueError, match=says):
        EffectiveNumber().weights(counts)


@pytest.mark.parametrize("beta", [0, 1, 1.5, -0.1, float("nan"), True, "0.9"])
def test_beta_lies_between_0_and_1(beta):
    with pytest.raises(ConfigError, match=r"train.class_weights.effective_number.beta: "):
        build("class_weights", PluginSpec(name="effective_number", params={"beta": beta}), "train.class_weights")
