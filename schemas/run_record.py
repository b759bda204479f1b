"""`RunRecord`: everything a finished, blocked or crashed run leaves behind, in one JSON document (`run.json`)."""

from __future__ import annotations

import enum
import sys
from typing import Any

from pydantic import BaseModel, ConfigDict

from schemas.evidence import DataEvidence, ModelEvidence
from schemas.features import FeatureContract
from schemas.findings import Finding

RECORD_VERSION = 1
#: Stands for a loss or a norm that is not finite: JSON has no such number.
LARGEST = sys.float_info.max


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
        spans_reused: of a stage that ran: spans of which nothing was computed anew.
    """

    name: str
    state: StageState = StageState.PENDING
    seconds: float | None = None
    artifacts: dict[str, str] = {}
    spans_reused: list[int] = []


class StageTime(Record):
    """A stage that took longer than usual: seconds now, and the median of earlier runs."""

    name: str
    seconds: float
    usual: float


class TimeLimit(Record):
    """The limit that ended a run, and what it is to be held against.

    Attributes:
        setting: its path in the configuration, ``schedule.timeout`` or ``schedule.stage_timeouts.STAGE``; it was `seconds` long.
        stage: the stage that was at work; None between stages. It had been for `ran` seconds.
        earlier: how long the same stage, or the whole run, took in earlier runs that got through it, newest first; seconds.
        growth: size of the data in bytes, as a multiple of the largest of those runs; None where it is not known.
        slower: of the whole run: stages that took longer than usual, worst first.
    """

    setting: str
    seconds: float
    stage: str | None
    ran: float
    earlier: list[float] = []
    growth: float | None = None
    slower: list[StageTime] = []

    @property
    def whole(self) -> bool:
        """Whether it is a limit of the whole run."""
        return self.setting == "schedule.timeout"


class DataFile(Record):
    """An input file: span it belongs to, path, size in bytes, SHA-256 of its bytes."""

    span: int
    path: str
    bytes: int
    sha256: str


class ModelFile(Record):
    """A file of the user's that the model is made from: name as configured, path, size in bytes, SHA-256 of its bytes."""

    name: str
    path: str
    bytes: int
    sha256: str


class Epoch(Record):
    """What one epoch measured. `loss` is what was minimised, over the epoch; all else was measured after it, on a fixed sample of train
    and on eval alike: without augmentation, dropout, class weights and penalties. None for what cannot be measured.

    Attributes:
        train_loss: cross entropy per row, in nats (of amounts: mean squared error in squared widths); `val_loss` likewise.
        train_skill: share of the loss of knowing only how frequent classes are (of amounts: only their mean, so that it is R²) that the
            model saves, at most 1, 0 for none; both losses weighted as in training, so that class weights do not count against it.
            `val_skill` likewise; `val_skill_error` is its standard error.
        train_auc: as in evaluation, likewise `balanced_accuracy`.
        learning_rate: after the last step.
        gradient_norm: of the loss of one fixed batch of the sample, over all weights; `gradient_first` and `gradient_last` are those of
            the layers that `Training.watched` names. A norm that is not finite is `LARGEST`, as is such a `loss`.
        dead_units: share of ReLU units that are 0 for every row of the sample; None without such units.
        update_ratio: norm of the change of all trainable weights in the epoch, over their norm before.
        seconds: wall time, measuring included.
    """

    epoch: int
    loss: float
    train_loss: float | None = None
    val_loss: float | None = None
    train_skill: float | None = None
    val_skill: float | None = None
    val_skill_error: float | None = None
    train_accuracy: float | None = None
    val_accuracy: float | None = None
    train_balanced_accuracy: float | None = None
    val_balanced_accuracy: float | None = None
    train_auc: float | None = None
    val_auc: float | None = None
    learning_rate: float | None = None
    gradient_norm: float | None = None
    gradient_first: float | None = None
    gradient_last: float | None = None
    dead_units: float | None = None
    update_ratio: float | None = None
    seconds: float | None = None


class Scale(Record):
    """How the scaling of a numeric feature changed: move of its centre in old widths; new width over old one."""

    shift: float
    ratio: float


class WarmStart(Record):
    """What training with `train.warm_start` began with.

    Attributes:
        warm: whether weights were taken over; False for a cold start.
        why: a sentence.
        champion: the served model, by its digest, and by its version once the run is recorded; None when nothing was served.
        share: share of the weights that were taken over, 0 to 1.
        fresh: what began with fresh values, a sentence for each weight.
        gone: what the champion knew and the new model does not: columns, classes, vocabulary.
        moved: numeric feature -> how its scaling moved since the champion was trained.
        val_loss: loss on eval before the first epoch; None for a cold start.
        cold_val_loss: the same with fresh weights.
        findings: what is to be said about it.
    """

    warm: bool
    why: str
    champion: str | None = None
    share: float = 0.0
    fresh: list[str] = []
    gone: list[str] = []
    moved: dict[str, Scale] = {}
    val_loss: float | None = None
    cold_val_loss: float | None = None
    findings: list[Finding] = []


class Amounts(Record):
    """How a model of amounts sees its label: an output of 0 is `centre`, the mean of train, and one of 1 is a `width`, its deviation, more;
    both in the unit of the label."""

    centre: float
    width: float


