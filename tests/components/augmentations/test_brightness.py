import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, refused


def test_adds_and_cuts_off():
    given = np.array([0.0, 0.25, 0.875], np.float32).reshape(1, 1, 3, 1)
    assert applied(build("brightness", 0.5), given, 0.25).ravel().tolist() == [0.25, 0.5, 1.0]
    assert applied(build("brightness", 0.5), given, -0.25).ravel().tolist() == [0.0, 0.0, 0.625]


def test_draws_both_ways():
    assert build("brightness", 0.2).parameters(np.array([[0.0], [0.5]])).ravel().tolist() == pytest.approx([-0.2, 0])


def test_all_light_or_none_is_refused():
    assert "less than 1" in refused("brightness", 1)
