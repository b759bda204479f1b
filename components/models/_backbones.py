"""Networks of `keras.applications` as parts of a model: what they expect of a picture, and their weights from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.config import ConfigError

if TYPE_CHECKING:
    import keras

#: Shortest side that all of these accept; below, pictures are enlarged.
LEAST_SIDE = 32
#: Means and deviations of ImageNet's colours, red, green, blue, in parts of 1 (Krizhevsky et al. 2012; the numbers of Keras).
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: Means of ImageNet's colours in levels of 0 to 255, blue, green, red, as Caffe had them.
CAFFE_MEAN = (103.939, 116.779, 123.68)


def _to_minus_one_and_one(x: Any) -> Any:
    return x * 2.0 - 1.0


def _to_caffe(x: Any) -> Any:
    """Levels of 0 to 255, blue first, less their means."""
    from keras import ops

    return ops.flip(x, axis=-1) * 255.0 - ops.convert_to_tensor(CAFFE_MEAN, "float32")


def _to_efficientnet(x: Any) -> Any:
    """Levels of 0 to 255, which the network scales itself: by the mean and the square root of the deviation (its file holds the
    deviation as a variance). The published weights were trained on the deviation; with ``weights="imagenet"``, Keras divides once
    more, which a network that is built without weights does not. So it is done before."""
    from keras import ops

    mean = ops.convert_to_tensor([255.0 * m for m in MEAN], "float32")
    return mean + (x * 255.0 - mean) / ops.sqrt(ops.convert_to_tensor(DEVIATION, "float32"))


@dataclass(frozen=True)
class Backbone:
    """One network.

    Attributes:
        function: its name in `keras.applications`.
        expects: from float32 [n, height, width, 3], 0 to 1, to what it was trained on.
        last: how the names of the layers begin where its last blocks do.
        channels: of what it gives.
    """

    function: str
    expects: Callable[[Any], Any]
    last: str
    channels: int

    def width(self, alpha: float) -> int:
        """Length of the vector of a picture; `mobilenet_v2` keeps its last layer's width below an `alpha` of 1."""
        if alpha <= 1.0:
            return self.channels
        whole = max(8, int(self.channels * alpha + 4) // 8 * 8)
        return whole + 8 if whole < 0.9 * self.channels * alpha else whole

    def freeze(self, model: keras.Model, trainable: bool | str) -> None:
        """Decides which weights are trained: all, none, or those from `last` on."""
        model.trainable = bool(trainable)
        if trainable == "last_blocks":
            names = [layer.name for layer in model.layers]
            first = next(i for i, name in enumerate(names) if name.startswith(self.last))
            for layer in model.layers[:first]:
                layer.trainable = False


BACKBONES = {
    "mobilenet_v2": Backbone("MobileNetV2", _to_minus_one_and_one, "block_13_", 1280),
    "efficientnet_b0": Backbone("EfficientNetB0", _to_efficientnet, "block6a_", 1280),
    "resnet50": Backbone("ResNet50", _to_caffe, "conv5_block1_", 2048),
}


def make(name: str, alpha: float = 1.0) -> keras.Model:
    """A network without its top, for pictures of any size, with initial weights."""
    import keras

    more = {"alpha": alpha} if name == "mobilenet_v2" else {}
    function = getattr(keras.applications, BACKBONES[name].function)
    return function(include_top=False, weights=None, input_shape=(None, None, 3), name=name, **more)


def from_file(name: str, alpha: float, path: str) -> keras.Model:
    """A network with the weights of a file.

    Raises:
        ConfigError: when the file is none of this network's.
    """
    model = make(name, alpha)
    try:
        model.load_weights(path)
    except Exception as error:
        told = next((t.strip() for t in str(error).splitlines() if t.strip()), type(error).__name__)
        width = f", alpha {alpha:g}," if name == "mobilenet_v2" else ""
        raise ConfigError(
            [
                f"train.model.pretrained.weights: {path} must hold the weights of {name}{width} without its top; Keras says: "
                f"{told[:300]} Give the file that belongs to the backbone."
            ]
        ) from error
    return model


def picture_vectors(
    name: str, backbone: keras.Model, pictures: Mapping[str, keras.KerasTensor]
) -> list[keras.KerasTensor]:
    """The mean over the picture of what the network gives: float32 [n, channels] for each of the pictures.

    Args:
        pictures: float32 [n, height, width, 1 or 3], 0 to 1.
    """
    import keras

    vectors = []
    for picture in pictures.values():
        x = BACKBONES[name].expects(_fitting(picture))
        # training=False: batch normalisation keeps the statistics of the file.
        vectors.append(keras.layers.GlobalAveragePooling2D()(backbone(x, training=False)))
    return vectors


def _fitting(picture: keras.KerasTensor) -> keras.KerasTensor:
    """A picture with three channels and no side below `LEAST_SIDE`, its proportions kept."""
    from keras import ops

    _, height, width, channels = picture.shape
    x = ops.repeat(picture, 3, axis=-1) if channels == 1 else picture
    factor = LEAST_SIDE / min(height, width)
    if factor > 1:
        x = ops.image.resize(x, (round(height * factor), round(width * factor)), interpolation="bilinear")
    return x
