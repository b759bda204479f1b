"""Remedies of runs with tuned values: what an override would not change is not offered as one."""

import pytest

from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.tuned_remedy import for_tuned
from schemas.diagnosis import Remedy
from schemas.run_record import Trial, Tuning
from tests.pipeline.diagnosis.cases import champion, retrain, training, with_settings


def tuned(**values):
    trials = [Trial(number=1, values=values, loss=0.4)]
    rest = {"model": "mlp", "search": {}, "method": "random", "seed": 1, "stopped": "trials"}
    return Tuning(trials=trials, best=1, values=values, **rest)


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"learning_rate": 0.1}, ("train.epochs=9", "train.model={mlp: {}}")),
        ({"width": 16}, ("train.learning_rate=0.01", "train.epochs=9")),
        ({"learning_rate": 0.1, "width": 16}, ("train.epochs=9",)),
    ],
)
def test_only_overrides_of_tuned_values_go(values, kept):
    given = Remedy(text="Mend it.", overrides=("train.learning_rate=0.01", "train.epochs=9", "train.model={mlp: {}}"))
    found = for_tuned(given, tuned(**values))
    assert found.overrides == kept
    assert found.text.startswith("Mend it. train.")
    assert "--tune" in found.text


@pytest.mark.parametrize("tuning", [None, tuned(), tuned(batch_size=64)])
def test_without_such_a_value_the_remedy_is_as_it_was(tuning):
    given = Remedy(text="Mend it.", overrides=("train.learning_rate=0.01", "data.split.stratify=true"))
    assert for_tuned(given, tuning) == given


def test_a_diagnosis_of_a_tuned_learning_rate_says_tune():
    curves = training(train=(0.6, 0.9, 0.7, 0.95), val=(0.6, 0.9, 0.7, 0.95))
    before = with_settings(champion(), train__learning_rate=0.001)
    after = with_settings(retrain(training=curves), train__learning_rate=0.1)

    def remedy(run):
        return next(c.remedy for c in diagnose(run, before).causes if c.code == "learning_rate_high")

    assert remedy(after).overrides == ("train.learning_rate=0.001",)
    found = remedy(after.model_copy(update={"tuning": tuned(learning_rate=0.1)}))
    assert found.overrides == ()
    assert "--tune" in found.text
