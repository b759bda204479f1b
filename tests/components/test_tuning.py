"""The search: every trial trains as the trainer does, and a search that was killed ends as one that was not."""

import json
import math
import time
from types import SimpleNamespace

import numpy as np
import pytest

from components.tuning_kept import Trials, TuningOrder, read_kept
from schemas.config import PluginSpec, Train
from schemas.features import FeatureContract
from schemas.findings import DataBlocked, Severity
from schemas.run_record import Epoch, Training, Trial, Tuning
from tests.components.models.rows import TABLE, make_rows

pytest.importorskip("keras")

from components import training, tuning, tuning_space
from components.batches import Feed
from components.objective import Classes
from components.tuner import judged, reused

SPEC = PluginSpec(name="mlp")
SEARCH = {"learning_rate": {"low": 1e-3, "high": 0.1, "log": True}, "width": [4, 8, 16], "dropout": [0.0, 0.2]}
COLUMNS = [("a", "float", "numeric"), ("b", "float", "numeric"), ("c", "float", "numeric")]
COLUMNS += [("d", "string", "categorical"), ("e", "string", "categorical")]


def prepared(folder, config):
    """Three numbers and two categories, as the trainer would have loaded them."""
    features = [{"name": n, "type": t, "kind": k, "reason": "told"} for n, t, k in COLUMNS]
    contract = FeatureContract.model_validate({"label": "y", "label_type": "int", "features": features})
    asset = folder / "learned"
    asset.write_text("[]\n")
    settings = {
        "contract": contract.model_dump_json(),
        "train": config.model_dump_json(),
        "indicator": "false",
        "model_files": "[]",
        "augment": "",
        "code": "1",
    }
    feed = Feed(make_rows(TABLE, 200), ["0", "1", "2"], config.seed)
    return training.Prepared(
        config,
        settings,
        contract,
        None,
        str(asset),
        TABLE,
        feed,
        make_rows(TABLE, 60, 1),
        champion=None,
        aim=Classes(["0", "1", "2"]),
    )


def config(**tune):
    return Train(model=SPEC, epochs=2, batch_size=64, tune={"trials": 3, "search": SEARCH, **tune})


@pytest.fixture(autouse=True)
def _deterministic():
    training.tf.config.experimental.enable_op_determinism()


def search(folder, of, limit=None):
    """A search that has not begun; its finished trials are in `folder`."""
    data = prepared(folder, of)
    kept = Trials(folder / "trials")
    return tuning.Search(of, SPEC, data, tuning_space.space(of, SPEC), kept, limit, str(folder / "scratch"))


def done(folder, of, limit=None):
    made = search(folder, of, limit)
    made.search()
    return made.document()


def timeless(found):
    return [t.model_copy(update={"seconds": 0.0}) for t in found.trials]


def pretended(prepared, config, also=()):
    """A training that takes no time: its loss depends on the settings alone, and learning rates above 1 diverge."""
    loss = abs(math.log(config.learning_rate / 0.02)) + config.model.params.get("dropout", 0.1)
    stopped = "nan" if config.learning_rate > 1 else "epochs"
    for callback in also:
        time.sleep(0.001)  # longer than the smallest budgets
        callback.set_model(SimpleNamespace(stop_training=False))
        callback.on_train_batch_end(0)
    epochs = [Epoch(epoch=1, loss=1.0, val_loss=loss), Epoch(epoch=2, loss=1.0, val_loss=loss + 1)]
    return None, Training(epochs=epochs, best_epoch=1, stopped=stopped, class_weights={}, parameters=9, labels=[]), None


@pytest.fixture
def quick(monkeypatch):
    """Trainings that take no time."""
    monkeypatch.setattr(training, "train", pretended)
    monkeypatch.setattr(tuning.keras.backend, "clear_session", lambda: None)  # half a second of garbage collection


