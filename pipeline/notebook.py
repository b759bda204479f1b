"""A run in a notebook: the report inline, and its numbers as data frames."""

from __future__ import annotations

import html
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.diagnosis.lookup import diagnose_in
from pipeline.errors import UsageError
from pipeline.locate import find_place
from pipeline.report import render
from pipeline.workspace import Workspace
from schemas.evidence import SPLITS, MetricValue
from schemas.run_record import RunRecord, Status

if TYPE_CHECKING:
    import pandas as pd

#: Height of the report in a notebook, in pixels; it scrolls.
HEIGHT = 720


class LoadedRun:
    """One run.

    Attributes:
        record: all that is known about it.
        workspace: where it is.
    """

    def __init__(self, record: RunRecord, workspace: Workspace):
        self.record, self.workspace = record, workspace

    def __repr__(self) -> str:
        told = self.record.explanation.headline or self.record.status.value
        return f"<run {self.record.run_id}: {told}>"

    def _repr_html_(self) -> str:
        """The report in a frame of its own, where no style of the notebook reaches it and none of its scripts could run."""
        page = html.escape(self.report, quote=True)
        return f'<iframe srcdoc="{page}" sandbox="" width="100%" height="{HEIGHT}" style="border:0" title="Report"></iframe>'

    @cached_property
    def report(self) -> str:
        """The page that `retrain report` writes."""
        running = self.record.status is Status.RUNNING
        return render(self.record, None if running else diagnose_in(self.workspace, self.record))

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row a finding: code, severity, subject, message, remedy, stage, span, statistic."""
        columns = ["code", "severity", "subject", "message", "remedy", "stage", "span", "statistic"]
        return _frame([f.model_dump(mode="json", include=set(columns)) for f in self.record.findings], columns)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row a slice and metric: value with its 95 % interval, the champion's value, and the paired difference with its interval."""
        rows = []
        for part in self.record.evaluation.slices if self.record.evaluation else []:
            for metric, value in part.candidate.items():
                change = (part.difference or {}).get(metric, MetricValue(value=None))
                row = {"slice": part.slice, "rows": part.rows, "metric": metric, **value.model_dump()}
                row["champion"] = (part.champion or {}).get(metric, MetricValue(value=None)).value
                rows.append(row | {f"difference{k}": v for k, v in _ends(change).items()})
        names = ["value", "low", "high", "champion", "difference", "difference_low", "difference_high"]
        return _frame(rows, ["slice", "rows", "metric", *names])

    @cached_property
    def curves(self) -> pd.DataFrame:
        """One row an epoch: losses, accuracy, learning rate, seconds, and whether its weights were kept."""
        training = self.record.training
        epochs = training.epochs if training else []
        names = ["epoch", "loss", "train_loss", "val_loss", "val_accuracy", "learning_rate", "seconds"]
        rows = [{**e.model_dump(), "best": training is not None and e.epoch == training.best_epoch} for e in epochs]
        return _frame(rows, [*names, "best"])

    @cached_property
    def labels(self) -> pd.DataFrame:
        """One row a span, split and label value: how many rows."""
        rows = [
            {"span": span.span, "split": split, "label": label, "rows": n}
            for span in (self.record.data.spans if self.record.data else [])
            for split in SPLITS
            for label, n in span.labels.get(split, {}).items()
        ]
        return _frame(rows, ["span", "split", "label", "rows"])


def _ends(value: MetricValue) -> dict[str, float | None]:
    return {"": value.value, "_low": value.low, "_high": value.high}


def _frame(rows: list[dict[str, object]], columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=columns)


def load_run(
    run: str | Path = "latest", config: str | Path | None = None, workspace: str | Path | None = None
) -> LoadedRun:
    """See `pipeline.load_run`."""
    path = Path(run)
    if path.name == "run.json":
        path = path.parent
    if path.is_dir() and (path / "run.json").is_file():
        path = path.resolve()
        if path.parent.name != "runs":
            raise UsageError(
                f"{path}: is not in the runs folder of a workspace. Give the folder where the run was made."
            )
        there = Workspace(path.parent.parent)
        return LoadedRun(there.load_record(path.name), there)
    place = find_place(Path(config) if config else None, Path(workspace) if workspace else None)
    found = place.workspace.find(str(run), place.name)
    return LoadedRun(place.workspace.load_record(found), place.workspace)
