import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from components.class_weights.balanced import Balanced


def test_literal():
    assert Balanced().weights({"0": 75, "1": 25}) == {"0": 100 / 150, "1": 2.0}


def test_as_scikit_learn():
    counts = {"a": 3, "b": 17, "c": 980}
    labels = np.repeat(list(counts), list(counts.values()))
    expected = compute_class_weight("balanced", classes=np.array(list(counts)), y=labels)
    assert list(Balanced().weights(counts).values()) == pytest.approx(list(expected))


@pytest.mark.parametrize(("counts", "says"), [({"0": 5, "1": 0}, "'1'"), ({}, "no classes")])
def test_refuses_classes_without_rows(counts, says):
    with pytest.raises(ValueError, match=says):
        Balanced().weights(counts)
