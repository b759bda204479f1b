"""TFDV's schema anomalies as findings: one stable code per type, ``schema_<type>``, with its severity, its reason and its remedy.

What would break training or serving blocks. What is a matter of degree is noted or warns: other checks know
how much and how sure they are.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tensorflow_metadata.proto.v0 import anomalies_pb2

from schemas.findings import Finding, Severity

Info = anomalies_pb2.AnomalyInfo
BLOCK, WARN, NOTED = Severity.BLOCK, Severity.WARN, Severity.OK

#: What to do, by kind of cause; `{code}` and `{name}` are filled in.
_FOR_ONE_RUN = "let it pass once with --accept {code} --reason TEXT"
_LOOK = "see `retrain schema diff CONFIG`, take it over with `retrain schema accept CONFIG --reason TEXT --feature '{name}'`"
VALUES = f"Repair the values of '{{name}}' in the data; if they are right, {_LOOK}, or {_FOR_ONE_RUN}."
COLUMN = f"Deliver '{{name}}' again; if it is gone for good, {_LOOK}."
NEW = f"If '{{name}}' shall be an input, {_LOOK}; if not, nothing needs to be done: a column that the schema lacks is none."
MISSING = f"Look for the cause of missing values of '{{name}}'; if they are to be expected, {_LOOK}."
TYPE = f"Deliver '{{name}}' in the type that the schema names; if the new type is right, {_LOOK}."
SHAPE = "Deliver one value of '{name}' a row, in the shape that the schema names; other shapes are not supported."
ROWS = f"Check that the delivery is whole; if it is, correct the bounds in the schema, or {_FOR_ONE_RUN}."
DRIFT = f"Compare '{{name}}' with earlier spans; if the change is right, raise the threshold in the schema, or {_FOR_ONE_RUN}."
SCHEMA = f"Correct '{{name}}' in the schema file; `retrain schema show CONFIG` says where it is. Or {_FOR_ONE_RUN}."
OTHER = f"Look at '{{name}}' in the data and in the schema; if all is well, {_FOR_ONE_RUN}."


@dataclass(frozen=True)
class Rule:
    """How much a type of anomaly matters, why, and what to do about it."""

    severity: Severity
    reason: str
    remedy: str


def _rules(severity: Severity, reason: str, remedy: str, *names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, Rule(severity, reason, remedy))


#: Every type of anomaly (`AnomalyInfo.Type`) -> how it is judged. A type of a later TFDV is judged as UNKNOWN_TYPE.
RULES: dict[str, Rule] = {
    **_rules(
        BLOCK,
        "a value cannot be read as what the schema says it is: training would see garbage, or nothing",
        TYPE,
        *("UNEXPECTED_DATA_TYPE", "STRING_TYPE_NOW_FLOAT", "STRING_TYPE_NOW_INT", "INT_TYPE_INT_EXPECTED"),
        *("INT_TYPE_NOT_INT_STRING", "INT_TYPE_NOT_STRING", "INT_TYPE_STRING_EXPECTED", "INT_TYPE_UNKNOWN_TYPE_NUMBER"),
        *("FLOAT_TYPE_NOT_FLOAT", "FLOAT_TYPE_STRING_NOT_FLOAT", "FLOAT_TYPE_NON_STRING"),
        *("FLOAT_TYPE_UNKNOWN_TYPE_NUMBER", "ENUM_TYPE_BYTES_NOT_STRING", "ENUM_TYPE_FLOAT_NOT_STRING"),
        *("ENUM_TYPE_INT_NOT_STRING", "BOOL_TYPE_BYTES_NOT_INT", "BOOL_TYPE_BYTES_NOT_STRING"),
        *("BOOL_TYPE_FLOAT_NOT_INT", "BOOL_TYPE_FLOAT_NOT_STRING", "BOOL_TYPE_INT_NOT_STRING"),
        "BOOL_TYPE_STRING_NOT_INT",
    ),
    **_rules(
        BLOCK,
        "a number outside its domain is a wrong unit, a sentinel or a damaged row, and shifts what Transform learns",
        VALUES,
        *("INT_TYPE_BIG_INT", "INT_TYPE_SMALL_INT", "FLOAT_TYPE_BIG_FLOAT", "FLOAT_TYPE_SMALL_FLOAT"),
        *("BOOL_TYPE_BIG_INT", "BOOL_TYPE_SMALL_INT", "BOOL_TYPE_UNEXPECTED_FLOAT"),
    ),
    **_rules(BLOCK, "two values are all there can be", VALUES, "BOOL_TYPE_UNEXPECTED_STRING"),
    **_rules(BLOCK, "the schema forbids it; a loss may become NaN", VALUES, "FLOAT_TYPE_HAS_NAN", "FLOAT_TYPE_HAS_INF"),
    **_rules(BLOCK, "vocabularies and requests of serving hold UTF-8 only", VALUES, "ENUM_TYPE_INVALID_UTF8"),
    **_rules(NOTED, "unseen_category knows how many and how sure", VALUES, "ENUM_TYPE_UNEXPECTED_STRING_VALUES"),
    **_rules(
        BLOCK,
        "a required column is lost (warns when only a small split lacks it): the model would train without it",
        COLUMN,
        *("SCHEMA_MISSING_COLUMN", "FEATURE_TYPE_NOT_PRESENT", "FEATURE_TYPE_NO_VALUES"),
    ),
    **_rules(WARN, "a column that the schema lacks is no input", NEW, "SCHEMA_NEW_COLUMN"),
    **_rules(
        NOTED,
        "missing_fraction and missing_shift know how many and how sure",
        MISSING,
        *("FEATURE_TYPE_LOW_FRACTION_PRESENT", "FEATURE_TYPE_LOW_NUMBER_PRESENT"),
    ),
    **_rules(
        BLOCK,
        "parsing for training and serving reads one value a row",
        SHAPE,
        *("FEATURE_TYPE_LOW_NUMBER_VALUES", "FEATURE_TYPE_HIGH_NUMBER_VALUES", "FEATURE_TYPE_UNEXPECTED_REPEATED"),
        *("VALUE_NESTEDNESS_MISMATCH", "INVALID_FEATURE_SHAPE", "EMBEDDING_SHAPE_INVALID"),
        *("SPARSE_FEATURE_MISSING_VALUE", "SPARSE_FEATURE_MISSING_INDEX", "SPARSE_FEATURE_LENGTH_MISMATCH"),
        *("WEIGHTED_FEATURE_MISSING_VALUE", "WEIGHTED_FEATURE_MISSING_WEIGHT", "WEIGHTED_FEATURE_LENGTH_MISMATCH"),
    ),
    **_rules(
        WARN,
        "how many values differ breaks neither training nor serving; checks of categories judge it",
        VALUES,
        *("FEATURE_TYPE_HIGH_UNIQUE", "FEATURE_TYPE_LOW_UNIQUE", "FEATURE_TYPE_NO_UNIQUE"),
    ),
    **_rules(BLOCK, "without rows there is nothing to train on", ROWS, "NO_DATA_IN_SPAN"),
    **_rules(
        WARN,
        "row_count judges the number of rows",
        ROWS,
        *("DATASET_LOW_NUM_EXAMPLES", "DATASET_HIGH_NUM_EXAMPLES"),
        *("COMPARATOR_LOW_NUM_EXAMPLES", "COMPARATOR_HIGH_NUM_EXAMPLES"),
    ),
    **_rules(
        WARN,
        "a fixed distance does not know the noise at this number of rows; the drift checks do",
        DRIFT,
        *("COMPARATOR_L_INFTY_HIGH", "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH"),
        "COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH",
    ),
    **_rules(
        WARN,
        "nothing to compare with on one side: not checked, which is not wrong",
        DRIFT,
        *("COMPARATOR_CONTROL_DATA_MISSING", "COMPARATOR_TREATMENT_DATA_MISSING"),
    ),
    **_rules(BLOCK, "serving lacks what training has, or the reverse", COLUMN, "SCHEMA_TRAINING_SERVING_SKEW"),
    **_rules(
        BLOCK,
        "the schema contradicts itself: what it means to forbid would pass",
        SCHEMA,
        *("FEATURE_MISSING_NAME", "FEATURE_MISSING_TYPE", "INVALID_SCHEMA_SPECIFICATION"),
        *("INVALID_DOMAIN_SPECIFICATION", "DOMAIN_INVALID_FOR_TYPE", "BOOL_TYPE_INVALID_CONFIG"),
        *("SPARSE_FEATURE_NAME_COLLISION", "WEIGHTED_FEATURE_NAME_COLLISION"),
    ),
    **_rules(
        WARN,
        "this pipeline derives no features by the schema, so none can be wrong",
        SCHEMA,
        *("DERIVED_FEATURE_BAD_LIFECYCLE", "DERIVED_FEATURE_INVALID_SOURCE"),
    ),
    **_rules(WARN, "a proposal of TFDV about what a column means", SCHEMA, "SEMANTIC_DOMAIN_UPDATE"),
    **_rules(WARN, "a rule of the schema was not checked, which is not wrong", SCHEMA, "STATS_NOT_AVAILABLE"),
    **_rules(
        WARN,
        "a matter of degree in texts and sequences, which the models here read as categories",
        VALUES,
        *("SEQUENCE_VALUE_TOO_FEW_OCCURRENCES", "SEQUENCE_VALUE_TOO_MANY_OCCURRENCES"),
        *("SEQUENCE_VALUE_TOO_SMALL_FRACTION", "SEQUENCE_VALUE_TOO_LARGE_FRACTION", "FEATURE_COVERAGE_TOO_LOW"),
        *("FEATURE_COVERAGE_TOO_SHORT_AVG_TOKEN_LENGTH", "NLP_WRONG_LOCATION"),
    ),
    **_rules(BLOCK, "an image that cannot be decoded ends training", VALUES, "LOW_SUPPORTED_IMAGE_FRACTION"),
    **_rules(WARN, "a large image is slow, not wrong", VALUES, "MAX_IMAGE_BYTE_SIZE_EXCEEDED"),
    **_rules(BLOCK, "somebody wrote this rule for these data on purpose", OTHER, "CUSTOM_VALIDATION"),
    **_rules(WARN, "a sum of several anomalies, each of which is a finding of its own", OTHER, "MULTIPLE_REASONS"),
    **_rules(WARN, "nothing is known about it, so a person has to look", OTHER, "UNKNOWN_TYPE"),
}

#: Of these, a split that lacks by chance what the others have is no proof: sparse columns may have no value in 150 rows.
_ABSENCES = {"SCHEMA_MISSING_COLUMN", "FEATURE_TYPE_NOT_PRESENT", "FEATURE_TYPE_NO_VALUES"}
#: TFDV calls these "Column dropped", although the column is there.
_WORDS = dict.fromkeys(["FEATURE_TYPE_LOW_FRACTION_PRESENT", "FEATURE_TYPE_LOW_NUMBER_PRESENT"], "Missing values")


def type_name(number: int) -> str:
    """Name of an anomaly's type; of one that this TFMD does not know, ``TYPE_<number>``."""
    known = Info.Type.DESCRIPTOR.values_by_number.get(number)
    return str(known.name) if known else f"TYPE_{number}"


