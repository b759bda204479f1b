"""One operation of a policy: what it draws for a row, and its application where it was drawn.

A draw is a pure function of (seed, fingerprint of the example, name of the operation, number of the draw), where operations of the same
name are told apart by their order. So neither the order of rows, nor batches and workers, nor other operations put before it change it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from components.fingerprints import hash_text, mix
from components.interfaces import Augmentation
from components.samples import U64, Mask, Objects

if TYPE_CHECKING:
    import tensorflow as tf

I64 = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
#: The place of an operation's own key, for numbers per pixel or feature; place 0 decides on the probability, the others are parameters.
_KEY_PLACE = 2**32


class OpDraw(NamedTuple):
    """What one operation does to n examples: numpy arrays, or tensors inside a graph.

    Attributes:
        parameters: float32 [n, p], see `Augmentation.parameters`.
        applied: bool [n].
        keys: int64 [n], see `Augmentation.apply`.
    """

    parameters: Any
    applied: Any
    keys: Any


@dataclass(frozen=True)
class Step:
    """An operation of a policy.

    Attributes:
        name: its file name.
        occurrence: how many operations of the same name come before it.
        op: the operation.
        probability: share of draws in which it is applied.
        classes: label values that it is applied to; None for all.
    """

    name: str
    occurrence: int
    op: Augmentation
    probability: float
    classes: tuple[str, ...] | None

    @property
    def title(self) -> str:
        """Its name, numbered from the second of its name on: ``rotate``, ``rotate_2``."""
        return self.name if not self.occurrence else f"{self.name}_{self.occurrence + 1}"

    @property
    def width(self) -> int:
        """Number of its parameters."""
        return int(self.op.parameters(np.zeros((0, self.op.uniforms))).shape[1])

    def document(self) -> dict[str, Any]:
        """All that decides about its result, defaults spelled out."""
        own: dict[str, Any] = dataclasses.asdict(self.op)  # type: ignore[call-overload]
        classes = None if self.classes is None else sorted(self.classes)
        return {"op": self.name, **own, "probability": self.probability, "classes": classes}

    def draw(self, keys: U64, number: I64, labels: Objects, seed: int) -> OpDraw:
        """What it does to each row; see `augmentation.Policy.draw`."""
        state = _state(keys, number, f"{self.name}#{self.occurrence}", seed)
        uniform = _uniform(_at(state[:, None], np.arange(self.op.uniforms + 1, dtype=np.uint64)))
        applied: Mask = (number > 0) & (uniform[:, 0] < self.probability)
        if self.classes is not None:
            applied &= np.isin(labels.astype(str), self.classes)
        return OpDraw(self.op.parameters(uniform[:, 1:]), applied, _at(state, np.uint64(_KEY_PLACE)).view(np.int64))

    def apply(self, draw: OpDraw, values: tf.Tensor) -> tf.Tensor:
        """The values, changed where it is applied."""
        import tensorflow as tf

        changed = self.op.apply(values, tf.convert_to_tensor(draw.parameters), tf.convert_to_tensor(draw.keys))
        # Whole rows at once, where tf.where would spread the condition over all pixels first.
        chosen = tf.raw_ops.Select(condition=tf.convert_to_tensor(draw.applied), x=changed, y=values)
        return tf.ensure_shape(chosen, values.shape)


def _state(keys: U64, number: I64, name: str, seed: int) -> U64:
    """Where the random numbers of a row and an operation begin, uint64 [n]."""
    with np.errstate(over="ignore"):
        salt = mix(np.array([hash_text(name.encode())], np.uint64) + np.uint64(seed) * _GOLDEN)
        return mix(mix(keys ^ salt) + number.astype(np.uint64) * _GOLDEN)


def _at(state: U64, place: U64 | np.uint64) -> U64:
    """The 64 bits at a place of a row's sequence; the generator splitmix64 (Steele, Lea, Flood 2014)."""
    with np.errstate(over="ignore"):
        return mix(state + (place + np.uint64(1)) * _GOLDEN)


def _uniform(bits: U64) -> npt.NDArray[np.float64]:
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
