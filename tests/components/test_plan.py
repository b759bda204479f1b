"""The contract: where kinds come from, what is left out, what cannot be; columns that got lost."""

import numpy as np
import pyarrow as pa
import pytest

from components import contract, plan
from components.contract import SchemaColumn
from components.kinds.facts import ColumnFacts
from schemas.config import ConfigError, parse_config
from schemas.features import ColumnType, Kind
from schemas.findings import DataBlocked, Severity

INT, FLOAT, STRING = ColumnType.INT, ColumnType.FLOAT, ColumnType.STRING


def config(**data):
    return parse_config({"name": "x", "data": {"source": {"csv": "x.csv"}, "label": "y", **data}})


def kinds(contract):
    return {f.name: (f.kind, f.reason) for f in contract.features}


def test_kinds_come_from_the_values_on_a_first_run():
    facts = {
        "a": ColumnFacts(type=INT, values=9, yes=4, no=5, lowest=0, highest=1),
        "b": ColumnFacts(type=FLOAT, values=9),
    }
    found = contract.make_contract(config(), {"a": INT, "b": FLOAT, "e": None, "y": INT}, {}, facts)
    assert kinds(found) == {"a": (Kind.BOOLEAN, "all 9 values are 0 or 1"), "b": (Kind.NUMERIC, "float values")}
    assert (found.label, found.label_type, found.excluded) == ("y", INT, ("e",))


def test_a_schema_decides_on_kinds_and_columns():
    known = {
        "a": SchemaColumn(type=INT, domain=(0.0, None)),
        "b": SchemaColumn(type=STRING, kind=Kind.TEXT),
        "c": SchemaColumn(type=INT, kind=Kind.CATEGORICAL, domain=(1.0, 7.0)),
    }
    found = contract.make_contract(config(), {"a": INT, "b": STRING, "c": INT, "new": STRING}, known)
    assert kinds(found) == {
        "a": (Kind.NUMERIC, "int values"),
        "b": (Kind.TEXT, "text in the schema"),
        "c": (Kind.CATEGORICAL, "categorical in the schema"),
    }
    assert [f.domain for f in found.features] == [(0.0, None), None, None]
    assert found.excluded == ("new",)


def test_the_configuration_wins():
    known = {"a": SchemaColumn(type=INT, kind=Kind.BOOLEAN)}
    found = contract.make_contract(config(features={"a": "numeric"}), {"a": INT}, known)
    assert kinds(found) == {"a": (Kind.NUMERIC, "set in data.features")}


def test_all_wrong_kinds_are_told_at_once():
    facts = {"a": ColumnFacts(type=INT, values=3, yes=1, no=1), "b": ColumnFacts(type=STRING, values=2)}
    with pytest.raises(ConfigError) as caught:
        contract.make_contract(config(features={"a": "boolean", "b": "numeric"}), {"a": INT, "b": STRING}, {}, facts)
    assert [p.split(" needs")[0] for p in caught.value.problems] == [
        "data.features.a: boolean",
        "data.features.b: numeric",
    ]


def test_only_kinds_that_the_schema_does_not_confirm_are_looked_at():
    known = {n: SchemaColumn(type=STRING, kind=k) for n, k in {"a": Kind.BOOLEAN, "b": None, "c": None}.items()}
    assert contract.unconfirmed(config(features={"a": "boolean", "b": "timestamp", "c": "text"}), known) == {"b"}


def test_a_lost_column_blocks_where_tfdv_would_say_nothing():
    known = {n: SchemaColumn(type=INT, silent=True) for n in ("here", "lost", "out")}
    known["loud"] = SchemaColumn(type=INT)
    excluding = config(exclude=["out"])
    with pytest.raises(DataBlocked) as caught:
        contract.refuse_lost(excluding, ["here", "y"], known, "span-1/x.csv")
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject, finding.severity) == ("lost_column", "lost", Severity.BLOCK)
    assert "DEPRECATED" in finding.remedy
    contract.refuse_lost(excluding, ["here", "lost", "y"], known, "span-1/x.csv")
    contract.refuse_lost(excluding, ["here", "y"], {}, "span-1/x.csv")


def test_an_excluded_column_may_be_in_the_schema_only():
    contract.check_columns(config(exclude=["out"]), ["y"], {"out"})
    with pytest.raises(ConfigError, match=r"data\.exclude: 'out' is not a column"):
        contract.check_columns(config(exclude=["out"]), ["y"])


def test_times_of_numbers_and_of_texts():
    assert plan.times_of(pa.array([5, None])).tolist()[0] == 5
    found = plan.times_of(pa.array([b"1970-01-01", b"1970-01-01T00:01:00"]))
    assert found.tolist() == [0, 60]
    found = plan.times_of(pa.array([b"1970-01-01T00:00:00.5Z", None, b"soon", b"1970-01-01T01:00+01:00"]))
    np.testing.assert_array_equal(found, [0.5, np.nan, np.nan, 0])


def weighted(**data):
    raw = {"name": "x", "data": {"source": {"csv": "x.csv"}, "label": "y", **data}, "train": {"sample_weight": "w"}}
    return parse_config(raw)


def test_a_column_of_weights_is_no_input():
    for stored in (INT, FLOAT):
        found = contract.make_contract(weighted(), {"a": INT, "w": stored, "y": INT}, {})
        assert [f.name for f in found.features] == ["a"]
        assert (found.sample_weight, found.sample_weight_type, found.excluded) == ("w", stored, ("w",))
    assert contract.make_contract(config(), {"a": INT, "w": INT}, {}).sample_weight is None


@pytest.mark.parametrize(
    ("stored", "known", "says"),
    [
        (STRING, {}, "it has texts."),
        (None, {}, "it has no values."),
        (STRING, {"a": SchemaColumn(type=INT)}, "the schema does not know it (retrain schema accept)."),
    ],
)
def test_weights_are_numbers(stored, known, says):
    with pytest.raises(ConfigError) as caught:
        contract.make_contract(weighted(), {"a": INT, "w": stored}, known)
    (problem,) = caught.value.problems
    assert problem.startswith("train.sample_weight: 'w' must be a column of numbers, and it has ")
    assert problem.endswith(says)


def test_a_column_of_weights_must_be_there():
    with pytest.raises(ConfigError, match=r"train.sample_weight: 'w' is not a column of the data"):
        contract.check_columns(weighted(), ["a", "y"])
