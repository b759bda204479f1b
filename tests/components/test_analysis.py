"""What is made of the passes over train: warnings, fills, bounds, and what the record says."""

import collections
import dataclasses
import functools
import json
import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from components import analysis, analysis_plan, exact, imputation_findings, summaries
from components import learned as learning
from components.imputers.constant import Constant
from components.imputers.group_median import GroupMedian
from components.imputers.mean import Mean
from components.imputers.median import Median
from components.imputers.most_frequent import MostFrequent
from components.interfaces import NumericSummary, RegressionImputer
from components.outliers.clip_to_domain import ClipToDomain
from components.outliers.winsorize import Winsorize
from components.preprocessing import preprocessing_fn
from schemas.config import Transform
from schemas.findings import Severity
from tests.components.transformed import Graph, contract, records

QUARTERS = {0.25: 90.0, 0.5: 100.0, 0.75: 110.0}
PRESSURE = NumericSummary("pressure", 5000, 250, 100.0, 15.0, 100.0, 60.0, 180.0, QUARTERS)


def warn(value, near, summary=PRESSURE, log=frozenset()):
    imputers, fill = (
        {"pressure": Constant(value=value)},
        imputation_findings.fill_of(summary, Constant(value=value), bool(log)),
    )
    return imputation_findings.imputation_warnings([summary], imputers, {"pressure": fill}, {"pressure": near}, log)


@pytest.mark.parametrize(("near", "severity"), [(0, "warn"), (4, "warn"), (5, "ok"), (6, "ok")])
def test_a_constant_where_train_has_next_to_nothing(near, severity):
    (found,) = warn(0, near)
    assert (found.code, found.subject, found.severity) == ("misleading_fill", "pressure", Severity(severity))
    assert bool(found.remedy) is (severity == "warn")


def test_the_warning_says_what_and_what_to_do():
    (found,) = warn(0, 0)
    assert found.message == (
        "pressure: missing values become 0, and 0 of 5,000 train values are near that (train has 60 to 180, median 100). "
        "250 of 5,250 train rows (4.8 %) are filled so."
    )
    assert "median" in found.remedy
    assert "conditional_mean" in found.remedy
    assert found.observed["missing_share"] == pytest.approx(250 / 5250)


def test_it_warns_before_anything_is_missing():
    (found,) = warn(0, 0, dataclasses.replace(PRESSURE, missing=0))
    assert found.severity is Severity.WARN
    assert found.message.endswith("would meet this value for the first time when it serves.")


def test_learned_fills_and_features_without_values_are_not_judged():
    assert (
        imputation_findings.imputation_warnings(
            [PRESSURE], {"pressure": Median()}, {"pressure": 100.0}, {"pressure": 0}
        )
        == []
    )
    assert warn(0, 0, dataclasses.replace(PRESSURE, present=0)) == []


def test_a_logarithmic_feature_is_reported_in_the_units_of_the_data():
    logs = NumericSummary("pressure", 500, 0, 4.6, 0.2, math.log1p(100), math.log1p(60), math.log1p(180), QUARTERS)
    (found,) = warn(9, 0, logs, frozenset({"pressure"}))
    assert "become 9, and 0 of 500 train values are near that (train has 60 to 180, median 100)" in found.message
    assert found.observed["fill"] == pytest.approx(9)


def test_near_is_half_an_inter_quartile_range():
    assert imputation_findings.near(PRESSURE, 0.0) == (-10.0, 10.0)
    equal = dataclasses.replace(PRESSURE, quantiles=dict.fromkeys(QUARTERS, 100.0))
    assert imputation_findings.near(equal, 0.0) == (-7.5, 7.5)
    assert imputation_findings.near(dataclasses.replace(equal, deviation=0.0), 100.0) == (100.0, 100.0)


