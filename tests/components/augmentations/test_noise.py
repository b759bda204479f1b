import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, refused


def test_the_noise_is_normal_independent_and_as_strong_as_drawn():
    given = np.full((40, 32, 32, 3), 0.5, np.float32)
    noise = (applied(build("noise", 0.5), given, 0.05) - 0.5) / 0.05
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.std() == pytest.approx(1, abs=0.01)
    # Shares of the normal distribution beyond 1, 2 and 3 deviations; a sum of eight is a little flatter.
    beyond = [float((np.abs(noise) > k).mean()) for k in (1, 2, 3)]
    assert beyond == pytest.approx([0.3173, 0.0455, 0.0027], abs=0.006)
    flat = noise.reshape(40, -1)
    assert abs(np.corrcoef(flat[:, :-1].ravel(), flat[:, 1:].ravel())[0, 1]) < 0.015
    assert abs(np.corrcoef(flat[:-1].ravel(), flat[1:].ravel())[0, 1]) < 0.015


def test_draws_up_to_the_strength():
    assert build("noise", 0.2).parameters(np.array([[0.0], [0.5]])).ravel().tolist() == pytest.approx([0, 0.1])


def test_impossible_deviations():
    assert "less than 1" in refused("noise", 1)
