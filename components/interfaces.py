"""All interfaces of plug-ins on one screen. A plug-in is a frozen dataclass; its fields are its parameters, its file name
is its name in the configuration. To add one: one file in the family's folder, one test file.

Plug-ins measure and judge plain numbers. They import neither TFX nor Beam; a model imports Keras inside `build`.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as _validated

from components.samples import U64, RowKeys, Sample
from schemas.evidence import DataEvidence, ModelEvidence, SpanEvidence
from schemas.findings import Finding

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

#: Decorator of every plug-in: a frozen dataclass whose parameters are checked when it is built.
plugin = _validated(frozen=True, config=ConfigDict(extra="forbid", strict=False))


@dataclass(frozen=True, eq=False)
class FrozenKeys:
    """Fingerprints of test rows of one span that an earlier run held out.

    Attributes:
        way: what they are of: ``row``, ``id`` or ``group``.
        column: the column of ids or groups; None for whole rows.
        keys: sorted uint64 [n], each once.
    """

    span: int
    way: str
    column: str | None
    keys: U64


@dataclass(frozen=True, eq=False)
class Facts:
    """What a check may need to know besides the data.

    Attributes:
        time: the column that tells when a row happened (`data.time`, or `data.split.by_time`); None when there is none.
        id: the column `data.id`.
        entity: the column `data.entity`, or `data.split.group_by`.
        group: the column `data.split.group_by`.
        by_time: whether rows are split by time.
        newest_accepted: newest span that an earlier run accepted, when that is newer than the one under examination.
        trained: sorted fingerprints (`RowKeys.row`) of rows that earlier runs trained on when rows were split in another way.
        frozen: test rows that earlier runs held out of training.
        held: split -> rows that it would have by `data.split`, and that are in test because an earlier run held them out.
        files: names of input files; `Sample.files` and `RowKeys.files` are indices into it.
        members: index of a file -> names of its rows, for manifests of images.
        rows_named: how many rows a finding may name.
        unnamed: columns whose values no finding quotes.
        serving_lacks: input columns that the serving data do not have.
        seed: of everything a check draws.
        amount: the label, where it is an amount; it is then among the numeric features, and rows have no classes.
    """

    time: str | None = None
    id: str | None = None
    entity: str | None = None
    group: str | None = None
    by_time: bool = False
    newest_accepted: int | None = None
    trained: U64 | None = None
    frozen: tuple[FrozenKeys, ...] = ()
    held: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    members: Mapping[int, Sequence[str]] = field(default_factory=dict)
    rows_named: int = 10
    unnamed: frozenset[str] = frozenset()
    serving_lacks: tuple[str, ...] = ()
    seed: int = 0
    amount: str | None = None

    def place(self, file: int, number: int) -> str:
        """A row by its file and number, or the name of an image."""
        return self.members[file][number - 1] if file in self.members else f"{self.files[file]} row {number}"


@dataclass(frozen=True, eq=False)
class DataContext:
    """What a check sees.

    Attributes:
        window: all spans of this run, oldest first; `window.newest` is under examination.
        reference: the span to compare with: the newest one accepted before, or, on a first run, the rest of the
            window taken together; None when there is neither.
        class_weights: whether training will weight classes, or draw them equally often.
        sample: rows of the span under examination; None when there are none.
        reference_sample: rows of the reference.
        keys: fingerprints of all rows of the window.
        reference_keys: `RowKeys.row` of the reference span, sorted; None when there is no reference.
        serving: rows as they are served; None when none are configured.
        history: code -> subject -> `Finding.statistic` of the accepted spans before, oldest first.
        facts: what else there is to know.
    """

    window: DataEvidence
    reference: SpanEvidence | None
    class_weights: bool = True
    sample: Sample | None = None
    reference_sample: Sample | None = None
    keys: RowKeys | None = None
    reference_keys: U64 | None = None
    serving: Sample | None = None
    history: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)

    @property
    def current(self) -> SpanEvidence:
        """The span under examination."""
        return self.window.newest


class Check(abc.ABC):
    """Looks at data evidence and reports findings, passes included. Never raises because data are bad."""

    #: Whether it reckons with rows that are independent of each other: its samples then have one row of each entity, where a column says
    #: whom rows are about. Two eyes of a patient agree in age, and a classifier that has seen one knows the other.
    independent: bool = False
    #: Whether it has something to say where the label is an amount (`data.task` ``regression``); otherwise it is not there.
    for_amounts: bool = True

    @abc.abstractmethod
    def check(self, context: DataContext) -> list[Finding]:
        """Findings about `context.current`; an empty list only where the check does not apply at all."""


class Gate(abc.ABC):
    """Decides from model evidence whether a candidate may be pushed; a finding that blocks stops the push."""

    #: Whether it can judge amounts (`data.task` ``regression``).
    for_amounts: bool = True

    @abc.abstractmethod
    def judge(self, evidence: ModelEvidence) -> list[Finding]:
        """Findings, at least one. No evidence is a named, blocking outcome, never silence."""

    def problems(self, metrics: Sequence[str], slices: Sequence[str]) -> list[str]:
        """Why this gate could never judge these configured metrics and slices, known before anything runs."""
        return []


@dataclass(frozen=True)
class NumericSummary:
    """Exact statistics of a numeric feature's present values in train: mean, population deviation, median, range, and the quantiles that
    rules asked for (probability -> value)."""

    name: str
    present: int
    missing: int
    mean: float
    deviation: float
    median: float
    minimum: float
    maximum: float
    quantiles: Mapping[float, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CategoricalSummary:
    """Counts of a categorical feature's values in train, most frequent first (ties by value)."""

    name: str
    present: int
    missing: int
    counts: Mapping[str, int]


