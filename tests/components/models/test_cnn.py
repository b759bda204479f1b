import numpy as np
import pytest
from pydantic import ValidationError

from components.interfaces import ModelInputs
from components.models.cnn import Cnn
from tests.components.models.rows import ALL_KINDS, make_rows

keras = pytest.importorskip("keras")


def sides(*shape):
    """Side of the picture after each layer that has pictures."""
    model = Cnn().build(ModelInputs(0, 0, 1, 2, images={"image_0": shape}))
    outputs = [
        layer.output for layer in model.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.MaxPooling2D)
    ]
    return [o.shape[1] for o in outputs]


def test_small_pictures_keep_their_detail():
    assert sides(8, 8, 1) == [8, 8, 4, 4, 2, 2]
    assert sides(64, 64, 3) == [64, 32, 32, 16, 16, 8, 8, 4]
    assert sides(4, 9, 1) == [4, 4, 2, 2, 2]


def test_each_picture_has_its_own_convolutions_and_the_rest_a_dense_branch():
    shapes = {w.path: tuple(w.shape) for w in Cnn(filters=(4, 6), dense=(5,), embedding=2).build(ALL_KINDS).weights}
    assert shapes["image_3_conv_0/kernel"] == (3, 3, 1, 4)
    assert shapes["image_4_conv_0/kernel"] == (3, 3, 3, 4)
    assert shapes["hidden_0/kernel"] == (2 * 2 * 6 + 2 + 1 * 2 + 2 * 2, 5)


def test_a_row_does_not_depend_on_its_batch():
    model, data = Cnn().build(ALL_KINDS), make_rows(ALL_KINDS, 9)
    whole = np.asarray(model(data.inputs, training=False))
    alone = np.asarray(model(data.take(np.array([4])).inputs, training=False))
    np.testing.assert_allclose(alone[0], whole[4], rtol=1e-4, atol=1e-6)


def test_needs_a_block():
    with pytest.raises(ValidationError, match="at least 1 item"):
        Cnn(filters=())
