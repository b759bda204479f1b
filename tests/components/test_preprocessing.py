"""The transform graph: every imputer and outlier rule (discovered), every kind of feature, and the same bytes however rows come."""

import io
import json
import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from PIL import Image
from tfx.types import artifact_utils, standard_artifacts

from components import exact, examples, registry
from components.examples import RECORDS
from components.filling import predicted
from components.learned import vocabulary_key
from components.logarithm import log_scaled, log_scaled_tensor
from components.transform import Executor
from schemas.config import Transform
from tests.components.test_plugin_contract import REQUIRED
from tests.components.transformed import RUNNER, Graph, contract, records

ROWS = 600
IMPUTERS = {
    kind: [n for n in registry.names("imputers") if kind in registry.load("imputers", n).kinds]
    for kind in ("numeric", "categorical", "boolean")
}
RULES = ["none", *registry.names("outliers")]
NUMBERS = sorted(f"{imputer}-{rule}" for imputer in IMPUTERS["numeric"] for rule in RULES)
NAMES = sorted(["company", *(f"{n}-name" for n in IMPUTERS["categorical"])])
TRUTHS = sorted(f"{n}-truth" for n in IMPUTERS["boolean"])
COMPANIES = [b"a", b"b", b"c", b"rare"]


def spec(name):
    return {name: REQUIRED[name]} if name in REQUIRED else name


@pytest.fixture(scope="module")
def columns():
    """Numbers that go together and depend on the company, with a tail; a tenth of everything is missing."""
    rng = np.random.default_rng(0)
    company = rng.choice(4, ROWS, p=[0.4, 0.3, 0.29, 0.01])
    common = rng.normal(size=ROWS)
    made = {}
    for name in NUMBERS:
        values = common + 0.5 * rng.normal(size=ROWS) + 2.0 * company + rng.exponential(1.0, ROWS)
        made[name] = [float(np.float32(v)) for v in values]
    made |= {n: [COMPANIES[i] for i in (company if n == "company" else rng.choice(3, ROWS))] for n in NAMES}
    made |= {n: [int(v) for v in rng.random(ROWS) < 0.7] for n in TRUTHS}
    return {
        n: [None if gap else v for v, gap in zip(vs, rng.random(ROWS) < 0.1, strict=True)] for n, vs in made.items()
    }


@pytest.fixture(scope="module")
def features():
    kinds = {n: ("float", "numeric", {"domain": (0.0, 7.0)}) for n in NUMBERS}
    return contract(
        **kinds, **dict.fromkeys(NAMES, ("string", "categorical")), **dict.fromkeys(TRUTHS, ("int", "boolean"))
    )


@pytest.fixture(scope="module")
def transform():
    own = {n: spec(n.rpartition("-")[0]) for n in (*NUMBERS, *NAMES, *TRUTHS) if n != "company"}
    return {"impute": own, "outliers": {n: n.rpartition("-")[2] for n in NUMBERS}}


@pytest.fixture(scope="module")
def rows(columns):
    return records(columns)


@pytest.fixture(scope="module")
def graph(tmp_path_factory, rows, features, transform):
    return Graph(tmp_path_factory.mktemp("graph"), rows, features, transform, bundles=[1, 99, 250, 3, 247])


@pytest.fixture(scope="module")
def out(graph, rows):
    return graph(rows)


def array(values):
    return np.array([np.nan if v is None else v for v in values], np.float64)


def scaled(graph, name, values):
    """What the record says that values become, from the bounds, the centre and the width in it."""
    f = graph.learned[name]
    low, high = (-math.inf if f.low is None else f.low), (math.inf if f.high is None else f.high)
    centre, width = (f.mean, f.deviation) if f.centre is None else (f.centre, f.width)
    return ((np.clip(values, low, high) - centre) * (1.0 / width)).astype(np.float32)


@pytest.mark.parametrize("size", [1, 7])
def test_a_row_gives_the_same_bytes_in_any_batch(graph, rows, out, size):
    found = graph(rows[:200], size)
    for name, values in found.items():
        assert values.tobytes() == out[name][:200].tobytes()


def test_eager_and_graph_agree(graph, rows, out):
    for name, values in graph.eager(rows).items():
        assert values.tobytes() == out[name].tobytes()


