import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, pictures, refused


def point(side=41):
    given = np.zeros((1, side, side, 1), np.float32)
    given[:, side // 2, side // 2] = 1
    return given


@pytest.mark.parametrize("radius", [0.05, 0.1, 0.2])
def test_spreads_a_point_by_the_formula(radius):
    out = applied(build("blur", 0.2), point(), radius)[0, ..., 0].astype(np.float64)
    d = np.arange(41) - 20
    weight = np.maximum(1 - (d / (1 + radius * 41)) ** 2, 0) ** 2
    weight /= weight.sum()
    np.testing.assert_allclose(out, np.outer(weight, weight), atol=1e-6)


def test_plain_areas_stay_and_edges_are_repeated():
    plain = np.full((1, 6, 9, 3), 0.3, np.float32)
    assert applied(build("blur", 0.25), plain, 0.25).tobytes() == plain.tobytes()


def test_details_go():
    given = pictures(32, 32)
    out = applied(build("blur", 0.1), given, 0.1)
    assert out.std() < 0.4 * given.std()
    assert out.mean() == pytest.approx(given.mean(), abs=0.005)


def test_impossible_radii():
    assert "less than or equal to 0.25" in refused("blur", 0.3)
