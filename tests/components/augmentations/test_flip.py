import numpy as np
import pytest

from tests.components.augmentations.values import applied, build, pictures, refused


@pytest.mark.parametrize("shape", [(9, 12, 3), (8, 8, 1), (1, 5, 1)])
def test_mirrors_exactly(shape):
    given, op = pictures(*shape), build("flip", "both")
    assert np.array_equal(applied(op, given, 1, 0), given[:, :, ::-1])
    assert np.array_equal(applied(op, given, 0, 1), given[:, ::-1])
    assert np.array_equal(applied(op, given, 1, 1), given[:, ::-1, ::-1])
    assert np.array_equal(applied(op, given, 0, 0), given)


@pytest.mark.parametrize(
    ("axes", "expected"), [("horizontal", [[1, 0], [0, 0]]), ("vertical", [[0, 1], [0, 0]]), ("both", [[1, 1], [0, 0]])]
)
def test_draws_along_the_axes_asked_for_only(axes, expected):
    assert build("flip", axes).parameters(np.array([[0.1, 0.2], [0.5, 0.9]])).tolist() == expected


def test_unknown_axes():
    assert "'horizontal', 'vertical' or 'both'" in refused("flip", "sideways")
