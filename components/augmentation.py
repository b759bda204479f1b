"""The policy of augmentation: which examples train gets how often, what is drawn for each of them, and its application.

First everything is drawn, with numpy (`augmentation_steps`); then it is applied, in TensorFlow. The number of a draw is the copy, or the
epoch; 0 is the example as it is.
"""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from components import plugins
from components.augmentation_steps import I64, OpDraw, Step
from components.interfaces import Augmentation
from components.samples import U64, Objects
from schemas.config import Augment, ConfigError

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["OpDraw", "Policy", "Step"]

NUMERIC, IMAGE = "numeric", "image_"
#: What feature kinds give an operation of a kind something to work on.
_NEEDS = {"image": ("image", "a picture"), "numeric": ("numeric", "a numeric feature")}


@dataclass(frozen=True)
class Policy:
    """What is done to train; `of` builds it.

    Attributes:
        steps: the operations, in order.
        copies: draws per example, beside the example itself; with `balance`, of the most frequent class, in its place.
        balance: more draws for rarer classes; then no row is an example as it is.
        per_epoch: one draw per example and epoch, in the place of copies.
        max_copies: most draws of one example with `balance`.
        seed: of all draws.
    """

    steps: tuple[Step, ...]
    copies: int
    balance: bool
    per_epoch: bool
    max_copies: int
    seed: int

    @staticmethod
    def of(config: Augment) -> Policy:
        """The policy of a configuration.

        Raises:
            ConfigError: all problems of all operations together.
        """
        steps, problems, seen = [], [], collections.Counter[str]()
        for i, entry in enumerate(config.ops):
            try:
                op: Augmentation = plugins.build("augmentations", entry.op, f"transform.augment.ops.{i}")
            except ConfigError as error:
                problems += error.problems
                continue
            name = entry.op.name
            classes = None if entry.classes is None else tuple(entry.classes)
            steps.append(Step(name, seen[name], op, entry.probability, classes))
            seen[name] += 1
        if problems:
            raise ConfigError(problems)
        return Policy(tuple(steps), config.copies, config.balance, config.per_epoch, config.max_copies, config.seed)

    def document(self) -> dict[str, Any]:
        """All that decides about the result, as plain data; what has no effect is left out."""
        rows: dict[str, Any] = {"per_epoch": True} if self.per_epoch else {"copies": self.copies}
        if self.balance:
            rows |= {"balance": True, "max_copies": self.max_copies}
        return {"ops": [s.document() for s in self.steps], "seed": self.seed, **rows}

    @property
    def digest(self) -> str:
        """SHA-256 of `document` as canonical JSON, hexadecimal."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def problems(self, kinds: Sequence[str]) -> list[str]:
        """Why an operation could never do anything: no input of these feature kinds (`schemas.features.Kind` values) is its own."""
        return [
            f"transform.augment.ops.{i}: {s.name} changes {s.op.kind} inputs, and the data have none. "
            f"Take it out, or add {_NEEDS[s.op.kind][1]} to the inputs."
            for i, s in enumerate(self.steps)
            if _NEEDS[s.op.kind][0] not in kinds
        ]

    def rows(self, labels: Objects) -> tuple[I64, I64]:
        """What one epoch trains on: the index of an example, and the number of its draw, by example and then by number.

        With `per_epoch` every example is there once, with the number 1 in every epoch: whoever trains adds the epoch, counted from 0, so
        that epoch e (from 0) draws number 1 + e. Otherwise epochs do not differ: numbers 0 to `copies`, or, with `balance`, 1 to
        ``copies * rows of the most frequent class / rows of the class``, rounded, between 1 and `max_copies`.

        Args:
            labels: label value of each example of train, object [n].
        """
        index = np.arange(len(labels), dtype=np.int64)
        if self.per_epoch:
            return index, np.ones(len(labels), np.int64)
        first = 0
        each = np.full(len(labels), self.copies + 1, np.int64)
        if self.balance:
            first = 1
            counts = collections.Counter(labels.tolist())
            most = max(counts.values(), default=0)
            times = {v: (2 * self.copies * most + n) // (2 * n) for v, n in counts.items()}
            each = np.array([min(max(times[v], 1), self.max_copies) for v in labels.tolist()], np.int64)
        begin = np.cumsum(each) - each
        number = np.arange(each.sum(), dtype=np.int64) - np.repeat(begin, each) + first
        return np.repeat(index, each), number

    def draw(self, keys: U64, number: I64, labels: Objects) -> list[OpDraw]:
        """What each operation does to each row.

        Args:
            keys: fingerprint of the example, uint64 [n].
            number: of the draw, int64 [n], not negative; with 0 nothing is applied.
            labels: label value, object [n].
        """
        return [step.draw(keys, number, labels, self.seed) for step in self.steps]

    def apply(
        self, inputs: Mapping[str, tf.Tensor], draws: Sequence[OpDraw], numeric: int, only: int | None = None
    ) -> dict[str, tf.Tensor]:
        """The inputs of rows, changed as drawn; the same bytes eagerly and in a graph, whatever the batch.

        Operations on pictures change every input ``image_<i>`` of a row alike, those on numbers the first columns of ``numeric``. All
        other inputs, and rows to which an operation is not applied, pass as they are.

        Args:
            inputs: name -> tensor [n, ...], with static shapes beyond n.
            draws: of the same rows, in the order of the operations.
            numeric: number of scaled numeric features: so many columns of ``numeric`` come first, the others are not changed.
            only: index of the one operation to apply, for measuring it alone; None for all, in order.
        """
        import tensorflow as tf

        out = {name: tf.convert_to_tensor(value) for name, value in inputs.items()}
        for i, (step, draw) in enumerate(zip(self.steps, draws, strict=True)):
            if only not in (None, i):
                continue
            if step.op.kind == "image":
                for name in (n for n in out if n.startswith(IMAGE)):
                    out[name] = step.apply(draw, out[name])
            elif numeric and NUMERIC in out:
                columns = out[NUMERIC]
                changed = step.apply(draw, columns[:, :numeric])
                joined = tf.concat([changed, columns[:, numeric:]], axis=1)
                out[NUMERIC] = tf.ensure_shape(joined, columns.shape)
        return out

    def in_graph(
        self,
        inputs: Mapping[str, tf.Tensor],
        keys: tf.Tensor,
        number: tf.Tensor,
        labels_index: tf.Tensor,
        label_values: Sequence[str],
        numeric: int,
    ) -> dict[str, tf.Tensor]:
        """`draw` and `apply` for use in `tf.data.Dataset.map`; static shapes are kept. The graph cannot be exported.

        Args:
            keys: fingerprints, uint64 or (the same bits) int64 [n].
            number: int64 [n].
            labels_index: index into `label_values`, int64 [n].
            label_values: all label values, in order.
            inputs, numeric: see `apply`.
        """
        import tensorflow as tf

        table = np.array(label_values, object)

        def flat(key: U64 | I64, numbers: I64, index: I64) -> list[npt.NDArray[Any]]:
            return [part for one in self.draw(key.view(np.uint64), numbers, table[index]) for part in one]

        types = [tf.float32, tf.bool, tf.int64] * len(self.steps)
        # A pure function: batches may be made side by side.
        parts = tf.numpy_function(flat, [keys, number, labels_index], types, stateful=False)
        draws = []
        for i, step in enumerate(self.steps):
            parameters, applied, own = parts[3 * i : 3 * i + 3]
            rows = keys.shape[0]
            draws.append(
                OpDraw(
                    tf.ensure_shape(parameters, [rows, step.width]),
                    tf.ensure_shape(applied, [rows]),
                    tf.ensure_shape(own, [rows]),
                )
            )
        return self.apply(inputs, draws, numeric)
