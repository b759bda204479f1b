"""`transform`: how gaps are filled, values become numbers, and train is augmented."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from schemas.config.base import OptionalPlugin, Plugin, PluginSpec, Positive, Section, _to_spec


def _named_features(known: set[str]) -> BeforeValidator:
    """Keys besides the known ones are names of features."""

    def move(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"must be a mapping with any of {', '.join(sorted(known))}, and names of features")
        own = {k: v for k, v in value.items() if k in known or k == "features"}
        rest = {k: v for k, v in value.items() if k not in own}
        return {**own, "features": {**own.get("features", {}), **rest}} if rest else own

    return BeforeValidator(move)


class Impute(Section):
    """How missing values are filled: by kind, and by feature where a feature is named.

    The median, not 0 and not the mean: it is inside the data and stays put when outliers come (see docs/transform.md).
    """

    numeric: Plugin = PluginSpec(name="median")
    categorical: Plugin = PluginSpec(name="most_frequent")
    boolean: Plugin = PluginSpec(name="most_frequent")
    indicator: bool = True
    features: dict[str, Plugin] = {}


class Outliers(Section):
    """What happens to values far out, by feature where a feature is named; nothing by default."""

    numeric: OptionalPlugin = None
    features: dict[str, OptionalPlugin] = {}


class Text(Section):
    """How texts become tokens: words and their n-grams, the most frequent of train in a vocabulary.

    64 words hold most reviews and notes; pairs of words (`ngrams` 2) keep "not good" together.
    """

    max_words: Annotated[int, Field(gt=0, le=4096)] = 64
    ngrams: Annotated[int, Field(ge=1, le=3)] = 2
    vocabulary_size: Positive = 20_000
    lowercase: bool = True


class Picture(Section):
    """What pictures are brought to. Without a size, that of the data's pictures is taken, at most 96 pixels a side."""

    height: Annotated[int, Field(ge=4, le=1024)] | None = None
    width: Annotated[int, Field(ge=4, le=1024)] | None = None
    channels: Literal[1, 3] | None = None


class AugmentOp(Section):
    """One operation of the augmentation.

    Attributes:
        op: the operation and its parameters.
        probability: share of draws in which it is applied.
        classes: only to these label values; None for all. What is applied to some classes only tells the label away: the audit says so.
    """

    op: PluginSpec
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    classes: list[str] | None = None


def _to_op(value: Any) -> Any:
    if isinstance(value, dict) and "op" in value:
        return value
    spec = _to_spec(value)
    if isinstance(spec, PluginSpec) or not isinstance(spec.get("params"), dict):
        return {"op": spec}
    params = dict(spec["params"])
    common = {k: params.pop(k) for k in ("probability", "classes") if k in params}
    if isinstance(common.get("classes"), list):
        common["classes"] = [str(v) for v in common["classes"]]
    return {"op": {"name": spec["name"], "params": params}, **common}


class Augment(Section):
    """Augmentation of train, and of nothing else.

    Attributes:
        ops: operations, in order.
        copies: augmented examples per example, beside the example itself; 1 doubles train.
        balance: more copies for rarer classes, so that all have about as many rows as the most frequent one. Then every row is
            augmented, the first of each example too: otherwise the model could tell rare classes by their being augmented.
        per_epoch: fresh draws in every epoch, in the place of copies; every row is augmented.
        max_copies: most copies of one example with `balance`.
        seed: of all draws.
    """

    ops: list[Annotated[AugmentOp, BeforeValidator(_to_op)]] = Field(min_length=1)
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    balance: bool = False
    per_epoch: bool = False
    max_copies: Annotated[int, Field(ge=1, le=1000)] = 20
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    @model_validator(mode="after")
    def _one_way(self) -> Augment:
        if self.per_epoch and (self.copies > 1 or self.balance):
            raise ValueError(
                "per_epoch draws anew in every epoch and takes the place of copies and balance; choose one"
            )
        return self


def _to_augment(value: Any) -> Any:
    if value in (None, False, "none", "off", []):
        return None
    return {"ops": value} if isinstance(value, list) else value


class Transform(Section):
    """Imputation, outliers, and how values become numbers. Learned on train only; the same graph serves.

    Attributes:
        vocabulary_size: categories of a feature with an index of their own; the rest share one.
        log: numeric features taken as sign(x) log(1 + |x|), before anything else is learned: for amounts over several magnitudes.
        augment: operations on train, see `Augment`; a list alone is its `ops`.
    """

    impute: Annotated[Impute, _named_features({"numeric", "categorical", "boolean", "indicator"})] = Impute()
    outliers: Annotated[Outliers, _named_features({"numeric"})] = Outliers()
    log: list[str] = []
    vocabulary_size: Positive = 1000
    text: Text = Text()
    image: Picture = Picture()
    augment: Annotated[Augment | None, BeforeValidator(_to_augment)] = None
