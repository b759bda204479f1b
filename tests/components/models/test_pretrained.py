import numpy as np
import pytest
from pydantic import ValidationError

from components.interfaces import ModelInputs
from components.models.pretrained import Pretrained
from schemas.config import ConfigError
from tests.components.models.rows import ALL_KINDS, make_rows

keras = pytest.importorskip("keras")

from components.models import _backbones as backbones  # noqa: E402


@pytest.fixture(scope="module")
def network():
    """A small network, as somebody else has it; not as it begins, where every picture becomes almost nothing."""
    made = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)
    rng = np.random.default_rng(0)
    for layer in made.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.beta.assign(rng.normal(size=layer.beta.shape))
    return made


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    network.save_weights(path)
    return str(path)


def test_weights_come_from_the_file_in_every_format(network, weights, tmp_path):
    network.save(tmp_path / "small.keras")
    for path in (weights, str(tmp_path / "small.keras")):
        model = Pretrained(weights=path, alpha=0.35).build(ALL_KINDS)
        got = model.get_layer("mobilenet_v2").get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(got, network.get_weights(), strict=True))


def test_a_picture_becomes_what_the_network_makes_of_it(network, weights):
    inputs = ModelInputs(0, 0, 1, 2, images={"image_0": (32, 32, 3)})
    model = Pretrained(weights=weights, alpha=0.35, hidden=()).build(inputs)
    data = make_rows(inputs, 3).inputs
    # What keras.applications documents for this network: levels of 0 to 255 to -1 to 1, and the mean over the picture.
    levels = keras.applications.mobilenet_v2.preprocess_input(255.0 * data["image_0"])
    vector = np.asarray(network(levels, training=False)).mean(axis=(1, 2))
    assert vector.std() > 0.1
    kernel, bias = model.get_layer("logits").get_weights()
    np.testing.assert_allclose(np.asarray(model(data)), vector @ kernel + bias, rtol=1e-4, atol=1e-5)
    # Training changes neither the statistics nor anything else of a frozen network.
    before = model.get_layer("mobilenet_v2").get_weights()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(data, np.array([0, 1, 0]), verbose=0)
    after = model.get_layer("mobilenet_v2").get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert not np.array_equal(kernel, model.get_layer("logits").get_weights()[0])


def test_resnet_gets_what_caffe_had():
    picture = np.random.default_rng(0).random((2, 4, 5, 3)).astype("f4")
    expected = keras.applications.resnet50.preprocess_input(255.0 * picture)
    np.testing.assert_allclose(backbones.BACKBONES["resnet50"].expects(picture), expected, atol=1e-3)


def test_efficientnet_gets_the_scale_that_its_published_weights_were_trained_on():
    """With ``weights="imagenet"``, Keras divides once more by the root of the deviations, after its normalisation."""
    picture = np.random.default_rng(0).random((2, 4, 5, 3)).astype("f4")
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    published = (picture - mean) / np.sqrt(deviation) / np.sqrt(deviation)
    levels = np.asarray(backbones.BACKBONES["efficientnet_b0"].expects(picture))
    np.testing.assert_allclose((levels / 255.0 - mean) / np.sqrt(deviation), published, atol=1e-5)


def test_small_pictures_are_enlarged_and_grey_ones_have_three_equal_channels():
    shapes = [(8, 8, 1), (16, 20, 3), (40, 64, 3)]
    fitting = [backbones._fitting(keras.Input(s)).shape[1:] for s in shapes]
    assert fitting == [(32, 32, 3), (32, 40, 3), (40, 64, 3)]
    grey = np.asarray(backbones._fitting(keras.ops.convert_to_tensor(np.random.rand(1, 40, 40, 1).astype("f4"))))
    assert (grey[..., 0] == grey[..., 2]).all()


def test_which_weights_are_trained(weights):
    def trained(what):
        model = Pretrained(weights=weights, alpha=0.35, trainable=what).build(ALL_KINDS)
        return {w.path.split("/")[0] for w in model.trainable_weights}

    own = {"embedding", "hidden_0", "logits"}
    assert trained(False) == own
    assert {"block_13_expand", "Conv_1_bn", *own} <= trained("last_blocks")
    assert not {n for n in trained("last_blocks") if n.startswith(("Conv1", "block_12_"))}
    assert {"Conv1", "block_12_expand", *own} <= trained(True)


def test_its_layout_is_that_of_its_weights(weights):
    family = Pretrained(weights=weights, alpha=0.35, hidden=(5,))
    shapes = {w.path: tuple(w.shape) for w in family.build(ALL_KINDS).weights}
    (rows,) = family.layout(ALL_KINDS).rows.values()
    assert [name for name, _ in rows] == ["image_3", "image_4", "numeric", "categorical", "text_1", "text_2"]
    assert shapes["hidden_0/kernel"] == (sum(n for _, n in rows), 5)


def test_a_missing_or_wrong_file_is_refused(weights, tmp_path):
    with pytest.raises(
        ConfigError, match=r"there is no file .*nothing is ever downloaded.*Put the weights of resnet50"
    ):
        Pretrained(weights="no.h5", backbone="resnet50").files(tmp_path)
    with pytest.raises(ConfigError, match=r"must be a file \.weights\.h5, \.h5, \.keras, got 'x\.bin'"):
        Pretrained(weights="x.bin").files(tmp_path)
    with pytest.raises(ConfigError, match=r"must hold the weights of mobilenet_v2, alpha 0\.5, without its top"):
        Pretrained(weights=weights, alpha=0.5).build(ALL_KINDS)
    with pytest.raises(ValidationError, match="only mobilenet_v2 has a width"):
        Pretrained(weights="x.h5", backbone="resnet50", alpha=0.5)
    (tmp_path / "w.h5").write_bytes(b"")
    assert Pretrained(weights="w.h5").files(tmp_path) == {"w.h5": tmp_path / "w.h5"}
    assert Pretrained(weights="w.h5").placed(tmp_path) == {"weights": str(tmp_path / "w.h5")}