def test_the_node_analyses_train_alone_whatever_the_order_and_the_files(
    tmp_path, rows, features, transform, graph, out
):
    shuffled = [rows[i] for i in np.random.default_rng(1).permutation(ROWS)]
    far = records({name: [1e6] for name in NUMBERS})
    for split, parts in (("train", (shuffled[:300], shuffled[300:301], shuffled[301:])), ("eval", (far,))):
        folder = tmp_path / "examples" / f"Split-{split}"
        folder.mkdir(parents=True)
        for number, part in enumerate(parts):
            examples.write_records(str(folder / f"data_tfrecord-{number}"), part)
    given, written = standard_artifacts.Examples(), standard_artifacts.TransformGraph()
    given.uri, written.uri = str(tmp_path / "examples"), str(tmp_path / "graph")
    given.split_names = artifact_utils.encode_split_names(["train", "eval"])
    section = Transform.model_validate(transform).model_dump_json(exclude={"augment"})
    custom = {"contract": features.model_dump_json(), "transform": section}
    runner = Executor(Executor.Context(beam_pipeline_args=[f"--runner={RUNNER}", "--sdk_container_image=none"]))
    runner.Do({"examples": [given]}, {"transform_graph": [written]}, {"custom_config": json.dumps(custom)})
    assert (tmp_path / "graph/transform_fn/assets/learned").read_bytes() == graph.asset
    layer = tft.TFTransformOutput(written.uri).transform_features_layer()
    found = layer({RECORDS: tf.constant(rows)})
    assert set(found) == set(out)
    for name, values in found.items():
        assert values.numpy().tobytes() == out[name].tobytes()
    assert not (tmp_path / "graph/.temp_path").exists()


def test_nothing_missing_is_left(out):
    assert np.isfinite(out["numeric"]).all()
    assert (out["categorical"] > 0).all()


@pytest.mark.parametrize("name", NUMBERS)
def test_present_values_are_only_cut_off_and_scaled(graph, columns, out, name):
    values, found = array(columns[name]), out["numeric"][:, NUMBERS.index(name)]
    there = ~np.isnan(values)
    assert np.array_equal(found[there], scaled(graph, name, values[there]))


@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_scaled_by_is_of_what_reaches_the_model(graph, columns, name):
    values, f = array(columns[name]), graph.learned[name]
    present = values[~np.isnan(values)]
    low, high = {
        "clip_to_domain": (0.0, 7.0),
        "winsorize": tuple(np.quantile(present, (0.001, 0.999))),
    }.get(name.rpartition("-")[2], (-math.inf, math.inf))
    kept = np.clip(present, low, high)
    assert (f.mean, f.deviation) == (pytest.approx(kept.mean()), pytest.approx(kept.std()))
    assert (f.present, f.missing) == (len(present), ROWS - len(present))
    if math.isfinite(low):
        assert (f.low, f.high) == (pytest.approx(low), pytest.approx(high))
        assert f.beyond == pytest.approx(np.mean(kept != present))
    if name.endswith("robust_scale"):
        quarters = np.quantile(present, (0.25, 0.75))
        assert (f.centre, f.width) == (pytest.approx(np.median(present)), pytest.approx(quarters[1] - quarters[0]))


@pytest.mark.parametrize("name", [n for n in NUMBERS if n.partition("-")[0] in ("constant", "mean", "median")])
def test_one_value_fills_all_gaps(graph, columns, out, name):
    values = array(columns[name])
    present, gaps = values[~np.isnan(values)], np.isnan(values)
    expected = {"constant": 0.0, "mean": present.mean(), "median": np.median(present)}[name.partition("-")[0]]
    f = graph.learned[name]
    inside = np.clip(expected, -math.inf if f.low is None else f.low, math.inf if f.high is None else f.high)
    assert f.fill == pytest.approx(inside)
    assert np.array_equal(out["numeric"][gaps, NUMBERS.index(name)], scaled(graph, name, np.full(gaps.sum(), f.fill)))


def test_groups_have_their_own_value(graph, columns, out):
    name = "group_median-none"
    values, by = array(columns[name]), np.array(columns["company"])
    gaps, found = np.isnan(values), out["numeric"][:, NUMBERS.index(name)]
    everyone = np.median(values[~gaps])
    for company in (*COMPANIES, None):
        rows_of = by == company if company else np.array([c is None for c in by])
        own = (
            np.median(values[rows_of & ~gaps]) if company in (b"a", b"b", b"c") else everyone
        )  # rare: fewer than 20 rows
        assert np.array_equal(found[rows_of & gaps], scaled(graph, name, np.full((rows_of & gaps).sum(), own)))
    assert (graph.learned[name].by, graph.learned[name].groups) == ("company", 3)


def test_an_unknown_category_gets_the_value_of_all_rows(graph):
    name = "group_median-none"
    found = graph(records({"company": [b"never seen"]}))["numeric"][0, NUMBERS.index(name)]
    assert found == scaled(graph, name, np.array([graph.learned[name].fill]))[0]


