"""All plug-ins of a configuration: builds them, and reports the problems of all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from components.interfaces import (
    CategoricalSummary,
    Check,
    ClassWeights,
    Gate,
    Imputer,
    ModelFamily,
    NumericSummary,
)
from components.plugins import build, is_off, load, names
from schemas.config import ConfigError, PipelineConfig, PluginSpec, did_you_mean
from schemas.features import FeatureContract

__all__ = ["Plugins", "build", "build_all", "load", "names"]


@dataclass(frozen=True)
class Plugins:
    """All plug-ins of a configuration, built.

    Attributes:
        checks: name -> check, in the order of their names.
        gates: name -> gate, in the order of the configuration.
        numeric: imputer of numeric features that are not named.
        categorical: imputer of categorical features that are not named.
        features: feature -> its own imputer.
        class_weights: None when classes are not weighted.
    """

    checks: dict[str, Check]
    gates: dict[str, Gate]
    numeric: Imputer
    categorical: Imputer
    class_weights: ClassWeights | None
    model: ModelFamily
    features: dict[str, Imputer] = field(default_factory=dict)

    def imputer(self, feature: str, kind: str) -> Imputer:
        """The imputer of a feature of this kind (``numeric`` or ``categorical``)."""
        return self.features.get(feature) or (self.numeric if kind == "numeric" else self.categorical)

    def problems(self, contract: FeatureContract) -> list[str]:
        """What does not fit the columns, once they are known: imputers of unknown features or of the wrong kind."""
        kinds = {f.name: f.kind.value for f in contract.features}
        found = []
        for name, imputer in self.features.items():
            where = f"transform.impute.{name}"
            if name not in kinds:
                found.append(f"{where}: is not a feature of the data.{did_you_mean(name, list(kinds))}")
            else:
                found += _kind_problems(kinds[name], where, imputer)
        return found


def build_all(config: PipelineConfig) -> Plugins:
    """All plug-ins of a configuration.

    Every check is on unless ``checks: {name: off}``; parameters of the others override their defaults.

    Raises:
        ConfigError: the problems of all plug-ins together.
    """
    problems: list[str] = []

    def attempt(family: str, spec: PluginSpec, where: str, inspect: Callable[[Any], list[str]] = _no_problems) -> Any:
        try:
            built = build(family, spec, where)
        except ConfigError as error:
            problems.extend(error.problems)
            return None
        problems.extend(inspect(built))
        return built

    checks = {s.name: attempt("checks", s, f"checks.{s.name}") for s in _check_specs(config, problems)}
    gates: dict[str, Gate] = {}
    for s in config.evaluate.gates:
        path = f"evaluate.gates.{s.name}"
        gates[s.name] = attempt("gates", s, path, partial(_gate_problems, config, path))
    impute, kinds = (
        config.transform.impute,
        {"numeric": "numeric", "categorical": "categorical", **config.data.features},
    )
    imputers = {}
    for name, s in {"numeric": impute.numeric, "categorical": impute.categorical, **impute.features}.items():
        path, kind = f"transform.impute.{name}", kinds.get(name, "")
        imputers[name] = attempt("imputers", s, path, partial(_kind_problems, kind, path))
    weights = config.train.class_weights
    built = Plugins(
        checks=checks,
        gates=gates,
        numeric=imputers.pop("numeric"),
        categorical=imputers.pop("categorical"),
        features=imputers,
        class_weights=attempt("class_weights", weights, "train.class_weights") if weights else None,
        model=attempt("models", config.train.model, "train.model"),
    )
    if problems:
        raise ConfigError(problems)
    return built


def _check_specs(config: PipelineConfig, problems: list[str]) -> list[PluginSpec]:
    """All checks that are on, with their parameters."""
    known, given = names("checks"), config.checks.params
    problems += [f"checks: unknown check {n!r}.{did_you_mean(n, known)}" for n in given if n not in known]
    on = {n: given.get(n) for n in known if not is_off(given.get(n))}
    return [PluginSpec(name=n, params={} if p is None or p is True else p) for n, p in on.items()]


def _no_problems(_: Any) -> list[str]:
    return []


def _gate_problems(config: PipelineConfig, where: str, gate: Gate) -> list[str]:
    return [f"{where}: {p}." for p in gate.problems(config.evaluate.metrics, config.evaluate.slices)]


def _kind_problems(kind: str, where: str, imputer: Imputer) -> list[str]:
    """Why an imputer does not suit a kind; nothing when the kind is not known yet."""
    if kind not in ("numeric", "categorical"):
        return []
    if kind not in imputer.kinds:
        name = type(imputer).__module__.rpartition(".")[2]
        suited = [n for n in names("imputers") if kind in load("imputers", n).kinds]
        return [f"{where}: {name} does not suit {kind} features. Use one of: {', '.join(suited)}."]
    try:
        imputer.fill(_EMPTY[kind])
    except ValueError as error:
        return [f"{where}: {error}."]
    return []


_EMPTY: Mapping[str, NumericSummary | CategoricalSummary] = {
    "numeric": NumericSummary("", 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "categorical": CategoricalSummary("", 0, 0, {}),
}