def test_a_constant_is_in_the_units_of_the_data_what_is_learned_in_those_of_the_logarithm():
    assert imputation_findings.fill_of(PRESSURE, Constant(value=-99), log=True) == pytest.approx(
        -math.log(100), abs=2**-32
    )
    assert imputation_findings.fill_of(PRESSURE, Constant(value=-99), log=False) == -99.0
    assert imputation_findings.fill_of(PRESSURE, Mean(), log=True) == 100.0


def test_too_few_rows_for_any_group_leave_the_median():
    few = dataclasses.replace(PRESSURE, present=3, median=7.0)
    assert imputation_findings.fill_of(few, GroupMedian(by="x"), log=False) == 7.0


def plan(**more):
    made = {
        "numeric": ["pressure"],
        "categorical": [],
        "boolean": [],
        "others": {},
        "texts": [],
        "tokens": 0,
        "imputers": {"pressure": Median()},
        "rules": {},
        "domains": {},
        "log": frozenset(),
        "vocabulary_size": 10,
        "text_size": 10,
    }
    return analysis_plan.Plan(**(made | more))


def test_a_rule_without_its_domain_says_where():
    with pytest.raises(ValueError, match=r"transform\.outliers\.pressure: pressure has no domain in the schema"):
        summaries.bounds(plan(rules={"pressure": ClipToDomain()}), [PRESSURE])


def test_only_features_with_values_beyond_are_cut():
    low, high = np.array([60.0]), np.array([180.0])
    assert summaries.cut_columns([PRESSURE], low, high) == []
    assert summaries.cut_columns([PRESSURE], low + 1, high) == [0]
    assert summaries.cut_columns([PRESSURE], low, high - 1) == [0]
    assert summaries.cut_columns([dataclasses.replace(PRESSURE, present=0)], low + 1, high) == []


def learned(made, counters, correlation=None):
    moments = exact.Moments.of(np.empty((0, len(made.numeric))))
    nothing = exact.quantiles(moments, exact.Ranks(), made.probabilities)
    zeros = np.zeros(len(made.numeric))
    scaling = learning.Scaling(zeros - math.inf, zeros + math.inf, zeros, zeros, zeros.astype(int))
    found = learning.Found(
        summaries.numeric_summaries(made.numeric, moments, nothing), moments, scaling, counters, correlation
    )
    return learning.Learned(made, found)


def test_booleans_are_filled_with_nought_or_one():
    made = plan(numeric=[], boolean=["paid"], imputers={"paid": MostFrequent()})
    counts = [collections.Counter({b"1": 3, b"0": 1, b"": 2})]
    assert learned(made, counts).booleans.tolist() == [1.0]
    for value, expected in (("Yes", 1.0), (0, 0.0)):
        made = plan(numeric=[], boolean=["paid"], imputers={"paid": Constant(value=value)})
        found = learned(made, counts)
        assert (found.booleans.tolist(), found.features[0].fill) == ([expected], str(int(expected)))
    made = plan(numeric=[], boolean=["paid"], imputers={"paid": Constant(value="perhaps")})
    with pytest.raises(
        ValueError, match=r"transform\.impute\.paid: a boolean feature is filled with yes or no, got 'perhaps'"
    ):
        learned(made, counts)


def test_without_train_values_nothing_is_known_but_a_constant():
    assert learned(plan(), []).features[0].fill is None
    assert learned(plan(imputers={"pressure": Constant(value=5)}), []).features[0].fill == 5.0


def test_categories_are_ranked_and_the_rest_share_an_index():
    made = plan(numeric=[], categorical=["zone"], imputers={"zone": MostFrequent()}, vocabulary_size=2)
    found = learned(made, [collections.Counter({b"b": 2, b"a": 2, b"c": 9, b"": 4})])
    assert found.vocabulary == [b"0:?", b"0:Yw", b"0:YQ"]
    assert found.asset().split(b"\n")[1:] == [b"0:?", b"0:Yw", b"0:YQ", b""]
    assert json.loads(found.asset().split(b"\n")[0])[0]["missing"] == 4