def test_the_others_predict_a_missing_value(graph, columns, out):
    name = "conditional_mean-none"
    at = NUMBERS.index(name)
    x = np.stack([array(columns[n]) for n in NUMBERS], axis=1)
    for i, n in enumerate(NUMBERS):
        f = graph.learned[n]
        low, high = (-math.inf if f.low is None else f.low), (math.inf if f.high is None else f.high)
        x[:, i] = (np.clip(x[:, i], low, high) - f.mean) / f.deviation
    z = np.where(np.isnan(x), 0.0, x)
    correlation = np.eye(len(NUMBERS))
    for i, j in zip(*np.triu_indices(len(NUMBERS), 1), strict=True):
        both = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
        correlation[i, j] = correlation[j, i] = np.corrcoef(x[both, i], x[both, j])[0, 1]
    others = [i for i in range(len(NUMBERS)) if i != at]
    system = correlation[np.ix_(others, others)] + 0.01 * np.eye(len(others))
    expected = z[:, others] @ np.linalg.solve(system, correlation[others, at])
    gaps = np.isnan(x[:, at])
    assert out["numeric"][gaps, at] == pytest.approx(expected[gaps], abs=0.01)
    f = graph.learned[name]
    assert f.coefficients == len(others)
    assert len(f.strongest) == 3


def test_a_prediction_stays_inside_the_range_of_train(graph, columns):
    name = "conditional_mean-none"
    far = {n: [1e6, -1e6] for n in NUMBERS if n != name and not n.endswith(("winsorize", "clip_to_domain"))}
    found = graph(records(far))["numeric"][:, NUMBERS.index(name)]
    present = [v for v in columns[name] if v is not None]
    assert set(found.tolist()) <= set(scaled(graph, name, np.array([min(present), max(present)])).tolist())


def test_indicators_say_what_was_missing(columns, features, out):
    assert out["numeric"].shape[1] == len(NUMBERS) + len(TRUTHS) + len(features.features)
    gaps = np.array([[v is None for v in columns[n]] for n in (*NUMBERS, *NAMES, *TRUTHS)]).T
    assert np.array_equal(out["numeric"][:, len(NUMBERS) + len(TRUTHS) :], gaps.astype(np.float32))


@pytest.mark.parametrize("name", TRUTHS)
def test_booleans_are_nought_or_one(columns, out, name):
    found, values = out["numeric"][:, len(NUMBERS) + TRUTHS.index(name)], array(columns[name])
    fill = 0.0 if name.startswith("constant") else 1.0
    assert np.array_equal(found, np.where(np.isnan(values), fill, values).astype(np.float32))


def test_categories_are_lines_of_the_asset(graph, columns, out):
    lines = graph.asset.split(b"\n")
    for i, name in enumerate(NAMES):
        fill = {"constant-name": b"0"}.get(name, graph.learned[name].fill.encode())
        for value, index in zip(columns[name], out["categorical"][:, i], strict=True):
            text = fill if value is None else value
            expected = vocabulary_key(i, None if text == b"0" else text)
            assert lines[index] == expected


def png(shade):
    file = io.BytesIO()
    Image.new("L", (4, 4), shade).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """Columns of every kind but plain categories, their contract and graph."""
    columns = {
        "note": [b"Not good", b"good good", None, b"Not bad", b"good"],
        "paid": [b"Yes", b"no", None, b"YES", b"maybe"],
        "picture": [png(255), png(0), None, b"no picture", png(51)],
        "seconds": [0, 21600, None, 86400, 43200],
        "fare": [0.0, 9.0, 99.0, None, 999.0],
        "zone": [b"x", b"y", None, b"x", b"x"],
        "when": [b"1970-01-01T00:00:00Z", b"1970-01-01T06:00:00Z", None, b"yesterday", b"1970-01-01T12:00"],
    }
    features = contract(
        note=("string", "text"),
        paid=("string", "boolean"),
        picture=("string", "image", {"shape": (4, 4, 1)}),
        seconds=("int", "timestamp"),
        fare=("float", "numeric"),
        zone=("string", "categorical"),
        when=("string", "timestamp"),
    )
    transform = {"log": ["fare"], "text": {"max_words": 2, "vocabulary_size": 3}}
    rows = records(columns)
    graph = Graph(tmp_path_factory.mktemp("kinds"), rows, features, transform)
    return graph, rows


