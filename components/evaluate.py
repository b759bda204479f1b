"""The Evaluator: candidate and champion score the test split once, in large batches; TFMA computes its metrics from the scores.

Stock TFX sends every row through TFMA's extractors and the model in small batches, and then row by row through every slice. Here the rows
are scored first (`Score`), and TFMA sees of each slice what its metrics need (`components.tfma_rows`). The scores are kept
(``predictions/*.parquet``), so gates can compare the two models row by row. Beside that, a fresh process asks the exported model, and
TFMA's own verdict on floors becomes the Evaluator's blessing, as in TFX.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import apache_beam as beam
import pyarrow as pa
import tensorflow_model_analysis as tfma
from pydantic import BaseModel
from tensorflow_model_analysis.extractors import extractor
from tensorflow_model_analysis.proto import config_pb2
from tfx import types
from tfx.components.evaluator import constants as stock
from tfx.components.evaluator.component import Evaluator as StockEvaluator
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.component_spec import ExecutionParameter
from tfx.types.standard_component_specs import EvaluatorSpec as StockSpec
from tfx.utils import json_utils, path_utils

from components import evaluation_files, predictions, serving_check, slices, tfma_rows
from components import examples as example_files
from components.counting import span_of_file
from components.predictions import CANDIDATE, CHAMPION
from schemas.config import DEFAULT_THRESHOLD, Evaluate
from schemas.features import Kind

#: The stage after which TFMA evaluates; ours is the only one before it.
SLICED = "ExtractSliceKeys"
#: TFMA's metric of ours. Of these alone its blessing can be asked for: its area under the precision-recall curve is another one.
TFMA_NAMES = {"auc": ("AUC", "AUC"), "accuracy": ("BinaryAccuracy", "SparseCategoricalAccuracy")}
#: The same for amounts, whose floors are ceilings; TFMA has the square of the root.
TFMA_OF_AMOUNTS = {"mae": "MeanAbsoluteError", "rmse": "MeanSquaredError"}
#: By how much TFMA's value may fall below a floor that our exact one reaches: its curve has 10,000 thresholds.
SLACK = 1e-3


class Settings(BaseModel):
    """What the node depends on besides its inputs.

    Attributes:
        label: name of the label column.
        slices: columns, or pairs of them.
        floors: metric -> floor over all test rows, as far as TFMA computes it.
        serving: whether the exported model is asked in a fresh process.
        code: digest of our code and of the framework versions.
    """

    label: str
    slices: list[tuple[str, ...]] = []
    floors: dict[str, float] = {}
    serving: bool = False
    code: str = ""

    @property
    def columns(self) -> list[str]:
        """Columns that slices are made by."""
        return list(dict.fromkeys(name for entry in self.slices for name in entry))


def _metrics(classes: int, threshold: float, floors: Mapping[str, float]) -> list[config_pb2.MetricConfig]:
    """TFMA's metrics of a model, and the bounds of its blessing: at least one row, and floors."""

    def bound(lower: float) -> list[config_pb2.PerSliceMetricThreshold]:
        limit = config_pb2.GenericValueThreshold(lower_bound={"value": lower})
        threshold = config_pb2.MetricThreshold(value_threshold=limit)
        return [config_pb2.PerSliceMetricThreshold(slicing_specs=[config_pb2.SlicingSpec()], threshold=threshold)]

    def ceiling(metric: str, upper: float) -> list[config_pb2.PerSliceMetricThreshold]:
        most = upper * (1 + SLACK)
        limit = config_pb2.GenericValueThreshold(upper_bound={"value": most**2 if metric == "rmse" else most})
        threshold = config_pb2.MetricThreshold(value_threshold=limit)
        return [config_pb2.PerSliceMetricThreshold(slicing_specs=[config_pb2.SlicingSpec()], threshold=threshold)]

    if classes == 1:
        limits = {TFMA_OF_AMOUNTS[m]: ceiling(m, f) for m, f in floors.items()}
        return [
            config_pb2.MetricConfig(class_name=name, per_slice_thresholds=limits.get(name, []))
            for name in TFMA_OF_AMOUNTS.values()
        ] + [config_pb2.MetricConfig(class_name="ExampleCount", per_slice_thresholds=bound(1))]
    names = ["AUC", "AUCPrecisionRecall", "BinaryAccuracy"] if classes == 2 else ["SparseCategoricalAccuracy"]
    bounds = {"ExampleCount": bound(1), **{TFMA_NAMES[m][classes != 2]: bound(f - SLACK) for m, f in floors.items()}}
    other = f'{{"threshold": {threshold!r}}}' if threshold != DEFAULT_THRESHOLD else ""
    return [
        config_pb2.MetricConfig(
            class_name=name,
            config=other if name == "BinaryAccuracy" else "",
            per_slice_thresholds=bounds.get(name, []),
        )
        for name in ("ExampleCount", *names)
    ]


