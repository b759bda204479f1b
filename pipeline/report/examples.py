"""`--with-examples`: a few raw rows of the newest span and of findings that name rows, and the contact sheets of augmentation.

Read from the input files, where they are as the run read them. Values of columns that say whom a row is about are not shown here either.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image
from pydantic import ValidationError

from components import sources
from components.image_files import PATH, SHA256, names_of
from components.spans import digest_file
from pipeline.audit import audit_of
from pipeline.wording import size
from schemas.config import PipelineConfig
from schemas.findings import DataBlocked, Severity
from schemas.run_record import DataFile, RunRecord

#: Rows of one table, and characters of one value.
MOST, LONGEST = 5, 60
#: First rows of a file that examples of each class are looked for in.
LOOKED_AT = 2000
#: Findings whose rows are shown.
FINDINGS = 10
#: Bytes of pictures in one page.
BUDGET = 1_200_000
#: Bytes of a picture that is shown in a row; larger ones are named by their size.
THUMB = 20_000
HIDDEN = "(hidden)"
#: Hidden values of so many characters are hidden within other values, too.
SECRET = 3
#: How files of pictures begin -> their media type.
PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_PLACE = re.compile(r"^(?P<file>.+) row (?P<row>\d+)$")


@dataclass(frozen=True)
class Picture:
    """A picture as a ``data:`` address, and what it shows."""

    told: str
    address: str


Cells = dict[str, str | Picture]


@dataclass(frozen=True)
class Rows:
    """Some rows: what they are, their columns, and per row its place and its values, as texts or pictures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | Picture, ...], ...]


@dataclass(frozen=True)
class Examples:
    """What is shown, and what could not be, in sentences."""

    tables: tuple[Rows, ...]
    sheets: tuple[Picture, ...]
    notes: tuple[str, ...]


def examples_of(record: RunRecord) -> Examples:
    """A few rows of a run's data, read now; what is no longer as the run read it is left out, and said."""
    try:
        reader = _Reader(record)
    except ValidationError:
        return Examples((), (), ("The configuration of this run cannot be used, so its files cannot be read.",))
    tables = [reader.newest(), *(reader.of_finding(f.subject, f.code, f.rows) for f in _named(record))]
    sheets, left_out = _sheets(record)
    notes = [*reader.problems]
    if left_out:
        notes.append(f"Contact sheets that are beside the audit only, as there are too many for one page: {left_out}.")
    shown = tuple(t for t in tables if t)
    if not (shown or sheets or notes):
        notes.append("There is nothing to show: this run read no files.")
    return Examples(shown, sheets, tuple(dict.fromkeys(notes)))


def _named(record: RunRecord) -> list[Any]:
    bad = [f for f in record.findings if f.rows and f.severity is not Severity.OK]
    return sorted(bad, key=lambda f: -f.severity.rank)[:FINDINGS]


