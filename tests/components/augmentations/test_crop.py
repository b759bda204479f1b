import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, refused


def ramp(side=11):
    """Each pixel says how far it is from the left, 0 to 1."""
    return np.tile(np.linspace(0, 1, side, dtype=np.float32), (2, side, 1))[..., None]


@pytest.mark.parametrize(("left", "first", "last"), [(0.0, 0.0, 0.6), (0.4, 0.4, 1.0), (0.2, 0.2, 0.8)])
def test_the_part_fills_the_picture(left, first, last):
    out = applied(build("crop", 0.5), ramp(), 0.6, left, 0.1)
    assert out[0, 3, [0, -1], 0].tolist() == pytest.approx([first, last], abs=1e-6)
    down = applied(build("crop", 0.5), np.swapaxes(ramp(), 1, 2), 0.6, 0.1, left)
    assert down[0, [0, -1], 3, 0].tolist() == pytest.approx([first, last], abs=1e-6)


def test_the_part_is_never_beyond_the_picture():
    uniform = np.random.default_rng(0).random((1000, 3))
    kept, left, top = build("crop", 0.3).parameters(uniform).T
    assert kept.min() > 0.7
    assert (kept + left).max() <= 1 + 1e-6
    assert (kept + top).max() <= 1 + 1e-6


def test_something_must_be_left():
    assert "less than 1" in refused("crop", 1)
