import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, pictures, refused


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.2])
def test_multiplies_the_deviation_and_keeps_the_mean(factor):
    given = 0.4 + 0.2 * pictures()
    out = applied(build("contrast", 0.5), given, factor)
    np.testing.assert_allclose(out.std(axis=(1, 2, 3)), factor * given.std(axis=(1, 2, 3)), rtol=1e-4)
    np.testing.assert_allclose(out.mean(axis=(1, 2, 3)), given.mean(axis=(1, 2, 3)), atol=1e-6)


def test_draws_around_1():
    assert build("contrast", 0.3).parameters(np.array([[0.0], [0.5]])).ravel().tolist() == pytest.approx([0.7, 1.0])


def test_nothing_but_grey_is_refused():
    assert "less than 1" in refused("contrast", 1)
