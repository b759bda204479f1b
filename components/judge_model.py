"""The gate: test scores of candidate and champion become evidence, all gates judge it, and the model is blessed or not.

No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

import json
import os
from typing import Any, Optional

import numpy as np
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Model, ModelBlessing, ModelEvaluation, ModelRun
from tfx.utils import path_utils

from components import amounts, evaluation_files, metrics, plots, predictions, registry, slices
from components.artifacts import GateFindings, IngestReport, write_json
from components.champion import DIGEST
from components.cross import Previous
from components.cross_rows import no_champion, read_cross
from components.inspection import apply_accepted
from components.predictions import CANDIDATE, CHAMPION
from components.training_findings import training_findings
from schemas.config import PipelineConfig
from schemas.evidence import ModelEvidence, ServingEvidence, TrainingSummary
from schemas.findings import Finding, Severity, verdict
from schemas.run_record import Training


def read_evidence(
    evaluation: str, training: dict[str, Any], config: PipelineConfig, champion: Optional[str]
) -> ModelEvidence:
    """Model evidence from the kept predictions, in canonical row order, and from the record of training."""
    labels, scored = training["labels"], evaluation_files.read(evaluation)
    rows = predictions.read(evaluation, labels)
    scores = {name: values.astype(np.float64) for name, values in rows.scores.items()}
    thresholds = scored["thresholds"] if len(labels) == 2 else {}
    parts = {s.name: s.mask for s in slices.make(rows.columns, config.evaluate.slices)}
    chosen, resamples, seed = list(config.evaluate.metrics), config.evaluate.bootstrap, config.train.seed
    new, old = scores[CANDIDATE], scores.get(CHAMPION)
    if training.get("amounts"):
        served = None if old is None else old[:, 0]
        evidence = amounts.evaluate(rows.targets, new[:, 0], served, parts, chosen, resamples, seed)
    else:
        both = [thresholds.get(n) for n in (CANDIDATE, CHAMPION)]
        evidence = metrics.evaluate(rows.targets, new, old, parts, chosen, labels, resamples, seed, thresholds=both)
        evidence = evidence.model_copy(update={"plots": plots.plots(rows.targets, new, old, labels, both)})
    return evidence.model_copy(
        update={
            "champion": champion,
            "training": training_summary(training),
            "threshold": thresholds.get(CANDIDATE),
            "champion_threshold": thresholds.get(CHAMPION),
            "serving": ServingEvidence.model_validate(scored["serving"]) if scored["serving"] else None,
        }
    )


def training_summary(training: dict[str, Any]) -> Optional[TrainingSummary]:
    """Losses and accuracies of the epoch whose weights were kept; None when no epoch was better than none."""
    kept = next((e for e in training["epochs"] if e["epoch"] == training["best_epoch"]), None)
    if kept is None:
        return None
    measured = {n: kept.get(n) for n in ("epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy")}
    rows = {"train_rows": training.get("sample_rows", 0), "val_rows": training.get("val_rows", 0)}
    width = (training.get("amounts") or {}).get("width")
    return TrainingSummary(**measured, **rows, width=width)


def tfma_finding(blessed: bool, failures: list[str]) -> Finding:
    """Whether TFX's own Evaluator blessed the candidate."""
    code, subject = "evaluator_blessing", "TFMA"
    if blessed and not failures:
        text = "TFX's Evaluator blessed the candidate: TFMA's values reach the floors that it can judge."
        return Finding(code=code, severity=Severity.OK, subject=subject, message=text)
    why = "; ".join(f.rstrip(".") for f in failures) or "it left no blessing"
    return Finding(
        code=code,
        severity=Severity.BLOCK,
        subject=subject,
        message=f"TFX's Evaluator did not bless the candidate: {why}.",
        remedy="Compare with the run before (data findings, training curves), or correct evaluate.gates.metric_floor.",
    )


def judge(evidence: ModelEvidence, training: dict[str, Any], config: PipelineConfig) -> list[Finding]:
    """Findings on the training, and of all gates. A gate that crashes blocks."""
    found = training_findings(Training.model_validate(training), config.train)
    for name, gate in registry.build_all(config).gates.items():
        try:
            found += gate.judge(evidence)
        except Exception as error:
            message = f"{name}: the gate itself failed ({type(error).__name__}: {error})."
            found.append(
                Finding(code=name, severity=Severity.BLOCK, subject="gate", message=message, remedy="Report this.")
            )
    return [f.model_copy(update={"stage": "judge_model"}) for f in found]


def read_training(uri: str) -> dict[str, Any]:
    """What the Trainer recorded: ``training`` and ``weights``."""
    with open(os.path.join(uri, "training.json"), encoding="utf-8") as file:
        document: dict[str, Any] = json.load(file)
    return document


@component
def judge_model(
    config: Parameter[str],
    code: Parameter[str],
    previous: Parameter[str],
    accept: Parameter[str],
    report: InputArtifact[IngestReport],
    evaluation: InputArtifact[ModelEvaluation],
    model: InputArtifact[Model],
    model_run: InputArtifact[ModelRun],
    tfma_blessing: InputArtifact[ModelBlessing],
    blessing: OutputArtifact[ModelBlessing],
    gates: OutputArtifact[GateFindings],
    champion: InputArtifact[Model] = None,
) -> None:
    """Blesses the candidate or not; never fails because a model is bad.

    Args:
        config: the `PipelineConfig` as JSON.
        code: digest of our code and of the framework versions.
        previous: a `Previous` as JSON: what is known of the champion's run.
        accept: JSON object, code of a finding (or ``code:subject``) -> why it is let through this once.
        tfma_blessing: TFX's own; both must say yes.
        champion: the served model; None when nothing is served.
    """
    del code
    parsed = PipelineConfig.model_validate_json(config)
    run = read_training(model_run.uri)
    name = champion.get_string_custom_property(DIGEST) if champion else None
    evidence = read_evidence(evaluation.uri, run["training"], parsed, name)
    cross = no_champion()
    if champion:
        before = Previous.model_validate_json(previous)
        models = path_utils.serving_model_path(model.uri), path_utils.serving_model_path(champion.uri)
        cross = read_cross(evaluation.uri, report.uri, before, parsed, run["training"]["labels"], models)
    evidence = evidence.model_copy(update={"cross": cross})
    failures = evaluation_files.read(evaluation.uri)["tfma_failures"]
    findings = judge(evidence, run["training"], parsed)
    by_tfma = tfma_finding(tfma_blessing.get_int_custom_property("blessed") == 1, failures)
    findings.append(by_tfma.model_copy(update={"stage": "judge_model"}))
    findings = apply_accepted(findings, json.loads(accept))
    blessed = verdict(findings).ok
    write_json(
        gates.uri, {"evidence": evidence.model_dump(), "findings": [f.model_dump(mode="json") for f in findings]}
    )
    os.makedirs(blessing.uri, exist_ok=True)
    with open(os.path.join(blessing.uri, "BLESSED" if blessed else "NOT_BLESSED"), "w", encoding="utf-8"):
        pass
    blessing.set_int_custom_property("blessed", int(blessed))
    blessing.set_string_custom_property("current_model", model.uri)
    blessing.set_int_custom_property("current_model_id", model.id)
