"""A linear model: multinomial logistic regression, the yardstick for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.interfaces import ModelFamily, ModelInputs, WeightLayout, plugin
from components.models import _parts as parts

if TYPE_CHECKING:
    import keras


@plugin
class Linear(ModelFamily):
    """A weight per number and class, and a score per category or token and class: what it learned can be read off.

    The scores of a text are averaged over its tokens, so a text counts by its words and not by its length.

    Attributes:
        l2: weight of the L2 penalty on the weights of numbers.
    """

    takes = ("text",)

    l2: parts.Penalty = 1e-5

    def build(self, inputs: ModelInputs) -> keras.Model:
        """See `ModelFamily.build`."""
        import keras

        given = parts.make_inputs(inputs)
        table = keras.layers.Embedding(inputs.vocabulary, inputs.classes, embeddings_initializer="zeros", name="scores")
        scored = [keras.ops.sum(table(given["categorical"]), axis=1)]
        scored += [parts.mean_of_tokens(table, given[name]) for name in inputs.texts]
        # A product with no columns crashes oneDNN; their sum is 0 and connects the input as well.
        numbers = keras.ops.sum(given["numeric"], axis=1, keepdims=True)
        if inputs.numeric:
            weights = keras.layers.Dense(
                inputs.classes, kernel_regularizer=parts.penalty(self.l2), name="numeric_weights"
            )
            numbers = weights(given["numeric"])
        logits = keras.layers.Add(name="logits")([numbers, *scored])
        return keras.Model(given, logits, name="linear")

    def layout(self, inputs: ModelInputs) -> WeightLayout:
        """See `ModelFamily.layout`."""
        numbers = {"numeric_weights": [("numeric", inputs.numeric)]}
        return WeightLayout(numbers, entries=("scores",), scores=("scores", "numeric_weights"))
