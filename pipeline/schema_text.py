"""Schemas as text that people keep: a header for a proposal, and edits that leave comments and untouched columns as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

#: A message longer than this takes several lines.
WIDTH = 160
#: Parts of a schema that have names and are edited one by one.
_NAMED = {"feature": schema_pb2.Feature, "string_domain": schema_pb2.StringDomain}
_TOKEN = re.compile(
    r"""(?P<space>[\s,;]+|\#[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?P<open>[{<])|(?P<close>[}>])|"""
    r"""(?P<word>[^\s{}<>:\#"',;]+)|(?P<other>.)"""
)

HEADER = """\
# Schema of {name}, proposed by run {run} on {when} from its train rows; no person has looked at it yet.
# Every later run holds its data against this file. Read it, correct it, and put it under version control.
# What new data would change: retrain schema diff CONFIG; take it over: retrain schema accept CONFIG --reason TEXT.
"""


@dataclass(frozen=True)
class Block:
    """A named part of a schema in a text: where it is, and what it is."""

    start: int
    end: int
    field: str
    name: str


def as_text(schema: schema_pb2.Schema) -> str:
    """A whole schema, one column a line where it fits."""
    rest = schema_pb2.Schema()
    rest.CopyFrom(schema)
    parts = [_message(field, message) for field in _NAMED for message in getattr(schema, field)]
    for field in _NAMED:
        rest.ClearField(field)
    return "".join([*(p + "\n" for p in parts), text_format.MessageToString(rest, as_utf8=True)])


def _message(field: str, message: Any) -> str:
    line = f"{field} {{ {text_format.MessageToString(message, as_one_line=True, as_utf8=True)} }}"
    if len(line) <= WIDTH:
        return line
    inner = text_format.MessageToString(message, as_utf8=True, indent=2)
    return f"{field} {{\n{inner}}}"


def blocks(text: str) -> Iterator[Block]:
    """The named parts at the top level of a text that is a schema."""
    depth, field, start, inner = 0, "", 0, 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "word" and depth == 0:
            field, start = token.group(), token.start()
        elif kind == "open":
            inner = token.end() if depth == 0 else inner
            depth += 1
        elif kind == "close":
            depth -= 1
            if depth == 0 and field in _NAMED:
                name = text_format.Parse(text[inner : token.start()], _NAMED[field]()).name
                yield Block(start, token.end(), field, name)


def edited(text: str, new: schema_pb2.Schema) -> str:
    """The text with those columns and lists of values replaced, or added at the end, that differ in `new`.

    Comments and all other parts stay as they are. Where that cannot be done, the whole schema is written anew below its first comments.
    """
    old = text_format.Parse(text, schema_pb2.Schema())
    out, at = [], 0
    for block in blocks(text):
        message = _named(new, block.field, block.name)
        if message is not None and message != _named(old, block.field, block.name):
            out += [text[at : block.start], _message(block.field, message)]
            at = block.end
    result = "".join([*out, text[at:]]).rstrip("\n") + "\n"
    for field in _NAMED:
        for message in getattr(new, field):
            result += "" if _named(old, field, message.name) else _message(field, message) + "\n"
    return result if _same(result, new) else header_of(text) + as_text(new)


def _named(schema: schema_pb2.Schema, field: str, name: str) -> Any:
    return next((m for m in getattr(schema, field) if m.name == name), None)


def _same(text: str, schema: schema_pb2.Schema) -> bool:
    try:
        return bool(text_format.Parse(text, schema_pb2.Schema()) == schema)
    except text_format.ParseError:
        return False


def header_of(text: str) -> str:
    """The comments that a text begins with."""
    lines = text.splitlines(keepends=True)
    end = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "".join(lines[:end])
