"""Wide and deep: a linear model next to a small network on embeddings (Cheng et al. 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from components.interfaces import ModelFamily, ModelInputs, plugin

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

    hidden: tuple[Annotated[int, Field(gt=0)], ...] = (64, 32)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    embedding: Annotated[int, Field(gt=0)] = 8
    l2: Annotated[float, Field(ge=0)] = 1e-5

    def build(self, inputs: ModelInputs) -> keras.Model:
        """See `ModelFamily.build`."""
        import keras

        numeric = keras.Input((inputs.numeric,), dtype="float32", name="numeric")
        categorical = keras.Input((inputs.categorical,), dtype="int64", name="categorical")
        penalty = keras.regularizers.L2(self.l2) if self.l2 else None
        # Both inputs are always connected (Keras refuses a model with one that is not), also where a table has none of a kind.
        vectors = keras.layers.Embedding(inputs.vocabulary, self.embedding, name="embedding")(categorical)
        deep = [numeric, keras.layers.Flatten()(vectors)]
        wide = []
        if inputs.numeric:
            wide.append(keras.layers.Dense(inputs.classes, kernel_regularizer=penalty, name="wide_numeric")(numeric))
        if inputs.categorical:
            scores = keras.layers.Embedding(
                inputs.vocabulary, inputs.classes, embeddings_initializer="zeros", name="wide"
            )
            wide.append(keras.layers.GlobalAveragePooling1D(name="wide_mean")(scores(categorical)))
        x = keras.layers.Concatenate()(deep)
        for i, width in enumerate(self.hidden):
            x = keras.layers.Dense(width, activation="relu", kernel_regularizer=penalty, name=f"hidden_{i}")(x)
            if self.dropout:
                x = keras.layers.Dropout(self.dropout, name=f"dropout_{i}")(x)
        logits = keras.layers.Add(name="logits")([keras.layers.Dense(inputs.classes, name="deep")(x), *wide])
        return keras.Model({"numeric": numeric, "categorical": categorical}, logits, name="wide_deep")