def test_trials_train_as_the_trainer_does(tmp_path):
    of = config(trials=2)
    found = done(tmp_path, of)
    assert [t.number for t in found.trials] == [1, 2]
    assert found.trials[0].values == {}
    assert set(found.trials[1].values) == set(SEARCH)
    assert found.stopped == "trials"
    best = min(found.trials, key=lambda t: t.loss)
    assert (found.best, found.values) == (best.number, best.values)
    again = tuning_space.apply(of, SPEC, found.trials[1].values)
    _, made, _ = training.train(prepared(tmp_path, of), again)
    assert made.epochs[made.best_epoch - 1].val_loss == found.trials[1].loss


@pytest.mark.parametrize("method", ["random", "bayesian"])
def test_a_killed_search_ends_as_an_unbroken_one_and_repeats_no_finished_trial(tmp_path, monkeypatch, quick, method):
    of, count = config(trials=6, method=method), []
    (tmp_path / "whole").mkdir()
    (tmp_path / "broken").mkdir()
    whole = done(tmp_path / "whole", of)

    def killed(*arguments, also):
        count.append(1)
        if len(count) == 5:
            raise KeyboardInterrupt
        return pretended(*arguments, also)

    monkeypatch.setattr(training, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        done(tmp_path / "broken", of)
    after = done(tmp_path / "broken", of)
    assert len(count) == 5 + 2
    assert timeless(after) == timeless(whole)
    assert (after.best, after.values) == (whole.best, whole.values)


def test_seeds_draw_other_values_also_0_and_neighbours(tmp_path, quick):
    drawn = []
    for number, seed in enumerate((0, 0, 1, 3)):
        folder = tmp_path / str(number)
        folder.mkdir()
        drawn.append([json.dumps(t.values) for t in done(folder, config(seed=seed, trials=6)).trials[1:]])
    assert drawn[0] == drawn[1]
    assert len({v for values in drawn[1:] for v in values}) == 15


def test_a_damaged_file_of_a_trial_is_trained_again(tmp_path, quick):
    whole = done(tmp_path, config())
    (tmp_path / "trials" / "0002.json").write_text('{"number": 2, "val')
    assert timeless(done(tmp_path, config())) == timeless(whole)


def test_a_trial_that_diverges_is_a_result(tmp_path, quick):
    found = done(tmp_path, config(search={"learning_rate": [10, 20]}))
    assert [t.loss is None for t in found.trials] == [False, True, True]
    assert "not finite" in found.trials[1].failed
    assert (found.best, found.values) == (1, {})


def raising(error):
    def train(*_, also):
        raise error

    return train


def test_what_data_forbid_stops_the_search_with_its_own_finding(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "train", raising(DataBlocked([])))
    with pytest.raises(DataBlocked):
        done(tmp_path, config())


def test_a_trial_that_cannot_be_trained_is_a_result(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "train", raising(MemoryError("no room\nmore")))
    found = done(tmp_path, config())
    assert [t.failed for t in found.trials] == ["MemoryError: no room"] * 3
    assert (found.best, found.values) == (None, {})


def test_a_small_space_ends_the_search(tmp_path, quick):
    found = done(tmp_path, config(trials=9, search={"dropout": [0.0, 0.2]}))
    assert (found.stopped, len(found.trials)) == ("space", 3)


def test_the_budget_in_minutes_cuts_and_a_replay_does_not_look_at_it(tmp_path, quick):
    of = config(minutes=1e-6)
    found = done(tmp_path, of)
    assert (found.stopped, found.trials, found.best) == ("minutes", [], None)
    again = done(tmp_path, of, limit=2)
    assert (again.stopped, len(again.trials)) == ("trials", 2)


def test_time_of_trials_before_a_kill_counts(tmp_path, quick):
    Trials(tmp_path / "trials").write(Trial(number=1, values={}, loss=0.5, seconds=70))
    found = done(tmp_path, config(minutes=1))
    assert (found.stopped, [t.number for t in found.trials], found.best) == ("minutes", [1], 1)


def test_a_trial_beyond_its_own_time_fails(tmp_path):
    # A real training: the callback must end it.
    found = done(tmp_path, config(trial_minutes=1e-6, trials=1))
    assert [t.failed for t in found.trials] == ["It took longer than train.tune.trial_minutes: 1e-06."]


def test_trials_belong_to_settings_and_rows_and_not_to_the_budget(tmp_path):
    of = config()
    data, order = prepared(tmp_path, of), TuningOrder(kept="", trials="")

    def key(tune=None, order=order, data=data, **settings):
        train = json.loads(data.settings["train"])
        train["tune"] |= tune or {}
        return tuning.digest({**data.settings, "train": json.dumps(train), **settings}, order, data)

    assert key() == key(tune={"trials": 99, "minutes": None})
    others = prepared(tmp_path, of)
    others.feed.rows.inputs["numeric"][0, 0] += 1
    keys = [key(), key(tune={"seed": 1}), key(code="2"), key(order=order.model_copy(update={"generation": 1}))]
    keys += [key(data=others), key(tune={"method": "bayesian"}), key(tune={"method": "bayesian", "trials": 9})]
    assert len(set(keys)) == len(keys)


def tuned(trials, **more):
    best = min((t for t in trials if t.loss is not None), key=lambda t: t.loss, default=None)
    rest = {"model": "mlp", "search": {}, "method": "random", "seed": 0, "values": {}, "stopped": "trials"}
    return Tuning(trials=trials, best=best.number if best else None, **(rest | more))


TRIALS = [Trial(number=1, values={}, loss=0.5), Trial(number=2, values={"l2": 0.1}, loss=0.4)]
FAILED = [Trial(number=n, values={}, loss=None, failed="It broke.") for n in (1, 2)]


def test_findings_say_what_came_out():
    (found,) = judged(tuned(TRIALS), config(), True).findings
    assert (found.code, found.severity) == ("tuning", Severity.OK)
    assert found.message == "2 trials: the lowest loss on eval is 0.4000 (trial 2; 0.5000 as configured)."
    (found,) = judged(tuned([FAILED[0], TRIALS[1]]), config(), True).findings
    assert found.message.startswith("2 trials, 1 of them failed: the lowest loss on eval is 0.4000")
    assert "span 4" in reused(tuned(TRIALS, run="r1", span=4)).message


def test_a_search_in_which_all_failed_blocks():
    with pytest.raises(DataBlocked) as error:
        judged(tuned(FAILED), config(), True)
    (found,) = error.value.findings
    assert (found.code, found.severity, found.stage) == ("tuning_failed", Severity.BLOCK, "tuner")
    assert "It broke." in found.message


@pytest.mark.parametrize(("trials", "told"), [(TRIALS, "another machine"), ([], "taken as it is")])
def test_a_search_that_was_cut_short_warns_but_not_in_a_replay(trials, told):
    (found,) = judged(tuned(trials, stopped="minutes"), config(), True).findings
    assert (found.code, found.severity) == ("tuning_budget", Severity.WARN)
    assert told in found.message


def test_kept_values_of_an_older_generation_do_not_count(tmp_path):
    path = tmp_path / "kept.json"
    assert read_kept(str(path)) is None
    path.write_text(tuned(TRIALS, generation=1).model_dump_json())
    assert read_kept(str(path), 1).best == 2
    assert read_kept(str(path), 2) is None
    path.write_text("{}")
    assert read_kept(str(path)) is None


def test_lines_about_trials_are_short():
    lines = [tuning.told(t, 2, TRIALS[1]) for t in TRIALS]
    assert lines == [
        "trial 1 of 2: eval loss 0.5000 (best 0.4000, trial 2); as configured",
        "trial 2 of 2: eval loss 0.4000; l2 0.1",
    ]
    assert tuning.told(FAILED[0], 2, None) == "trial 1 of 2: failed. It broke.; as configured"
    assert np.isfinite(tuning.best_of(TRIALS).loss)
