"""The one analysis of Transform: all features of a kind stacked, two passes, whatever the number of features.

It learns fill values, scaling and the joint vocabulary from train, exactly (`components.exact`), and writes what it learned into
the graph's only asset, ``learned``: its first line is JSON (a list of `LearnedFeature`), each further line one vocabulary entry,
``<feature>:?`` for unknown values and ``<feature>:<base64 of the value>``. An entry's line number is its index.
"""

from __future__ import annotations

import base64
import collections
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_transform.beam as tft_beam

from components import exact
from components.interfaces import CategoricalSummary, Imputer, NumericSummary
from schemas.run_record import LearnedFeature

ASSET = "learned"
EMPTY_ASSET = b"[]\n"


def vocabulary_key(feature: int, value: bytes | None) -> bytes:
    """The line of a value (None: any unknown one) of the n-th categorical feature."""
    return b"%d:%s" % (feature, b"?" if value is None else base64.urlsafe_b64encode(value).rstrip(b"="))


class CountCategories(beam.CombineFn):
    """Exact counts of (feature, value) over batches of shape [rows, F]; the empty text is missing."""

    def create_accumulator(self) -> list[collections.Counter[bytes]]:
        return []

    def add_input(self, accumulator: Any, batch: Any) -> Any:
        columns = [np.unique(batch[:, i], return_counts=True) for i in range(batch.shape[1])]
        accumulator = accumulator or [collections.Counter() for _ in columns]
        for counter, (values, counts) in zip(accumulator, columns, strict=True):
            counter.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Any]) -> Any:
        total: list[collections.Counter[bytes]] = []
        for part in accumulators:
            if part and not total:
                total = [collections.Counter() for _ in part]
            for counter, more in zip(total, part, strict=False):
                counter.update(more)
        return total

    def extract_output(self, accumulator: Any) -> Any:
        return accumulator


class MergeParts(beam.CombineFn):
    """Merges `exact.Moments` or `exact.Middles`: made per batch, merged in any order."""

    def __init__(self, kind: type[Any]):
        self._kind = kind

    def create_accumulator(self) -> list[Any]:
        return []

    def add_input(self, accumulator: list[Any], part: Any) -> list[Any]:
        accumulator.append(part)
        return self.compact(accumulator) if len(accumulator) >= 32 else accumulator

    def merge_accumulators(self, accumulators: Iterable[list[Any]]) -> list[Any]:
        return [part for parts in accumulators for part in parts]

    def compact(self, accumulator: list[Any]) -> list[Any]:
        return [self._kind.merge(accumulator)] if accumulator else []

    def extract_output(self, accumulator: list[Any]) -> Any:
        return self._kind.merge(accumulator) if accumulator else None


def numeric_summaries(names: list[str], moments: exact.Moments, medians: list[float]) -> list[NumericSummary]:
    """One summary per stacked numeric feature."""
    out = []
    for i, name in enumerate(names):
        mean, deviation = moments.mean_deviation(i)
        present, missing = int(moments.present[i]), int(moments.missing[i])
        low, high = (float(moments.low[i]), float(moments.high[i])) if present else (0.0, 0.0)
        out.append(NumericSummary(name, present, missing, mean, deviation, medians[i], low, high))
    return out


def categorical_summaries(names: list[str], counters: list[collections.Counter[bytes]]) -> list[CategoricalSummary]:
    """One summary per stacked categorical feature, values as text (bytes that are no UTF-8 are escaped)."""
    out = []
    for name, counter in zip(names, counters, strict=True):
        missing = counter.get(b"", 0)
        ranked = sorted(((v, n) for v, n in counter.items() if v != b""), key=lambda item: (-item[1], item[0]))
        counts = {v.decode("utf-8", "surrogateescape"): n for v, n in ranked}
        out.append(CategoricalSummary(name, sum(counts.values()), missing, counts))
    return out


