"""What tuning may change: parameters of the model and of its training, in which ranges, and how values become a configuration.

Which parameters a model has is read off its fields: `dropout`, `l2`, `embedding` and whatever else is a plain number is searched under
its own name. `width` and `depth` stand for the list of its layers, `hidden` or `filters`, so that a new model is tuned without a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from components import registry
from schemas.config import ConfigError, PluginSpec, SearchRange, Train, did_you_mean, problems_of

WHERE = "train.tune.search"
#: Settings of training that are no matter of degree, or would change what a trial is.
NOT_SEARCHED = ("seed", "threads", "epochs")
#: Field of the model with the sizes of its layers -> factor from one layer to the next: a network narrows, convolutions widen.
LAYERS = {"filters": 2.0, "hidden": 0.5}


@dataclass(frozen=True)
class Dimension:
    """Values of one parameter: `choices`, or from `low` to `high`, over orders of magnitude with `log`."""

    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that are enough to find out whether all are allowed."""
        return self.choices or (self.low, self.high)

    def plain(self) -> dict[str, Any]:
        """For the record."""
        if self.choices:
            return {"choices": list(self.choices)}
        return {k: v for k, v in asdict(self).items() if k != "choices"}


#: Ranges of parameters that are named without one. Learning rates lie around Adam's 0.001, and like penalties are a matter of magnitude
#: (Bengio 2012, Practical recommendations, section 3); batch sizes and widths double. Small tables need no more.
DEFAULTS: dict[str, Dimension] = {
    "learning_rate": Dimension(low=1e-4, high=1e-2, log=True),
    "batch_size": Dimension(choices=(64, 128, 256, 512)),
    "width": Dimension(choices=(16, 32, 64, 128, 256)),
    "depth": Dimension(choices=(1, 2, 3)),
    "dropout": Dimension(choices=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    "l2": Dimension(low=1e-7, high=1e-3, log=True),
    "embedding": Dimension(choices=(4, 8, 16, 32)),
}
#: Convolutions begin narrow, since every block doubles; and one block alone sees three pixels.
OF_FILTERS = {"width": Dimension(choices=(8, 16, 32)), "depth": Dimension(choices=(2, 3, 4))}
#: What is searched when nothing is named, as far as the model has it.
USUAL = ("learning_rate", "batch_size", "width", "depth", "dropout", "l2")


def layers_field(family: str) -> str | None:
    """The field of a model that `width` and `depth` stand for; None when it has none."""
    fields = _fields(family)
    return next((name for name in LAYERS if name in fields), None)


def layers(field: str, width: int, depth: int) -> list[int]:
    """Sizes of the layers: from `width` on, each half as wide as the one before, or twice for filters; at least 4."""
    return [max(4, round(width * LAYERS[field] ** i)) for i in range(depth)]


def searchable(family: str, params: Any = None) -> list[str]:
    """Names that may be searched with this model.

    Args:
        params: its configured parameters; a user's function is tuned by those that it is given.
    """
    fields = _fields(family)
    own = [n for n, f in fields.items() if isinstance(f.default, int | float) and not isinstance(f.default, bool)]
    given = params.get("params") if isinstance(params, dict) and "params" in fields else None
    shape = ["width", "depth"] if layers_field(family) else []
    return [*_of_training(), *shape, *own, *(given if isinstance(given, dict) else ())]


def space(config: Train, spec: PluginSpec) -> dict[str, Dimension]:
    """What is searched, in a fixed order.

    Args:
        config: with `tune`.
        spec: the model.

    Raises:
        ConfigError: every name that the model does not have, and every value that it does not take.
    """
    assert config.tune is not None
    known, defaults = searchable(spec.name, spec.params), dict(DEFAULTS)
    if layers_field(spec.name) == "filters":
        defaults |= OF_FILTERS
    asked = config.tune.search
    if asked is None:
        return {n: defaults[n] for n in USUAL if n in known}
    problems, found = [], {}
    for name, given in sorted(asked.items()):
        if name not in known:
            problems.append(
                f"{WHERE}.{name}: {spec.name} has nothing of this name to search.{did_you_mean(name, known)}"
            )
        elif given is None and name not in defaults:
            problems.append(
                f"{WHERE}.{name}: has no range of its own; write {{{name}: [values]}} or {{{name}: {{low: .., high: ..}}}}."
            )
        else:
            found[name] = defaults[name] if given is None else _dimension(given)
    for name, dimension in found.items():
        problems += _refused(config, spec, name, dimension)
    if problems:
        raise ConfigError(problems)
    return found


def apply(config: Train, spec: PluginSpec, values: Mapping[str, Any]) -> Train:
    """The configuration with these values in the place of its own; as it is without any.

    Args:
        spec: the model that values of model parameters belong to.

    Raises:
        ConfigError: when training does not take a value.
    """
    if not values:
        return config
    own = {n: v for n, v in values.items() if n in _of_training()}
    of_model = {n: v for n, v in values.items() if n not in own}
    changed = config.model_dump(mode="json") | own
    if of_model:
        changed["model"] = {"name": spec.name, "params": _model_params(spec, of_model)}
    try:
        return Train.model_validate(changed)
    except ValidationError as error:
        raise ConfigError(problems_of(error, "train.")) from None


def _model_params(spec: PluginSpec, values: dict[str, Any]) -> dict[str, Any]:
    fields = _fields(spec.name)
    params = dict(spec.params) if isinstance(spec.params, dict) else {next(iter(fields)): spec.params}
    sizes = layers_field(spec.name)
    shape = {n: values.pop(n) for n in ("width", "depth") if n in values and n not in fields and sizes}
    if shape and sizes:
        now = list(params.get(sizes, fields[sizes].default)) or [DEFAULTS["width"].choices[0]]
        params[sizes] = layers(sizes, shape.get("width", now[0]), shape.get("depth", len(now)))
    params.update({n: v for n, v in values.items() if n in fields})
    rest = {n: v for n, v in values.items() if n not in fields}
    return params | ({"params": {**params.get("params", {}), **rest}} if rest else {})


def _fields(family: str) -> dict[str, Any]:
    fields: dict[str, Any] = registry.load("models", family).__pydantic_fields__
    return fields


def _of_training() -> list[str]:
    """Plain numbers among the settings of training."""
    plain = (int, float)
    return [
        n
        for n, f in Train.model_fields.items()
        if isinstance(f.default, plain) and not isinstance(f.default, bool) and n not in NOT_SEARCHED
    ]


def _dimension(given: list[Any] | SearchRange) -> Dimension:
    if isinstance(given, SearchRange):
        return Dimension(low=given.low, high=given.high, log=given.log)
    return Dimension(choices=tuple(given))


def _refused(config: Train, spec: PluginSpec, name: str, dimension: Dimension) -> list[str]:
    """Why values of a parameter cannot be tried."""
    if len(set(map(repr, dimension.choices))) < len(dimension.choices):
        return [f"{WHERE}.{name}: every value may be given once, got {list(dimension.choices)}."]
    if len({isinstance(v, str) for v in dimension.choices}) > 1:
        return [f"{WHERE}.{name}: values must be all numbers or all texts, got {list(dimension.choices)}."]
    found = []
    for value in dimension.ends:
        if name in ("width", "depth") and not (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            found.append(f"{WHERE}.{name}: must be whole numbers above 0, got {value!r}.")
            continue
        try:
            changed = apply(config, spec, {name: value})
            if changed.model:
                registry.build("models", changed.model, "train.model")
        except ConfigError as error:
            found += [f"{WHERE}.{name}: {value!r} cannot be tried: {p}" for p in error.problems]
    return found
