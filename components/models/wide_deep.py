"""Wide and deep: a linear model next to a small network on embeddings (Cheng et al. 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.interfaces import ModelFamily, ModelInputs, WeightLayout, plugin
from components.models import _parts as parts

if TYPE_CHECKING:
    import keras


@plugin
class WideDeep(ModelFamily):
    """Adds the logits of a linear part (memorises categories) and a deep part (generalises).

    Attributes:
        hidden: widths of the hidden layers. Two small ones do for tables of up to some 100,000 rows.
        dropout: share of units dropped after each hidden layer, in training only.
        embedding: length of a category's vector; 8 suits vocabularies of tens to thousands.
        l2: weight of the L2 penalty on the linear part and the hidden layers.
    """

    hidden: parts.Widths = (64, 32)
    dropout: parts.Rate = 0.1
    embedding: parts.Width = 8
    l2: parts.Penalty = 1e-5

    def build(self, inputs: ModelInputs) -> keras.Model:
        """See `ModelFamily.build`."""
        import keras

        given = parts.make_inputs(inputs)
        wide = []
        if inputs.numeric:
            weights = keras.layers.Dense(inputs.classes, kernel_regularizer=parts.penalty(self.l2), name="wide_numeric")
            wide.append(weights(given["numeric"]))
        if inputs.categorical:
            scores = keras.layers.Embedding(
                inputs.vocabulary, inputs.classes, embeddings_initializer="zeros", name="wide"
            )
            wide.append(keras.layers.GlobalAveragePooling1D(name="wide_mean")(scores(given["categorical"])))
        x = keras.layers.Concatenate()(parts.vectors(inputs, given, self.embedding))
        x = parts.hidden(x, self.hidden, self.dropout, self.l2)
        logits = keras.layers.Add(name="logits")([keras.layers.Dense(inputs.classes, name="deep")(x), *wide])
        return keras.Model(given, logits, name="wide_deep")

    def layout(self, inputs: ModelInputs) -> WeightLayout:
        """See `ModelFamily.layout`."""
        first = "hidden_0" if self.hidden else "deep"
        rows = {"wide_numeric": [("numeric", inputs.numeric)], first: parts.seen(inputs, self.embedding)}
        return WeightLayout(rows, entries=("embedding", "wide"), scores=("deep", "wide", "wide_numeric"))
