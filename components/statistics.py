"""StatisticsGen: TFDV's statistics of each split, by span. Those of spans that were seen before are not computed again.

TFDV's own component reads all rows of the window in each run. Its generators are combiners, so the accumulators of the files of a span
can be kept, and added to those of the others. That is done in canonical order: same rows, same bytes.
No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

import os
from pathlib import Path
from typing import Any

import apache_beam as beam
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_data_validation.statistics.stats_options import StatsOptions
from tfx.components.statistics_gen.executor import DEFAULT_FILE_NAME
from tfx.dsl.component.experimental.annotations import BeamComponentParameter, InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import Examples, ExampleStatistics
from tfx_bsl.coders import example_coder

from components.artifacts import IngestReport, read_json, write_json
from components.examples import read_records
from components.remembered import File, Memory, files_of, results
from schemas.evidence import SPLITS


def _generators() -> list[Any]:
    """Combiners of all of TFDV's default statistics, those of top values by sketches."""
    generators: list[Any] = stats_impl.get_generators(StatsOptions(), in_memory=True)
    return generators


def accumulators(file: File) -> list[Any]:
    """Accumulators of one examples file, one of each generator."""
    generators, decoder = _generators(), example_coder.ExamplesToRecordBatchDecoder()
    found = [g.create_accumulator() for g in generators]
    for records in read_records(file.path):
        batch = decoder.DecodeBatch(records)
        found = [g.add_input(a, batch) for g, a in zip(generators, found, strict=True)]
    return [g.compact(a) for g, a in zip(generators, found, strict=True)]


def added_up(parts: list[list[Any]]) -> Any:
    """Statistics (`DatasetFeatureStatisticsList`) of several files together.

    Args:
        parts: the accumulators of each one; changed by this.
    """
    generators = _generators()
    whole = [g.merge_accumulators(list(a)) for g, a in zip(generators, zip(*parts, strict=True), strict=True)]
    return stats_impl.extract_statistics_output(whole, generators)


@component(use_beam=True)
def statistics(
    code: Parameter[str],
    kept: Parameter[str],
    examples: InputArtifact[Examples],
    report: InputArtifact[IngestReport],
    statistics: OutputArtifact[ExampleStatistics],
    beam_pipeline: BeamComponentParameter[beam.Pipeline] = None,
) -> None:
    """Computes the statistics of all splits; beside them, in `document.json`, which spans were reused.

    Args:
        code: digest of our code and of the framework versions.
        kept: folder for the results of each span; empty to keep none and use none.
    """
    files = files_of(read_json(report.uri), examples.uri)
    memory = Memory(kept or os.path.join(statistics.uri, "parts"), f"statistics {code}")
    found, reused = results(memory, files, accumulators, beam_pipeline)
    statistics.split_names = artifact_utils.encode_split_names(list(SPLITS))
    statistics.span = files[-1].span
    for split in SPLITS:
        parts = [part for file, part in zip(files, found, strict=True) if file.split == split]
        place = Path(artifact_utils.get_split_uri([statistics], split), DEFAULT_FILE_NAME)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(added_up(parts).SerializeToString(deterministic=True))
    write_json(statistics.uri, {"reused": reused})
