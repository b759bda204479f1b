"""Exact statistics that do not depend on the order or the bundling of rows.

Float sums differ in the last bits with the order of addition, so means and medians from ordinary accumulators differ between one
worker and two. Here every float64 is split into integers: sums of x and of x squared are integer sums per exponent (a
superaccumulator, after Kulisch), counts are counts, and quantiles are selected from integer histograms of the values' bits. Merging is
integer addition, hence exact; the only rounding is the last one, from a fraction to a float. Correlations are sums of integers too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

_LOW = 27  # bits of a mantissa's lower limb; the upper has 26
_HIGH_BITS = np.uint64(40)  # low bits of a key that the first pass leaves out: 24 remain
_BIN = (1 << 24) - 1


@dataclass(frozen=True)
class Table:
    """Integer sums by key: sorted unique keys [n] and their columns of sums [n, width]."""

    keys: U64
    sums: I64

    @staticmethod
    def empty(width: int) -> Table:
        """No keys."""
        return Table(np.empty(0, np.uint64), np.empty((0, width), np.int64))

    @staticmethod
    def of(keys: U64, sums: I64) -> Table:
        """Adds up the rows of equal keys."""
        unique, inverse = np.unique(keys, return_inverse=True)
        total = np.zeros((len(unique), sums.shape[1]), np.int64)
        np.add.at(total, inverse.reshape(-1), sums)
        return Table(unique, total)

    def rows_of(self, feature: int) -> tuple[int, int]:
        """Where the keys of a feature are (see `_feature_keys`)."""
        first, last = np.searchsorted(self.keys, np.array([feature << 24, (feature + 1) << 24], np.uint64))
        return int(first), int(last)

    @staticmethod
    def merge(tables: list[Table]) -> Table:
        """The sum of tables of one width; at least one."""
        if len(tables) == 1:
            return tables[0]
        return Table.of(np.concatenate([t.keys for t in tables]), np.concatenate([t.sums for t in tables]))


def sortable(values: F64) -> U64:
    """Unsigned integers in the order of the (finite) floats; -0.0 counts as 0.0."""
    bits = (values + 0.0).view(np.uint64)
    top = np.uint64(1 << 63)
    return np.where(bits & top, ~bits, bits | top)


def from_sortable(key: int) -> float:
    """Inverse of `sortable` for one key."""
    bits = key & ~(1 << 63) if key >> 63 else ~key & (2**64 - 1)
    return float(np.array([bits], np.uint64).view(np.float64)[0])


def _feature_keys(feature: I64, key: U64) -> U64:
    return (feature.astype(np.uint64) << np.uint64(24)) | key


def _moment_limbs(values: F64) -> tuple[I64, I64]:
    """Exponent of each value, and the eight integers that its sums are made of."""
    mantissa, exponent = np.frexp(values)
    whole = (mantissa * 2.0**53).astype(np.int64)
    sign = np.sign(whole)
    a, b = np.abs(whole) >> _LOW, np.abs(whole) & ((1 << _LOW) - 1)
    mask = (1 << _LOW) - 1
    squares = (a * a, 2 * a * b, b * b)
    limbs = [sign * a, sign * b] + [part for s in squares for part in (s >> _LOW, s & mask)]
    return exponent.astype(np.int64), np.stack(limbs, axis=1)


def _root(square: Fraction) -> float:
    """Square root of a fraction, also where the fraction itself is beyond a float's range."""
    half = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(square / Fraction(4) ** half), half) if square > 0 else 0.0


