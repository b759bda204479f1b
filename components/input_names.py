"""What stands behind the columns of a model's inputs: names of features, categories, tokens and label values. No TensorFlow.

Indices move between retrains: a vocabulary is ordered by counts, columns come and go. Names stay.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from components.kinds.timestamps import PARTS
from schemas.features import FeatureContract, Kind

#: Kinds whose missing values have an indicator, in the order of their columns (`preprocessing`).
INDICATED = (Kind.NUMERIC, Kind.CATEGORICAL, Kind.BOOLEAN, Kind.TIMESTAMP, Kind.IMAGE)


@dataclass(frozen=True)
class InputNames:
    """Names of everything that has an index.

    Attributes:
        numeric: of the columns of ``numeric``.
        categorical: of the columns of ``categorical``.
        others: ``text_<i>`` or ``image_<i>`` -> feature.
        entries: of the joint vocabulary, by index: feature, colon, and the value in base64 or ``?`` for unknown ones; "" is padding.
        labels: label values in the order of the model's outputs.
    """

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    others: dict[str, str] = field(default_factory=dict)
    entries: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def input_names(contract: FeatureContract, indicator: bool, asset: str, labels: list[str]) -> InputNames:
    """The names behind transformed rows.

    Args:
        indicator: `transform.impute.indicator`.
        asset: path of what the graph learned (`learned`), whose lines are the vocabulary.
        labels: label values in the order of the model's outputs.
    """
    texts, images = contract.of_kind(Kind.TEXT), contract.of_kind(Kind.IMAGE)
    categorical = [f.name for f in contract.of_kind(Kind.CATEGORICAL)]
    owners = [*categorical, *(f.name for f in texts)]
    with open(asset, encoding="ascii", errors="replace") as file:
        lines = file.read().splitlines()[1:]
    split = [line.partition(":") for line in lines]
    return InputNames(
        numeric=tuple(_numeric(contract, indicator)),
        categorical=tuple(categorical),
        others={f"text_{i}": f.name for i, f in enumerate(texts)}
        | {f"image_{i}": f.name for i, f in enumerate(images)},
        entries=("", *(f"{owners[int(number)]}:{value}" for number, _, value in split)),
        labels=tuple(labels),
    )


def _numeric(contract: FeatureContract, indicator: bool) -> list[str]:
    names = [f.name for kind in (Kind.NUMERIC, Kind.BOOLEAN) for f in contract.of_kind(kind)]
    names += [f"{part} of {f.name}" for f in contract.of_kind(Kind.TIMESTAMP) for part in PARTS]
    if indicator:
        names += [f"{f.name} is missing" for kind in INDICATED for f in contract.of_kind(kind)]
    return names
