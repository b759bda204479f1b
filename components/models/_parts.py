"""What the models share: inputs, what becomes of each kind of input, and hidden layers. Keras is imported inside functions.

Every input is connected, also one without columns: Keras refuses a model with an input that leads nowhere.
All layers with weights have names: weights are recorded under them, and Keras' own names count up within a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from components.interfaces import ModelInputs

if TYPE_CHECKING:
    import keras

#: Types of parameters that several models have.
Width = Annotated[int, Field(gt=0)]
Widths = tuple[Width, ...]
Rate = Annotated[float, Field(ge=0, lt=1)]
Penalty = Annotated[float, Field(ge=0)]


def make_inputs(inputs: ModelInputs) -> dict[str, keras.KerasTensor]:
    """One Keras input for each transformed input, in the order numeric, categorical, texts, images."""
    import keras

    shapes: dict[str, tuple[tuple[int, ...], str]] = {
        "numeric": ((inputs.numeric,), "float32"),
        "categorical": ((inputs.categorical,), "int64"),
        **{name: ((tokens,), "int64") for name, tokens in inputs.texts.items()},
        **{name: (shape, "float32") for name, shape in inputs.images.items()},
    }
    return {name: keras.Input(shape, dtype=dtype, name=name) for name, (shape, dtype) in shapes.items()}


def penalty(l2: float) -> keras.regularizers.Regularizer | None:
    """The L2 penalty; None for 0."""
    import keras

    return keras.regularizers.L2(l2) if l2 else None


def vectors(inputs: ModelInputs, given: dict[str, keras.KerasTensor], length: int) -> list[keras.KerasTensor]:
    """The dense branch: numbers as they are, the vectors of all categories side by side, and one vector for each text.

    Categories and tokens share one table of vectors, since they share one vocabulary.

    Returns:
        Tensors of shape [n, numeric], [n, categorical * length], and [n, length] for each text.
    """
    import keras

    table = keras.layers.Embedding(inputs.vocabulary, length, name="embedding")
    categories = keras.layers.Flatten()(table(given["categorical"]))
    return [given["numeric"], categories, *(mean_of_tokens(table, given[name]) for name in inputs.texts)]


def seen(inputs: ModelInputs, length: int, pictures: int = 0) -> list[tuple[str, int]]:
    """What a layer on the vectors of all pictures, then on `vectors`, sees: see `WeightLayout.rows`.

    Args:
        pictures: length of the vector of a picture.
    """
    return [
        *((name, pictures) for name in inputs.images if pictures),
        ("numeric", inputs.numeric),
        ("categorical", inputs.categorical * length),
        *((name, length) for name in inputs.texts),
    ]


def mean_of_tokens(table: keras.layers.Embedding, tokens: keras.KerasTensor) -> keras.KerasTensor:
    """Mean of the vectors of a text's tokens (Joulin et al. 2017), without padding; zeros for an empty text.

    Args:
        table: vectors of the joint vocabulary.
        tokens: int64 [n, tokens], 0 is padding.

    Returns:
        float32 [n, length of a vector].
    """
    from keras import ops

    there = ops.expand_dims(ops.cast(ops.not_equal(tokens, 0), "float32"), -1)
    return ops.sum(table(tokens) * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)


def picture_vector(name: str, picture: keras.KerasTensor, filters: Sequence[int], l2: float) -> keras.KerasTensor:
    """Blocks of a 3x3 convolution, ReLU and 2x2 max pooling; then what each filter gives on average, and at most, over the picture.

    The average tells how much there is of something, the maximum whether it is anywhere: a lesion of few pixels is lost in an average.
    No normalisation: so few blocks train well from He's initial values without. Running statistics of batch normalisation lag behind on
    small data, and group normalisation makes an epoch on a CPU two to four times as long.
    The first block does not pool pictures below 16 pixels, and none pools below 4, so that small pictures keep their detail.

    Args:
        picture: float32 [n, height, width, channels], 0 to 1.

    Returns:
        float32 [n, 2 * last of `filters`].
    """
    import keras

    x = keras.layers.Rescaling(2.0, offset=-1.0)(picture)
    for i, count in enumerate(filters):
        small = min(x.shape[1], x.shape[2]) < (4 if i else 16)
        x = keras.layers.Conv2D(
            count,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            kernel_regularizer=penalty(l2),
            name=f"{name}_conv_{i}",
        )(x)
        if not small:
            x = keras.layers.MaxPooling2D(2)(x)
    both = [keras.layers.GlobalAveragePooling2D()(x), keras.layers.GlobalMaxPooling2D()(x)]
    return keras.layers.Concatenate()(both)


def hidden(x: keras.KerasTensor, widths: Sequence[int], dropout: float, l2: float) -> keras.KerasTensor:
    """Layers of ReLU units, each followed by dropout (in training only)."""
    import keras

    for i, width in enumerate(widths):
        layer = keras.layers.Dense(width, activation="relu", kernel_regularizer=penalty(l2), name=f"hidden_{i}")
        x = layer(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout_{i}")(x)
    return x
