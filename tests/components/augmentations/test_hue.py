import colorsys

import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, pictures, refused


@pytest.mark.parametrize("degrees", [-120, -30, 20, 120, 180])
def test_turns_colours_from_red_towards_green(degrees):
    red = np.array([0.6, 0.45, 0.45], np.float32).reshape(1, 1, 1, 3)
    out = applied(build("hue", 180), red, degrees).ravel()
    # The hexagon of HSV and the circle about grey agree at multiples of 60 degrees and are near in between.
    assert abs((colorsys.rgb_to_hsv(*out.tolist())[0] * 360 - degrees + 180) % 360 - 180) < 2
    assert out.mean() == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_pictures_stay(channels):
    given = np.repeat(pictures(channels=1), channels, axis=3)
    assert applied(build("hue", 180), given, 77).tobytes() == given.tobytes()


def test_impossible_angles():
    assert "less than or equal to 180" in refused("hue", 200)
