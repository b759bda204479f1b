"""`RunRecord`: everything a finished, blocked or crashed run leaves behind, in one JSON document (`run.json`)."""

from __future__ import annotations

import enum
from typing import Any

from pydantic import BaseModel, ConfigDict

from schemas.evidence import DataEvidence, ModelEvidence
from schemas.features import FeatureContract
from schemas.findings import Finding

RECORD_VERSION = 1


class Record(BaseModel):
    """Base of all parts: unknown keys are errors, so a record of another version is noticed."""

    model_config = ConfigDict(extra="forbid")


class Status(str, enum.Enum):
    """How a run ended."""

    RUNNING = "running"
    PUSHED = "pushed"
    CHECKED = "checked"
    NOTHING_NEW = "nothing_new"
    BLOCKED = "blocked"
    NOT_BLESSED = "not_blessed"
    INVALID = "invalid"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> int:
        """Exit code of `retrain run` for this status (the contract in docs/architecture.md)."""
        return {"pushed": 0, "checked": 0, "nothing_new": 0, "invalid": 2, "blocked": 3, "not_blessed": 4}.get(
            self.value, 1
        )


class StageState(str, enum.Enum):
    """How a stage ended; `pending` never began."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    BLOCKED = "blocked"
    FAILED = "failed"


class Stage(Record):
    """One stage of the graph in one run.

    Attributes:
        seconds: wall time; None before it ended.
        artifacts: output name -> folder.
    """

    name: str
    state: StageState = StageState.PENDING
    seconds: float | None = None
    artifacts: dict[str, str] = {}


class DataFile(Record):
    """An input file: span it belongs to, path, size in bytes, SHA-256 of its bytes."""

    span: int
    path: str
    bytes: int
    sha256: str


class Epoch(Record):
    """What one epoch measured. Losses are means per row; `loss` is the weighted training loss, the others are not."""

    epoch: int
    loss: float
    train_loss: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    learning_rate: float | None = None
    seconds: float | None = None


class Training(Record):
    """How the model was trained.

    Attributes:
        epochs: curves, one entry an epoch, from epoch 1.
        best_epoch: the epoch whose weights were kept.
        stopped: ``early_stopping``, ``epochs`` (they ran out) or ``nan``.
        class_weights: label value -> weight of a row; empty without class weights.
        parameters: number of trainable weights.
        labels: label values in the order of the model's outputs.
        rows: rows of one epoch, copies by augmentation included.
        model: name of the model.
        model_reason: why it is this one, as a sentence.
        threshold: with two classes, the probability of the second beyond which a row is taken for it; chosen on eval, or 0.5.
        sampling: ``balanced`` when every epoch had equally many rows of each class; None when it had all rows as they are.
    """

    epochs: list[Epoch]
    best_epoch: int
    stopped: str
    class_weights: dict[str, float]
    parameters: int
    labels: list[str]
    rows: int = 0
    model: str = ""
    model_reason: str = ""
    sampling: str | None = None
    threshold: float | None = None


class LearnedFeature(Record):
    """What Transform learned about one feature, on train only. Numbers of a feature with `log` are those after the logarithm.

    Attributes:
        imputer: name of the imputer; ``zeros`` for kinds that have none (timestamp, text, image).
        fill: the value that stands in for missing ones, before scaling; None when train has no value at all, and for ``zeros``.
        present: train rows with a value.
        missing: train rows without one: as many values were filled.
        mean: mean of the present values, after cutting off (numeric).
        deviation: standard deviation of the present values, after cutting off (numeric).
        centre: what is subtracted where it is not the mean; None otherwise.
        width: what is divided by where it is not the deviation; None otherwise.
        outliers: name of the rule for values far out; None for none.
        low: lowest value that reaches the model; None for no bound.
        high: highest value that reaches the model; None for no bound.
        beyond: share of the present values outside of the bounds; None without bounds.
        log: whether the feature is taken as sign(x) log(1 + |x|).
        by: the feature whose categories have fill values of their own; `groups` is how many of them.
        coefficients: number of other features that predict it; None without a regression.
        strongest: the three largest of the coefficients, in deviations.
        vocabulary: number of categories with an index of their own (categorical).
        tokens: number of tokens with an index of their own (text).
        findings: what is doubtful about it.
    """

    name: str
    kind: str
    imputer: str
    fill: float | str | None
    present: int
    missing: int
    mean: float | None = None
    deviation: float | None = None
    centre: float | None = None
    width: float | None = None
    outliers: str | None = None
    low: float | None = None
    high: float | None = None
    beyond: float | None = None
    log: bool = False
    by: str | None = None
    groups: int | None = None
    coefficients: int | None = None
    strongest: dict[str, float] = {}
    vocabulary: int | None = None
    tokens: int | None = None
    findings: list[Finding] = []


class Pushed(Record):
    """A pushed model: its version number, its folder, and whether it was there already."""

    version: int
    path: str
    already_there: bool = False


class Explanation(Record):
    """The verdict in sentences: what happened, why, what to do."""

    headline: str
    why: list[str] = []
    remedies: list[str] = []


class RunRecord(Record):
    """Everything a run leaves behind.

    Attributes:
        run_id: unique, sorts by start time.
        until: the last stage that was asked for; None for all. Such a run ends as ``checked``.
        span: the newest span; `window` lists all spans that were read.
        digests: ``examples``, ``transform``, ``weights``, ``metrics`` -> SHA-256 (hex), as far as the run got.
        started: ISO 8601, UTC; `finished` likewise.
        error: one sentence about a failure; its stage is in `failed_stage`.
        log: path of the log file with all framework output.
    """

    record_version: int = RECORD_VERSION
    run_id: str
    name: str
    status: Status
    exit_code: int
    explanation: Explanation = Explanation(headline="")
    started: str
    finished: str | None = None
    seconds: float | None = None
    config_path: str
    config: dict[str, Any]
    config_digest: str
    workspace: str
    until: str | None = None
    span: int | None = None
    window: list[int] = []
    files: list[DataFile] = []
    data_digest: str | None = None
    stages: list[Stage] = []
    findings: list[Finding] = []
    contract: FeatureContract | None = None
    data: DataEvidence | None = None
    learned: list[LearnedFeature] = []
    training: Training | None = None
    evaluation: ModelEvidence | None = None
    champion: str | None = None
    pushed: Pushed | None = None
    served: Pushed | None = None
    digests: dict[str, str] = {}
    versions: dict[str, str] = {}
    seeds: dict[str, int] = {}
    failed_stage: str | None = None
    error: str | None = None
    log: str = ""
    report: str | None = None
