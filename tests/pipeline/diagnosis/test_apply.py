"""`retrain run --apply`: which overrides a remedy comes to, and that they are ones."""

import pytest
import yaml

from pipeline.diagnosis.apply import overrides_of
from pipeline.diagnosis.causes._settings import written
from pipeline.diagnosis.lookup import diagnose_in
from pipeline.errors import UsageError
from pipeline.show.why import why
from pipeline.workspace import Workspace
from schemas.config import load_config
from schemas.run_record import Tuning
from tests.pipeline.diagnosis.cases import champion, found, retrain, training, with_settings
from tests.pipeline.printed import printed

CONFIG = {
    "name": "taxi",
    "data": {"source": {"csv": "span-{SPAN}/*.csv"}, "label": "y"},
    "train": {"model": {"wide_deep": {"dropout": 0.95}}, "epochs": 1},
    "evaluate": {"gates": {"metric_floor": {"auc": 0.999}}},
}


@pytest.fixture
def workspace(tmp_path):
    """A champion, and a retrain with a strong dropout, one epoch, another gate and lost values."""
    (tmp_path / "now.yaml").write_text(yaml.safe_dump(CONFIG))
    before = {**CONFIG, "train": {}, "evaluate": {}}
    (tmp_path / "before.yaml").write_text(yaml.safe_dump(before))
    old, new = (load_config(tmp_path / n).model_dump(mode="json") for n in ("before.yaml", "now.yaml"))
    curves = training(train=(0.6,), val=(0.6,), stopped="epochs")
    place = Workspace(tmp_path)
    for record in (
        champion().model_copy(update={"config": old}),
        with_settings(retrain(training=curves, findings=[found("missing_shift", "warn")])).model_copy(
            update={"config": new}
        ),
    ):
        place.run_folder(record.run_id).mkdir(parents=True)
        place.save_record(record)
    return place


def test_every_override_of_a_remedy_gives_back_the_old_settings(workspace):
    old = load_config(workspace.root / "before.yaml")
    for code, section in (("too_few_epochs", "epochs"), ("regularisation", "model")):
        _, overrides, _ = overrides_of(workspace, f"latest:{code}", "taxi")
        mended = load_config(workspace.root / "now.yaml", overrides)
        assert getattr(mended.train, section) == getattr(old.train, section)
    _, overrides, _ = overrides_of(workspace, "latest:metric_changed", "taxi")
    assert load_config(workspace.root / "now.yaml", overrides).evaluate.gates == old.evaluate.gates


def test_values_that_tuning_set_are_looked_for_again(workspace):
    """Kept values take the place of the configuration's: an override alone would change nothing."""
    record = workspace.load_record(workspace.find("latest", "taxi"))
    assert overrides_of(workspace, "latest:regularisation", "taxi")[2] is False
    tuning = Tuning(
        model="wide_deep",
        search={"dropout": {"low": 0.0, "high": 0.9}},
        method="random",
        seed=0,
        trials=[],
        best=None,
        values={"dropout": 0.9},
        stopped="trials",
    )
    workspace.save_record(record.model_copy(update={"tuning": tuning}))
    _, overrides, again = overrides_of(workspace, "latest:regularisation", "taxi")
    assert again
    assert overrides
    assert overrides_of(workspace, "latest:too_few_epochs", "taxi")[2] is False
    shown = printed(why(diagnose_in(workspace, workspace.load_record(record.run_id))))
    assert "--tune" in shown


def test_without_a_number_it_is_the_first_cause(workspace):
    assert overrides_of(workspace, "latest", "taxi") == overrides_of(workspace, "latest:1", "taxi")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("latest:missing_values", "no setting mends this. Mend fare."),
        ("latest:99", "is no cause of run .* There are: 1 "),
        ("latest:outliers", "is no cause of run"),
    ],
)
def test_what_cannot_be_applied_says_why(workspace, wanted, says):
    with pytest.raises(UsageError, match=says):
        overrides_of(workspace, wanted, "taxi")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("train.model", "wide_deep"),
        ("train.class_weights", "balanced"),
        ("train.early_stopping", None),
        ("train.reduce_lr", None),
    ]
    + [(p, None) for p in ("evaluate.gates", "transform.impute", "transform.augment", "data.split")],
)
def test_what_is_written_as_an_override_is_what_the_configuration_had(tmp_path, path, text):
    (tmp_path / "retrain.yaml").write_text(yaml.safe_dump({**CONFIG, "train": {"model": "wide_deep"}}))
    config = load_config(tmp_path / "retrain.yaml").recipe
    value = config
    for part in path.split("."):
        value = value[part]
    if text is not None:
        assert written(value) == text
    again = load_config(tmp_path / "retrain.yaml", [f"{path}={written(value)}"]).recipe
    assert again == config
