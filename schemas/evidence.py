"""Plain numbers that checks and gates read: `DataEvidence` about examples, `ModelEvidence` about a model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from schemas.plots import Plots

SPLITS = ("train", "eval", "test")
OVERALL = "overall"
#: Where `FeatureEvidence.quantiles` are taken.
QUANTILES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 1.0)
#: Where `SplitFeature.quantiles` are taken: the middle 90 % and 50 %, and the median.
BOX = (0.05, 0.25, 0.5, 0.75, 0.95)


class SplitFeature(BaseModel):
    """One feature in one split of a span.

    Attributes:
        present: rows with a value; `missing` those without one.
        values: the most frequent categories of the span -> count in this split; None for other kinds.
        quantiles: of a numeric feature, at `BOX`, over the rows of the split that are in the span's sample; None without values.
    """

    model_config = ConfigDict(extra="forbid")

    present: int
    missing: int
    values: dict[str, int] | None = None
    quantiles: list[float] | None = None


class FeatureEvidence(BaseModel):
    """Counts of one feature over the rows of one span (all splits together).

    Attributes:
        kind: ``numeric``, ``categorical`` (also yes or no), ``image``, ``timestamp`` or ``text``.
        present: rows with a value.
        missing: rows without one.
        values: category -> count; None for numeric features and where there are too many distinct values to count.
        missing_by_label: label value -> rows of it without a value of this feature; labels without such rows are left out.
        quantiles: of a numeric feature, at `QUANTILES`, over the span's sample; None without values.
        splits: split -> the same of its rows alone; only of the newest span of a window.
    """

    model_config = ConfigDict(extra="forbid")

    kind: str
    present: int
    missing: int
    values: dict[str, int] | None = None
    missing_by_label: dict[str, int] = {}
    quantiles: list[float] | None = None
    splits: dict[str, SplitFeature] = {}

    @property
    def rows(self) -> int:
        """Rows with or without a value."""
        return self.present + self.missing

    @property
    def missing_share(self) -> float:
        """Share of rows without a value, 0 to 1; 0 when there are no rows."""
        return self.missing / self.rows if self.rows else 0.0


class SpanEvidence(BaseModel):
    """What one span of data looks like.

    Attributes:
        span: number of the span.
        rows: rows with a label (only those become examples).
        unlabelled: rows without a label; reported, never trained on.
        labels: split -> label value -> rows.
        features: feature -> its counts.
        sampled: rows in the sample that distributions were looked at in; all rows of a small span.
    """

    model_config = ConfigDict(extra="forbid")

    span: int
    rows: int
    unlabelled: int = 0
    labels: dict[str, dict[str, int]]
    features: dict[str, FeatureEvidence]
    sampled: int = 0

    @property
    def label_counts(self) -> dict[str, int]:
        """Label value -> rows, over all splits."""
        total: dict[str, int] = {}
        for counts in self.labels.values():
            for value, n in counts.items():
                total[value] = total.get(value, 0) + n
        return dict(sorted(total.items()))


class DataEvidence(BaseModel):
    """Evidence about a window of spans, oldest first. The last one is the newest data."""

    model_config = ConfigDict(extra="forbid")

    label: str
    spans: list[SpanEvidence]

    @property
    def newest(self) -> SpanEvidence:
        """The span that this run is about."""
        return self.spans[-1]

    @property
    def labels(self) -> dict[str, dict[str, int]]:
        """Split -> label value -> rows, over the whole window."""
        total: dict[str, dict[str, int]] = {}
        for span in self.spans:
            for split, counts in span.labels.items():
                into = total.setdefault(split, {})
                for value, n in counts.items():
                    into[value] = into.get(value, 0) + n
        return total


class MetricValue(BaseModel):
    """A metric with its 95 % interval.

    Attributes:
        value: the point estimate; None when it is undefined (one class only, no rows).
        low: lower end of the 95 % interval; None when it was not or could not be computed.
        high: upper end.
    """

    model_config = ConfigDict(extra="forbid")

    value: float | None
    low: float | None = None
    high: float | None = None


class SliceEvidence(BaseModel):
    """Metrics of candidate and champion on the same test rows.

    Attributes:
        slice: ``overall``, or ``column=value``.
        rows: number of test rows.
        labels: label value -> rows; empty for amounts, as is all that is by label value.
        candidate: metric -> value.
        champion: metric -> value; None when there is no champion.
        difference: metric -> candidate minus champion, paired over rows; None when there is no champion.
        recalls: label value -> share of its rows that the candidate recognises as such; its interval is Wilson's.
        champion_recalls: the same of the champion; None when there is no champion.
        precisions: label value -> share of the rows that the candidate takes for it that are of it; its interval is Wilson's.
        f1: label value -> harmonic mean of its precision and recall, without an interval.
        trivial: of amounts, metric -> what giving every row of the slice the same amount reaches; empty for classes.
    """

    model_config = ConfigDict(extra="forbid")

    slice: str
    rows: int
    labels: dict[str, int]
    candidate: dict[str, MetricValue]
    champion: dict[str, MetricValue] | None = None
    difference: dict[str, MetricValue] | None = None
    recalls: dict[str, MetricValue] = {}
    champion_recalls: dict[str, MetricValue] | None = None
    precisions: dict[str, MetricValue] = {}
    f1: dict[str, MetricValue] = {}
    trivial: dict[str, float] = {}


class CrossCells(BaseModel):
    """Two models on one set of test rows.

    Attributes:
        rows: number of rows.
        spans: spans that they are of.
        labels: label value -> rows.
        candidate: metric -> value with its 95 % interval.
        champion: likewise.
        difference: metric -> candidate minus champion, paired over rows.
    """

    model_config = ConfigDict(extra="forbid")

    rows: int
    spans: list[int]
    labels: dict[str, int]
    candidate: dict[str, MetricValue]
    champion: dict[str, MetricValue]
    difference: dict[str, MetricValue]


class CrossScores(BaseModel):
    """{champion, candidate} x {previous, new test rows}: whether the data got harder, and whether the model got worse.

    Attributes:
        metric: the one that the sentences are about; empty on a first run.
        previous: rows that the champion's run tested on; None when there are none.
        new: rows that came since; None when there are none.
        harder: metric -> the champion on new minus previous rows, two independent samples; empty when one of them is missing.
        verdict: of `metric`: ``harder``, ``easier``, or ``same`` where the interval holds 0; empty where nothing is compared.
        data: how much harder the data got, in a sentence.
        model: how much the model changed on each set, in a sentence.
        reason: why the sets are not compared; empty when they are.
        note: where the previous rows come from, and how many.
        run: id of the champion's run; empty when it is not known.
        by: whether registered ``rows`` or ``spans`` tell previous from new.
    """

    model_config = ConfigDict(extra="forbid")

    metric: str = ""
    previous: CrossCells | None = None
    new: CrossCells | None = None
    harder: dict[str, MetricValue] = {}
    verdict: str = ""
    data: str = ""
    model: str = ""
    reason: str = ""
    note: str = ""
    run: str = ""
    by: str = "rows"


class TrainingSummary(BaseModel):
    """The candidate's losses after the epoch whose weights were kept, per row, without augmentation, dropout and class weights.

    Attributes:
        epoch: number of that epoch, from 1.
        train_loss: cross entropy (of amounts: squared error in squared widths) on a sample of train; None when it was not finite.
        val_loss: cross entropy on eval; None when it was not finite.
        train_accuracy: share of rows of that sample that are recognised; `val_accuracy` the same on eval.
        train_rows: rows of the sample of train; `val_rows` those of eval.
        width: of amounts, the width that losses are in, in the unit of the label; None for classes.
    """

    model_config = ConfigDict(extra="forbid")

    epoch: int
    train_loss: float | None = None
    val_loss: float | None = None
    train_accuracy: float | None = None
    val_accuracy: float | None = None
    train_rows: int = 0
    val_rows: int = 0
    width: float | None = None


class ServingEvidence(BaseModel):
    """How the SavedModel behaved in a fresh process that knows nothing of ours: raw rows in, scores out.

    Attributes:
        error: why it gave no answer; None when it did. Everything below is then None.
        rows: test rows that were sent, one request each.
        difference: largest absolute difference of a probability from that of the evaluation; of amounts, as a share of the largest amount.
        latency_ms: median time of a request of one row, milliseconds.
        latency_ms_p95: the time that 95 % of these requests did not exceed.
        load_seconds: from the start of loading to the first answer.
        size_mb: size of the SavedModel on disk, in 10**6 bytes.
    """

    model_config = ConfigDict(extra="forbid")

    error: str | None = None
    rows: int | None = None
    difference: float | None = None
    latency_ms: float | None = None
    latency_ms_p95: float | None = None
    load_seconds: float | None = None
    size_mb: float | None = None


class Residuals(BaseModel):
    """How a candidate is off on the test rows, in the unit of the label: groups of rows only, no row by itself.

    Attributes:
        true: mean amount of each group of rows, smallest amounts first; of about equally many rows, at least 10 each.
        predicted: mean predicted amount of each group.
        low: the predicted amount that 10 % of the rows of a group stay below; `high` that of 90 %.
        edges: of the histogram of predicted minus true, one more than `counts`; what is further off is in the outer bins.
        counts: rows in each bin.
    """

    model_config = ConfigDict(extra="forbid")

    true: list[float]
    predicted: list[float]
    low: list[float]
    high: list[float]
    edges: list[float]
    counts: list[int]


class ModelEvidence(BaseModel):
    """What gates know about a candidate: metrics on the test split, overall and per slice.

    Attributes:
        slices: ``overall`` first.
        champion: a name of the model compared with, or None on a first run.
        higher_is_better: metric -> direction.
        training: how well the candidate fits the rows it was trained on; None when that was not recorded.
        cross: both models on previous and new test rows; None when that was not recorded.
        threshold: with two classes, the probability of the second beyond which the candidate takes a row for it; None with more.
        champion_threshold: the same of the champion.
        serving: how the exported model behaved in a fresh process; None when that was not tried.
        residuals: of amounts, how they are off; None for classes, and where there are too few rows or answers that are not finite.
        plots: of classes, what the report draws; None for amounts, without rows, and where answers are not finite.
    """

    model_config = ConfigDict(extra="forbid")

    slices: list[SliceEvidence]
    champion: str | None = None
    higher_is_better: dict[str, bool]
    training: TrainingSummary | None = None
    cross: CrossScores | None = None
    threshold: float | None = None
    champion_threshold: float | None = None
    serving: ServingEvidence | None = None
    residuals: Residuals | None = None
    plots: Plots | None = None

    @property
    def overall(self) -> SliceEvidence:
        """The slice of all test rows."""
        return next(s for s in self.slices if s.slice == OVERALL)
