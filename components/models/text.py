"""A bag of words and their n-grams for texts, with a dense branch for numbers and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.interfaces import ModelFamily, ModelInputs, WeightLayout, plugin
from components.models import _parts as parts

if TYPE_CHECKING:
    import keras


@plugin
class Text(ModelFamily):
    """Every text becomes the mean vector of its tokens (Joulin et al. 2017); hidden layers see it next to numbers and categories.

    Order of words is seen only within n-grams, which `transform.text.ngrams` makes.

    Attributes:
        hidden: widths of the hidden layers; a small one is enough, as most is in the vectors.
        dropout: share of units dropped after each hidden layer, in training only; 0.2, as tokens outnumber texts.
        embedding: length of the vector of a category or token; 32 tells some 10,000 words apart well enough to classify.
        l2: weight of the L2 penalty on the hidden layers.
    """

    takes = ("text",)

    hidden: parts.Widths = (32,)
    dropout: parts.Rate = 0.2
    embedding: parts.Width = 32
    l2: parts.Penalty = 1e-5

    def build(self, inputs: ModelInputs) -> keras.Model:
        """See `ModelFamily.build`."""
        import keras

        given = parts.make_inputs(inputs)
        x = keras.layers.Concatenate()(parts.vectors(inputs, given, self.embedding))
        x = parts.hidden(x, self.hidden, self.dropout, self.l2)
        return keras.Model(given, keras.layers.Dense(inputs.classes, name="logits")(x), name="text")

    def layout(self, inputs: ModelInputs) -> WeightLayout:
        """See `ModelFamily.layout`."""
        first = "hidden_0" if self.hidden else "logits"
        rows = {first: parts.seen(inputs, self.embedding)}
        return WeightLayout(rows, entries=("embedding",), scores=("logits",))
