"""What `retrain runs --json` prints, and the parts of a run that `retrain show RUN PART --json` prints beyond those of the record."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from schemas.evidence import DataEvidence, MetricValue
from schemas.run_record import DataFile, LearnedFeature, ModelFile, Status


class Listed(BaseModel):
    """Base of the models here: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NamedMetric(MetricValue):
    """The metric that stands for the model, on all test rows."""

    name: str


class ListedRun(Listed):
    """A run.

    Attributes:
        started: ISO 8601, UTC; `finished` likewise, None before the end.
        span: the newest span; `window` lists all that were read.
        metric: None when the run did not get as far as the evaluation.
        version: the version that it pushed; None for none.
        headline: the verdict in a sentence.
    """

    run_id: str
    name: str
    status: Status
    exit_code: int
    started: str
    finished: str | None
    seconds: float | None
    span: int | None
    window: list[int]
    metric: NamedMetric | None
    version: int | None
    headline: str


class UnreadableRun(Listed):
    """A run whose record cannot be read; `problem` says why."""

    run_id: str
    problem: str


class Rollback(BaseModel):
    """What was recorded of a rollback; later versions may record more.

    Attributes:
        when: ISO 8601, UTC.
        version: the number under which an earlier model is served again.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    when: str
    who: str
    reason: str
    version: int


class ListedRollback(Listed):
    """A rollback between the runs."""

    run_id: None
    status: Literal["rolled_back"]
    started: str
    version: int
    headline: str
    rollback: Rollback


#: Newest first.
Listing = list[ListedRun | UnreadableRun | ListedRollback]


class Stats(Listed):
    """Part `stats`: the data, and what Transform learned about each feature."""

    data: DataEvidence
    learned: list[LearnedFeature]


class Lineage(Listed):
    """Part `lineage`: where a run comes from.

    Attributes:
        digests: SHA-256 (hex) of what the run made.
        artifacts: stage -> output -> folder.
    """

    files: list[DataFile]
    model_files: list[ModelFile]
    data_digest: str | None
    config_digest: str
    digests: dict[str, str]
    versions: dict[str, str]
    seeds: dict[str, int]
    window: list[int]
    artifacts: dict[str, dict[str, str]]
