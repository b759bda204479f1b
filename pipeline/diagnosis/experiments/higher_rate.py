"""Three times the learning rate."""

from __future__ import annotations

from pipeline.diagnosis.experiments._rate import OtherRate


class HigherRate(OtherRate):
    """Takes larger steps: restored, and they were too small."""

    factor = 3.0
    supports = ("learning_rate_low", "batch_size")