class _Reader:
    """Reads rows of the files of a run; `problems` says why some could not be read."""

    def __init__(self, record: RunRecord):
        self.problems: list[str] = []
        self._record = record
        self._config = PipelineConfig.model_validate(record.config)
        self._pictures = self._config.data.source.format == "images"
        self._intact: dict[str, bool] = {}
        self._names: dict[str, list[str]] = {}

    def newest(self) -> Rows | None:
        """Rows of the newest span, of each class in turn."""
        files = [f for f in self._record.files if f.span == self._record.span]
        label = self._config.data.label
        by_class: dict[str, list[tuple[str, Cells]]] = {}
        for file in files:
            for number, row in self._rows(file, LOOKED_AT):
                found = by_class.setdefault(str(row.get(label, "")), [])
                if len(found) < MOST:
                    found.append((self._place(file, number), row))
        turns = [found[i] for i in range(MOST) for _, found in sorted(by_class.items()) if i < len(found)]
        return self._table(f"Rows of span {self._record.span}", turns[:MOST])

    def of_finding(self, subject: str, code: str, places: Sequence[str]) -> Rows | None:
        """The rows that a finding names."""
        found: list[tuple[str, Cells]] = []
        for file in self._record.files:
            numbers = self._numbers(file, places[:MOST])
            if numbers:
                found += [(numbers[n], row) for n, row in self._rows(file, max(numbers)) if n in numbers]
        return self._table(f"{subject}: rows that {code} names", found)

    def _numbers(self, file: DataFile, places: Sequence[str]) -> dict[int, str]:
        """Number of a row of a file -> its place, for the places that are in this file."""
        if self._pictures:
            known = {name: n for n, name in enumerate(self._members(file), start=1)} if self._is_intact(file) else {}
            return {known[p]: p for p in places if p in known}
        found = [(m, p) for p in places if (m := _PLACE.match(p))]
        return {int(m["row"]): p for m, p in found if m["file"] == _name(file)}

    def _place(self, file: DataFile, number: int) -> str:
        return self._members(file)[number - 1] if self._pictures else f"{_name(file)} row {number}"

    def _members(self, file: DataFile) -> list[str]:
        if file.path not in self._names:
            self._names[file.path] = names_of(file.path)
        return self._names[file.path]

    def _table(self, title: str, rows: Sequence[tuple[str, Cells]]) -> Rows | None:
        columns = tuple(dict.fromkeys(c for _, row in rows for c in row))
        cells = tuple((place, *(row.get(c, "") for c in columns)) for place, row in rows)
        return Rows(title, ("place", *columns), cells) if rows else None

    def _rows(self, file: DataFile, last: int) -> Iterator[tuple[int, Cells]]:
        """Number and texts of the rows of a file, from 1 to `last`."""
        if not self._is_intact(file):
            return
        number = 0
        try:
            for batch in sources.read_raw(file.path, self._config.data.source.format):
                for index in range(min(batch.num_rows, last - number)):
                    yield number + index + 1, self._texts(batch, index)
                number += batch.num_rows
                if number >= last:
                    return
        except DataBlocked as error:
            self.problems += [f.message for f in error.findings]

    def _texts(self, batch: pa.RecordBatch, index: int) -> Cells:
        """The values of a row; what hidden ones say is hidden in the others, too, as in names of files."""
        row = {n: batch.column(n)[index].as_py() for n in batch.schema.names if n not in (PATH, SHA256)}
        unnamed = self._config.data.unnamed
        secrets = [s for n, v in row.items() if n in unnamed and len(s := str(_cell(v))) >= SECRET]
        return {n: HIDDEN if n in unnamed else _without(_cell(v), secrets) for n, v in row.items()}

    def _is_intact(self, file: DataFile) -> bool:
        if file.path not in self._intact:
            try:
                self._intact[file.path] = digest_file(file.path, file.span).sha256 == file.sha256
                why = "is not what the run read: it has changed since"
            except OSError as error:
                self._intact[file.path], why = False, f"cannot be read ({error.strerror})"
            if not self._intact[file.path]:
                self.problems.append(f"{_name(file)} {why}; its rows are not shown.")
        return self._intact[file.path]


def _name(file: DataFile) -> str:
    """A file as findings name it."""
    return f"{Path(file.path).parent.name}/{Path(file.path).name}"


def _without(cell: str | Picture, secrets: Sequence[str]) -> str | Picture:
    if isinstance(cell, str):
        for secret in secrets:
            cell = cell.replace(secret, HIDDEN)
    return cell


def _cell(value: object) -> str | Picture:
    if isinstance(value, bytes):
        kind = next((k for start, k in PICTURES.items() if value.startswith(start)), None)
        if kind and len(value) <= THUMB:
            return Picture("a picture", f"data:{kind};base64,{base64.b64encode(value).decode('ascii')}")
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            return f"({size(len(value))})"
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _sheets(record: RunRecord) -> tuple[tuple[Picture, ...], int]:
    """The contact sheets that there is room for, and the number of the others."""
    files = audit_of(record)
    shown: list[Picture] = []
    paths, spent = [p for p in files.sheets if p.name.startswith("sheet")] if files else [], 0
    for path in paths:
        picture = Picture(path.stem.replace("-", " "), _smaller(path))
        spent += len(picture.address)
        if spent > BUDGET:
            break
        shown.append(picture)
    return tuple(shown), len(paths) - len(shown)


def _smaller(path: Path) -> str:
    """A picture as PNG, or as JPEG where that takes less, as of photographs."""
    plain, file = path.read_bytes(), io.BytesIO()
    with Image.open(path) as image:
        image.convert("RGB").save(file, "JPEG", quality=85)
    kind, data = ("jpeg", file.getvalue()) if len(file.getvalue()) < len(plain) else ("png", plain)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
