"""A third of the learning rate."""

from __future__ import annotations

from pipeline.diagnosis.experiments._rate import OtherRate


class LowerRate(OtherRate):
    """Takes smaller steps: restored, and they were too large."""

    factor = 1 / 3
    supports = ("learning_rate_high", "gradients")