def test_every_kind_has_its_place(kinds):
    graph, rows = kinds
    out = graph(rows)
    assert {n: (v.shape, v.dtype.name) for n, v in out.items()} == {
        "numeric": ((5, 1 + 1 + 12 + 6), "float32"),
        "categorical": ((5, 1), "int64"),
        "text_0": ((5, 3), "int64"),
        "image_0": ((5, 4, 4, 1), "float32"),
    }
    assert out["numeric"][:, 1].tolist() == [1.0, 0.0, 1.0, 1.0, 1.0]
    parts = out["numeric"][:, 2:14]
    assert np.array_equal(parts[[0, 1, 2]][:, :6], parts[[0, 1, 2]][:, 6:]), "seconds and texts of the same moments"
    assert parts[1, :2] == pytest.approx([1.0, 0.0], abs=1e-6), "a quarter of the day"
    assert not parts[2].any()
    # fare, zone, paid, seconds, when, picture
    assert out["numeric"][:, 14:].astype(int).tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 1],
        [1, 0, 0, 0, 1, 1],
        [0, 0, 1, 0, 0, 0],
    ]
    assert out["image_0"][:, 0, 0, 0] == pytest.approx([1.0, 0.0, 0.0, 0.0, 0.2])


def test_tokens_are_lines_of_the_asset_and_rare_ones_are_left_out(kinds):
    graph, rows = kinds
    lines = graph.asset.split(b"\n")
    words = [[lines[i] if i else None for i in row] for row in graph(rows)["text_0"]]
    good, no, bad = (vocabulary_key(1, w) for w in (b"good", b"not", b"bad"))
    assert words == [[no, good, None], [good, good, None], [None, None, None], [no, bad, None], [good, None, None]]
    assert graph.learned["note"].tokens == 3


def test_kinds_agree_in_any_batch_and_eagerly(kinds):
    graph, rows = kinds
    whole = graph(rows)
    for found in (graph(rows, 1), graph(rows, 2), graph.eager(rows)):
        for name, values in found.items():
            assert values.tobytes() == whole[name].tobytes()


def test_the_logarithm_comes_before_everything_learned(kinds):
    graph, rows = kinds
    logs = np.log1p([0.0, 9.0, 99.0, 999.0])
    f = graph.learned["fare"]
    assert (f.log, f.fill) == (True, pytest.approx(np.median(logs)))
    assert (f.mean, f.deviation) == (pytest.approx(logs.mean()), pytest.approx(logs.std()))
    assert graph(rows)["numeric"][:3, 0] == pytest.approx((logs[:3] - logs.mean()) / logs.std(), abs=1e-6)


def test_a_batch_without_rows_has_the_right_shapes(kinds):
    graph, _ = kinds
    found = graph._traced(tf.constant([], tf.string))
    assert {n: v.shape[0] for n, v in found.items()} == dict.fromkeys(
        ("numeric", "categorical", "text_0", "image_0"), 0
    )


def test_the_logarithm_is_right_and_the_same_in_any_batch():
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [rng.normal(size=200) * 10.0 ** rng.integers(-9, 38, 200), [0.0, -0.0, 1.0, 2.0**0.5 - 1, np.nan]]
    )
    whole = log_scaled_tensor(tf.constant(x)).numpy()
    assert np.sign(x[:-1]) * np.log1p(np.abs(x[:-1])) == pytest.approx(whole[:-1], rel=0, abs=2.0**-32)
    assert np.isnan(whole[-1])
    single = np.concatenate([log_scaled_tensor(tf.constant([v])).numpy() for v in x])
    traced = tf.function(log_scaled_tensor, input_signature=[tf.TensorSpec([None], tf.float64)])(tf.constant(x)).numpy()
    assert single.tobytes() == traced.tobytes() == whole.tobytes()
    assert [log_scaled(v) for v in x[:200].tolist()] == whole[:200].tolist()


def test_predictions_are_sums_of_whole_numbers():
    rng = np.random.default_rng(0)
    numbers, lacking = rng.normal(size=(64, 300)) * 20, rng.random((64, 300)) < 0.1
    weights = np.rint(rng.normal(size=(5, 300)) * 2.0**24)
    table = {"mean": tf.zeros(300, tf.float64), "inverse": tf.ones(300, tf.float64)}
    whole = predicted(tf.constant(numbers), tf.constant(lacking), table, tf.constant(weights)).numpy()
    grid = np.clip(np.rint(numbers * exact.GRID), -(2**17), 2**17)
    integers = [[int(v) for v in row] for row in np.where(lacking, 0, grid)]
    exactly = [[sum(a * int(w) for a, w in zip(row, ws, strict=True)) for ws in weights] for row in integers]
    assert whole.tolist() == [[n / 2**32 for n in row] for row in exactly]
