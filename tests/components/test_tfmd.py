"""TFMD schemas: columns in use, environments, other types, and what TFDV would widen for statistics."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components import tfmd
from schemas.config import ConfigError
from schemas.features import ColumnType, Feature, FeatureContract, Kind

SCHEMA = """
feature { name: "day" type: INT int_domain { min: 1 max: 7 is_categorical: true } }
feature { name: "fare" type: FLOAT float_domain { min: 0.0 max: 10.0 } presence { min_fraction: 1.0 min_count: 1 } }
feature { name: "old" type: FLOAT lifecycle_stage: DEPRECATED }
feature { name: "pay" type: BYTES domain: "ways" lifecycle_stage: PRODUCTION presence { min_count: 1 } }
string_domain { name: "ways" value: "cash" }
"""


def schema(text=SCHEMA):
    return text_format.Parse(text, schema_pb2.Schema())


def feature(found, name):
    return next(f for f in found.feature if f.name == name)


def numbers(name, low, high, rows=100, missing=0, kind="FLOAT"):
    found = statistics_pb2.FeatureNameStatistics(name=name, type=kind)
    common = found.num_stats.common_stats
    common.num_non_missing, common.num_missing = rows - missing, missing
    common.min_num_values = common.max_num_values = 1
    found.num_stats.min, found.num_stats.max = low, high
    return found


def texts(name, counts):
    found = statistics_pb2.FeatureNameStatistics(name=name, type="STRING")
    common = found.string_stats.common_stats
    common.num_non_missing = sum(counts.values())
    common.min_num_values = common.max_num_values = 1
    found.string_stats.unique = len(counts)
    for value, count in counts.items():
        found.string_stats.rank_histogram.buckets.add(label=value, sample_count=count)
    return found


def split(*features, rows=100):
    found = statistics_pb2.DatasetFeatureStatisticsList()
    found.datasets.add(num_examples=rows).features.extend(features)
    return found


def test_columns_out_of_use_are_no_columns():
    assert {n: (c.type.value, c.kind, c.domain) for n, c in tfmd.schema_columns(schema()).items()} == {
        "day": ("int", Kind.CATEGORICAL, (1.0, 7.0)),
        "fare": ("float", None, (0.0, 10.0)),
        "pay": ("string", Kind.CATEGORICAL, None),
    }


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("type: INT", None),
        ("type: INT bool_domain {}", Kind.BOOLEAN),
        ('type: BYTES bool_domain { true_value: "Y" false_value: "N" }', Kind.BOOLEAN),
        ("type: INT time_domain { integer_format: UNIX_SECONDS }", Kind.TIMESTAMP),
        ("type: BYTES natural_language_domain {}", Kind.TEXT),
        ("type: BYTES image_domain {}", Kind.IMAGE),
        ('type: INT bool_domain {} annotation { tag: "other" tag: "retrain:kind=numeric" }', Kind.NUMERIC),
        ('type: BYTES annotation { tag: "retrain:kind=nonsense" }', Kind.CATEGORICAL),
    ],
)
def test_kinds_in_a_schema(said, kind):
    assert tfmd.schema_columns(schema(f'feature {{ name: "x" {said} }}'))["x"].kind is kind


def test_domains_with_one_bound_or_none():
    text = 'feature { name: "a" type: FLOAT float_domain { min: 0 } } feature { name: "b" type: INT int_domain { } }'
    assert [c.domain for c in tfmd.schema_columns(schema(text)).values()] == [(0.0, None), None]


def test_only_training_columns_without_presence_are_lost_in_silence():
    text = """
    default_environment: "TRAINING" default_environment: "SERVING"
    feature { name: "a" type: INT }
    feature { name: "b" type: INT presence { min_count: 1 } }
    feature { name: "c" type: INT not_in_environment: "TRAINING" }
    """
    assert {n: c.silent for n, c in tfmd.schema_columns(schema(text)).items()} == {"a": True, "b": False, "c": False}
    served = 'default_environment: "SERVING" feature { name: "a" type: INT }'
    assert not tfmd.schema_columns(schema(served))["a"].silent


def contract(**kinds):
    features = tuple(Feature(name=n, type=ColumnType.STRING, kind=k, reason="") for n, k in kinds.items())
    return FeatureContract(label="y", label_type=ColumnType.INT, features=features)


def test_kinds_are_tagged_where_the_schema_would_not_tell_them():
    kinds = {"day": Kind.CATEGORICAL, "fare": Kind.NUMERIC, "pay": Kind.BOOLEAN}
    assert tfmd.with_kinds(schema(), contract(**kinds | {"pay": Kind.CATEGORICAL})) == schema()
    found = tfmd.with_kinds(schema(), contract(**kinds))
    assert list(feature(found, "pay").annotation.tag) == ["retrain:kind=boolean"]
    assert tfmd.schema_columns(found)["pay"].kind is Kind.BOOLEAN
    assert tfmd.with_kinds(found, contract(**kinds)) == found


@pytest.mark.parametrize("kind", Kind)
def test_values_that_are_new_by_nature_are_not_listed(kind):
    found = tfmd.with_kinds(schema(), contract(pay=kind))
    listed = kind in (Kind.NUMERIC, Kind.CATEGORICAL, Kind.BOOLEAN)
    assert (feature(found, "pay").domain, len(found.string_domain)) == (("ways", 1) if listed else ("", 0))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("stored", ["INT", "FLOAT", "BYTES"])
def test_every_kind_survives_whatever_tfdv_proposes(kind, stored):
    domains = (
        ["", "bool_domain {}", "int_domain { is_categorical: true }"] if stored != "BYTES" else ["", 'domain: "ways"']
    )
    for domain in domains:
        proposed = schema(f'feature {{ name: "x" type: {stored} {domain} }} string_domain {{ name: "ways" }}')
        kept = tfmd.schema_columns(tfmd.with_kinds(proposed, contract(x=kind)))["x"].kind
        assert (kept or Kind.NUMERIC) is kind


def test_tfdv_is_content_with_tags_and_keeps_them():
    import tensorflow_data_validation as tfdv

    found = tfmd.with_kinds(schema(), contract(fare=Kind.TIMESTAMP, pay=Kind.TEXT))
    good = split(numbers("day", 1, 7, kind="INT"), numbers("fare", 0, 10), texts("pay", {"cash": 100}))
    assert not tfdv.validate_statistics(good, found).anomaly_info
    wider = split(numbers("day", 0, 9, kind="INT"), numbers("fare", 0, 99), texts("pay", {"card": 100}))
    columns = tfmd.schema_columns(tfmd.widened(found, [wider]))
    assert (columns["fare"].kind, columns["pay"].kind) == (Kind.TIMESTAMP, Kind.TEXT)


def test_the_label_is_not_served():
    found = tfmd.with_environments(tfmd.with_environments(schema(), ["fare", "day"]), ["fare"])
    assert list(found.default_environment) == ["TRAINING", "SERVING"]
    assert list(feature(found, "fare").not_in_environment) == ["SERVING"]
    assert list(feature(found, "day").not_in_environment) == ["SERVING"]
    assert not feature(found, "pay").not_in_environment


def test_another_type_keeps_only_a_range_that_fits():
    found = tfmd.retyped(schema(), {"day": ColumnType.FLOAT, "fare": ColumnType.STRING, "pay": ColumnType.STRING})
    assert (feature(found, "day").type, feature(found, "day").float_domain.max) == (schema_pb2.FLOAT, 7.0)
    assert (feature(found, "fare").type, feature(found, "fare").WhichOneof("domain_info")) == (schema_pb2.BYTES, None)
    assert feature(found, "pay") == feature(schema(), "pay")


def test_only_required_columns_can_be_lost():
    found = tfmd.without(schema(), {"fare", "day", "old"})
    stages = {f.name: f.lifecycle_stage for f in found.feature}
    assert stages["fare"] == schema_pb2.DEPRECATED
    assert stages["day"] == schema_pb2.UNKNOWN_STAGE


def test_data_that_fit_widen_nothing():
    day, fare, pay = numbers("day", 1, 7, kind="INT"), numbers("fare", 0, 10), texts("pay", {"cash": 100})
    assert tfmd.widened(schema(), [split(day, fare, pay)]) == schema()


def test_data_that_do_not_fit_widen_what_they_need():
    train = split(
        numbers("fare", 1, 4, missing=2), texts("pay", {"cash": 90, "card": 10}), texts("x", {"a": 60, "b": 40})
    )
    test = split(numbers("fare", -1, 12), texts("x", {"c": 100}))  # no `pay`: by chance, in one split
    found = tfmd.widened(schema(), [train, test])
    fare, pay = feature(found, "fare"), feature(found, "pay")
    assert (fare.float_domain.min, fare.float_domain.max) == (-1.0, 12.0)
    assert (fare.presence.min_count, fare.presence.HasField("min_fraction")) == (1, False)
    assert set(found.string_domain[0].value) == {"cash", "card"}
    assert pay.lifecycle_stage == schema_pb2.PRODUCTION
    assert feature(found, "x").type == schema_pb2.BYTES
    assert feature(found, "old") == feature(schema(), "old")


def test_a_column_that_no_split_has_is_lost_and_one_of_another_type_stays():
    found = tfmd.widened(schema(), [split(texts("fare", {"1": 100})), split()])
    assert feature(found, "fare") == feature(schema(), "fare")
    assert feature(found, "pay").lifecycle_stage == schema_pb2.DEPRECATED


def test_statistics_of_empty_splits_and_columns_without_values_do_not_count(tmp_path):
    for name, content in {
        "train": split(numbers("fare", 0, 1), numbers("n", 0, 0, missing=100)),
        "eval": split(rows=0),
    }.items():
        (tmp_path / f"Split-{name}").mkdir()
        (tmp_path / f"Split-{name}" / "FeatureStats.pb").write_bytes(content.SerializeToString())
    found = tfmd.read_statistics(str(tmp_path))
    assert len(found) == 1
    assert tfmd.statistics_types(found) == {"fare": ColumnType.FLOAT}
    assert tfmd.read_statistics(str(tmp_path / "nothing")) == []


@pytest.mark.parametrize("content", [b"feature { nome: 1 }", b"\xff\xfe", None])
def test_files_that_are_no_schema(tmp_path, content):
    path = tmp_path / "s.pbtxt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"s\.pbtxt"):
        tfmd.read_schema(path)


def test_values_of_columns_that_say_whom_a_row_is_about_are_not_listed():
    found = tfmd.with_kinds(schema(), contract(), unnamed={"pay"})
    assert (feature(found, "pay").domain, len(found.string_domain)) == ("", 0)
