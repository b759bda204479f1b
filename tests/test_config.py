"""The configuration: every problem at once, each with its path, the rule and what to do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from schemas.config import ConfigError, load_config, parse_config, set_override

ROOT = Path(__file__).parents[1]
GOOD = {"name": "t", "data": {"source": {"csv": "x.csv"}, "label": "y"}}


def problems(raw):
    with pytest.raises(ConfigError) as caught:
        parse_config(raw)
    return caught.value.problems


def having(**sections):
    return {**GOOD, **sections}


def test_the_least_that_is_needed():
    config = parse_config(GOOD)
    assert config.train.class_weights.name == "balanced"
    assert [g.name for g in config.evaluate.gates] == ["metric_floor", "no_regression", "serving_ready"]


EXAMPLES = sorted(p.name for p in (ROOT / "examples").glob("*.yaml"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_dump_can_be_read_again(name):
    config = load_config(ROOT / "examples" / name)
    assert parse_config(json.loads(config.model_dump_json())) == config
    assert parse_config(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"name": "a b", "data": GOOD["data"]}, "name: must consist of letters"),
        (having(trian={}), "Did you mean 'train'?"),
        (having(train={"epochs": 0}), "train.epochs: Input should be greater than 0, got 0."),
        (having(train={"epochs": "many"}), "train.epochs"),
        (having(train={"early_stopping": {"patience": 2}}), "must be larger than reduce_lr.patience"),
        (having(train={"early_stopping": {"patience": 0}}), "must be larger than reduce_lr.patience"),
        (
            having(train={"early_stopping": {"monitor": "val_accuracy"}, "reduce_lr": {"monitor": "val_loss"}}),
            "early_stopping.monitor (val_accuracy) and reduce_lr.monitor (val_loss) must be the same",
        ),
        (having(train={"early_stopping": {"monitor": "val_auk"}}), "train.early_stopping.monitor: Input should be"),
        (having(train={"reduce_lr": {"min_lr": 0.001}}), "otherwise the rate never drops"),
        (having(train={"schedule": "cosine", "reduce_lr": {}}), "each would undo the other"),
        (having(train={"schedule": {"shape": "warmup", "warmup": 4}, "epochs": 3}), "must leave epochs of the 3"),
        (having(train={"schedule": {"shape": "cosine", "warmup": 3}, "epochs": 3}), "must leave epochs of the 3"),
        (having(train={"schedule": {"shape": "warmup", "warmup": 0}}), "train.schedule: shape: warmup with warmup: 0"),
        (having(train={"schedule": {"shape": "warmup", "floor": 0.1}}), "floor (0.1) is for shape: cosine"),
        (
            having(train={"schedule": "cosine", "epochs": 50, "early_stopping": {"patience": 24}}),
            "must be at least half of the epochs after the warm-up (49)",
        ),
        (having(train={"label_smoothing": 1}), "train.label_smoothing"),
        (having(train={"mixed_precision": "maybe"}), "train.mixed_precision"),
        (having(train={"sampling": "balanced"}), "class_weights: balanced would weight rare ones once more"),
        (having(train={"sampling": "balanced", "class_weights": {"explicit": {"0": 1}}}), "they would count twice"),
        (having(train={"sampling": "even", "class_weights": "none"}), "train.sampling: Input should be 'balanced'"),
        (
            having(train={"sampling": "balanced", "class_weights": "none"}, transform={"augment": ["flip"]}),
            "write transform.augment.per_epoch: true",
        ),
        (
            having(train={"sample_weight": GOOD["data"]["label"]}),
            "is the label, and a weight is neither label nor input",
        ),
        (
            having(train={"sample_weight": "w"}, data={**GOOD["data"], "features": {"w": "numeric"}}),
            "'w' is listed in data.features",
        ),
        (having(evaluate={"gates": {}}), "evaluate.gates: at least one gate"),
        (having(evaluate={"metrics": ["acu"]}), "evaluate.metrics"),
        (having(beam={"workers": 2}), "workers > 1 needs mode"),
        (
            {"name": "t", "data": {"source": {"csv": "a", "parquet": "b"}, "label": "y"}},
            "exactly one of csv, parquet, tfrecord",
        ),
        ({"name": "t", "data": {"source": {"csv": "a"}, "label": "y", "exclude": ["y"]}}, "take it out of there"),
        ({"name": "t", "data": {"source": {"csv": "{YYYY}.csv"}, "label": "y"}}, "all of {YYYY}, {MM} and {DD}"),
        ({"name": "t", "data": {"source": {"csv": "a"}}}, "data.label: is required"),
    ],
)
def test_each_rule_says_where_and_what(raw, said):
    (problem,) = problems(raw)
    assert said in problem


def test_all_problems_at_once():
    assert len(problems({"name": "", "data": {"source": {}, "window": 3}, "train": {"seed": -1}})) >= 4


def test_overrides_are_yaml_and_make_sections():
    raw = json.loads(json.dumps(GOOD))
    set_override(raw, "train.early_stopping.patience=9")
    set_override(raw, "train.class_weights=null")
    config = parse_config(raw)
    assert config.train.early_stopping.patience == 9
    assert config.train.class_weights is None


def test_a_warm_start_is_asked_for():
    assert parse_config(having()).train.warm_start is None
    assert parse_config(having(train={"warm_start": "none"})).train.warm_start is None
    assert parse_config(having(train={"warm_start": "champion"})).train.warm_start == "champion"
    with pytest.raises(ConfigError, match=r"train\.warm_start: .*'champion'"):
        parse_config(having(train={"warm_start": "latest"}))


def test_classes_are_evened_out_by_weights_or_by_sampling_or_not_at_all():
    augment = {"ops": ["flip"], "per_epoch": True}
    drawn = having(train={"sampling": "balanced", "class_weights": "none"}, transform={"augment": augment})
    plain = having(train={"sampling": "none", "class_weights": False})
    assert [parse_config(raw).train.evens_out for raw in (GOOD, drawn, plain)] == [True, True, False]
    assert parse_config(plain).train.sampling is None


@pytest.mark.parametrize("text", ["train.epochs", "=3", "a..b=1", "name.x=1", "train.epochs=[1"])
def test_an_override_that_cannot_be_is_an_error(text):
    with pytest.raises(ConfigError, match="--override"):
        set_override(json.loads(json.dumps(GOOD)), text)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a: [1", "line"), (b"\xff\xfe\x00", "cannot be read"), (b"- 1", "must be a mapping"), (b"", "is required")],
)
def test_files_that_are_no_configuration(tmp_path, content, said):
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load_config(tmp_path / "x.yaml")
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "y.yaml")


def test_the_json_schemas_are_current():
    code = (
        "import sys; sys.path[:0] = ['scripts', '.']; import make_schemas as m;"
        "sys.exit([str(p) for p, t in m.texts().items() if p.read_text() != t] or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run python scripts/make_schemas.py: {done.stderr}"


def schema_errors(raw):
    """What an editor would mark."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "schemas" / "retrain.schema.json").read_text())
    return [e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(raw)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_json_schema_takes_every_example(name):
    assert schema_errors(yaml.safe_load((ROOT / "examples" / name).read_text())) == []


TRANSFORMS = [
    {
        "impute": {
            "numeric": "mean",
            "boolean": {"constant": 0},
            "fare": {"group_median": "company"},
            "indicator": False,
        }
    },
    {
        "outliers": {
            "numeric": "winsorize",
            "fare": "off",
            "age": False,
            "pay": None,
            "tip": {"winsorize": {"upper": 0.9}},
        }
    },
    {"outliers": {"numeric": None}, "log": ["fare"], "text": {"ngrams": 1}, "image": {"height": 32, "width": 32}},
    {"augment": [{"rotate": 15}, "flip", {"noise": {"deviation": 0.1, "probability": 0.5, "classes": [3, "4"]}}]},
    {"augment": {"ops": [{"flip": "horizontal"}, {"jitter": None}], "per_epoch": True}},
    {"augment": None},
    {"augment": False},
    {"augment": "off"},
]


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_every_way_of_writing_a_transform_is_in_the_json_schema(transform):
    raw = having(transform=transform)
    parse_config(raw)
    assert schema_errors(raw) == []


@pytest.mark.parametrize(
    "transform",
    [
        {"imput": {}},
        {"outliers": {"numeric": 3}},
        {"augment": [3]},
        {"augment": [{"rotate": 15, "flip": {}}]},
        {"augment": {"copies": 2}},
        {"augment": {"ops": [{"rotate": {"probability": 2}}]}},
    ],
)
def test_what_is_wrong_is_wrong_for_both(transform):
    assert problems(having(transform=transform))
    assert schema_errors(having(transform=transform))


def test_a_folder_of_images_may_be_written_as_a_mapping():
    raw = {"name": "a", "data": {"source": {"images": {"path": "x/{label}/*.png"}}, "label": "y"}}
    assert parse_config(raw).data.source.pattern == "x/{label}/*.png"


def test_a_schedule_takes_the_place_of_defaults_only():
    train = parse_config(having(train={"schedule": "warmup"})).train
    assert (train.reduce_lr, train.early_stopping.patience, train.schedule.warmup) == (None, 5, 1)
    train = parse_config(having(train={"schedule": "cosine"})).train
    assert (train.reduce_lr, train.early_stopping) == (None, None)
    kept = {"schedule": "cosine", "epochs": 50, "early_stopping": {"patience": 25}}
    assert parse_config(having(train=kept)).train.early_stopping.patience == 25
    assert parse_config(having(train={"schedule": "none"})).train.reduce_lr is not None
    assert type(train).model_validate_json(train.model_dump_json()) == train


def test_what_does_nothing_can_be_said():
    train = parse_config(having(train={"early_stopping": "none", "reduce_lr": "none"})).train
    assert (train.early_stopping, train.reduce_lr, train.monitor) == (None, None, "val_loss")
    off = {"early_stopping": {"patience": 0}, "reduce_lr": "none", "mixed_precision": False}
    train = parse_config(having(train=off)).train
    assert (train.early_stopping.patience, train.mixed_precision) == (0, "off")


def test_one_monitor_and_a_least_rate_follow_what_is_given():
    train = parse_config(having(train={"early_stopping": {"monitor": "val_accuracy"}, "learning_rate": 0.002})).train
    assert (train.monitor, train.min_lr) == ("val_accuracy", 2e-6)
    train = parse_config(having(train={"early_stopping": "none", "reduce_lr": {"monitor": "val_accuracy"}})).train
    assert train.monitor == "val_accuracy"
    assert parse_config(having(train={"learning_rate": 1e-6})).train.min_lr == pytest.approx(1e-9)


def test_columns_that_say_whom_a_row_is_about_are_unnamed_also_when_they_are_inputs():
    data = {**GOOD["data"], "id": "visit", "entity": "rider", "exclude": ["note"], "features": {"rider": "categorical"}}
    assert parse_config(having(data=data)).data.unnamed == {"visit", "rider", "note"}
    grouped = {**GOOD["data"], "split": {"group_by": "house"}}
    assert parse_config(having(data=grouped)).data.unnamed == {"house"}
    assert parse_config(GOOD).data.unnamed == frozenset()