@dataclass(frozen=True)
class Moments:
    """Exact sums of the present values of F features; `present`, `missing` (int64), `low`, `high` (float64) are of shape [F]."""

    present: I64
    missing: I64
    low: F64
    high: F64
    sums: Table
    histogram: Table

    @staticmethod
    def of(values: F64) -> Moments:
        """From a batch of shape [rows, F], float64; NaN is missing, infinities are not allowed."""
        feature = np.broadcast_to(np.arange(values.shape[1]), values.shape)
        return Moments.of_pairs(feature.reshape(-1), values.reshape(-1), values.shape[1])

    @staticmethod
    def of_pairs(feature: I64, values: F64, width: int) -> Moments:
        """From pairs of a feature's number (0 to `width` - 1) and its value, both [n]; NaN is missing."""
        there = ~np.isnan(values)
        of, flat = feature[there], values[there]
        exponent, limbs = _moment_limbs(flat)
        low, high = np.full(width, np.inf), np.full(width, -np.inf)
        np.minimum.at(low, of, flat)
        np.maximum.at(high, of, flat)
        return Moments(
            present=np.bincount(of, minlength=width).astype(np.int64),
            missing=np.bincount(feature[~there], minlength=width).astype(np.int64),
            low=low,
            high=high,
            sums=Table.of(_feature_keys(of, (exponent + 2048).astype(np.uint64)), limbs),
            histogram=Table.of(_feature_keys(of, sortable(flat) >> _HIGH_BITS), np.ones((len(flat), 1), np.int64)),
        )

    @staticmethod
    def merge(parts: list[Moments]) -> Moments:
        """The moments of all rows together; at least one part."""
        return Moments(
            present=np.sum([p.present for p in parts], axis=0),
            missing=np.sum([p.missing for p in parts], axis=0),
            low=np.min([p.low for p in parts], axis=0),
            high=np.max([p.high for p in parts], axis=0),
            sums=Table.merge([p.sums for p in parts]),
            histogram=Table.merge([p.histogram for p in parts]),
        )

    def mean_deviation(self, feature: int) -> tuple[float, float]:
        """Mean and population standard deviation of one feature, each rounded once; (0, 0) without values."""
        n = int(self.present[feature])
        if not n:
            return 0.0, 0.0
        first, last = self.sums.rows_of(feature)
        keys, rows = self.sums.keys[first:last].tolist(), self.sums.sums[first:last].tolist()
        exponents = [(key & _BIN) - 2048 - 53 for key in keys]
        least = min(exponents)
        total = squares = 0  # in units of 2**least, and of its square
        for exponent, (a, b, aa_h, aa_l, ab_h, ab_l, bb_h, bb_l) in zip(exponents, rows, strict=True):
            total += ((a << _LOW) + b) << (exponent - least)
            aa, ab, bb = (aa_h << _LOW) + aa_l, (ab_h << _LOW) + ab_l, (bb_h << _LOW) + bb_l
            squares += ((aa << 2 * _LOW) + (ab << _LOW) + bb) << 2 * (exponent - least)
        unit = Fraction(2) ** least
        return float(total * unit / n), _root((n * squares - total * total) * unit * unit / (n * n))

    def bins(self, feature: int, ranks: list[int]) -> list[tuple[int, int]]:
        """The histogram bins of the values of these ranks (from 0, in order of size), and their ranks inside the bin."""
        first, last = self.histogram.rows_of(feature)
        upto = np.cumsum(self.histogram.sums[first:last, 0])
        at = np.searchsorted(upto, np.array(ranks, np.int64), side="right")
        before = np.where(at > 0, upto[at - 1], 0)
        keys = self.histogram.keys[first + at].tolist()
        return [(key, rank - int(b)) for key, rank, b in zip(keys, ranks, before, strict=True)]

    def count(self, feature: int, low: float, high: float) -> int:
        """Number of values from `low` to `high`, to the resolution of the first pass: 12 bits of a mantissa, 0.02 %."""
        first, last = self.histogram.rows_of(feature)
        bins = self.histogram.keys[first:last] & np.uint64(_BIN)
        lowest, highest = sortable(np.array([low, high])) >> _HIGH_BITS
        return int(self.histogram.sums[first:last, 0][(bins >= lowest) & (bins <= highest)].sum())


def place(n: int, probability: float) -> tuple[int, int, Fraction]:
    """Where a quantile of n values lies: ranks of its two neighbours, and the weight of the upper one.

    The definition is numpy's ``linear`` (type 7 of Hyndman and Fan, The American Statistician 50, 1996): position (n - 1) p.
    """
    position = Fraction(probability) * (n - 1)
    lower = position.numerator // position.denominator
    weight = position - lower
    return lower, lower + (weight > 0), weight


@dataclass(frozen=True)
class Ranks:
    """Second pass: exact counts of the values inside the bins that hold the wanted ranks; one table per feature's bin."""

    counts: Table = field(default_factory=lambda: Table.empty(1))

    @staticmethod
    def of(values: F64, wanted: U64) -> Ranks:
        """From a batch of shape [rows, F] and the sorted feature-and-bin keys of `wanted_bins`."""
        feature = np.broadcast_to(np.arange(values.shape[1]), values.shape)
        return Ranks.of_pairs(feature.reshape(-1), values.reshape(-1), wanted)

    @staticmethod
    def of_pairs(feature: I64, values: F64, wanted: U64) -> Ranks:
        """From pairs as in `Moments.of_pairs`."""
        there = ~np.isnan(values)
        keys = sortable(values[there])
        bins = _feature_keys(feature[there], keys >> _HIGH_BITS)
        slot = np.searchsorted(wanted, bins)
        hit = slot < len(wanted)
        hit[hit] = wanted[slot[hit]] == bins[hit]
        low = keys[hit] & np.uint64((1 << 40) - 1)
        ones = np.ones((int(hit.sum()), 1), np.int64)
        return Ranks(Table.of((slot[hit].astype(np.uint64) << np.uint64(40)) | low, ones))

    @staticmethod
    def merge(parts: list[Ranks]) -> Ranks:
        """Of all rows together; at least one part."""
        return Ranks(Table.merge([p.counts for p in parts]))

    def value(self, wanted: U64, bin_key: int, rank: int) -> float:
        """The value of that rank inside a bin."""
        slot = int(np.searchsorted(wanted, np.uint64(bin_key)))
        first, last = np.searchsorted(self.counts.keys, np.array([slot << 40, (slot + 1) << 40], np.uint64))
        at = int(np.searchsorted(np.cumsum(self.counts.sums[first:last, 0]), rank, side="right"))
        low = int(self.counts.keys[first + at]) & ((1 << 40) - 1)
        return from_sortable(((bin_key & _BIN) << 40) | low)


