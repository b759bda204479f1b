"""Tuned values in the workspace: which belong to a run, when they are looked for again, and what a replay needs.

`tuning/<name>/` has a file for each combination of model, search and contract, the finished trials of a search that has not ended, and,
when somebody or a diagnosis has asked for it, `again.json`: the next run with `train.tune` then tunes again, and takes it away.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from components import model_choice, tuning_space
from components.tuning_kept import TuningOrder, read_kept
from pipeline.job import TUNED
from pipeline.record_json import write_atomic
from schemas.config import PipelineConfig, PluginSpec, Train
from schemas.features import FeatureContract
from schemas.run_record import ModelFile, RunRecord, Tuning


def folder(root: Path, name: str) -> Path:
    """Everything about the tuning of one pipeline."""
    return root / "tuning" / name


def model_of(config: PipelineConfig, contract: FeatureContract) -> PluginSpec:
    """The model that will be trained: the configured one, or the one that suits the columns."""
    return model_choice.settle(config.train.model, [f.kind.value for f in contract.features])[0]


def in_force(record: RunRecord) -> dict[str, Any]:
    """The configuration that a run trained with: the recorded one, with the values that tuning found."""
    found = record.tuning
    if found is None or not found.values:
        return record.config
    configured = Train.model_validate(record.config["train"])
    spec = configured.model or PluginSpec(name=found.model)
    train = tuning_space.apply(configured, spec, found.values)
    return record.config | {"train": train.model_dump(mode="json")}


def key(config: PipelineConfig, contract: FeatureContract, files: tuple[ModelFile, ...] | list[ModelFile] = ()) -> str:
    """Identity of a tuning problem: the model, what is searched how, and the columns. Not the rows: values outlive them.

    Raises:
        ConfigError: when the search does not fit the model.
    """
    assert config.train.tune is not None
    spec = model_of(config, contract)
    facts = {
        "model": spec.model_dump(mode="json"),
        "files": [f.model_dump(mode="json") for f in files],
        "search": {n: d.plain() for n, d in tuning_space.space(config.train, spec).items()},
        "method": [config.train.tune.method, config.train.tune.seed],
        "label": contract.label,
        "columns": sorted([f.name, f.kind.value] for f in contract.features),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def kept_path(root: Path, config: PipelineConfig, contract: FeatureContract, files: Any = ()) -> Path:
    """Where the values for this problem are kept."""
    return folder(root, config.name) / f"{key(config, contract, files)}.json"


def request_path(root: Path, name: str) -> Path:
    """Where it is asked for to tune again."""
    return folder(root, name) / "again.json"


def ask_again(root: Path, name: str, reason: str) -> None:
    """Makes the next run with `train.tune` look for values again. For people (`retrain run --tune`) and for a diagnosis.

    Args:
        reason: a sentence; it stays in the file until that run has tuned.
    """
    write_atomic(request_path(root, name), json.dumps({"reason": reason}))


def order(root: Path, config: PipelineConfig, contract: FeatureContract, files: Any = ()) -> TuningOrder | None:
    """What a run asks of its tuner; None without one."""
    if config.train.tune is None:
        return None
    path = kept_path(root, config, contract, files)
    kept = read_kept(str(path))
    asked = request_path(root, config.name).exists()
    generation = (kept.generation if kept else 0) + asked
    return TuningOrder(kept=str(path), trials=str(folder(root, config.name) / "trials"), generation=generation)


def order_again(root: Path, config: PipelineConfig, recorded: Path) -> TuningOrder | None:
    """The same for the replay of a run: its values where it used kept ones, else as many trials as it made."""
    if config.train.tune is None:
        return None
    path = recorded / TUNED
    before, trials = read_kept(str(path)), str(folder(root, config.name) / "trials")
    if before is None:
        return TuningOrder(kept="", trials=trials)
    kept = str(path) if before.reused else ""
    return TuningOrder(kept=kept, trials=trials, generation=before.generation, limit=len(before.trials) or None)


def keep(
    root: Path, name: str, given: TuningOrder, document: Path, run_folder: Path, span: int
) -> dict[str, str | int | None]:
    """After the tuner: notes in the run's folder what it came to, and keeps it for later runs when it is new.

    A search without a result is not kept: the next run tries again.

    Returns:
        ``run`` and ``span`` that the values come from.
    """
    found = Tuning.model_validate_json(document.read_text(encoding="utf-8"))
    write_atomic(run_folder / TUNED, found.model_dump_json(indent=1))
    before = read_kept(given.kept, given.generation)
    if found.reused or before is not None:
        return {"run": (before or found).run, "span": (before or found).span}
    if given.kept and found.best is not None:
        known = found.model_copy(update={"run": run_folder.name, "span": span})
        write_atomic(Path(given.kept), known.model_dump_json(indent=1))
        request_path(root, name).unlink(missing_ok=True)
    shutil.rmtree(given.trials, ignore_errors=True)
    return {"run": run_folder.name, "span": span}
