"""What differs between the stacks, or is missing in their public interfaces; nothing else may look there."""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

import tensorflow as tf


def analyzer_with_asset(
    inputs: list[tf.Tensor], ptransform: Any, outputs: list[tuple[tf.DType, list[int]]], empty: bytes
) -> Any:
    """`tft.experimental.ptransform_analyzer` with a path of an asset as the last output, beside ordinary ones.

    The public function (both stacks) takes a list of asset defaults, but then treats every output as an asset.

    Args:
        outputs: type and shape of each ordinary output.
        empty: what the asset holds before the analysis.

    Returns:
        The output tensors; the last one is the asset's path.
    """
    from tensorflow_transform import analyzer_nodes

    analyzers = importlib.import_module(
        "tensorflow_transform.experimental.analyzers"
    )  # the package hides it behind another

    infos = [analyzer_nodes.TensorInfo(dtype, shape, None) for dtype, shape in outputs]
    asset = analyzer_nodes.TensorInfo(tf.string, [], analyzer_nodes.TemporaryAssetInfo(empty, "text"))
    with tf.compat.v1.name_scope(None, "ptransform"):
        return analyzers._apply_analyzer(ptransform, *inputs, output_tensor_info_list=[*infos, asset])


def lookup_lines(keys: tf.Tensor, path: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Line number of each text in a file, -1 where there is none, and the number of lines; for `tft.apply_vocabulary`.

    The table is anonymous: TFT's own has the temporary path of the analysis in its name, so that the exported graph differs from run
    to run, and two loaded models could share one table if the name were fixed.
    """
    with contextlib.ExitStack() as stack:
        if tf.inside_function() and (isinstance(path, str) or hasattr(path, "numpy")):
            stack.enter_context(tf.init_scope())  # as TFT does: initialise once, not in every call
        lines = tf.lookup.TextFileInitializer(
            path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        )
        table = tf.lookup.StaticHashTable(lines, -1, experimental_is_anonymous=True)
        size = table.size()
    return table.lookup(keys), size


def reset_names() -> None:
    """Lets Keras count the names of layers from the start: weights are recorded under them, whatever the process built before.

    Public is only `keras.utils.clear_session`, which also takes away the seed and everything else that was set.
    """
    importlib.import_module("keras.src.utils.naming").reset_uids()