def _wanted_ranks(n: int, probabilities: tuple[float, ...]) -> list[int]:
    return sorted({rank for p in probabilities for rank in place(n, p)[:2]}) if n else []


def wanted_bins(moments: Moments, probabilities: list[tuple[float, ...]]) -> U64:
    """Sorted keys of all bins that the second pass has to look into for these quantiles of each feature."""
    found: set[int] = set()
    for feature, (n, wanted) in enumerate(zip(moments.present.tolist(), probabilities, strict=True)):
        found.update(key for key, _ in moments.bins(feature, _wanted_ranks(n, wanted)))
    return np.array(sorted(found), np.uint64)


def quantiles(moments: Moments, ranks: Ranks, probabilities: list[tuple[float, ...]]) -> list[dict[float, float]]:
    """Quantiles of each feature by probability, each rounded once (see `place`); 0 without values."""
    wanted = wanted_bins(moments, probabilities)
    out = []
    for feature, (n, asked) in enumerate(zip(moments.present.tolist(), probabilities, strict=True)):
        needed = _wanted_ranks(n, asked)
        places = zip(needed, moments.bins(feature, needed), strict=True)
        values = {rank: Fraction(ranks.value(wanted, key, inside)) for rank, (key, inside) in places}
        found = {}
        for p in asked:
            lower, upper, weight = place(n, p)
            found[p] = float(values[lower] + weight * (values[upper] - values[lower])) if n else 0.0
        out.append(found)
    return out


@dataclass(frozen=True)
class Cut:
    """Third pass, of features whose values are cut off: moments of what is left, and how many values were beyond (int64 [F])."""

    moments: Moments
    beyond: I64

    @staticmethod
    def of(values: F64, low: F64, high: F64) -> Cut:
        """From a batch of shape [rows, F] and bounds [F]."""
        beyond = np.sum((values < low) | (values > high), axis=0, dtype=np.int64)
        return Cut(Moments.of(np.minimum(np.maximum(values, low), high)), beyond)

    @staticmethod
    def merge(parts: list[Cut]) -> Cut:
        """Of all rows together; at least one part."""
        return Cut(Moments.merge([p.moments for p in parts]), np.sum([p.beyond for p in parts], axis=0))


#: Standardised values are counted in 2**-12 of a deviation, and cut off at 32 deviations.
GRID, FAR = 4096, 32
_ROWS = 1 << 18  # of one product: sums of squares stay below 2**53


@dataclass(frozen=True)
class Products:
    """Last pass, for correlations: integer sums over the rows that have both of two features, each int64 [F, F].

    Values are whole numbers of at most 2**17 (see `GRID`), so products are at most 2**34 and sums over 2**18 rows less than 2**53: float64
    matrix products are exact whatever the order in which BLAS adds. The int64 sums hold 2**29 rows.

    Attributes:
        both: rows that have both features.
        first: sum of the row feature's values; of the column feature's, transposed.
        square: sum of the squares of the row feature's values.
        product: sum of products.
    """

    both: I64
    first: I64
    square: I64
    product: I64

    @staticmethod
    def of(values: F64, mean: F64, inverse_deviation: F64) -> Products:
        """From a batch of shape [rows, F] and what to standardise by, [F]."""
        there = ~np.isnan(values)
        whole = np.rint((np.where(there, values, mean) - mean) * inverse_deviation * GRID)
        whole = np.clip(whole, -FAR * GRID, FAR * GRID)
        width, mask = values.shape[1], there.astype(np.float64)
        sums = [np.zeros((width, width), np.int64) for _ in range(4)]
        for start in range(0, len(values), _ROWS):
            x, m = whole[start : start + _ROWS], mask[start : start + _ROWS]
            for total, part in zip(sums, (m.T @ m, x.T @ m, (x * x).T @ m, x.T @ x), strict=True):
                total += part.astype(np.int64)
        return Products(*sums)

    @staticmethod
    def merge(parts: list[Products]) -> Products:
        """Of all rows together; at least one part."""
        return Products(
            *(np.sum([getattr(p, f) for p in parts], axis=0) for f in ("both", "first", "square", "product"))
        )

    def correlation(self) -> F64:
        """Correlation of each pair over the rows that have both, float64 [F, F]; 0 where it is not defined, 1 on the diagonal."""
        n, x, xx, xy = (a.astype(object) for a in (self.both, self.first, self.square, self.product))  # no overflow
        covariance, variance = n * xy - x * x.T, n * xx - x * x
        spread = np.sqrt(variance.astype(np.float64)) * np.sqrt(variance.T.astype(np.float64))
        share = np.divide(covariance.astype(np.float64), spread, out=np.zeros(spread.shape), where=spread > 0)
        share = np.clip(share, -1.0, 1.0)
        np.fill_diagonal(share, 1.0)
        return share
