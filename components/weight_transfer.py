"""Weights of one model for another one of the same family, whose inputs or classes may differ. Pure: numpy, no Keras.

Layers belong together by name, and what their rows and columns stand for by its own name (`WeightLayout`, `InputNames`): a category keeps
its vector wherever the vocabulary has it now, a column its weights. What is new keeps its fresh initial value.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from components.input_names import InputNames
from components.interfaces import WeightLayout

Weights = Mapping[str, npt.NDArray[Any]]
#: Names that a sentence holds at most.
MOST = 5


@dataclass(frozen=True)
class Shape:
    """What a model's weights stand for."""

    layout: WeightLayout
    names: InputNames


@dataclass
class Taken:
    """The outcome.

    Attributes:
        weights: of the new model, by name.
        numbers: how many of them were taken over, of `total`.
        fresh: what was not, one sentence for each weight.
    """

    weights: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    numbers: int = 0
    total: int = 0
    fresh: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of the new model's numbers that was taken over."""
        return self.numbers / self.total if self.total else 0.0


def transfer(old: Weights, new: Weights, before: Shape, now: Shape) -> Taken:
    """Initial weights of a new model out of those of an old one.

    Args:
        old: weights of the old model: layer, slash, weight -> values.
        new: fresh initial weights of the new model.
        before: what those of the old model stand for.
        now: what those of the new one stand for.
    """
    taken = Taken()
    for path, fresh in new.items():
        taken.total += fresh.size
        was = _old_path(path, before.names, now.names)
        values, count, why = _one(path, fresh, old.get(was), _axes(was, before), _axes(path, now))
        taken.weights[path] = values
        taken.numbers += count
        if why:
            taken.fresh.append(f"{path}: {why}")
    return taken


#: What an axis stands for: a name of each index, or None where only its length is known.
Axis = Sequence[Hashable] | None


def _one(
    path: str, fresh: npt.NDArray[Any], old: npt.NDArray[Any] | None, before: dict[int, Axis], now: dict[int, Axis]
) -> tuple[npt.NDArray[Any], int, str]:
    """One weight: its values, how many of them are old, and what is not."""
    if old is None:
        return fresh, 0, "the champion has none"
    if old.ndim != fresh.ndim or old.dtype != fresh.dtype:
        return fresh, 0, f"the champion's is {old.dtype} {list(old.shape)}, not {fresh.dtype} {list(fresh.shape)}"
    to, source, why = [], [], []
    for axis in range(fresh.ndim):
        a, b = before.get(axis), now.get(axis)
        if a is not None and b is not None and len(a) == old.shape[axis] and len(b) == fresh.shape[axis]:
            places = {name: i for i, name in enumerate(a)}
            known = [(i, places[name]) for i, name in enumerate(b) if name in places]
            to.append([i for i, _ in known])
            source.append([i for _, i in known])
            why += [_new([name for name in b if name not in places], len(b))] if len(known) < len(b) else []
        elif old.shape[axis] == fresh.shape[axis]:
            to.append([*range(fresh.shape[axis])])
            source.append(to[-1])
        else:
            return fresh, 0, f"the champion's is {list(old.shape)}, not {list(fresh.shape)}"
    values = fresh.copy()
    if all(to):
        values[np.ix_(*to)] = old[np.ix_(*source)]
    return values, int(np.prod([len(t) for t in to])), "; ".join(why)


def _new(names: list[Hashable], of: int) -> str:
    """What is new on an axis, each name once: ``3 of 19 are new (tolls, ...)``."""
    told = list(dict.fromkeys(str(n[0]) if isinstance(n, tuple) else str(n) for n in names))
    return f"{len(names)} of {of} are new ({', '.join(told[:MOST])}{', ...' if len(told) > MOST else ''})"


def _axes(path: str, shape: Shape) -> dict[int, Axis]:
    """Names along the axes of a weight, as far as they are known."""
    layer, _, weight = path.rpartition("/")
    axes: dict[int, Axis] = {}
    rows = shape.layout.rows.get(layer)
    if rows is not None and weight == "kernel":
        axes[0] = _row_names(rows, shape.names)
    if layer in shape.layout.entries and weight == "embeddings":
        axes[0] = [tuple(e.split(":", 1)) for e in shape.names.entries]
    if layer in shape.layout.scores:
        axes[0 if weight == "bias" else 1] = shape.names.labels
    return axes


def _row_names(rows: Sequence[tuple[str, int]], names: InputNames) -> list[Hashable]:
    """A name for each row of a kernel: feature and place in its vector; vectors of another length are something else."""
    found: list[Hashable] = []
    for given, count in rows:
        if given == "numeric":
            found += [(name, given) for name in names.numeric[:count]]
        else:
            features = names.categorical if given == "categorical" else (names.others.get(given, given),)
            length = count // len(features) if features else 0
            found += [(feature, given.partition("_")[0], i, length) for feature in features for i in range(length)]
    return found


def _old_path(path: str, before: InputNames, now: InputNames) -> str:
    """Name of the old weight: layers of a picture or a text are named after its input, whose number may have changed."""
    match = re.match(r"((?:text|image)_\d+)(?=_)", path)
    feature = now.others.get(match[1]) if match else None
    if match is None or feature is None:
        return path
    kind = match[1].partition("_")[0]
    inputs = [i for i, name in before.others.items() if name == feature and i.startswith(kind)]
    return inputs[0] + path[match.end() :] if inputs else f"no {path}"
