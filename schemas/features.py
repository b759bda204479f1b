"""What the columns of a dataset are to a pipeline: the label, the inputs and their kinds, and what is left out."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict


class ColumnType(str, enum.Enum):
    """Storage type of a column, as in tf.Example: 64-bit integer, 32-bit float or bytes."""

    INT = "int"
    FLOAT = "float"
    STRING = "string"


class Kind(str, enum.Enum):
    """What a model makes of a column: a quantity, a name out of a set, yes or no, a moment, words, or a picture (the bytes of a PNG or
    JPEG file)."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    TEXT = "text"
    IMAGE = "image"


class Feature(BaseModel):
    """One input column.

    Attributes:
        name: the column.
        type: how it is stored.
        kind: how it is modelled.
        reason: why it is of that kind (from the configuration, the schema, its type, or its values).
        domain: lowest and highest possible value by the schema, None where it has no bound; None without a domain.
        shape: height, width and channels that pictures are brought to; None for other kinds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ColumnType
    kind: Kind
    reason: str
    domain: tuple[float | None, float | None] | None = None
    shape: tuple[int, int, int] | None = None


class FeatureContract(BaseModel):
    """What goes into the model and what must come out.

    Attributes:
        label: the label column.
        label_type: how the label is stored.
        amounts: whether the label is an amount (`data.task` ``regression``) and not a class.
        features: the inputs, in canonical order (by name).
        excluded: columns that are in the data and never reach the model.
        sample_weight: the one among them that weights rows in training; None for none.
        sample_weight_type: how it is stored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    label_type: ColumnType
    amounts: bool = False
    features: tuple[Feature, ...]
    excluded: tuple[str, ...] = ()
    sample_weight: str | None = None
    sample_weight_type: ColumnType = ColumnType.FLOAT

    def of_kind(self, kind: Kind) -> tuple[Feature, ...]:
        """The inputs of one kind, in canonical order."""
        return tuple(f for f in self.features if f.kind is kind)


def label_text(value: object) -> str:
    """The one spelling of a label value everywhere: 0 and 0.0 are "0", bytes are decoded as UTF-8."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def order_labels(values: set[str]) -> list[str]:
    """The one order of label values: by number when all are whole numbers, else alphabetically."""
    try:
        return sorted(values, key=int)
    except ValueError:
        return sorted(values)


#: The one "class" of rows whose label is an amount: what counts rows by class counts them all together.
NO_CLASS = ""
