"""A digest of an exported TensorFlow graph that depends on what it computes, not on what the process had traced before.

TensorFlow numbers traced functions by a counter of the process (``__inference_pruned_6508``), also across unrelated models, and
stores them in no fixed order. Captured inputs are named by that counter too, and calls carry the session's thread pools.
So the numbers are taken out and functions are sorted before hashing.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

_NUMBERED = re.compile(r"(__(?:inference|forward|backward)_\w*?)_\d+(?=\W)")
#: Thread pools of the process that traced it: other ones in workers that are processes.
_SESSION = re.compile(r'(key: "config_proto"\s+value \{\s+s: )"[^"]*"')
_COUNTED_NAME = re.compile(r'(key: "_user_specified_name"\s+value \{\s+s: )"\d+"')


def _text(message: Any) -> str:
    return _SESSION.sub(r'\1""', _COUNTED_NAME.sub(r'\1""', _NUMBERED.sub(r"\1", str(message))))


def graph_digest(saved_model: Path) -> str:
    """SHA-256 over nodes, functions and assets of a SavedModel folder, hexadecimal."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString((saved_model / "saved_model.pb").read_bytes())
    parts: list[str] = []
    for graph in model.meta_graphs:
        parts += sorted(_text(node) for node in graph.graph_def.node)
        parts += sorted(_text(function) for function in graph.graph_def.library.function)
    for asset in sorted((saved_model / "assets").glob("*")):
        parts.append(asset.name + hashlib.sha256(asset.read_bytes()).hexdigest())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
