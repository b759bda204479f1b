"""The Tuner's `tuner_fn`: a search with KerasTuner, in which every trial is the training of the Trainer with other settings.

KerasTuner's oracle draws the values; its own way of resuming is not used. It writes in place and repeats the trial that was cut off in
the place of the next one. Here the oracle draws the same values again, and finished trials answer from their files (`tuning_kept.Trials`),
so a killed search ends as an unbroken one.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
from keras_tuner.engine import base_tuner
from keras_tuner.errors import FailedTrialError, FatalError
from keras_tuner.oracles import BayesianOptimizationOracle, RandomSearchOracle
from tfx.components.tuner.component import TunerFnResult

from components import model_choice, training, tuning_space
from components.progress import tell
from components.tuning_kept import Trials, TuningOrder
from components.tuning_space import Dimension
from schemas.config import ConfigError, PluginSpec, Train, Tune
from schemas.findings import DataBlocked
from schemas.run_record import Trial, Tuning

STAGE = "tuner"
LOSS = "eval_loss"


class _BudgetError(FatalError):
    """Ends the search; KerasTuner passes nothing else on."""


class _Deadline(keras.callbacks.Callback):
    """Ends a training when its time is up."""

    def __init__(self, seconds: float):
        super().__init__()
        self.passed = False
        self._end = time.monotonic() + seconds

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if time.monotonic() > self._end:
            self.passed = self.model.stop_training = True


def hyperparameters(space: Mapping[str, Dimension]) -> keras_tuner.HyperParameters:
    """The search space as KerasTuner has it."""
    made = keras_tuner.HyperParameters()
    for name, d in space.items():
        if d.choices:
            made.Choice(name, list(d.choices))
            continue
        assert d.low is not None
        assert d.high is not None
        whole = isinstance(d.low, int) and isinstance(d.high, int)
        (made.Int if whole else made.Float)(name, d.low, d.high, sampling="log" if d.log else "linear")
    return made


def drawing_seed(seed: int) -> int:
    """KerasTuner takes 0 for no seed at all, and counts up from a seed, so that near ones would draw the same values."""
    return int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:4], "big") | 1


def oracle(tune: Tune, space: Mapping[str, Dimension], trials: int) -> keras_tuner.Oracle:
    """Draws values for so many trials; none of them twice."""
    common = {
        "objective": keras_tuner.Objective(LOSS, "min"),
        "max_trials": trials,
        "hyperparameters": hyperparameters(space),
        "seed": drawing_seed(tune.seed),
        "max_consecutive_failed_trials": trials + 1,  # failures are counted when all is done
    }
    if tune.method == "random":
        return RandomSearchOracle(**common)
    # KerasTuner's default, three random trials per parameter, would leave none of the usual 20 to be guided.
    return BayesianOptimizationOracle(**common, num_initial_points=max(2, trials // 3))


class Search(base_tuner.BaseTuner):
    """A search whose trials train as the Trainer does.

    Args:
        config: with `tune`, and the model's name and parameters.
        prepared: what is trained on.
        space: what is searched.
        kept: finished trials.
        limit: trials to make, whatever time it takes; None for what is configured.
        scratch: folder that KerasTuner writes its own notes to; they are not read.
    """

    def __init__(
        self,
        config: Train,
        spec: PluginSpec,
        prepared: training.Prepared,
        space: Mapping[str, Dimension],
        kept: Trials,
        limit: int | None,
        scratch: str,
    ):
        assert config.tune is not None
        self._config, self._tune, self._spec, self._prepared, self._kept = config, config.tune, spec, prepared, kept
        self._space = space
        self._minutes = None if limit else self._tune.minutes
        self._most = limit or self._tune.trials
        self._stopped = "trials"
        self.trials: list[Trial] = []
        drawn = oracle(self._tune, space, max(1, self._most - 1))
        drawn.verbose = 0
        super().__init__(drawn, directory=scratch, project_name="search", overwrite=True)

    def search(self, *args: Any, **kwargs: Any) -> None:
        """The configuration as it is first, then what the oracle draws, until trials, time or space run out."""
        try:
            self._run({})
            if self._most > 1:
                super().search(*args, **kwargs)
        except _BudgetError:
            self._stopped = "minutes"
        else:
            self._stopped = "trials" if len(self.trials) == self._most else "space"

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        """See `BaseTuner.run_trial`."""
        made = self._run(dict(trial.hyperparameters.values))
        if made.loss is None:
            raise FailedTrialError(made.failed)
        return {LOSS: made.loss}

    def document(self) -> Tuning:
        """What was found."""
        best = best_of(self.trials)
        return Tuning(
            model=self._spec.name,
            search={n: d.plain() for n, d in self._space.items()},
            method=self._tune.method,
            seed=self._tune.seed,
            trials=self.trials,
            best=best.number if best else None,
            values=best.values if best else {},
            stopped=self._stopped,
        )

    def _run(self, values: dict[str, Any]) -> Trial:
        number = len(self.trials) + 1
        made = self._kept.read(number)
        if made is None or made.values != values:
            made = self._trained(number, values)
            self._kept.write(made)
        self.trials.append(made)
        tell(STAGE, told(made, self._most, best_of(self.trials)))
        return made

    def _seconds_left(self) -> float:
        if self._minutes is None:
            return math.inf
        return self._minutes * 60 - sum(t.seconds for t in self.trials)

    def _trained(self, number: int, values: dict[str, Any]) -> Trial:
        """Trains once.

        Raises:
            _BudgetError: when the time of all trials is up before this one has ended.
            DataBlocked, ConfigError: as the trainer would, when the configuration as it is cannot be trained on these data.
        """
        left, own = self._seconds_left(), (self._tune.trial_minutes or math.inf) * 60
        if left <= 0:
            raise _BudgetError
        deadline, began = _Deadline(min(left, own)), time.monotonic()
        keras.backend.clear_session()
        try:
            config = tuning_space.apply(self._config, self._spec, values)
            _, made, _ = training.train(self._prepared, config, also=[deadline])
        except Exception as error:  # a setting that cannot be trained is a result, not an accident
            if not values and isinstance(error, DataBlocked | ConfigError):
                raise  # what data or configuration forbid, no other setting allows
            return Trial(number=number, values=values, loss=None, failed=_sentence(error), seconds=_since(began))
        seconds, failed = _since(began), _failure(made)
        if deadline.passed and left <= own:
            raise _BudgetError
        if deadline.passed:
            failed = f"It took longer than train.tune.trial_minutes: {self._tune.trial_minutes:g}."
        loss = None if failed else made.epochs[made.best_epoch - 1].val_loss
        return Trial(
            number=number,
            values=values,
            loss=loss,
            epochs=len(made.epochs),
            best_epoch=made.best_epoch,
            parameters=made.parameters,
            seconds=seconds,
            failed=failed,
        )


def best_of(trials: list[Trial]) -> Trial | None:
    """The trial with the lowest loss, the first of equals: the configuration stays as it is unless something is better."""
    return min((t for t in trials if t.loss is not None), key=lambda t: (t.loss, t.number), default=None)


def told(made: Trial, most: int, best: Trial | None) -> str:
    """One trial in one line."""
    values = ", ".join(f"{n} {v:.3g}" if isinstance(v, float) else f"{n} {v}" for n, v in made.values.items())
    result = f"failed. {made.failed}" if made.loss is None else f"eval loss {made.loss:.4f}"
    lead = "" if best is None or best.number == made.number else f" (best {best.loss:.4f}, trial {best.number})"
    return f"trial {made.number} of {most}: {result}{lead}; {values or 'as configured'}"


def _failure(made: Any) -> str | None:
    if made.stopped == "nan":
        return f"The loss was not finite any more in epoch {len(made.epochs)}."
    if made.best_epoch < 1:
        return "No epoch had a finite loss on eval."
    return None


def _sentence(error: Exception) -> str:
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text[:200]}"


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


def digest(settings: Mapping[str, str], order: TuningOrder, prepared: training.Prepared) -> str:
    """Of all that trials depend on: the settings but for the budget of all trials, and the rows that are trained and judged on."""
    train = json.loads(settings["train"])
    for budget in ("trials", "minutes"):
        train["tune"].pop(budget, None)
    plain = {**settings, "train": json.dumps(train, sort_keys=True), "tuning": str(order.generation)}
    # How many trials there are changes what a guided search begins with.
    if train["tune"]["method"] == "bayesian":
        plain["trials"] = str(json.loads(settings["train"])["tune"]["trials"])
    found = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for rows in (prepared.feed.rows, prepared.val):
        for name, values in [
            *sorted(rows.inputs.items()),
            ("keys", rows.keys),
            ("weights", rows.weights),
            ("amounts", rows.amounts),
        ]:
            found.update(f"{name} {None if values is None else values.shape}\n".encode())
            if values is not None:
                found.update(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
        found.update("\n".join(rows.labels.tolist()).encode())
    return found.hexdigest()


def tuner_fn(fn_args: Any) -> TunerFnResult:
    """Called by TFX's Tuner; `custom_config` is the trainer's (see `training.run_fn`), with ``tuning``, a `TuningOrder` as JSON."""
    settings = dict(fn_args.custom_config)
    order = TuningOrder.model_validate_json(settings["tuning"])
    prepared = training.prepare(fn_args)
    config = prepared.config
    spec, _ = model_choice.settle(config.model, model_choice.kinds_of(prepared.inputs))
    kept = Trials(Path(order.trials) / digest(settings, order, prepared))
    space = tuning_space.space(config, spec)
    search = Search(config, spec, prepared, space, kept, order.limit, fn_args.working_dir)
    return TunerFnResult(tuner=search, fit_kwargs={})
