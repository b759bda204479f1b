"""What `retrain diff` answers: `RunDiff`, two runs side by side in data, configuration, metrics and findings."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from schemas.diagnosis import Comparison
from schemas.evidence import MetricValue
from schemas.findings import Severity
from schemas.run_record import Status

DIFF_VERSION = 1


class Document(BaseModel):
    """Base of the models here: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(Document):
    """One of the two runs.

    Attributes:
        outcome: how it ended, in words.
        spans: the data it read, like ``spans 5 to 8``; empty when it read none.
        version: the version that it pushed; None for none.
    """

    run_id: str
    name: str
    status: Status
    outcome: str
    headline: str
    started: str
    seconds: float | None
    span: int | None
    spans: str
    version: int | None


class Difference(Document):
    """A value of each run; None where a run has none.

    Attributes:
        what: what it is, in words.
        same: whether both are equal. Equal ones are listed where it matters to know it, such as digests.
    """

    what: str
    before: Any
    after: Any
    same: bool = False


class MetricDifference(Document):
    """A metric of both runs on one slice, each on the test rows of its own run.

    Attributes:
        change: after minus before; None where one is not known.
        better: whether the change is for the better; None without a change.
    """

    slice: str
    metric: str
    before: MetricValue | None
    after: MetricValue | None
    change: float | None
    better: bool | None


class FindingDifference(Document):
    """A finding that only one of the runs has, or that both have with another severity; None where a run does not have it."""

    code: str
    subject: str
    before: Severity | None
    after: Severity | None
    message: str


class RunDiff(Document):
    """Two runs side by side.

    Attributes:
        before: the run that is held against; usually the older one.
        comparison: how `after` did against `before`, with what is known of the noise from run to run.
        same_data: whether both read the same bytes of the same spans; None where one read none.
        same_config: whether both had the same configuration, defaults written out.
        data: rows, labels, missing values, columns.
        config: changed values of the configuration; `what` is the path.
        findings: that warn or block in one of them, and do not in the other.
        training: model, epochs, losses.
        environment: versions and seeds that differ, and digests.
    """

    version: int = DIFF_VERSION
    before: Side
    after: Side
    comparison: Comparison
    same_data: bool | None
    same_config: bool
    data: tuple[Difference, ...]
    config: tuple[Difference, ...]
    metrics: tuple[MetricDifference, ...]
    findings: tuple[FindingDifference, ...]
    training: tuple[Difference, ...]
    environment: tuple[Difference, ...]
