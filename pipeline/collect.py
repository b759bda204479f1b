"""From what a run left behind (events and artifacts, also of a crash) to its `RunRecord`. Imports neither TFX nor TensorFlow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.rollback import name_of
from components.served import served, version_of
from pipeline.job import STAGES, Event, stages_for
from schemas.evidence import DataEvidence, ModelEvidence
from schemas.features import FeatureContract
from schemas.findings import Finding
from schemas.run_record import (
    DataFile,
    FrozenTest,
    LearnedFeature,
    ModelFile,
    Pushed,
    RunRecord,
    Stage,
    StageState,
    Status,
    Training,
    Tuning,
)

DOCUMENT = "document.json"
#: Stages that remember spans, and the output whose document says which.
REMEMBERING = {"statistics": "statistics", "inspect_data": "findings"}


def _document(stages: dict[str, Stage], stage: str, output: str) -> Any:
    """The JSON document of a stage's output, or None when the stage did not get that far."""
    uri = stages[stage].artifacts.get(output) if stage in stages else None
    path = Path(uri) / DOCUMENT if uri else None
    return json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else None


def stages_of(events: list[Event], names: Sequence[str] = STAGES) -> dict[str, Stage]:
    """The named stages with their last known state; one that was running when the worker ended has failed."""
    stages = {name: Stage(name=name) for name in names}
    for event in events:
        if event.kind == "stage" and event.stage in stages:
            stages[event.stage] = Stage(
                name=event.stage, state=StageState(event.state), seconds=event.seconds, artifacts=event.artifacts
            )
    for name, stage in stages.items():
        if stage.state is StageState.RUNNING:
            stages[name] = stage.model_copy(update={"state": StageState.FAILED})
    for name, output in REMEMBERING.items():
        if name in stages and stages[name].state is StageState.DONE and (found := _document(stages, name, output)):
            stages[name] = stages[name].model_copy(update={"spans_reused": found.get("reused", [])})
    return stages


def collect(record: RunRecord, events: list[Event], serving: Path) -> RunRecord:
    """Fills a record in from events and the artifacts they name; the status, the findings and the numbers follow from them."""
    stages = stages_of(events, stages_for(record.config))
    update: dict[str, Any] = {"stages": list(stages.values())}
    for event in events:
        if event.kind == "plan":
            update |= _planned(event.data)
    update["findings"] = _findings(stages, events)
    update |= _data(stages) | _model(stages) | _tuning(stages, events, record.run_id)
    if (report := _document(stages, "ingest", "report")) and update.get("frozen"):
        update["frozen"] = update["frozen"].model_copy(update={"held": report["held"]})
    update |= _champion(update.get("evaluation"), serving) | _warm_start(update.get("training"), serving)
    update["digests"] = _digests(stages, events)
    error = next((e for e in events if e.kind == "error"), None)
    status, pushed = _status(stages, events, error, record.until)
    now = served(str(serving))
    update |= {
        "status": status,
        "exit_code": status.exit_code,
        "pushed": pushed,
        "served": Pushed(version=now["version"], path=now["path"]) if now else None,
        "failed_stage": error.stage if error and status is not Status.BLOCKED else None,
        "error": error.message if error else None,
    }
    if status is Status.FAILED and error is None:
        running = [e.stage for e in events if e.kind == "stage" and e.state == "running"]
        update |= {
            "failed_stage": running[-1] if running else None,
            "error": "The worker process ended without a word (killed?).",
        }
    return record.model_copy(update=update)


def _planned(data: dict[str, Any]) -> dict[str, Any]:
    files = [DataFile.model_validate(f) for f in data["plan"]["files"]]
    digest = hashlib.sha256(json.dumps([[f.span, f.bytes, f.sha256] for f in files]).encode()).hexdigest()
    window = sorted({f.span for f in files})
    contract = FeatureContract.model_validate(data["contract"])
    made_from = [ModelFile.model_validate(f) for f in data.get("model_files", [])]
    frozen = FrozenTest.model_validate(data["frozen"]) if "frozen" in data else None
    return {
        "files": files,
        "model_files": made_from,
        "data_digest": digest,
        "window": window,
        "span": window[-1],
        "contract": contract,
        "frozen": frozen,
    }


def _findings(stages: dict[str, Stage], events: list[Event]) -> list[Finding]:
    """Of the data, of Transform and its augmentation, then of the model; as a gate judged them, when one did."""
    blocked = {e.stage: e.findings for e in events if e.kind == "error" and e.findings}
    of_data = _judged(stages, ("inspect_data", "findings"), ("require_ok", "accepted"))
    of_audit = _judged(stages, ("augment", "audit"), ("augmentation_ok", "accepted"))
    noticed = [f for e in events if e.kind in ("plan", "notice") for f in e.findings]
    early = [f for stage, found in blocked.items() if stage not in ("require_ok", "augmentation_ok") for f in found]
    tuning = _document(stages, "tuner", "tuner_results") or {"findings": []}
    gates = _document(stages, "judge_model", "gates") or {"findings": []}
    warm_start = ((_training(stages) or {}).get("training") or {}).get("warm_start") or {}
    pusher = _document(stages, "pusher", "pushed_model") or {"findings": []}
    return [
        *noticed,
        *early,
        *blocked.get("require_ok", of_data),
        *(f for feature in _learned(stages) for f in feature.findings),
        *blocked.get("augmentation_ok", of_audit),
        *(Finding.model_validate(f) for f in warm_start.get("findings", [])),
        *(Finding.model_validate(f) for f in tuning["findings"]),
        *(Finding.model_validate(f) for f in gates["findings"]),
        *(Finding.model_validate(f) for f in pusher["findings"]),
    ]