def eval_config(
    classes: int, entries: Sequence[Sequence[str]], thresholds: Mapping[str, float], floors: Mapping[str, float]
) -> config_pb2.EvalConfig:
    """TFMA's configuration for rows that are scored already.

    Args:
        classes: number of label values; 1 for amounts.
        entries: columns, or pairs of them, that slices are made by.
        thresholds: model -> probability of the second class beyond which a row is taken for it; one model, or candidate and champion.
        floors: metric -> floor, for the candidate.
    """
    two = len(thresholds) > 1
    weighted = config_pb2.ExampleWeightOptions(weighted=True)
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(name=n if two else "", is_baseline=two and n == CHAMPION) for n in thresholds
        ],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=_metrics(classes, t, floors if n == CANDIDATE else {}),
                model_names=[n] if two else [],
                example_weights=weighted,
            )
            for n, t in thresholds.items()
        ],
        slicing_specs=[config_pb2.SlicingSpec(), *(config_pb2.SlicingSpec(feature_keys=e) for e in entries)],
    )


class Score(beam.DoFn):
    """A test file -> its predictions, written as Parquet.

    Args:
        models: name -> folder of the SavedModel; probabilities are in the order of the candidate's label values.
        label: name of the label column.
        columns: columns that slices are made by.
        folder: where predictions go.
    """

    def __init__(self, models: Mapping[str, str], label: str, columns: Sequence[str], folder: str):
        self._models, self._label, self._columns, self._folder = dict(models), label, list(columns), folder

    def setup(self) -> None:
        from components.serving import Scorer

        self._scorers = {n: Scorer(p) for n, p in self._models.items()}

    def process(self, file: str) -> Iterator[str]:
        os.makedirs(self._folder, exist_ok=True)
        target = os.path.join(self._folder, os.path.basename(file) + ".parquet")
        with evaluation_files.table_writer(target) as write:
            for records in example_files.read_records(file):
                write(self._table(records, file))
        yield target

    def _table(self, records: list[bytes], file: str) -> Any:
        flat = example_files.decode_flat(records, file)
        wanted, amounts = self._scorers[CANDIDATE].labels, self._scorers[CANDIDATE].contract.amounts
        return predictions.to_table(
            evaluation_files.fingerprints(records),
            span_of_file(file),
            evaluation_files.column_of(flat, self._label),
            {n: evaluation_files.aligned(s(records), s.labels, wanted) for n, s in self._scorers.items()},
            {n: self._slice_column(flat, n) for n in self._columns},
            amounts,
        )

    def _slice_column(self, flat: Any, name: str) -> Any:
        """Values of a column; those of numeric features as float64, since they may be cut at quartiles."""
        values = evaluation_files.column_of(flat, name)
        kinds = {f.name: f.kind for f in self._scorers[CANDIDATE].contract.features}
        measured = kinds.get(name, Kind.NUMERIC if pa.types.is_floating(values.type) else None) is Kind.NUMERIC
        return values.cast(pa.float64()) if measured and not pa.types.is_string(values.type) else values


def tfma_sees(
    scored: predictions.Predictions, entries: Sequence[Sequence[str]], thresholds: Mapping[str, float]
) -> list[dict[str, Any]]:
    """TFMA's extracts: of all rows, then of each slice."""
    found = list(tfma_rows.extracts((), scored.targets, scored.scores, thresholds))
    for part in slices.make(scored.columns, entries):
        of_part = {n: p[part.mask] for n, p in scored.scores.items()}
        found += tfma_rows.extracts(part.key, scored.targets[part.mask], of_part, thresholds)
    return found


