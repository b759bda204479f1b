"""What operations share: types of strengths, and how a uniform number becomes a parameter."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from components.interfaces import F32, F64

#: An angle up to which a picture is turned, either way.
Degrees = Annotated[float, Field(strict=True, ge=0, le=180, allow_inf_nan=False)]
#: A share of a side, or of a level, that leaves something.
Part = Annotated[float, Field(strict=True, ge=0, lt=1, allow_inf_nan=False)]
#: What lies outside the picture: its nearest pixel, its mirror image, or black.
Fill = Literal["edge", "reflect", "constant"]


def symmetric(uniform: F64, strength: float) -> F32:
    """Uniform in [-strength, strength), float32, of the same shape."""
    return ((2 * uniform - 1) * strength).astype(np.float32)
