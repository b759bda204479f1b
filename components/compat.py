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


#: Stands for a backslash in PostgreSQL: a code point for private use, which no text has.
BACKSLASH = "\ue05c"


def keep_backslashes_from_postgresql() -> None:
    """Makes ML Metadata store texts with a backslash in PostgreSQL, for the rest of the process.

    Its PostgreSQL source (1.16 to 1.21) quotes them as ``E'...'`` and cuts one character off at both ends: "syntax error at or near". Nearly
    every parameter of ours has one, as JSON in JSON. So a backslash is another character in the database. Other databases are not touched.
    """
    from ml_metadata.metadata_store import metadata_store

    original = metadata_store.MetadataStore._call_method
    if getattr(original, "keeps_backslashes", False):
        return

    def call(store: Any, method: str, request: Any, response: Any) -> None:
        replace_in(request, "\\", BACKSLASH)
        try:
            original(store, method, request, response)
        finally:
            replace_in(request, BACKSLASH, "\\")
        replace_in(response, BACKSLASH, "\\")

    call.keeps_backslashes = True  # type: ignore[attr-defined]
    metadata_store.MetadataStore._call_method = call


def replace_in(message: Any, old: str, new: str) -> None:
    """Replaces text in all string fields of a protocol buffer, however deep; keys of maps stay."""
    for field, value in message.ListFields():
        if isinstance(value, str):
            setattr(message, field.name, value.replace(old, new))
        elif hasattr(value, "ListFields"):
            replace_in(value, old, new)
        elif hasattr(value, "values"):
            for key in value:
                if isinstance(value[key], str):
                    value[key] = value[key].replace(old, new)
                elif hasattr(value[key], "ListFields"):
                    replace_in(value[key], old, new)
        elif field.type == field.TYPE_STRING:
            value[:] = [v.replace(old, new) for v in value]
        elif field.type == field.TYPE_MESSAGE:
            for one in value:
                replace_in(one, old, new)
