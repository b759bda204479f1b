"""Tuner as a node: TFX's, with an executor that uses kept values again, and leaves all trials with their findings."""

from __future__ import annotations

import json
import os
from typing import Any

from tfx.components.tuner.component import Tuner as StockTuner
from tfx.components.tuner.executor import search
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.types import artifact_utils

from components.artifacts import write_json
from components.tuning_kept import TuningOrder, read_kept
from schemas.config import Train
from schemas.findings import DataBlocked, Finding, Severity
from schemas.run_record import Tuning


class Executor(base_executor.BaseExecutor):
    """Writes the best values, where the Trainer reads them, and the document of the tuning.

    TFX's own executor always searches, and takes the best of a search in which everything failed for a result.
    """

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        """See `tfx.dsl.components.base.base_executor.BaseExecutor.Do`.

        Raises:
            DataBlocked: when every trial failed.
        """
        settings = json.loads(exec_properties["custom_config"])
        order = TuningOrder.model_validate_json(settings["tuning"])
        kept = read_kept(order.kept, order.generation)
        if kept is None:
            made: Any = search(input_dict, exec_properties, self._get_tmp_dir(), print_tuning_summary=False)
            found = made.document().model_copy(update={"generation": order.generation})
            found = judged(found, Train.model_validate_json(settings["train"]), order.limit is None)
        else:
            found = kept.model_copy(update={"reused": True, "findings": [reused(kept)]})
        best = artifact_utils.get_single_uri(output_dict["best_hyperparameters"])
        os.makedirs(best, exist_ok=True)
        with open(os.path.join(best, "best_hyperparameters.txt"), "w", encoding="utf-8") as file:
            json.dump({"space": [], "values": found.values}, file, sort_keys=True)
        write_json(artifact_utils.get_single_uri(output_dict["tuner_results"]), found.model_dump(mode="json"))


class Tuner(StockTuner):
    """TFX's Tuner with our executor: same inputs, outputs and artifact types."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)


def judged(found: Tuning, config: Train, timed: bool) -> Tuning:
    """The tuning with its findings.

    Args:
        timed: whether the budget in minutes held; it does not in a replay.

    Raises:
        DataBlocked: when every trial failed.
    """
    failed = [t for t in found.trials if t.failed]
    tried = f"{len(found.trials)} trial{'s' * (len(found.trials) != 1)}"
    if found.trials and len(failed) == len(found.trials):
        message = f"train.tune: at least one trial must end with a finite loss, got {tried}, all failed. The first: {failed[0].failed}"
        remedy = "Search smaller learning rates, or correct the model; `train.tune: off` shows what the configuration alone does."
        raise DataBlocked([_finding("tuning_failed", Severity.BLOCK, message, remedy)])
    if found.stopped == "minutes" and timed and config.tune:
        message = (
            f"train.tune.minutes: {config.tune.trials} trials should end within {config.tune.minutes:g} minutes, got {len(found.trials)}; "
            + (
                "the configuration is taken as it is."
                if found.best is None
                else "another machine may come to other values."
            )
        )
        remedy = "Raise train.tune.minutes, or lower train.tune.trials or train.epochs; then run with --tune."
        return found.model_copy(update={"findings": [_finding("tuning_budget", Severity.WARN, message, remedy)]})
    return found.model_copy(update={"findings": [_finding("tuning", Severity.OK, _summary(found, tried, len(failed)))]})


def reused(kept: Tuning) -> Finding:
    """Says whose values they are."""
    run = f"run {kept.run}" + (f" (span {kept.span})" if kept.span is not None else "")
    return _finding("tuning", Severity.OK, f"The values that {run} found in {len(kept.trials)} trials are used again.")


def _summary(found: Tuning, tried: str, failed: int) -> str:
    best = next(t for t in found.trials if t.number == found.best)
    first = found.trials[0].loss
    before = "the configuration as it is failed" if first is None else f"{first:.4f} as configured"
    lost = f", {failed} of them failed" if failed else ""
    return f"{tried}{lost}: the lowest loss on eval is {best.loss:.4f} (trial {best.number}; {before})."


def _finding(code: str, severity: Severity, message: str, remedy: str = "") -> Finding:
    return Finding(code=code, severity=severity, subject="tuning", message=message, remedy=remedy, stage="tuner")
