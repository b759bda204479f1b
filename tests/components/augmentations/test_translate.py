import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, pictures, refused


def test_moves_right_and_down_by_shares_of_the_sides():
    given = pictures(10, 20)
    out = applied(build("translate", 0.5), given, 0.1, 0.3)
    # Two pixels to the right, three down.
    np.testing.assert_allclose(out[:, 3:, 2:], given[:, :-3, :-2], atol=1e-6)
    np.testing.assert_allclose(out[:, 3:, 0], given[:, :-3, 0], atol=1e-6)


def test_half_a_pixel_is_the_mean_of_two():
    given = pictures(4, 10)
    out = applied(build("translate", 0.5), given, -0.05, 0)
    np.testing.assert_allclose(out[:, :, :-1], (given[:, :, :-1] + given[:, :, 1:]) / 2, atol=1e-6)


def test_what_comes_in():
    out = applied(build("translate", {"share": 0.5, "fill": "constant"}), np.ones((1, 10, 10, 1), np.float32), 0.2, 0)
    assert out[0, 0, :, 0].tolist() == pytest.approx([0, 0, 1, 1, 1, 1, 1, 1, 1, 1])


def test_draws_each_direction_on_its_own():
    drawn = build("translate", 0.2).parameters(np.array([[0.0, 0.75]]))
    assert drawn[0].tolist() == pytest.approx([-0.2, 0.1])


def test_impossible_shares():
    assert "less than 1" in refused("translate", 1)
