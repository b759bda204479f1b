"""Tuned values in the workspace: found again, until somebody asks for others."""

import json

import pytest

from components.tuning_kept import read_kept
from pipeline import tuned
from pipeline.commands.run import run_command
from pipeline.errors import UsageError
from pipeline.job import TUNED
from schemas.config import ConfigError, parse_config
from schemas.run_record import Trial, Tuning
from tests import factories

TRIALS = [Trial(number=1, values={}, loss=0.5), Trial(number=2, values={"l2": 0.1}, loss=0.4)]


def config(**train):
    data = {"source": {"csv": "x"}, "label": "big_tipper"}
    return parse_config({"name": "taxi", "data": data, "train": {"tune": True, **train}})


def document(path, **changes):
    rest = {"model": "wide_deep", "search": {}, "method": "random", "seed": 0, "stopped": "trials"}
    made = Tuning(trials=TRIALS, best=2, values=TRIALS[1].values, **rest).model_copy(update=changes)
    path.write_text(made.model_dump_json())
    return path


@pytest.fixture
def run(tmp_path):
    """One tuning after the other, as runs do it."""

    def one(name, **changes):
        order = tuned.order(tmp_path, config(), factories.contract())
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        given = {"generation": order.generation, **changes}
        said = tuned.keep(tmp_path, "taxi", order, document(tmp_path / f"{name}.json", **given), folder, 8)
        return order, said

    return one


def test_values_are_kept_with_the_run_that_found_them(run, tmp_path):
    order, said = run("r1")
    assert (order.generation, said) == (0, {"run": "r1", "span": 8})
    kept = read_kept(order.kept)
    assert (kept.run, kept.span, kept.values) == ("r1", 8, {"l2": 0.1})
    assert json.loads((tmp_path / "runs" / "r1" / TUNED).read_text())["best"] == 2


def test_a_later_run_gets_the_same_order_so_that_caches_hold(run):
    first, _ = run("r1")
    second, said = run("r2")
    assert second == first
    assert said == {"run": "r1", "span": 8}


def test_asked_again_it_is_a_new_search_once(run, tmp_path):
    run("r1")
    tuned.ask_again(tmp_path, "taxi", "a diagnosis says so")
    order, said = run("r2")
    assert (order.generation, said["run"], read_kept(order.kept).run) == (1, "r2", "r2")
    assert not tuned.request_path(tmp_path, "taxi").exists()
    assert run("r3")[0].generation == 1


def test_a_request_outlives_a_run_that_was_killed(run, tmp_path):
    run("r1")
    tuned.ask_again(tmp_path, "taxi", "asked")
    orders = [tuned.order(tmp_path, config(), factories.contract()) for _ in range(2)]
    assert [o.generation for o in orders] == [1, 1]


def test_a_search_without_a_result_is_not_kept(run, tmp_path):
    order, _ = run("r1", best=None, values={})
    assert read_kept(order.kept) is None


def test_finished_trials_are_removed_when_the_search_has_ended(run, tmp_path):
    left = tuned.folder(tmp_path, "taxi") / "trials" / "abc"
    left.mkdir(parents=True)
    run("r1")
    assert not left.exists()


def test_values_belong_to_model_search_and_columns_but_not_to_budgets_or_training(tmp_path):
    columns = factories.contract()
    plain = tuned.key(config(), columns)
    assert plain == tuned.key(config(tune={"trials": 3, "minutes": None}, epochs=7), columns)
    fewer = columns.model_copy(update={"features": columns.features[1:]})
    keys = [plain, tuned.key(config(), fewer), tuned.key(config(model="mlp"), columns)]
    keys += [tuned.key(config(tune={"search": ["l2"]}), columns), tuned.key(config(tune={"seed": 3}), columns)]
    assert len(set(keys)) == len(keys)


def test_a_replay_takes_kept_values_again_or_makes_as_many_trials(tmp_path):
    assert tuned.order_again(tmp_path, config(tune=None), tmp_path) is None
    document(tmp_path / TUNED, reused=True, generation=2)
    order = tuned.order_again(tmp_path, config(), tmp_path)
    assert (order.kept, order.generation) == (str(tmp_path / TUNED), 2)
    document(tmp_path / TUNED)
    order = tuned.order_again(tmp_path, config(), tmp_path)
    assert (order.kept, order.limit) == ("", 2)


def test_without_tuning_there_is_no_order(tmp_path):
    assert tuned.order(tmp_path, config(tune=None), factories.contract()) is None


def test_a_search_that_does_not_fit_the_chosen_model_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="wide_deep has nothing of this name"):
        tuned.order(tmp_path, config(tune={"search": ["filters"]}), factories.contract())


def test_asking_for_tuning_where_it_is_off_is_a_usage_error(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("name: x\ndata: {source: {csv: 'x-{SPAN}.csv'}, label: y}\n")
    with pytest.raises(UsageError, match=r"--tune: train\.tune is off"):
        run_command(path, None, [], [], None, None, False, False, True, tune=True)
