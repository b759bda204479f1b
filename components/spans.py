"""Which files belong to which span: resolves ``{SPAN}`` or ``{YYYY}-{MM}-{DD}`` in a path, and picks the window.

Standard library only, so that `retrain check` can use it.
"""

from __future__ import annotations

import datetime
import glob
import hashlib
import os
import re
from pathlib import Path

from schemas.config import ConfigError, LastSpans
from schemas.run_record import DataFile

_FIELDS = {
    "{SPAN}": r"(?P<span>\d+)",
    "{YYYY}": r"(?P<year>\d{4})",
    "{MM}": r"(?P<month>\d{2})",
    "{DD}": r"(?P<day>\d{2})",
    "{label}": r"(?P<label>[^/]+)",
}
_EPOCH = datetime.date(1970, 1, 1)


def _regex(pattern: str) -> re.Pattern[str]:
    """A regular expression for a glob with span fields; a field that comes twice must have the same value."""
    out, seen = "", set()
    for part in re.split(r"(\{SPAN\}|\{YYYY\}|\{MM\}|\{DD\}|\{label\}|\*\*/|\*|\?)", pattern):
        if part in _FIELDS:
            name = _FIELDS[part][4 : _FIELDS[part].index(">")]
            out += f"(?P={name})" if name in seen else _FIELDS[part]
            seen.add(name)
        elif part == "**/":
            out += "(?:[^/]+/)*"
        elif part in ("*", "?"):
            out += {"*": "[^/]*", "?": "[^/]"}[part]
        else:
            out += re.escape(part)
    return re.compile(out + r"\Z")


def _span_number(match: re.Match[str]) -> int | None:
    found = match.groupdict()
    if "year" in found:
        try:
            date = datetime.date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:
            return None
        return (date - _EPOCH).days
    return int(found.get("span", "1"))


def find_spans(pattern: str, base: Path) -> dict[int, list[str]]:
    """All spans that have files now.

    Args:
        pattern: a glob, relative to `base` or absolute; without span fields everything is span 1. A date stands for
            its number of days since 1970-01-01.
        base: folder of the configuration.

    Returns:
        span -> its files, sorted; spans ascending. Hidden and temporary files (``.x``, ``_x``) are left out.
    """
    full = os.path.normpath(os.path.join(base, pattern))
    wanted = _regex(full)
    spans: dict[int, list[str]] = {}
    for path in glob.glob(re.sub(r"\{(SPAN|YYYY|MM|DD|label)\}", "*", full), recursive=True):
        match = wanted.match(path)
        number = _span_number(match) if match else None
        if number is not None and os.path.isfile(path) and os.path.basename(path)[0] not in "._":
            spans.setdefault(number, []).append(path)
    return {n: sorted(spans[n]) for n in sorted(spans)}


def label_of(pattern: str, base: Path, path: str) -> str:
    """What stands for ``{label}`` in a path that matches the pattern."""
    match = _regex(os.path.normpath(os.path.join(base, pattern))).match(path)
    if match is None:
        raise ValueError(f"{path} does not match {pattern}")
    return match.group("label")


def span_label(span: int, pattern: str) -> str:
    """How people call a span: its date where the path has dates, else its number."""
    return (_EPOCH + datetime.timedelta(days=span)).isoformat() if "{YYYY}" in pattern else str(span)


def pick_window(
    spans: dict[int, list[str]], window: str | LastSpans, span: int | None, pattern: str
) -> dict[int, list[str]]:
    """The spans that a run reads: up to `span` (default: the newest), as many as the window says.

    Raises:
        ConfigError: when there are no files at all, or none for the span that was asked for.
    """
    if not spans:
        raise ConfigError(
            [f"data.source: no file matches {pattern!r}. Check the path; it is relative to the configuration."]
        )
    newest = max(spans) if span is None else span
    if newest not in spans:
        known = ", ".join(map(str, list(spans)[-10:]))
        raise ConfigError(
            [f"--span {newest}: no file of that span matches {pattern!r}. Spans that are there: {known}."]
        )
    upto = [n for n in spans if n <= newest]
    keep = upto if window == "all" or not isinstance(window, LastSpans) else upto[-window.last_spans :]
    return {n: spans[n] for n in keep}


def digest_file(path: str, span: int) -> DataFile:
    """Size and SHA-256 of a file's bytes: what the cache rests on, not its name or time.

    Raises:
        OSError: when it cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return DataFile(span=span, path=path, bytes=size, sha256=digest.hexdigest())