def rule_of(kind: str) -> Rule:
    """How a type of anomaly is judged; one that is not in the table warns."""
    return RULES.get(kind, RULES["UNKNOWN_TYPE"])


def _reasons(anomalies: anomalies_pb2.Anomalies) -> Iterator[tuple[str, str, str]]:
    """Subject, type and TFDV's words of everything that one split's anomalies say."""
    about = [(name, info) for name, info in sorted(anomalies.anomaly_info.items())]
    if anomalies.HasField("dataset_anomaly_info"):
        about.append(("dataset", anomalies.dataset_anomaly_info))
    for name, info in about:
        whole = Info.Reason(short_description=info.short_description, description=info.description)
        for reason in info.reason or [whole]:
            kind = type_name(reason.type)
            said = _WORDS.get(kind) or reason.short_description.strip().rstrip(".") or "schema anomaly"
            detail = " ".join(reason.description.split()).rstrip(".")
            yield name, kind, f"{said}: {detail}" if detail and detail != said else said
    if anomalies.data_missing:
        yield "dataset", "NO_DATA_IN_SPAN", "No rows"


def _finding(
    name: str,
    kind: str,
    said: str,
    splits: list[str],
    of: int,
    excluded: Iterable[str],
    ignored: Iterable[str],
    span: int,
) -> Finding:
    rule, code = rule_of(kind), f"schema_{kind.lower()}"
    by_chance = kind in _ABSENCES and len(splits) < of
    severity = (
        NOTED
        if name in ignored
        else min(WARN, rule.severity, key=_rank)
        if name in excluded or by_chance
        else rule.severity
    )
    where = f"{', '.join(splits)} split{'s' * (len(splits) > 1)}"
    return Finding(
        code=code,
        severity=severity,
        subject=name,
        observed={"split": splits[0], "splits": len(splits)},
        allowed={"splits": 0},
        message=f"{name}: must be as the schema says, got {said[0].lower()}{said[1:]} (in the {where}).",
        remedy=rule.remedy.format(name=name, code=code) if severity is not NOTED else "",
        stage="inspect_data",
        span=span,
    )


