"""The graph that Transform has exported, for use in training and serving."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform.saved import saved_transform_io_v2


class AppliedGraph(tf.Module):
    """Serialized examples in, model inputs out; as a part of a model that is saved, its vocabularies are saved with it.

    `tft.TFTransformOutput.transform_features_layer` applies the same graph as a model of Keras 2. To save one of those, its signature is
    traced through AutoGraph first: four seconds of Python for something that nobody calls.

    Args:
        output: what Transform has written.
    """

    def __init__(self, output: tft.TFTransformOutput):
        super().__init__()
        self._loader = saved_transform_io_v2.SavedModelLoader(output.transform_savedmodel_dir)
        # What it holds (tables, their files) is only saved when it is an attribute of a module; so does TFT's layer.
        self._tracked = vars(self._loader)

    def __call__(self, inputs: dict[str, tf.Tensor]) -> dict[str, Any]:
        """Column of raw data -> its tensor, to input of the model -> its tensor."""
        applied: dict[str, Any] = self._loader.apply_transform_model(inputs)
        return applied
