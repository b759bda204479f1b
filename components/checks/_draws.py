"""Randomness of checks: one generator per check, the same for the same seed."""

from __future__ import annotations

import zlib

import numpy as np

from components.interfaces import DataContext


def generator(context: DataContext, code: str) -> np.random.Generator:
    """A generator that depends on the seed of the run and the name of the check."""
    return np.random.default_rng([context.facts.seed & 0xFFFFFFFF, zlib.crc32(code.encode())])
