"""What kind a column is, from the facts about its values: one rule after the other, each with its reason."""

from __future__ import annotations

import re

from components.kinds import timestamps
from components.kinds.facts import ColumnFacts
from schemas.features import ColumnType, Kind

_TIME_NAME = re.compile("time|date", re.IGNORECASE)
#: Whole numbers in these years, in a column named after time, are seconds since 1970: 1990-01-01 to 2100-01-01.
SECONDS = (631_152_000, 4_102_444_800)
#: Free text rather than names: names have few words and come again. Titles of shops or streets have 2 to 4 words.
TEXT_WORDS, TEXT_DISTINCT = 5.0, 0.5
#: Below this many values, all may differ by chance also where they are names.
IDENTIFIER_VALUES = 100


def is_boolean(facts: ColumnFacts) -> bool:
    """Whether every value says yes or no."""
    spelt = facts.spelt_missing if facts.type is ColumnType.STRING else 0
    return facts.values > 0 and facts.yes + facts.no == facts.values and not spelt


def is_timestamp(facts: ColumnFacts) -> bool:
    """Whether every value can be a moment: ISO 8601, or whole seconds since 1970."""
    whole = facts.type is ColumnType.INT and facts.lowest >= timestamps.FIRST_SECOND
    return facts.values > 0 and (facts.iso == facts.values or (whole and facts.highest <= timestamps.LAST_SECOND))


def infer_kind(name: str, facts: ColumnFacts) -> tuple[Kind, str]:
    """The kind of a column with values, and why."""
    rules = (_boolean, _image, _timestamp, _text)
    found = next((k for rule in rules if (k := rule(name, facts)) is not None), None)
    if found:
        return found
    assert facts.type is not None
    if facts.type is not ColumnType.STRING:
        return Kind.NUMERIC, f"{facts.type.value} values"
    if facts.distinct == 1 and facts.values > IDENTIFIER_VALUES:
        all_of = (
            f"all {facts.values:,} values differ"
            if not facts.level
            else f"{facts.values:,} values, hardly one comes twice"
        )
        said = (
            f"string values; {all_of}, as those of an identifier do: if it is one, name it in data.id or data.exclude"
        )
        return Kind.CATEGORICAL, said
    return Kind.CATEGORICAL, "string values"


Found = tuple[Kind, str] | None


def _boolean(name: str, facts: ColumnFacts) -> Found:
    if not (is_boolean(facts) and facts.yes and facts.no):
        return None
    words = "words for yes or no" if facts.type is ColumnType.STRING else "0 or 1"
    return Kind.BOOLEAN, f"all {facts.values:,} values are {words}"


def _image(name: str, facts: ColumnFacts) -> Found:
    if not facts.values or facts.type is not ColumnType.STRING or facts.values not in (facts.paths, facts.pictures):
        return None
    what = "are PNG, JPEG or GIF files" if facts.pictures else "are names of PNG or JPEG files"
    return Kind.IMAGE, f"all {facts.values:,} values {what}"


def _timestamp(name: str, facts: ColumnFacts) -> Found:
    if not is_timestamp(facts):
        return None
    if facts.iso == facts.values:
        return Kind.TIMESTAMP, f"all {facts.values:,} values are ISO 8601 times"
    if facts.stored_times == facts.values:
        return Kind.TIMESTAMP, f"all {facts.values:,} values are stored as times"
    if _TIME_NAME.search(name) and SECONDS[0] <= facts.lowest and facts.highest <= SECONDS[1]:
        what = "are seconds of the years 1990 to 2099, and its name says time or date"
        return Kind.TIMESTAMP, f"all {facts.values:,} values {what}"
    return None


def _text(name: str, facts: ColumnFacts) -> Found:
    words = facts.words / max(facts.values, 1)
    if facts.type is not ColumnType.STRING or words < TEXT_WORDS or facts.distinct < TEXT_DISTINCT:
        return None
    return Kind.TEXT, f"{words:.1f} words a value on average, {100 * facts.distinct:.0f} % of the values distinct"


def contradiction(name: str, kind: Kind, stored: ColumnType, facts: ColumnFacts | None) -> str | None:
    """Why a column cannot be of the kind that `data.features` gives it; None when it can.

    Args:
        facts: None when the values were not looked at.
    """
    where, text = f"data.features.{name}: {kind.value}", stored is ColumnType.STRING
    clean = "Set it to another kind, or clean the column."
    if kind is Kind.NUMERIC and text:
        return f"{where} needs numbers, but the column holds text. Set it to categorical, or clean it."
    if kind in (Kind.TEXT, Kind.IMAGE) and not text:
        needs = "texts" if kind is Kind.TEXT else "paths or bytes of pictures"
        return f"{where} needs {needs}, but the column holds {stored.value} values. Set it to numeric or categorical."
    if kind is Kind.TIMESTAMP and stored is ColumnType.FLOAT:
        return f"{where} needs ISO 8601 times or whole seconds since 1970, but the column holds float values. {clean}"
    if facts is None or not facts.values:
        return None
    if kind is Kind.BOOLEAN and not is_boolean(facts):
        other = facts.values - facts.yes - facts.no or facts.spelt_missing
        return f"{where} needs 0 and 1, or words like yes and no, but {other:,} of {facts.values:,} values are none. {clean}"
    if kind is Kind.TIMESTAMP and not is_timestamp(facts):
        needs = "ISO 8601 times like 2026-01-31T08:30:00Z, or whole seconds since 1970"
        return f"{where} needs {needs}, but {facts.values - facts.iso:,} of {facts.values:,} values are none. {clean}"
    return None