class Learned:
    """What the graph needs, from summaries and imputers. Pure: no Beam, no TensorFlow."""

    def __init__(
        self,
        numeric: list[NumericSummary],
        categorical: list[CategoricalSummary],
        imputers: Mapping[str, Imputer],
        imputer_names: Mapping[str, str],
        vocabulary_size: int,
    ):
        self.features: list[LearnedFeature] = []
        self.fill, self.mean, self.scale = [], [], []
        for s in numeric:
            value = imputers[s.name].fill(s)
            self.fill.append(s.mean if value is None else float(value))
            self.mean.append(s.mean)
            self.scale.append(1.0 / s.deviation if s.deviation > 0 else 0.0)
            self.features.append(
                _learned(s, "numeric", imputer_names[s.name], value, mean=s.mean, deviation=s.deviation)
            )
        self.category_fill: list[bytes] = []
        self.vocabulary: list[bytes] = []
        for i, c in enumerate(categorical):
            value = imputers[c.name].fill(c)
            self.category_fill.append(b"" if value is None else str(value).encode("utf-8", "surrogateescape"))
            kept = list(c.counts)[:vocabulary_size]
            self.vocabulary.append(vocabulary_key(i, None))
            self.vocabulary += [vocabulary_key(i, v.encode("utf-8", "surrogateescape")) for v in kept]
            self.features.append(_learned(c, "categorical", imputer_names[c.name], value, vocabulary=len(kept)))

    def asset(self) -> bytes:
        """Content of the asset."""
        head = json.dumps([f.model_dump() for f in self.features], sort_keys=True)
        return b"\n".join([head.encode(), *self.vocabulary]) + b"\n"


def _learned(summary: Any, kind: str, imputer: str, value: Any, **more: Any) -> LearnedFeature:
    safe = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if isinstance(value, str) else value
    return LearnedFeature(
        name=summary.name,
        kind=kind,
        imputer=imputer,
        fill=safe,
        present=summary.present,
        missing=summary.missing,
        **more,
    )


@beam.typehints.with_input_types(Any)
@beam.typehints.with_output_types(Any)
class Analyze(tft_beam.experimental.PTransformAnalyzer):
    """The PTransform behind `tft.experimental.ptransform_analyzer`.

    Input elements: (numeric float64 [rows, F] with NaN for missing, text [rows, C] with b"" for missing).
    Outputs: fill, mean, 1/deviation (float64 [F + 1]), text fill (bytes [C + 1]), path of the asset.
    """

    def __init__(
        self, numeric: list[str], categorical: list[str], imputers: Any, imputer_names: Any, vocabulary_size: int
    ):
        super().__init__()
        self._numeric, self._categorical = numeric, categorical
        self._imputers, self._imputer_names, self._size = imputers, imputer_names, vocabulary_size

    def _finish(self, _: Any, moments: Any, middles: Any, counters: Any, folder: str) -> list[Any]:
        if moments is None:
            moments = exact.Moments.of(np.empty((0, len(self._numeric))))
        numeric = numeric_summaries(self._numeric, moments, exact.medians(moments, middles or exact.Middles()))
        counters = counters or [collections.Counter() for _ in self._categorical]
        learned = Learned(
            numeric, categorical_summaries(self._categorical, counters), self._imputers, self._imputer_names, self._size
        )
        path = os.path.join(folder, ASSET)
        os.makedirs(folder, exist_ok=True)
        with open(path, "wb") as file:
            file.write(learned.asset())
        # One entry more than there are features: TFT cannot keep empty arrays.
        floats = [np.array([*v, 0.0], np.float64) for v in (learned.fill, learned.mean, learned.scale)]
        outputs = [*floats, np.array([*learned.category_fill, b""], object), np.array(path)]
        return [beam.pvalue.TaggedOutput(str(i), value) for i, value in enumerate(outputs)]

    def expand(self, batches: Any) -> Any:
        one = batches.pipeline | "One" >> beam.Create([None])
        values = batches | "Numeric" >> beam.Map(lambda b: b[0])
        moments = (
            values
            | "Moments" >> beam.Map(exact.Moments.of)
            | "MergeMoments" >> beam.CombineGlobally(MergeParts(exact.Moments))
        )
        middles = (
            values
            | "Middles" >> beam.Map(_middles, beam.pvalue.AsSingleton(moments))
            | "MergeMiddles" >> beam.CombineGlobally(MergeParts(exact.Middles))
        )
        counters = (
            batches | "Text" >> beam.Map(lambda b: b[1]) | "Categories" >> beam.CombineGlobally(CountCategories())
        )
        tags = [str(i) for i in range(5)]
        folder = os.path.join(self.base_temp_dir, "analysis")
        sides = [beam.pvalue.AsSingleton(p) for p in (moments, middles, counters)]
        outputs = one | "Finish" >> beam.FlatMap(self._finish, *sides, folder).with_outputs(*tags)
        return tuple(outputs[t] for t in tags)


def _middles(values: Any, moments: Any) -> Any:
    return exact.Middles.of(values, exact.wanted_bins(moments))


def read_learned(asset_path: str) -> tuple[list[LearnedFeature], int]:
    """What an exported graph learned, and the size of its joint vocabulary (every line of the asset has an index)."""
    with open(asset_path, "rb") as file:
        head = file.readline()
        lines = 1 + sum(1 for _ in file)
    return [LearnedFeature.model_validate(f) for f in json.loads(head)], lines
