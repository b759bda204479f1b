"""Warm start: with what the champion knew, a model predicts as the champion did; what does not fit is a recorded cold start."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from components import registry
from components.input_names import InputNames, input_names
from schemas.features import Feature, FeatureContract
from schemas.findings import Severity
from schemas.run_record import LearnedFeature
from tests.components.models.rows import ALL_KINDS, SHAPES, TABLE, make_rows, suits

keras = pytest.importorskip("keras")

from components import warm_start  # noqa: E402
from components.objective import Classes  # noqa: E402
from components.served import served  # noqa: E402

AIM = Classes(["0", "1", "2"])

#: Models whose weights are known to stand for something and that need no files.
NAMES = ["cnn", "linear", "mlp", "text", "wide_deep"]


def names_of(inputs):
    """A name for everything that has an index; the vocabulary is that of one feature, which is all that a transfer looks at."""
    return InputNames(
        numeric=tuple(f"n{i}" for i in range(inputs.numeric)),
        categorical=tuple(f"c{i}" for i in range(inputs.categorical)),
        others={n: f"feature of {n}" for n in [*inputs.texts, *inputs.images]},
        entries=("", *(f"c0:{i}" for i in range(1, inputs.vocabulary))),
        labels=tuple(str(i) for i in range(inputs.classes)),
    )


def build(family, inputs, seed, names=None, **more):
    """A model with weights that are all other than zero, and what it is."""
    keras.utils.set_random_seed(seed)
    plugin = registry.load("models", family)()
    model, rng = plugin.build(inputs), np.random.default_rng(seed)
    for w in model.weights:
        w.assign(rng.normal(size=w.shape, scale=0.3))
    return model, warm_start.Described(family, plugin.layout(inputs), names or names_of(inputs), **more)


def export(folder, model, described):
    """What `begin` needs of an exported model."""
    (folder / "assets").mkdir(parents=True)
    head = json.dumps([f.model_dump(mode="json") for f in described.learned])
    (folder / "assets" / "learned").write_text(f"{head}\n")
    (folder / "saved_model.pb").write_bytes(b"")
    warm_start.keep(model, described, str(folder))
    return str(folder)


def richest(family):
    return next(i for i in (ALL_KINDS, SHAPES["texts"], TABLE) if suits(registry.load("models", family), i))


@pytest.mark.parametrize("family", NAMES)
def test_with_the_same_vocabulary_the_first_predictions_are_the_champions(family, tmp_path):
    inputs = richest(family)
    champion, described = build(family, inputs, 1)
    model, _ = build(family, inputs, 2)
    val = make_rows(inputs, 50)
    before = np.asarray(model(val.inputs, training=False))
    start = warm_start.begin(model, described, export(tmp_path / "m", champion, described), val, AIM)
    expected = np.asarray(champion(val.inputs, training=False))
    assert np.array_equal(np.asarray(model(val.inputs, training=False)), expected)
    assert not np.allclose(before, expected)
    assert (start.warm, start.share, start.fresh, start.gone) == (True, 1.0, [], [])
    assert [f.severity for f in start.findings] == [Severity.OK]

    def loss(logits):
        shifted = logits.astype(float) - logits.max(axis=1, keepdims=True)
        right = shifted[np.arange(50), val.labels.astype(int)]
        return float((np.log(np.exp(shifted).sum(axis=1)) - right).mean())

    assert start.val_loss == pytest.approx(loss(expected), rel=1e-5)
    assert start.cold_val_loss == pytest.approx(loss(before), rel=1e-5)


@pytest.mark.parametrize("family", NAMES)
def test_with_a_vocabulary_that_grew_and_moved_known_values_predict_as_before(family, tmp_path):
    inputs = richest(family)
    grown = dataclasses.replace(inputs, vocabulary=inputs.vocabulary + 5)
    champion, described = build(family, inputs, 1)
    # Entry i of the champion is now entry place[i]; the others are new.
    place = np.r_[0, 1 + np.random.default_rng(3).permutation(grown.vocabulary - 1)[: inputs.vocabulary - 1]]
    entries = [f"c1:{i}" for i in range(grown.vocabulary)]
    for old, new in enumerate(place):
        entries[new] = described.names.entries[old]
    model, now = build(family, grown, 2, dataclasses.replace(described.names, entries=tuple(entries)))
    start = warm_start.begin(model, now, export(tmp_path / "m", champion, described), make_rows(grown, 20), AIM)
    rows = make_rows(inputs, 50).inputs
    moved = {n: place[v] if v.dtype == np.int64 else v for n, v in rows.items()}
    expected = np.asarray(champion(rows, training=False))
    np.testing.assert_allclose(np.asarray(model(moved, training=False)), expected, rtol=0, atol=1e-6)
    assert start.warm
    assert 0.5 < start.share < 1
    assert all(f"5 of {grown.vocabulary} are new (c1)" in f for f in start.fresh)


def test_columns_and_classes_that_came_keep_the_scores_of_the_others(tmp_path):
    """In a linear model a new column changes nothing where it is 0, and a new class nothing about the others."""
    champion, described = build("linear", TABLE, 1)
    wider = dataclasses.replace(TABLE, numeric=4, classes=4)
    names = dataclasses.replace(described.names, numeric=("n2", "tolls", "n0", "n1"), labels=("0", "1", "15", "2"))
    model, now = build("linear", wider, 2, names)
    val = make_rows(dataclasses.replace(wider, classes=3), 20)
    warm_start.begin(model, now, export(tmp_path / "m", champion, described), val, AIM)
    rows = make_rows(TABLE, 30).inputs
    numeric = np.stack(
        [rows["numeric"][:, 2], np.zeros(30, "f4"), rows["numeric"][:, 0], rows["numeric"][:, 1]], axis=1
    )
    logits = np.asarray(model({**rows, "numeric": numeric}))
    np.testing.assert_allclose(logits[:, [0, 1, 3]], np.asarray(champion(rows)), rtol=1e-5, atol=1e-6)


def cold(tmp_path, described, change=None):
    """Why `described` starts cold where an mlp is served."""
    champion, kept = build("mlp", TABLE, 1)
    folder = export(tmp_path / "m", champion, kept)
    if change:
        change(tmp_path / "m")
    model, _ = build(described.family, TABLE, 2)
    weights = [w.numpy().copy() for w in model.weights]
    start = warm_start.begin(model, described, folder, make_rows(TABLE, 20), AIM)
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.weights, strict=True))
    assert (start.warm, start.share, start.val_loss) == (False, 0.0, None)
    (finding,) = start.findings
    assert (finding.code, finding.severity, finding.message) == ("warm_start", Severity.WARN, start.why)
    return start.why


def test_what_does_not_fit_is_a_cold_start_that_says_why(tmp_path):
    _, wide = build("wide_deep", TABLE, 1)
    assert "it is a mlp, and this one a wide_deep" in cold(tmp_path / "a", wide)
    _, mlp = build("mlp", TABLE, 1)
    assert "not exported by this version of Retrain" in cold(
        tmp_path / "b", mlp, lambda folder: (folder / warm_start.FILE).unlink()
    )
    assert "backbone has other weights" in cold(tmp_path / "c", dataclasses.replace(mlp, files=("abc",)))


def test_a_model_whose_weights_nobody_knows_is_taken_over_with_the_same_inputs_only(tmp_path):
    champion, kept = build("mlp", TABLE, 1)
    unknown = dataclasses.replace(kept, layout=None)
    folder = export(tmp_path / "m", champion, unknown)
    grown = dataclasses.replace(TABLE, vocabulary=13)
    model, now = build("mlp", grown, 2)
    start = warm_start.begin(model, dataclasses.replace(now, layout=None), folder, make_rows(grown, 20), AIM)
    assert start.fresh == ["embedding/embeddings: 2 of 13 are new (c0)"]
    rows = make_rows(TABLE, 30).inputs
    assert np.array_equal(np.asarray(model(rows)), np.asarray(champion(rows)))
    other = dataclasses.replace(unknown, names=dataclasses.replace(kept.names, numeric=("n1", "n0", "n2")))
    start = warm_start.begin(model, other, folder, make_rows(TABLE, 20), AIM)
    assert "inputs or classes have changed" in start.why


def test_nothing_served_is_a_cold_start_and_no_warning():
    model, described = build("mlp", TABLE, 1)
    start = warm_start.begin(model, described, None, make_rows(TABLE, 20), AIM)
    assert (start.warm, start.champion, [f.severity for f in start.findings]) == (False, None, [Severity.OK])
    assert "nothing is served yet" in start.why


def numeric(name, mean, deviation, **more):
    kind = {"kind": "numeric", "imputer": "median", "fill": 0.0, "present": 9, "missing": 0}
    return LearnedFeature(name=name, mean=mean, deviation=deviation, **kind, **more)


def test_how_far_the_scaling_moved_is_recorded():
    before = [numeric("fare", 10.0, 4.0), numeric("flat", 1.0, 0.0), numeric("own", 0.0, 9.0, centre=1.0, width=2.0)]
    now = [numeric("fare", 12.0, 6.0), numeric("flat", 1.0, 1.0), numeric("own", 0.0, 9.0, centre=0.0, width=1.0)]
    moved = warm_start.moved(before, [*now, numeric("new", 1.0, 1.0)])
    assert {n: (s.shift, s.ratio) for n, s in moved.items()} == {"fare": (0.5, 1.5), "own": (-0.5, 0.5)}


def test_what_is_kept_comes_back_and_is_the_same_bytes_twice(tmp_path):
    model, described = build("wide_deep", TABLE, 1, learned=[numeric("n0", 1.0, 2.0)], files=("abc",))
    first, second = (Path(export(tmp_path / n, model, described), warm_start.FILE) for n in ("1", "2"))
    assert first.read_bytes() == second.read_bytes()
    weights, again = warm_start.read(str(tmp_path / "1"))
    assert [*weights] == [w.path for w in model.weights]
    assert all(np.array_equal(a, b) for a, b in zip(weights.values(), model.get_weights(), strict=True))
    assert again.names == described.names
    assert (again.family, again.files, again.learned) == ("wide_deep", ("abc",), described.learned)
    assert dataclasses.asdict(again.layout)["scores"] == ["deep", "wide", "wide_numeric"]
    assert served(str(tmp_path))["version"] == 2


CASES = [(n, kind) for n in NAMES for kind, inputs in SHAPES.items() if suits(registry.load("models", n), inputs)]


@pytest.mark.parametrize(("family", "kind"), CASES)
def test_layouts_describe_the_weights_that_there_are(family, kind):
    inputs, plugin = SHAPES[kind], registry.load("models", family)()
    shapes = {w.path: tuple(w.shape) for w in plugin.build(inputs).weights}
    layout = plugin.layout(inputs)
    for layer, rows in layout.rows.items():
        if f"{layer}/kernel" in shapes:
            assert shapes[f"{layer}/kernel"][0] == sum(n for _, n in rows)
    for layer in layout.entries:
        assert shapes.get(f"{layer}/embeddings", (inputs.vocabulary,))[0] == inputs.vocabulary
    known = {*layout.rows, *layout.entries, *layout.scores}
    for path, shape in shapes.items():
        layer = path.rpartition("/")[0]
        # Whatever else there is has a shape of its own, whatever the inputs and classes.
        assert layer in known or layer.startswith(("hidden_", *inputs.images)), (path, shape)
        if layer in layout.scores:
            assert shape[-1] == inputs.classes


def test_names_are_those_of_the_contract_in_the_order_of_the_columns(tmp_path):
    kinds = {"a": "categorical", "b": "numeric", "c": "boolean", "d": "timestamp", "e": "text", "f": "image"}
    features = tuple(Feature(name=n, type="string", kind=k, reason="test") for n, k in kinds.items())
    contract = FeatureContract(label="y", label_type="int", features=features)
    asset = tmp_path / "learned"
    asset.write_text("[]\n0:?\n0:eA\n1:eA\n")
    names = input_names(contract, True, str(asset), ["0", "1"])
    parts = [f"{p} of d" for p in ("sin_hour", "cos_hour", "sin_weekday", "cos_weekday", "sin_day", "cos_day")]
    assert names.numeric == ("b", "c", *parts, *(f"{n} is missing" for n in "bacdf"))
    assert names.categorical == ("a",)
    assert names.others == {"text_0": "e", "image_0": "f"}
    assert names.entries == ("", "a:?", "a:eA", "e:eA")
    assert names.labels == ("0", "1")
    assert input_names(contract, False, str(asset), []).numeric == ("b", "c", *parts)