@dataclasses.dataclass(frozen=True)
class Steep(RegressionImputer):
    """Coefficients beyond all bounds, to both sides."""

    def fill(self, summary):
        return summary.mean

    def coefficients(self, correlation, target):
        return np.where(np.arange(len(correlation)) % 2, 1e9, -1e9)


@pytest.mark.parametrize(("width", "most"), [(4, 2**24), (4096, 2**24), (5000, 2**36 // 5000)])
def test_coefficients_stay_within_what_adds_exactly(width, most):
    names = [f"f{i}" for i in range(width)]
    made = plan(numeric=names, imputers={**dict.fromkeys(names, Mean()), "f1": Steep()})
    found = learned(made, [], np.eye(width)).coefficients
    assert (found.min(), found.max(), found[0, 1]) == (-most, most, 0.0)
    assert most * width * exact.FAR * exact.GRID <= 2**53


def test_counting_adds_up_over_columns_and_batches():
    fn = analysis.CountCategories([1, 2])
    parts = [
        fn.add_input(fn.create_accumulator(), np.array(b, object)) for b in ([[b"x", b"u", b"v"]], [[b"", b"u", b""]])
    ]
    assert fn.merge_accumulators(parts) == [{b"x": 1, b"": 1}, {b"u": 2, b"v": 1, b"": 1}]


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(0)
    values = rng.normal(100, 15, 300).astype("f4").tolist()
    made = {"low": values, "high": values, "count": rng.integers(0, 9, 300).tolist()}
    made["name"] = rng.choice([b"x", b"y", b"z"], 300).tolist()
    return {n: [None if i % 50 == at else v for i, v in enumerate(vs)] for at, (n, vs) in enumerate(made.items())}


FEATURES = contract(
    low=("float", "numeric"), high=("float", "numeric"), count=("int", "numeric"), name=("string", "categorical")
)
SECTION = {"impute": {"low": {"constant": 0}, "high": {"constant": 101}}, "outliers": {"high": "winsorize"}}


@pytest.fixture(scope="module")
def graph(tmp_path_factory, columns):
    return Graph(tmp_path_factory.mktemp("graph"), records(columns), FEATURES, SECTION)


def test_a_misleading_constant_is_in_the_asset(graph):
    assert [f.severity for f in graph.learned["low"].findings] == [Severity.WARN]
    assert [f.severity for f in graph.learned["high"].findings] == [Severity.OK]
    assert graph.learned["low"].findings[0].observed["near"] == 0
    assert graph.learned["high"].findings[0].observed["near"] > 60


def test_parsed_features_give_what_serialized_ones_give(tmp_path, graph, columns):
    types = {"low": tf.float32, "high": tf.float32, "count": tf.int64, "name": tf.string}
    spec = {n: tf.io.VarLenFeature(t) for n, t in types.items()}
    raw = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(spec))
    section = Transform.model_validate(SECTION).model_dump_json(exclude={"augment"})
    custom = {"contract": FEATURES.model_dump_json(), "transform": section}
    with tft_beam.Context(temp_dir=str(tmp_path / "temporary")):
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        lists = [{n: [] if v is None else [v] for n, v in r.items()} for r in rows]
        fn = functools.partial(preprocessing_fn, custom_config=custom)
        parsed = (lists, raw) | tft_beam.AnalyzeDataset(fn)
        _ = parsed | tft_beam.WriteTransformFn(str(tmp_path / "out"))
    layer = tft.TFTransformOutput(str(tmp_path / "out")).transform_features_layer()
    expected = graph(records(columns))
    assert (tmp_path / "out/transform_fn/assets/learned").read_bytes() == graph.asset
    for name, values in layer(tf.io.parse_example(records(columns), spec)).items():
        assert values.numpy().tobytes() == expected[name].tobytes()


def test_bounds_are_the_rules_own():
    summary = dataclasses.replace(PRESSURE, quantiles={**QUARTERS, 0.001: 61.0, 0.999: 170.0})
    low, high = summaries.bounds(plan(rules={"pressure": Winsorize()}), [summary])
    assert (low.tolist(), high.tolist()) == ([61.0], [170.0])
