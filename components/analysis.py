"""The one analysis of Transform: all features of a kind stacked, whatever their number, in two to four passes.

It learns fill values, bounds, scaling and the joint vocabulary from train, exactly (`components.exact`), and writes what it learned
into the graph's only asset (`components.learned`).

Passes: moments and counts; quantiles; what is left after cutting off (only with outlier rules), and values by category (only with
group imputers); products of pairs (only with regression imputers).
"""

from __future__ import annotations

import collections
import os
from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_transform.beam as tft_beam

from components import exact
from components.analysis_plan import Plan
from components.learned import ASSET, Found, Learned, Scaling
from components.summaries import bounds, cut_columns, numeric_summaries, ranked


class CountCategories(beam.CombineFn):
    """Exact counts of (feature, value) over batches of texts; `widths` says how many columns each feature has."""

    def __init__(self, widths: list[int]):
        self._ends = np.cumsum([0, *widths]).tolist()

    def create_accumulator(self) -> list[collections.Counter[bytes]]:
        return [collections.Counter() for _ in self._ends[1:]]

    def add_input(self, accumulator: Any, batch: Any) -> Any:
        for counter, first, last in zip(accumulator, self._ends[:-1], self._ends[1:], strict=True):
            counter.update(batch[:, first:last].reshape(-1).tolist())
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Any]) -> Any:
        total = self.create_accumulator()
        for part in accumulators:
            for counter, more in zip(total, part, strict=True):
                counter.update(more)
        return total

    def extract_output(self, accumulator: Any) -> Any:
        return accumulator


class MergeParts(beam.CombineFn):
    """Merges parts of `components.exact`: made per batch, merged in any order."""

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