def _rank(severity: Severity) -> int:
    return severity.rank


def read_findings(
    uri: str,
    excluded: set[str],
    span: int,
    ignored: frozenset[str] = frozenset(),
    unnamed: frozenset[str] = frozenset(),
) -> list[Finding]:
    """Findings of an ExampleAnomalies artifact, once per feature and type, in TFDV's words for the first split that has it.

    Args:
        excluded: columns that are no inputs; their anomalies only warn.
        ignored: those that the configuration leaves out; their anomalies are only noted.
        unnamed: those whose values no message may quote; TFDV's words about them are left out.
    """
    found: dict[tuple[str, str], tuple[str, list[str]]] = {}
    paths = sorted(glob.glob(os.path.join(uri, "Split-*", "SchemaDiff.pb")))
    for path in paths:
        split = os.path.basename(os.path.dirname(path)).removeprefix("Split-")
        with open(path, "rb") as file:
            anomalies = anomalies_pb2.Anomalies.FromString(file.read())
        for name, kind, words in _reasons(anomalies):
            said = words.partition(":")[0] if name in unnamed else words
            splits = found.setdefault((name, kind), (said, []))[1]
            if split not in splits:
                splits.append(split)
    if found:
        return [_finding(n, k, said, at, len(paths), excluded, ignored, span) for (n, k), (said, at) in found.items()]
    message = "The data match the schema: no anomaly in any split."
    return [
        Finding(code="schema", severity=Severity.OK, subject="data", message=message, stage="inspect_data", span=span)
    ]
