"""Weights by the effective number of rows: more rows of a class tell less and less that is new."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from components.class_weights._rows import mean_one, require_rows
from components.interfaces import ClassWeights, plugin

Beta = Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)]


@plugin
class EffectiveNumber(ClassWeights):
    """``(1 - beta) / (1 - beta ** rows of the class)``, scaled so that the mean over rows is 1.

    Y. Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019. They scale the weights to the sum of the number of
    classes; the proportions are the same.

    Attributes:
        beta: between 0 and 1. A class has at most ``1 / (1 - beta)`` distinct rows to learn from. Default 0.999, one of the four
            values of the paper (0.9, 0.99, 0.999, 0.9999): 1,000 rows. Classes far below that are weighted as with `balanced`,
            classes far above it weigh the same; when the rarest class has many thousand rows, set 0.9999.
    """

    beta: Beta = 0.999

    def weights(self, counts: Mapping[str, int]) -> dict[str, float]:
        """Label value -> weight of a row. Raises ValueError naming the classes without rows."""
        require_rows("effective_number", counts)
        # 1 - beta ** n, without cancellation where beta is nearly 1.
        distinct = {label: -math.expm1(n * math.log(self.beta)) for label, n in counts.items()}
        return mean_one({label: (1 - self.beta) / d for label, d in distinct.items()}, counts)
