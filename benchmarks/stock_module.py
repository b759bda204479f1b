"""`preprocessing_fn` and `run_fn` of the stock pipeline, written feature by feature as TFX's examples do."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

LABEL = "big_tipper"
NUMERIC = [
    "dropoff_latitude", "dropoff_longitude", "fare", "pickup_latitude", "pickup_longitude", "trip_miles", "trip_seconds",
    "trip_start_month",
]  # fmt: skip
CATEGORICAL = [
    "company", "dropoff_census_tract", "dropoff_community_area", "payment_type", "pickup_community_area", "trip_start_day",
    "trip_start_hour",
]  # fmt: skip
TEXT = {"company", "payment_type"}
VOCABULARY, BATCH = 1000, 256


def _dense(x: Any) -> tf.Tensor:
    default = "" if x.dtype == tf.string else 0
    return tf.squeeze(tf.sparse.to_dense(tf.SparseTensor(x.indices, x.values, [x.dense_shape[0], 1]), default), axis=1)


def preprocessing_fn(inputs: dict[str, Any]) -> dict[str, Any]:
    """Fills with 0 or the empty text, scales and indexes, one analyzer a feature."""
    out = {n: tft.scale_to_z_score(tf.cast(_dense(inputs[n]), tf.float32)) for n in NUMERIC}
    for name in CATEGORICAL:
        out[name] = tft.compute_and_apply_vocabulary(
            _dense(inputs[name]), top_k=VOCABULARY, num_oov_buckets=1, vocab_filename=name
        )
    out[LABEL] = _dense(inputs[LABEL])
    return out


def build_model() -> keras.Model:
    """The sizes of our wide_deep at its defaults."""
    inputs = {n: keras.Input((1,), name=n, dtype="float32") for n in NUMERIC}
    inputs |= {n: keras.Input((1,), name=n, dtype="int64") for n in CATEGORICAL}
    numbers = keras.layers.Concatenate()([inputs[n] for n in NUMERIC])
    vectors = [keras.layers.Flatten()(keras.layers.Embedding(VOCABULARY + 2, 8)(inputs[n])) for n in CATEGORICAL]
    scores = [keras.layers.Flatten()(keras.layers.Embedding(VOCABULARY + 2, 2)(inputs[n])) for n in CATEGORICAL]
    x = keras.layers.Concatenate()([numbers, *vectors])
    for width in (64, 32):
        x = keras.layers.Dropout(0.1)(keras.layers.Dense(width, activation="relu")(x))
    logits = keras.layers.Add()([keras.layers.Dense(2)(x), keras.layers.Dense(2)(numbers), *scores])
    return keras.Model(inputs, logits)


class Serving(tf.Module):
    """The exported signature."""

    def __init__(self, model: keras.Model, layer: Any, spec: dict[str, Any]):
        super().__init__()
        self.model, self.layer, self.spec = model, layer, spec

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Probability of the positive class."""
        features = self.layer(tf.io.parse_example(examples, self.spec))
        columns = {n: tf.reshape(features[n], [-1, 1]) for n in NUMERIC + CATEGORICAL}
        return {"output_0": tf.nn.softmax(self.model(columns, training=False))[:, 1:]}


def run_fn(fn_args: Any) -> None:
    """Trains on the materialised transformed examples."""
    from tfx_bsl.public import tfxio

    output = tft.TFTransformOutput(fn_args.transform_output)

    def dataset(files: list[str]) -> tf.data.Dataset:
        options = tfxio.TensorFlowDatasetOptions(batch_size=BATCH, label_key=LABEL, num_epochs=1, shuffle_seed=7)
        data = fn_args.data_accessor.tf_dataset_factory(files, options, output.transformed_metadata.schema)
        return data.map(lambda x, y: ({k: tf.reshape(v, [-1, 1]) for k, v in x.items()}, tf.reshape(y, [-1])))

    model = build_model()
    model.compile(
        optimizer=keras.optimizers.Adam(0.001),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    epochs = int(fn_args.custom_config["epochs"])
    model.fit(dataset(fn_args.train_files), epochs=epochs, validation_data=dataset(fn_args.eval_files), verbose=2)
    spec = {k: v for k, v in output.raw_feature_spec().items() if k in NUMERIC + CATEGORICAL}
    # Transform's graph has the label among its inputs.
    layer = output.transform_features_layer()
    module = Serving(model, layer, spec)
    tf.saved_model.save(module, fn_args.serving_model_dir, signatures={"serving_default": module.serve})
