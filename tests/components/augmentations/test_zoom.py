import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, refused


@pytest.mark.parametrize(("factor", "side"), [(0.5, 6), (1.0, 12), (1.5, 18)])
def test_things_become_so_many_times_as_large(factor, side):
    square = np.zeros((1, 40, 40, 1), np.float32)
    square[:, 14:26, 14:26] = 1
    out = applied(build("zoom", 0.5), square, factor)
    assert float(out.sum()) ** 0.5 == pytest.approx(side, rel=0.03)
    # Still in the middle.
    np.testing.assert_allclose(out, out[:, ::-1, ::-1], atol=1e-5)


def test_draws_around_1():
    drawn = build("zoom", 0.2).parameters(np.array([[0.0], [0.5], [0.75]]))
    assert drawn[:, 0].tolist() == pytest.approx([0.8, 1.0, 1.1])


def test_impossible_shares():
    assert "less than 1" in refused("zoom", 1)