class Executor(base_beam_executor.BaseBeamExecutor):
    """Scores the test split and lets TFMA evaluate, judge and write its results; our gates are `judge_model`'s business."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        """See `tfx.dsl.components.base.base_executor.BaseExecutor.Do`."""
        settings = Settings.model_validate_json(exec_properties["settings"])
        output = artifact_utils.get_single_uri(output_dict["evaluation"])
        files = example_files.split_files(artifact_utils.get_single_uri(input_dict["examples"]), "test")
        models = {
            name: path_utils.serving_model_path(artifact.uri)
            for name, key in ((CANDIDATE, "model"), (CHAMPION, "baseline_model"))
            for artifact in input_dict.get(key) or []
        }
        with contextlib.ExitStack() as stack:
            records = evaluation_files.first_records(files, serving_check.ROWS) if settings.serving else []
            probe = stack.enter_context(serving_check.Probe(models[CANDIDATE], records)) if records else None
            scored = self._score(files, models, settings, output)
            failures = self._tfma(scored, models, settings, output)
            serving = probe.evidence(scored.candidate_of(evaluation_files.fingerprints(records))) if probe else None
        evaluation_files.write(output, _thresholds(models), failures, serving)
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        bless(blessing, input_dict["model"][0], not failures)

    def _score(
        self, files: list[str], models: Mapping[str, str], settings: Settings, output: str
    ) -> predictions.Predictions:
        folder = os.path.join(output, predictions.FOLDER)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Files" >> beam.Create(files)
                | "Spread" >> beam.Reshuffle()
                | "Score" >> beam.ParDo(Score(models, settings.label, settings.columns, folder))
            )
        return predictions.read(output, _extra(models[CANDIDATE])["labels"])

    def _tfma(
        self, scored: predictions.Predictions, models: Mapping[str, str], settings: Settings, output: str
    ) -> list[str]:
        """Lets TFMA evaluate and write; what it does not accept, in words."""
        thresholds = _thresholds(models)
        rows = tfma_sees(scored, settings.slices, thresholds)
        classes = next(iter(scored.scores.values())).shape[1]
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Rows" >> beam.Create(rows, reshuffle=False)
                | "TFMA"
                >> tfma.ExtractEvaluateAndWriteResults(
                    eval_config=eval_config(classes, settings.slices, thresholds, settings.floors),
                    extractors=[extractor.Extractor(SLICED, beam.Map(lambda sliced: sliced))],
                    output_path=output,
                )
            )
        return evaluation_files.tfma_failures(output)


def _extra(model: str) -> dict[str, Any]:
    from components.serving import read_extra

    return read_extra(model)


def _thresholds(models: Mapping[str, str]) -> dict[str, float]:
    """Model -> threshold; 0.5 for those that have none."""
    return {n: _extra(p).get("threshold") or DEFAULT_THRESHOLD for n, p in models.items()}


def bless(blessing: types.Artifact, model: types.Artifact, blessed: bool) -> None:
    """Writes TFX's blessing: file and properties."""
    os.makedirs(blessing.uri, exist_ok=True)
    name = stock.BLESSED_FILE_NAME if blessed else stock.NOT_BLESSED_FILE_NAME
    with open(os.path.join(blessing.uri, name), "w", encoding="utf-8"):
        pass
    blessing.set_int_custom_property(stock.ARTIFACT_PROPERTY_BLESSED_KEY, int(blessed))
    blessing.set_string_custom_property(stock.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri)
    blessing.set_int_custom_property(stock.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)


class EvaluatorSpec(StockSpec):  # type: ignore[misc]
    """TFX's, and our settings."""

    PARAMETERS: ClassVar[dict[str, Any]] = {**StockSpec.PARAMETERS, "settings": ExecutionParameter(type=str)}


class Evaluator(StockEvaluator):
    """TFX's Evaluator with our executor: same inputs, outputs and artifact types."""

    SPEC_CLASS = EvaluatorSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        baseline_model: types.BaseChannel | None,
        label: str,
        evaluate: Evaluate,
        code: str,
    ):
        spec = EvaluatorSpec(
            examples=examples,
            model=model,
            baseline_model=baseline_model,
            example_splits=json_utils.dumps(["test"]),
            settings=settings_of(label, evaluate, code).model_dump_json(),
            evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
            blessing=types.Channel(type=standard_artifacts.ModelBlessing),
        )
        super(StockEvaluator, self).__init__(spec=spec)


def settings_of(label: str, evaluate: Evaluate, code: str) -> Settings:
    """The node's settings by the configuration."""
    params = {g.name: g.params for g in evaluate.gates}
    floors = params.get("metric_floor") or {}
    of_all = {**floors, **floors.get("overall", {})} if isinstance(floors, dict) else {}
    return Settings(
        label=label,
        slices=evaluate.slices,
        floors={m: of_all[m] for m in (*TFMA_NAMES, *TFMA_OF_AMOUNTS) if m in of_all},
        serving="serving_ready" in params,
        code=code,
    )
