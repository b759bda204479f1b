import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, pictures, refused


def test_hides_a_square_under_the_mean():
    given = pictures(20, 30)
    out = applied(build("cutout", 0.5), given, 0.5, 0.5)
    hidden = np.zeros((20, 30), bool)
    hidden[5:15, 10:20] = True
    assert np.array_equal(out[:, ~hidden], given[:, ~hidden])
    expected = given.mean(axis=(1, 2))[:, None]
    np.testing.assert_allclose(out[:, hidden], np.broadcast_to(expected, (len(given), 100, 3)), atol=1e-5)


@pytest.mark.parametrize(("x", "y", "pixels"), [(0.0, 0.5, 50), (0.0, 0.0, 25), (0.5, 0.5, 100)])
def test_part_of_the_square_may_lie_outside(x, y, pixels):
    given = pictures(20, 20)
    out = applied(build("cutout", 0.5), given, x, y)
    assert int((out != given).any(axis=3)[0].sum()) == pixels


def test_something_must_be_left():
    assert "less than 1" in refused("cutout", 1)
