"""What differs between the stacks, or is missing in their public interfaces; nothing else may look there."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
from collections.abc import Callable
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


#: Stands for a backslash in PostgreSQL, and begins the name of a text that is kept in a file: code points for private use, which no
#: text has.
BACKSLASH, IN_FILE = "\ue05c", "\ue05d"
#: Bytes. PostgreSQL's index over texts, which ML Metadata makes, takes 2,704 in a row, with the name of the property.
LONGEST = 2000


def adapt_to_postgresql(folder: str) -> None:
    """Makes ML Metadata keep texts in PostgreSQL that it cannot keep there (1.16 to 1.21), for the rest of the process.

    It quotes a text with a backslash as ``E'...'`` and cuts one character off at both ends ("syntax error at or near"), and it has an index
    over whole texts, so that long ones are refused ("index row size"). Parameters are JSON in JSON, and long.

    What is asked for by id comes in the order of the table, where a changed row is the last. TFX pairs the outputs of a cached stage with
    their names by position: two of them would change places.

    Args:
        folder: where long texts are kept, named by their content; the database has the name.
    """
    from ml_metadata.metadata_store import metadata_store

    original = metadata_store.MetadataStore._call_method

    def call(store: Any, method: str, request: Any, response: Any) -> None:
        sent = type(request)()
        sent.CopyFrom(request)
        convert(sent, lambda text: to_postgresql(text, folder))
        original(store, method, sent, response)
        convert(response, lambda text: from_postgresql(text, folder))
        in_order(request, response)

    metadata_store.MetadataStore._call_method = call


#: What is asked for by id -> what comes back.
BY_ID = {"artifact_ids": "artifacts", "execution_ids": "executions", "context_ids": "contexts"}


def in_order(request: Any, response: Any) -> None:
    """Sorts what was found by id as it was asked for; other answers stay as they are."""
    if not type(request).__name__.endswith("ByIDRequest"):
        return
    for ids, found in BY_ID.items():
        if hasattr(request, ids):
            place = {number: n for n, number in enumerate(getattr(request, ids))}
            getattr(response, found).sort(key=lambda one: place[one.id])


def to_postgresql(text: str, folder: str) -> str:
    """A text as the database takes it."""
    data = text.encode()
    if len(data) <= LONGEST:
        return text.replace("\\", BACKSLASH)
    name = hashlib.sha256(data).hexdigest()
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        with open(f"{path}.{os.getpid()}", "wb") as file:
            file.write(data)
        os.rename(file.name, path)
    return IN_FILE + name


def from_postgresql(text: str, folder: str) -> str:
    """The text again; its name when the file is not there, as it is for another workspace's."""
    path = os.path.join(folder, text[1:])
    if text[:1] != IN_FILE or not os.path.exists(path):
        return text.replace(BACKSLASH, "\\")
    with open(path, "rb") as file:
        return file.read().decode()


def convert(message: Any, by: Callable[[str], str]) -> None:
    """Converts all string fields of a protocol buffer, however deep; keys of maps stay."""
    for field, value in message.ListFields():
        if isinstance(value, str):
            setattr(message, field.name, by(value))
        elif hasattr(value, "ListFields"):
            convert(value, by)
        elif hasattr(value, "values"):
            for key in value:
                if isinstance(value[key], str):
                    value[key] = by(value[key])
                elif hasattr(value[key], "ListFields"):
                    convert(value[key], by)
        elif field.type == field.TYPE_STRING:
            value[:] = [by(v) for v in value]
        elif field.type == field.TYPE_MESSAGE:
            for one in value:
                convert(one, by)