@beam.typehints.with_input_types(Any)
@beam.typehints.with_output_types(Any)
class Analyze(tft_beam.experimental.PTransformAnalyzer):
    """The PTransform behind `tft.experimental.ptransform_analyzer`.

    Input elements: (numbers float64 [rows, F] with NaN for missing, texts [rows, C] with b"" for missing; see `Plan`).
    Outputs: table, coefficients, groups and booleans of `Learned`, each float64 [n, m] with one row and column of zeros more (TFT cannot
    keep empty arrays), text fill (bytes [C + 1]), path of the asset.
    """

    def __init__(self, plan: Plan):
        super().__init__()
        self._plan = plan

    def expand(self, batches: Any) -> Any:
        side = beam.pvalue.AsSingleton
        one = batches.pipeline | "One" >> beam.Create([None])
        values = batches | "Numbers" >> beam.Map(lambda b: b[0])
        moments = values | "Moments" >> beam.Map(exact.Moments.of) | "AllMoments" >> _merged(exact.Moments)
        wanted = one | "Wanted" >> beam.Map(self._wanted, side(moments))
        ranks = values | "Ranks" >> beam.Map(exact.Ranks.of, side(wanted)) | "AllRanks" >> _merged(exact.Ranks)
        basics = one | "Summaries" >> beam.Map(self._basics, side(moments), side(ranks))
        cut = self._nothing(one, "NoCut")
        if self._plan.rules:
            cut = values | "Cut" >> beam.Map(_cut, side(basics)) | "AllCut" >> _merged(exact.Cut)
        scaling = one | "Scaling" >> beam.Map(self._scaling, side(basics), side(cut))
        products = self._nothing(one, "NoProducts")
        if self._plan.regressed:
            products = values | "Products" >> beam.Map(_products, side(scaling)) | "All" >> _merged(exact.Products)
        texts = batches | "Texts" >> beam.Map(lambda b: b[1])
        counters = texts | "Counts" >> beam.CombineGlobally(CountCategories(self._plan.widths))
        groups = self._groups(one, batches, counters) if self._plan.grouped else self._nothing(one, "NoGroups")
        sides = [side(p) for p in (basics, scaling, products, counters, groups)]
        folder = os.path.join(self.base_temp_dir, "analysis")
        tags = [str(i) for i in range(6)]
        outputs = one | "Finish" >> beam.FlatMap(self._finish, *sides, folder).with_outputs(*tags)
        return tuple(outputs[t] for t in tags)

    def _nothing(self, one: Any, label: str) -> Any:
        return one | label >> beam.Map(lambda _: None)

    def _wanted(self, _: Any, moments: exact.Moments | None) -> exact.U64:
        return exact.wanted_bins(moments or self._no_moments(), self._plan.probabilities)

    def _no_moments(self) -> exact.Moments:
        return exact.Moments.of(np.empty((0, len(self._plan.numeric))))

    def _basics(self, _: Any, moments: Any, ranks: Any) -> Any:
        moments = moments or self._no_moments()
        quantiles = exact.quantiles(moments, ranks or exact.Ranks(), self._plan.probabilities)
        summaries = numeric_summaries(self._plan.numeric, moments, quantiles)
        low, high = bounds(self._plan, summaries)
        return summaries, moments, low, high, cut_columns(summaries, low, high)

    def _scaling(self, _: Any, basics: Any, cut: exact.Cut | None) -> Scaling:
        summaries, _moments, low, high, columns = basics
        mean, deviation = np.array([[s.mean, s.deviation] for s in summaries]).reshape(-1, 2).T.copy()
        beyond = np.zeros(len(summaries), np.int64)
        for at, column in enumerate(columns if cut else []):
            mean[column], deviation[column] = cut.moments.mean_deviation(at) if cut else (0.0, 0.0)
            beyond[column] = cut.beyond[at] if cut else 0
        return Scaling(low, high, mean, deviation, beyond)

    def _groups(self, one: Any, batches: Any, counters: Any) -> Any:
        """Summaries of each category's rows."""
        side, width = beam.pvalue.AsSingleton, self._plan.group_width * len(self._plan.grouped)
        slots = one | "Slots" >> beam.Map(self._slots, side(counters))
        pairs = batches | "Pairs" >> beam.Map(self._pairs, side(slots))
        moments = pairs | "GroupMoments" >> beam.Map(lambda p: exact.Moments.of_pairs(p[0], p[1], width))
        moments = moments | "AllGroupMoments" >> _merged(exact.Moments)
        wanted = moments | "GroupWanted" >> beam.Map(_group_wanted)
        ranks = pairs | "GroupRanks" >> beam.Map(lambda p, w: exact.Ranks.of_pairs(p[0], p[1], w), side(wanted))
        ranks = ranks | "AllGroupRanks" >> _merged(exact.Ranks)
        return one | "GroupSummaries" >> beam.Map(_group_summaries, side(moments), side(ranks))

    def _slots(self, _: Any, counters: Any) -> list[dict[bytes, int]]:
        """Number of each category inside its group, in the order of the vocabulary; "0" and "1" of boolean features in this order."""
        out = []
        for _feature, column in self._plan.grouped:
            boolean = column >= len(self._plan.categorical)
            known = [b"0", b"1"] if boolean else ranked(counters[column])[: self._plan.group_width]
            kept = known if boolean else known[: self._plan.vocabulary_size]
            out.append({v: i for i, v in enumerate(kept)})
        return out

    def _pairs(self, batch: Any, slots: Any) -> Any:
        numbers, texts = batch
        of, values = [np.empty(0, np.int64)], [np.empty(0)]
        for g, (feature, column) in enumerate(self._plan.grouped):
            slot = np.array([slots[g].get(v, -1) for v in texts[:, column].tolist()], np.int64)
            of.append(slot[slot >= 0] + g * self._plan.group_width)
            values.append(numbers[:, feature][slot >= 0])
        return np.concatenate(of), np.concatenate(values)

    def _finish(
        self, _: Any, basics: Any, scaling: Any, products: Any, counters: Any, groups: Any, folder: str
    ) -> list[Any]:
        summaries, moments = basics[:2]
        correlation = products.correlation() if products else None
        learned = Learned(self._plan, Found(summaries, moments, scaling, counters, correlation, groups or []))
        path = os.path.join(folder, ASSET)
        os.makedirs(folder, exist_ok=True)
        with open(path, "wb") as file:
            file.write(learned.asset())
        floats = [learned.table, learned.coefficients, learned.groups, learned.booleans[np.newaxis]]
        outputs = [np.pad(v, ((0, 1), (0, 1))) for v in floats]
        outputs += [np.array([*learned.category_fill, b""], object), np.array(path)]
        return [beam.pvalue.TaggedOutput(str(i), value) for i, value in enumerate(outputs)]


def _merged(kind: type[Any]) -> Any:
    return beam.CombineGlobally(MergeParts(kind))


def _cut(values: Any, basics: Any) -> Any:
    low, high, columns = basics[2:]
    return exact.Cut.of(values[:, columns], low[columns], high[columns])


def _products(values: Any, scaling: Scaling) -> Any:
    inside = np.minimum(np.maximum(values, scaling.low), scaling.high)
    return exact.Products.of(inside, scaling.mean, scaling.inverse)


def _group_wanted(moments: Any) -> Any:
    return None if moments is None else exact.wanted_bins(moments, [(0.5,)] * len(moments.present))


def _group_summaries(_: Any, moments: Any, ranks: Any) -> Any:
    if moments is None:
        return []
    count = len(moments.present)
    quantiles = exact.quantiles(moments, ranks, [(0.5,)] * count)
    return numeric_summaries([""] * count, moments, quantiles)
