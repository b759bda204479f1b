"""A network that was trained on other pictures, with its weights from a file on disk: nothing is ever downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from components.interfaces import ModelFamily, ModelInputs, WeightLayout, plugin
from components.models import _parts as parts
from components.models._backbones import BACKBONES, from_file, picture_vectors
from schemas.config import ConfigError

if TYPE_CHECKING:
    import keras

WHERE = "train.model.pretrained"
SUFFIXES = (".weights.h5", ".h5", ".keras")


@plugin
class Pretrained(ModelFamily):
    """A backbone of `keras.applications` makes a vector of every picture; hidden layers see it next to numbers, categories and texts.

    All pictures of a row share the backbone. Its batch normalisation always uses the statistics of the file, also where weights are
    trained: statistics of small batches would ruin them (Keras' guide to transfer learning does the same).

    Attributes:
        weights: file of the backbone's weights without its top, as published with Keras (`..._notop.h5`) or saved by
            `save_weights` or `save`; relative to the configuration. No default: which weights suit depends on the pictures.
        backbone: `mobilenet_v2`, the default as the smallest and fastest on a CPU, `efficientnet_b0` or `resnet50`.
        alpha: width of `mobilenet_v2`; 1, for which most weights are published.
        trainable: which of its weights are trained: none (false), since some thousand pictures overfit millions of weights;
            `last_blocks`, the last of four sizes of picture that it works on; or all (true).
        hidden: widths of the hidden layers after it; one is enough, as most is in the vectors.
        dropout: share of units dropped after each hidden layer, in training only; 0.2, as some thousand pictures overfit.
        embedding: length of the vector of a category or token.
        l2: weight of the L2 penalty on the hidden layers.
    """

    takes = ("text", "image")
    needs = ("image",)

    weights: Annotated[str, Field(min_length=1)]
    backbone: Literal["mobilenet_v2", "efficientnet_b0", "resnet50"] = "mobilenet_v2"
    alpha: Annotated[float, Field(gt=0, le=2)] = 1.0
    trainable: bool | Literal["last_blocks"] = False
    hidden: parts.Widths = (64,)
    dropout: parts.Rate = 0.2
    embedding: parts.Width = 8
    l2: parts.Penalty = 1e-5

    @model_validator(mode="after")
    def _alpha_has_an_effect(self) -> Pretrained:
        if self.alpha != 1.0 and self.backbone != "mobilenet_v2":
            raise ValueError(
                f"alpha: only mobilenet_v2 has a width, got {self.alpha} for {self.backbone}; take the line out"
            )
        return self

    def files(self, base: Path) -> dict[str, Path]:
        """See `ModelFamily.files`: the file of the weights."""
        path = (base / self.weights).resolve()
        if not self.weights.endswith(SUFFIXES):
            raise ConfigError([f"{WHERE}.weights: must be a file {', '.join(SUFFIXES)}, got {self.weights!r}."])
        if not path.is_file():
            raise ConfigError(
                [
                    f"{WHERE}.weights: there is no file {path}, and nothing is ever downloaded. Put the weights of {self.backbone} "
                    "without its top there (`keras.applications`, include_top=False, then save_weights), or use cnn."
                ]
            )
        return {self.weights: path}

    def placed(self, base: Path) -> dict[str, str]:
        """See `ModelFamily.placed`."""
        return {"weights": str((base / self.weights).resolve())}

    def build(self, inputs: ModelInputs) -> keras.Model:
        """See `ModelFamily.build`.

        Raises:
            ConfigError: when the file does not hold the weights of this backbone.
        """
        import keras

        given = parts.make_inputs(inputs)
        backbone = from_file(self.backbone, self.alpha, self.weights)
        BACKBONES[self.backbone].freeze(backbone, self.trainable)
        seen = picture_vectors(self.backbone, backbone, {n: given[n] for n in inputs.images})
        x = keras.layers.Concatenate()([*seen, *parts.vectors(inputs, given, self.embedding)])
        x = parts.hidden(x, self.hidden, self.dropout, self.l2)
        return keras.Model(given, keras.layers.Dense(inputs.classes, name="logits")(x), name="pretrained")

    def layout(self, inputs: ModelInputs) -> WeightLayout:
        """See `ModelFamily.layout`."""
        first = "hidden_0" if self.hidden else "logits"
        rows = {first: parts.seen(inputs, self.embedding, BACKBONES[self.backbone].width(self.alpha))}
        return WeightLayout(rows, entries=("embedding",), scores=("logits",))
