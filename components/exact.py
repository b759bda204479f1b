"""Exact statistics that do not depend on the order or the bundling of rows.

Float sums differ in the last bits with the order of addition, so means and medians from ordinary accumulators differ between one
worker and two. Here every float64 is split into integers: sums of x and of x squared are integer sums per exponent (a
superaccumulator, after Kulisch), counts are counts, and medians are selected from integer histograms of the values' bits. Merging is
integer addition, hence exact; the only rounding is the last one, from a fraction to a float.
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
        there = ~np.isnan(values)
        row, feature = np.nonzero(there)
        flat = values[row, feature]
        exponent, limbs = _moment_limbs(flat)
        ones = np.ones((len(flat), 1), np.int64)
        present = there.sum(axis=0).astype(np.int64)
        return Moments(
            present=present,
            missing=np.int64(len(values)) - present,
            low=np.min(np.where(there, values, np.inf), axis=0, initial=np.inf),
            high=np.max(np.where(there, values, -np.inf), axis=0, initial=-np.inf),
            sums=Table.of(_feature_keys(feature, (exponent + 2048).astype(np.uint64)), limbs),
            histogram=Table.of(_feature_keys(feature, sortable(flat) >> _HIGH_BITS), ones),
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
        first, last = np.searchsorted(self.sums.keys, np.array([feature << 24, (feature + 1) << 24], np.uint64))
        total, squares = Fraction(0), Fraction(0)
        for key, limbs in zip(self.sums.keys[first:last].tolist(), self.sums.sums[first:last].tolist(), strict=True):
            unit = Fraction(2) ** ((key & 0xFFFFFF) - 2048 - 53)
            a, b, aa_h, aa_l, ab_h, ab_l, bb_h, bb_l = limbs
            total += ((a << _LOW) + b) * unit
            aa, ab, bb = (aa_h << _LOW) + aa_l, (ab_h << _LOW) + ab_l, (bb_h << _LOW) + bb_l
            squares += ((aa << 2 * _LOW) + (ab << _LOW) + bb) * unit * unit
        mean = total / n
        return float(mean), _root(squares / n - mean * mean)

    def middle(self, feature: int) -> list[tuple[int, int]]:
        """The histogram bins of the one or two middle values, and their ranks inside the bin."""
        n = int(self.present[feature])
        first, last = np.searchsorted(self.histogram.keys, np.array([feature << 24, (feature + 1) << 24], np.uint64))
        upto = np.cumsum(self.histogram.sums[first:last, 0])
        found = []
        for rank in sorted({(n - 1) // 2, n // 2}) if n else []:
            at = int(np.searchsorted(upto, rank, side="right"))
            before = int(upto[at - 1]) if at else 0
            found.append((int(self.histogram.keys[first + at]), rank - before))
        return found


@dataclass(frozen=True)
class Middles:
    """Second pass: exact counts of the values inside the bins that hold the medians; one table per feature's bin."""

    counts: Table = field(default_factory=lambda: Table.empty(1))

    @staticmethod
    def of(values: F64, wanted: U64) -> Middles:
        """From a batch of shape [rows, F] and the sorted feature-and-bin keys of `wanted_bins`."""
        row, feature = np.nonzero(~np.isnan(values))
        keys = sortable(values[row, feature])
        bins = _feature_keys(feature, keys >> _HIGH_BITS)
        slot = np.searchsorted(wanted, bins)
        hit = slot < len(wanted)
        hit[hit] = wanted[slot[hit]] == bins[hit]
        low = keys[hit] & np.uint64((1 << 40) - 1)
        ones = np.ones((int(hit.sum()), 1), np.int64)
        return Middles(Table.of((slot[hit].astype(np.uint64) << np.uint64(40)) | low, ones))

    @staticmethod
    def merge(parts: list[Middles]) -> Middles:
        """Of all rows together; at least one part."""
        return Middles(Table.merge([p.counts for p in parts]))

    def value(self, wanted: U64, bin_key: int, rank: int) -> float:
        """The value of that rank inside a bin."""
        slot = int(np.searchsorted(wanted, np.uint64(bin_key)))
        first, last = np.searchsorted(self.counts.keys, np.array([slot << 40, (slot + 1) << 40], np.uint64))
        at = int(np.searchsorted(np.cumsum(self.counts.sums[first:last, 0]), rank, side="right"))
        low = int(self.counts.keys[first + at]) & ((1 << 40) - 1)
        return from_sortable(((bin_key & 0xFFFFFF) << 40) | low)


def wanted_bins(moments: Moments) -> U64:
    """Sorted keys of all bins that the second pass has to look into."""
    keys = {key for feature in range(len(moments.present)) for key, _ in moments.middle(feature)}
    return np.array(sorted(keys), np.uint64)


def medians(moments: Moments, middles: Middles) -> list[float]:
    """Exact median of each feature (the mean of the two middle values for even counts); 0 without values."""
    wanted = wanted_bins(moments)
    out = []
    for feature in range(len(moments.present)):
        values = [middles.value(wanted, key, rank) for key, rank in moments.middle(feature)]
        out.append(sum(values) / len(values) if values else 0.0)
    return out
