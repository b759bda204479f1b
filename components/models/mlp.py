"""A plain network of hidden layers on numbers and the vectors of categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.interfaces import ModelFamily, ModelInputs, WeightLayout, plugin
from components.models import _parts as parts

if TYPE_CHECKING:
    import keras


@plugin
class Mlp(ModelFamily):
    """Hidden layers on everything at once: for tables whose categories say little by themselves (else `wide_deep`).

    Attributes:
        hidden: widths of the hidden layers. Two small ones do for tables of up to some 100,000 rows.
        dropout: share of units dropped after each hidden layer, in training only.
        embedding: length of a category's vector; 8 suits vocabularies of tens to thousands.
        l2: weight of the L2 penalty on the hidden layers.
    """

    hidden: parts.Widths = (64, 32)
    dropout: parts.Rate = 0.1
    embedding: parts.Width = 8
    l2: parts.Penalty = 1e-5

    def build(self, inputs: ModelInputs) -> keras.Model:
        """See `ModelFamily.build`."""
        import keras

        given = parts.make_inputs(inputs)
        x = keras.layers.Concatenate()(parts.vectors(inputs, given, self.embedding))
        x = parts.hidden(x, self.hidden, self.dropout, self.l2)
        return keras.Model(given, keras.layers.Dense(inputs.classes, name="logits")(x), name="mlp")

    def layout(self, inputs: ModelInputs) -> WeightLayout:
        """See `ModelFamily.layout`."""
        first = "hidden_0" if self.hidden else "logits"
        rows = {first: parts.seen(inputs, self.embedding)}
        return WeightLayout(rows, entries=("embedding",), scores=("logits",))
