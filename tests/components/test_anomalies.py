"""Every type of TFDV's anomalies becomes a finding with a code, a severity from one table, a reason and a remedy that fits."""

from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.anomalies import RULES, read_findings, rule_of, type_name
from schemas.findings import Severity

Info = anomalies_pb2.AnomalyInfo
DOCS = Path(__file__).parents[2] / "docs" / "schema.md"


def write(folder, splits):
    """Anomalies: split -> column -> types of its reasons."""
    for split, columns in splits.items():
        found = anomalies_pb2.Anomalies()
        for name, kinds in columns.items():
            for kind in kinds:
                said = {"short_description": f"{kind.capitalize()}.", "description": "Expected  one,\ngot another."}
                found.anomaly_info[name].reason.add(type=Info.Type.Value(kind), **said)
        target = folder / f"Split-{split}"
        target.mkdir(parents=True)
        (target / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    return str(folder)


def everywhere(kind, name="fare"):
    return {split: {name: [kind]} for split in ("train", "eval", "test")}


@pytest.mark.parametrize("kind", sorted(Info.Type.keys()))
def test_every_type_has_a_rule_and_a_documented_code(tmp_path, kind):
    (finding,) = read_findings(write(tmp_path, everywhere(kind)), set(), 8)
    assert finding.code == f"schema_{kind.lower()}"
    assert finding.severity is RULES[kind].severity
    assert finding.message.endswith(".")
    assert finding.message.startswith("fare: must be as the schema says, got ")
    assert "\n" not in finding.message
    assert bool(finding.remedy) is (finding.severity is not Severity.OK)
    assert "{" not in finding.remedy
    assert (finding.stage, finding.span) == ("inspect_data", 8)
    word = {"ok": "noted"}.get(finding.severity.value, finding.severity.value)
    (line,) = [line for line in DOCS.read_text().splitlines() if f"`{finding.code}`" in line and line.startswith("| ")]
    assert line.startswith(f"| {word} |")


def test_the_table_knows_no_type_that_tfmd_does_not():
    assert set(RULES) == set(Info.Type.keys())
    assert all(rule.reason and rule.remedy for rule in RULES.values())


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("UNEXPECTED_DATA_TYPE", "block"),
        ("SCHEMA_MISSING_COLUMN", "block"),
        ("FLOAT_TYPE_BIG_FLOAT", "block"),
        ("INVALID_FEATURE_SHAPE", "block"),
        ("SCHEMA_NEW_COLUMN", "warn"),
        ("UNKNOWN_TYPE", "warn"),
    ],
)
def test_what_breaks_training_or_serving_blocks(kind, severity):
    assert RULES[kind].severity.value == severity


def test_a_type_of_a_later_tfdv_warns():
    assert type_name(9999) == "TYPE_9999"
    assert rule_of("TYPE_9999").severity is Severity.WARN


def test_remedies_name_the_command_that_helps(tmp_path):
    columns = {"x": ["SCHEMA_NEW_COLUMN"], "y's": ["UNEXPECTED_DATA_TYPE"]}
    new, typed = read_findings(write(tmp_path, {"train": columns}), set(), 8)
    assert "retrain schema accept CONFIG --reason TEXT --feature 'x'" in new.remedy
    assert "retrain schema diff CONFIG" in typed.remedy


def test_a_column_that_is_no_input_only_warns_and_one_left_out_by_hand_is_noted(tmp_path):
    uri = write(tmp_path, everywhere("UNEXPECTED_DATA_TYPE"))
    (warned,) = read_findings(uri, {"fare"}, 8)
    assert warned.severity is Severity.WARN
    (noted,) = read_findings(uri, {"fare"}, 8, frozenset({"fare"}))
    assert (noted.severity, noted.remedy) == (Severity.OK, "")


def test_a_column_that_a_small_split_lacks_by_chance_is_not_lost(tmp_path):
    splits = {"train": {}, "eval": {"fare": ["SCHEMA_MISSING_COLUMN"]}, "test": {}}
    (finding,) = read_findings(write(tmp_path, splits), set(), 8)
    assert finding.severity is Severity.WARN
    assert "(in the eval split)" in finding.message


def test_one_finding_per_column_and_type_names_all_splits(tmp_path):
    splits = {"train": {"x": ["INT_TYPE_BIG_INT", "UNEXPECTED_DATA_TYPE"]}, "eval": {"x": ["INT_TYPE_BIG_INT"]}}
    first, second = read_findings(write(tmp_path, splits), set(), 8)
    assert (first.code, first.observed["splits"]) == ("schema_int_type_big_int", 2)
    assert "(in the eval, train splits)" in first.message
    assert (second.code, second.observed["splits"]) == ("schema_unexpected_data_type", 1)


def test_anomalies_of_the_dataset_and_data_that_are_missing(tmp_path):
    found = anomalies_pb2.Anomalies(data_missing=True)
    found.dataset_anomaly_info.reason.add(type=Info.DATASET_LOW_NUM_EXAMPLES, short_description="Few rows")
    (tmp_path / "Split-train").mkdir()
    (tmp_path / "Split-train" / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    few, none = read_findings(str(tmp_path), set(), 8)
    assert (few.subject, few.code, few.severity) == ("dataset", "schema_dataset_low_num_examples", Severity.WARN)
    assert (none.code, none.severity) == ("schema_no_data_in_span", Severity.BLOCK)


def test_an_anomaly_without_reasons_and_no_anomaly(tmp_path):
    found = anomalies_pb2.Anomalies()
    found.anomaly_info["x"].short_description = "Odd"
    (tmp_path / "Split-train").mkdir()
    (tmp_path / "Split-train" / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    (finding,) = read_findings(str(tmp_path), set(), 8)
    assert (finding.code, finding.severity) == ("schema_unknown_type", Severity.WARN)
    (fine,) = read_findings(str(tmp_path / "nothing"), set(), 8)
    assert (fine.code, fine.severity) == ("schema", Severity.OK)


def test_values_of_a_column_that_says_whom_a_row_is_about_are_not_quoted(tmp_path):
    uri = write(tmp_path, everywhere("ENUM_TYPE_UNEXPECTED_STRING_VALUES"))
    (open_,), (closed,) = read_findings(uri, set(), 8), read_findings(uri, set(), 8, unnamed=frozenset({"fare"}))
    assert open_.message.partition(": ")[2].count(":") == 1
    assert closed.message.partition(": ")[2].count(":") == 0
