import numpy as np
import pytest

from components.images import of_grey
from tests.components.augmentations.values import applied, build, pictures, refused


def bar(side=48):
    """A bright bar that lies flat on a dark ground."""
    ground = np.zeros((1, side, side, 1), np.float32)
    ground[:, side // 2 - 3 : side // 2 + 3, side // 6 : -side // 6] = 0.8
    return ground


@pytest.mark.parametrize("degrees", [-170, -90, -30, -5, 0, 5, 15, 30, 45, 60, 120, 180])
def test_turns_by_as_many_degrees_counter_clockwise(degrees):
    out = applied(build("rotate", 180), bar(), degrees)
    assert abs((of_grey(out[0, ..., 0] * 255)["moment_angle"] - degrees + 90) % 180 - 90) < 1.5


def test_a_quarter_of_a_square_is_exact():
    given = pictures(8, 8, 3)
    out = applied(build("rotate", 90), given, 90)
    assert out.tobytes() == np.ascontiguousarray(np.rot90(given, 1, axes=(1, 2))).tobytes()


@pytest.mark.parametrize(("fill", "corner"), [("edge", 1), ("reflect", 1), ("constant", 0)])
def test_what_comes_in_at_the_corners(fill, corner):
    out = applied(build("rotate", {"degrees": 45, "fill": fill}), np.ones((1, 20, 20, 1), np.float32), 45)
    assert out[0, 0, 0, 0] == corner


def test_draws_both_ways_up_to_the_strength():
    drawn = build("rotate", 15).parameters(np.array([[0.0], [0.25], [0.5], [1 - 2**-53]]))
    assert drawn[:, 0].tolist() == pytest.approx([-15, -7.5, 0, 15])


def test_impossible_parameters():
    assert "degrees" in refused("rotate", 180.5)
    assert "'edge', 'reflect' or 'constant'" in refused("rotate", {"fill": "pink"})