def _judged(stages: dict[str, Stage], found: tuple[str, str], accepted: tuple[str, str]) -> list[Finding]:
    document, judged = _document(stages, *found) or {"findings": []}, _document(stages, *accepted)
    return [Finding.model_validate(f) for f in (judged["judged"] if judged else document["findings"])]


def _data(stages: dict[str, Stage]) -> dict[str, Any]:
    document = _document(stages, "inspect_data", "findings")
    return {"data": DataEvidence.model_validate(document["evidence"])} if document else {}


def learned_path(transform_graph: str) -> Path:
    """The asset with what Transform learned."""
    return Path(transform_graph) / "transform_fn" / "assets" / "learned"


def _learned(stages: dict[str, Stage]) -> list[LearnedFeature]:
    """What Transform learned; empty when the run did not get that far."""
    graph = stages["transform"].artifacts.get("transform_graph")
    if not graph or not learned_path(graph).exists():
        return []
    with learned_path(graph).open("rb") as file:
        return [LearnedFeature.model_validate(f) for f in json.loads(file.readline())]


def _tuning(stages: dict[str, Stage], events: list[Event], run_id: str) -> dict[str, Any]:
    """The search, and whose it is: a cached stage has the values of an earlier run, too."""
    document = _document(stages, "tuner", "tuner_results")
    if not document:
        return {}
    of = next((e.data for e in reversed(events) if e.stage == "tuner" and "run" in e.data), {})
    found = Tuning.model_validate(document | of)
    return {"tuning": found.model_copy(update={"reused": found.reused or (found.run or run_id) != run_id})}


def _model(stages: dict[str, Stage]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    out["learned"] = _learned(stages)
    training = _training(stages)
    if training:
        out["training"] = Training.model_validate(training["training"])
    gates = _document(stages, "judge_model", "gates")
    if gates:
        out["evaluation"] = ModelEvidence.model_validate(gates["evidence"])
    return out


def _champion(evaluation: ModelEvidence | None, serving: Path) -> dict[str, Any]:
    """Calls the champion by its version."""
    if evaluation is None or evaluation.champion is None:
        return {}
    name = _version_name(evaluation.champion, serving)
    return {"champion": name, "evaluation": evaluation.model_copy(update={"champion": name})}


def _warm_start(training: Training | None, serving: Path) -> dict[str, Any]:
    """Calls the model that training started from by its version too."""
    start = training.warm_start if training else None
    if training is None or start is None or start.champion is None:
        return {}
    named = start.model_copy(update={"champion": _version_name(start.champion, serving)})
    return {"training": training.model_copy(update={"warm_start": named})}


def _version_name(digest: str, serving: Path) -> str:
    number = version_of(str(serving), digest)
    return f"model {digest[:12]}" if number is None else name_of(str(serving), number)


def _training(stages: dict[str, Stage]) -> dict[str, Any] | None:
    run = stages["trainer"].artifacts.get("model_run")
    path = Path(run) / "training.json" if run else None
    return json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else None


def _digests(stages: dict[str, Stage], events: list[Event]) -> dict[str, str]:
    """SHA-256 of what a repeated run must give again, as far as the run got."""
    out: dict[str, str] = {}
    report = _document(stages, "ingest", "report")
    if report:
        out["examples"] = report["digest"]
    for event in events:
        if event.stage == "transform" and "digest" in event.data:
            out["transform"] = event.data["digest"]
    tuning = _document(stages, "tuner", "tuner_results")
    if tuning:
        found = [[t["values"], t["loss"]] for t in tuning["trials"]]
        out["tuning"] = hashlib.sha256(json.dumps([found, tuning["values"]], sort_keys=True).encode()).hexdigest()
    training = _training(stages)
    if training:
        out["weights"] = training["weights"]
    gates = _document(stages, "judge_model", "gates")
    if gates:
        candidate = [[s["slice"], s["rows"], s["labels"], s["candidate"]] for s in gates["evidence"]["slices"]]
        out["metrics"] = hashlib.sha256(json.dumps(candidate, sort_keys=True).encode()).hexdigest()
    return out


def _status(
    stages: dict[str, Stage], events: list[Event], error: Event | None, until: str | None
) -> tuple[Status, Pushed | None]:
    if error is not None:
        return {"config": Status.INVALID, "blocked": Status.BLOCKED}.get(error.problem or "", Status.FAILED), None
    if not any(e.kind == "end" for e in events):
        return Status.FAILED, None
    if until and until != STAGES[-1]:
        return Status.CHECKED, None
    result = (_document(stages, "pusher", "pushed_model") or {}).get("pushed")
    if result is None:
        return Status.NOT_BLESSED, None
    pushed = Pushed.model_validate(result)
    return (Status.NOTHING_NEW if pushed.already_there else Status.PUSHED), pushed
