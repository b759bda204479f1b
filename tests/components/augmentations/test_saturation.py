import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, pictures, refused


def test_0_leaves_the_grey_level():
    given = pictures()
    out = applied(build("saturation", 1), given, 0)
    expected = given @ np.array([0.299, 0.587, 0.114], np.float32)
    np.testing.assert_allclose(out, np.repeat(expected[..., None], 3, axis=3), atol=1e-6)


def test_stronger_colours():
    red = np.array([0.6, 0.5, 0.5], np.float32).reshape(1, 1, 1, 3)
    out = applied(build("saturation", 1), red, 2).ravel()
    assert out.tolist() == pytest.approx([0.6701, 0.4701, 0.4701], abs=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_pictures_stay(channels):
    given = np.repeat(pictures(channels=1), channels, axis=3)
    assert applied(build("saturation", 1), given, 1.7).tobytes() == given.tobytes()


def test_impossible_shares():
    assert "less than or equal to 1" in refused("saturation", 1.1)