class Imputer(abc.ABC):
    """Chooses the value that stands in for a missing one, from what train has. Learned once, kept in the graph."""

    #: Kinds of feature it can fill: any of "numeric", "categorical", "boolean" (whose categories are "0" and "1").
    kinds: tuple[str, ...] = ()

    @abc.abstractmethod
    def fill(self, summary: NumericSummary | CategoricalSummary) -> float | str | None:
        """The value to fill in; None when train has no value to learn from."""


class GroupImputer(Imputer):
    """An imputer of numeric features that learns a value for each category of another feature, named by its parameter `by`.

    `fill` is asked once for all rows and once for each category (with the summary of its rows); None means: as for all rows. Rows of
    unknown or missing category get the value of all rows.
    """

    by: str


class RegressionImputer(Imputer):
    """An imputer of numeric features that predicts the missing value from the row's other numeric features.

    `fill` gives the value where nothing else is known (usually the mean).
    """

    @abc.abstractmethod
    def coefficients(self, correlation: F64, target: int) -> F64:
        """Weights [F] of the standardised other features for the standardised target; 0 for the target itself.

        Args:
            correlation: float64 [F, F] over rows of train, each pair over the rows that have both; 0 where there are none.
            target: index of the feature to predict.
        """


class OutlierRule(abc.ABC):
    """Says where the values of a numeric feature are cut off, and what they are scaled by. Learned on train, kept in the graph."""

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Probabilities at which it needs quantiles of train, each 0 to 1."""
        return ()

    @abc.abstractmethod
    def bounds(self, summary: NumericSummary, domain: tuple[float | None, float | None] | None) -> tuple[float, float]:
        """Lowest and highest value that reaches the model; -inf and inf for no bound.

        Args:
            summary: of train; without values (`present` 0) there is nothing to learn.
            domain: the schema's bounds of the feature; None when it has none.
        """

    def scaling(self, summary: NumericSummary) -> tuple[float, float] | None:
        """Centre and width in the place of mean and deviation; None for those."""
        return None


class ClassWeights(abc.ABC):
    """Turns class counts of train into the weight of a row of each class."""

    @abc.abstractmethod
    def weights(self, counts: Mapping[str, int]) -> dict[str, float]:
        """Label value -> weight. Raises ValueError, saying which, when a class has no rows."""


@dataclass(frozen=True)
class ModelInputs:
    """Shape of the transformed examples.

    Attributes:
        numeric: number of float32 columns in ``numeric`` (scaled values, then missing indicators).
        categorical: number of int64 columns in ``categorical``; entries index one joint vocabulary.
        vocabulary: size of that joint vocabulary.
        classes: number of label values.
        texts: input name -> number of tokens; each is int64 [n, tokens], entries index the joint vocabulary, 0 is padding.
        images: input name -> (height, width, channels); each is float32 [n, height, width, channels], 0 to 1.
    """

    numeric: int
    categorical: int
    vocabulary: int
    classes: int
    texts: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class WeightLayout:
    """What rows and columns of a model's weights stand for: a later model with other inputs takes its initial weights over by it.

    Attributes:
        rows: layer -> what the rows of its kernel come from, in order, as (name of the input, number of rows).
        entries: layers with a vector for each entry of the vocabulary.
        scores: layers whose weights have a class in each column.
    """

    rows: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    entries: Sequence[str] = ()
    scores: Sequence[str] = ()


class ModelFamily(abc.ABC):
    """Builds an uncompiled Keras model."""

    #: Kinds of input it can take, beside ``numeric`` and ``categorical``, which all can: any of "text", "image".
    takes: tuple[str, ...] = ()
    #: Those of them without which it makes no sense.
    needs: tuple[str, ...] = ()

    @abc.abstractmethod
    def build(self, inputs: ModelInputs) -> keras.Model:
        """A model from ``{"numeric": [n, numeric] float32, "categorical": [n, categorical] int64}``, and one entry for each of
        `inputs.texts` and `inputs.images`, to logits ``[n, classes]`` float32. Its inputs are exactly these."""

    def layout(self, inputs: ModelInputs) -> WeightLayout | None:
        """What its weights stand for; None when nobody knows."""
        return None

    def files(self, base: Path) -> dict[str, Path]:
        """Files of the user's that it is made from: name -> absolute path. Python files are code: they are run from a copy.

        Args:
            base: folder of the configuration, or of copies of the code, under these names.

        Raises:
            ConfigError: when one is missing, or cannot be what it is said to be.
        """
        return {}

    def placed(self, base: Path) -> dict[str, Any]:
        """The parameters that name such files, with full paths."""
        return {}


class Augmentation(abc.ABC):
    """Changes examples of train without changing their label. First the draw, then the change: `apply` holds no randomness of its own.

    The draw of an example is a pure function of (seed, example fingerprint, name of the operation, copy or epoch). An operation that
    belongs to pictures gets the same parameters for all pictures of an example.
    """

    #: What it changes: "image" (float32 [n, height, width, channels], 0 to 1) or "numeric" (float32 [n, features], scaled).
    kind: str = "image"
    #: Uniform numbers in [0, 1) that it needs per example.
    uniforms: int = 1

    @abc.abstractmethod
    def parameters(self, uniform: F64) -> F32:
        """What will be done to each example.

        Args:
            uniform: float64 [n, uniforms].

        Returns:
            float32 [n, p], in units that people read (degrees, shares).
        """

    @abc.abstractmethod
    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The changed values, same shape and dtype; the same bytes eagerly and in a graph, whatever the batch.

        Args:
            values: see `kind`.
            parameters: float32 [n, p].
            keys: int64 [n], one per example and draw, for operations that need a number per pixel or feature (`augmentations._noise`).
        """


FAMILIES: dict[str, type[Any]] = {
    "checks": Check,
    "gates": Gate,
    "imputers": Imputer,
    "class_weights": ClassWeights,
    "models": ModelFamily,
    "outliers": OutlierRule,
    "augmentations": Augmentation,
}
