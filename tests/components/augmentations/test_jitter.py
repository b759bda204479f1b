import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, refused


def test_adds_noise_in_standard_deviations():
    given = np.zeros((500, 20), np.float32)
    out = applied(build("jitter", 0.3), given, 0.3)
    assert out.mean() == pytest.approx(0, abs=0.01)
    assert out.std() == pytest.approx(0.3, abs=0.01)
    assert np.abs(np.corrcoef(out.T) - np.eye(20)).max() < 0.2


def test_the_deviation_is_that_of_all():
    assert build("jitter", 0.3).parameters(np.zeros((2, 0))).ravel().tolist() == pytest.approx([0.3, 0.3])


def test_impossible_deviations():
    assert "greater than or equal to 0" in refused("jitter", -1)