class Training(Record):
    """How the model was trained.

    Attributes:
        epochs: curves, one entry an epoch, from epoch 1.
        best_epoch: the epoch whose weights were kept.
        stopped: ``early_stopping``, ``epochs`` (they ran out) or ``nan``.
        class_weights: label value -> weight of a row; empty without class weights.
        parameters: number of trainable weights.
        labels: label values in the order of the model's outputs; empty for amounts.
        amounts: centre and width of the label, where it is an amount. Losses are then in squared widths.
        rows: rows of one epoch, copies by augmentation included.
        model: name of the model.
        model_reason: why it is this one, as a sentence.
        warm_start: with which weights it began; None without `train.warm_start`.
        threshold: with two classes, the probability of the second beyond which a row is taken for it; chosen on eval, or 0.5.
        sampling: ``balanced`` when every epoch had equally many rows of each class; None when it had all rows as they are.
        sample_rows: rows of the fixed sample of train that the curves were measured on; `val_rows` those of eval.
        watched: names of the first and the last layer with weights.
        precision: data type of the arithmetic, ``float32`` or ``mixed_float16``; weights are float32 in both.
        resumed: number of epochs that a training which was killed had done, and this one took over; None for none.
    """

    epochs: list[Epoch]
    best_epoch: int
    stopped: str
    class_weights: dict[str, float]
    parameters: int
    labels: list[str]
    amounts: Amounts | None = None
    rows: int = 0
    model: str = ""
    model_reason: str = ""
    warm_start: WarmStart | None = None
    sampling: str | None = None
    sample_rows: int = 0
    val_rows: int = 0
    watched: list[str] = []
    precision: str = "float32"
    resumed: int | None = None
    threshold: float | None = None


class Trial(Record):
    """One training of the tuning.

    Attributes:
        number: from 1; the first trial is the configuration as it is.
        values: what was tried, by name; empty for the configuration as it is.
        loss: on eval, unweighted, with the weights that were kept; None when it failed.
        epochs: how many were trained; `best_epoch` is the one whose weights were kept.
        failed: why it failed, as a sentence; None when it did not.
    """

    number: int
    values: dict[str, Any]
    loss: float | None
    epochs: int = 0
    best_epoch: int = 0
    parameters: int = 0
    seconds: float = 0.0
    failed: str | None = None


class Tuning(Record):
    """A search for better settings.

    Attributes:
        model: name of the model.
        search: what was searched, by name: ``choices``, or ``low``, ``high`` and ``log``.
        method: how values were drawn, by `seed`.
        trials: in their order; what the budget in minutes cut off is not among them.
        best: number of the trial with the lowest loss; None when none was finished in time.
        values: what training takes in the place of the configuration's values; empty when that was the best.
        stopped: ``trials`` (all were made), ``minutes`` (the budget was spent) or ``space`` (there were no other values to try).
        generation: how often tuning was asked for again, with this model, search and contract.
        run: the run that tuned, `span` its newest span; None while that run is on.
        reused: whether these are the values of an earlier run.
        findings: what is to be known about it.
    """

    model: str
    search: dict[str, dict[str, Any]]
    method: str
    seed: int
    trials: list[Trial]
    best: int | None
    values: dict[str, Any]
    stopped: str
    generation: int = 0
    run: str | None = None
    span: int | None = None
    reused: bool = False
    findings: list[Finding] = []


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


class SchemaColumn(Record):
    """A column by the schema, in words; `kind` is what it is to the pipeline."""

    name: str
    type: str
    kind: str
    presence: str
    domain: str


class SchemaEntry(Record):
    """A recorded change of the schema: when (ISO 8601), who, by which run's data, and why."""

    when: str
    who: str
    run: str
    reason: str


class SchemaSeen(Record):
    """The schema that a run held its data against.

    Attributes:
        inferred: whether the run proposed it itself, from its train rows.
        columns: in the schema's order.
        before: the newest earlier run that had a schema; None for none, and on a run that proposed its own.
        changes: what is different since then, in sentences.
        accepted: the recorded changes that make that difference; empty where somebody edited the file by hand.
    """

    inferred: bool
    columns: list[SchemaColumn]
    before: str | None = None
    changes: list[str] = []
    accepted: list[SchemaEntry] = []


class Pushed(Record):
    """A pushed model: its version number, its folder, and whether it was there already."""

    version: int
    path: str
    already_there: bool = False


class FrozenTest(Record):
    """The registry of test rows as a run found it.

    Attributes:
        digest: SHA-256 of what was registered; empty before any run has trained.
        runs: runs that added rows.
        rows: rows that they held out, by what the rows say.
        held: split -> rows that it would have by `data.split`, and that were kept in test instead.
        by_time: whether rows are split by time, so that test moves on by design and nothing is held.
    """

    digest: str = ""
    runs: int = 0
    rows: int = 0
    held: dict[str, int] = {}
    by_time: bool = False


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
        digests: ``examples``, ``transform``, ``tuning`` (only with `train.tune`), ``weights``, ``metrics`` -> SHA-256 (hex), as far as
            the run got.
        started: ISO 8601, UTC; `finished` likewise.
        model_files: what a `user` or `pretrained` model is made from.
        error: one sentence about a failure; its stage is in `failed_stage`.
        time_limit: the limit that ended it; None for none.
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
    schema_seen: SchemaSeen | None = None
    frozen: FrozenTest | None = None
    data: DataEvidence | None = None
    learned: list[LearnedFeature] = []
    model_files: list[ModelFile] = []
    tuning: Tuning | None = None
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
    time_limit: TimeLimit | None = None
    log: str = ""
    report: str | None = None
