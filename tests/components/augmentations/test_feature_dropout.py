import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, refused


def test_hides_as_many_as_asked_each_on_its_own():
    given = np.ones((1000, 20), np.float32)
    out = applied(build("feature_dropout", 0.25), given, 0.25)
    assert {*np.unique(out).tolist()} == {0.0, 1.0}
    np.testing.assert_allclose(1 - out.mean(axis=0), 0.25, atol=0.06)
    assert np.abs(np.corrcoef(out.T) - np.eye(20)).max() < 0.15


def test_the_rate_is_that_of_all():
    assert build("feature_dropout").parameters(np.zeros((1, 0))).ravel().tolist() == pytest.approx([0.1])


def test_impossible_rates():
    assert "less than 1" in refused("feature_dropout", 1)
