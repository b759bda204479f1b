"""All plug-ins of a configuration: builds them, and reports the problems of all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from components.augmentation import Policy
from components.interfaces import (
    CategoricalSummary,
    Check,
    ClassWeights,
    Gate,
    GroupImputer,
    Imputer,
    ModelFamily,
    NumericSummary,
    OutlierRule,
)
from components.kinds import booleans
from components.plugins import build, is_off, load, names
from schemas.config import METRICS_OF, ConfigError, PipelineConfig, PluginSpec, did_you_mean
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
        boolean: imputer of boolean features that are not named.
        features: feature -> its own imputer.
        class_weights: None when classes are not weighted.
        model: None when it is chosen by the inputs.
        outliers: rule of numeric features that are not named; None for none.
        feature_outliers: feature -> its own rule, or None.
        augmentation: what is done to train; None for nothing.
    """

    checks: dict[str, Check]
    gates: dict[str, Gate]
    numeric: Imputer
    categorical: Imputer
    boolean: Imputer
    class_weights: ClassWeights | None
    model: ModelFamily | None
    features: dict[str, Imputer] = field(default_factory=dict)
    outliers: OutlierRule | None = None
    feature_outliers: dict[str, OutlierRule | None] = field(default_factory=dict)
    augmentation: Policy | None = None

    def imputer(self, feature: str, kind: str) -> Imputer:
        """The imputer of a feature of this kind (``numeric``, ``categorical`` or ``boolean``)."""
        chosen: Imputer = self.features.get(feature) or getattr(self, kind)
        return chosen

    def outlier_rule(self, feature: str) -> OutlierRule | None:
        """The rule of a numeric feature."""
        return self.feature_outliers.get(feature, self.outliers)

    def problems(self, contract: FeatureContract, log: Sequence[str] = ()) -> list[str]:
        """What does not fit the columns, once they are known: unknown features, wrong kinds, bounds that the schema does not have.

        Args:
            log: the features of `transform.log`.
        """
        kinds = {f.name: f.kind.value for f in contract.features}
        found = []
        for name, imputer in self.features.items():
            found += _named(name, kinds, f"transform.impute.{name}") or _kind_problems(
                kinds[name], f"transform.impute.{name}", imputer
            )
        for f in contract.features:
            if f.kind.value in FILLED:
                found += _others_problems(f.name, kinds, self.imputer(f.name, f.kind.value))
            rule = self.outlier_rule(f.name) if f.kind.value == "numeric" else None
            found += _bounds_problems(f.name, f.domain, rule)
        if self.augmentation:
            found += self.augmentation.problems(list(kinds.values()))
        numbers = [(f"transform.outliers.{n}", n) for n in self.feature_outliers] + [("transform.log", n) for n in log]
        for where, name in numbers:
            found += _named(name, kinds, where) or (
                []
                if kinds[name] == "numeric"
                else [f"{where}: {name} is {kinds[name]}, and this needs a numeric feature."]
            )
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
    impute, outliers, augment = config.transform.impute, config.transform.outliers, config.transform.augment
    kinds = {**dict(zip(FILLED, FILLED, strict=True)), **config.data.features}
    imputers = {}
    for name, s in {**{k: getattr(impute, k) for k in FILLED}, **impute.features}.items():
        path, kind = f"transform.impute.{name}", kinds.get(name, "")
        imputers[name] = attempt("imputers", s, path, partial(_kind_problems, kind, path))
    rules = {
        name: attempt("outliers", s, f"transform.outliers.{name}") if s else None
        for name, s in {"numeric": outliers.numeric, **outliers.features}.items()
    }
    policy = None
    try:
        policy = Policy.of(augment) if augment else None
    except ConfigError as error:
        problems.extend(error.problems)
    weights, model = config.train.class_weights, config.train.model
    problems += _tuning_problems(config)
    built = Plugins(
        checks=checks,
        gates=gates,
        numeric=imputers.pop("numeric"),
        categorical=imputers.pop("categorical"),
        boolean=imputers.pop("boolean"),
        features=imputers,
        class_weights=attempt("class_weights", weights, "train.class_weights") if weights else None,
        model=attempt("models", model, "train.model") if model else None,
        outliers=rules.pop("numeric"),
        feature_outliers=rules,
        augmentation=policy,
    )
    if problems:
        raise ConfigError(problems)
    return built


def _check_specs(config: PipelineConfig, problems: list[str]) -> list[PluginSpec]:
    """All checks that are on, with their parameters."""
    known, given = names("checks"), config.checks.params
    problems += [f"checks: unknown check {n!r}.{did_you_mean(n, known)}" for n in given if n not in known]
    on = {n: given.get(n) for n in known if not is_off(given.get(n))}
    if config.data.task == "regression":
        silent = [n for n in on if not load("checks", n).for_amounts]
        problems += [
            f"checks.{n}: is for classes, and data.task is regression. Take it out." for n in silent if n in given
        ]
        on = {n: p for n, p in on.items() if n not in silent}
    return [PluginSpec(name=n, params={} if p is None or p is True else p) for n, p in on.items()]


def _tuning_problems(config: PipelineConfig) -> list[str]:
    """What of the search does not fit the model; without a configured one, a model for tables stands for those that inputs choose."""
    from components import model_choice, tuning_space

    if config.train.tune is None:
        return []
    spec = config.train.model or model_choice.choose(())[0]
    if spec.name not in names("models"):
        return []  # the model itself is a problem already
    try:
        tuning_space.space(config.train, spec)
    except ConfigError as error:
        return error.problems
    return []


def _no_problems(_: Any) -> list[str]:
    return []


def _gate_problems(config: PipelineConfig, where: str, gate: Gate) -> list[str]:
    found = gate.problems(config.evaluate.metrics, config.evaluate.slice_columns)
    if config.data.task == "regression":
        if not gate.for_amounts:
            return [f"{where}: is for classes, and data.task is regression. Take it out."]
        instead = f"; with data.task: regression, name one of {', '.join(METRICS_OF['regression'])}"
        found = [p.replace("; add it there", instead) for p in found]
    return [f"{where}: {p}." for p in found]


def _named(name: str, kinds: Mapping[str, str], where: str) -> list[str]:
    return (
        [] if name in kinds else [f"{where}: {name!r} is not a feature of the data.{did_you_mean(name, list(kinds))}"]
    )


def _kind_problems(kind: str, where: str, imputer: Imputer) -> list[str]:
    """Why an imputer does not suit a kind; nothing when the kind is not known yet, or has no imputer."""
    if kind and kind not in FILLED:
        return [f"{where}: {kind} features are not filled. Take the line out."]
    if not kind:
        return []
    if kind not in imputer.kinds:
        name = type(imputer).__module__.rpartition(".")[2]
        suited = [n for n in names("imputers") if kind in load("imputers", n).kinds]
        return [f"{where}: {name} does not suit {kind} features. Use one of: {', '.join(suited)}."]
    try:
        value = imputer.fill(_EMPTY[kind])
    except ValueError as error:
        return [f"{where}: {error}."]
    if kind == "boolean" and value is not None and booleans.value_of(str(value)) is None:
        return [
            f"{where}: a boolean feature is filled with yes or no, got {value!r}. Write 1 or 0, or 'yes' or 'no' in quotes."
        ]
    return []


def _others_problems(name: str, kinds: Mapping[str, str], imputer: Imputer) -> list[str]:
    """Why an imputer cannot have what it learns from."""
    if not isinstance(imputer, GroupImputer):
        return []
    where = f"transform.impute.{name}.by"
    if found := _named(imputer.by, kinds, where):
        return found
    if kinds[imputer.by] not in ("categorical", "boolean"):
        return [f"{where}: {imputer.by} is {kinds[imputer.by]}; groups need a categorical or boolean feature."]
    return []


def _bounds_problems(
    name: str, domain: tuple[float | None, float | None] | None, rule: OutlierRule | None
) -> list[str]:
    if rule is None:
        return []
    try:
        rule.bounds(_EMPTY_NUMBERS, domain)
    except ValueError as error:
        return [f"transform.outliers: {name}: {error}."]
    return []


#: Kinds whose missing values are filled.
FILLED = ("numeric", "categorical", "boolean")
_EMPTY_NUMBERS = NumericSummary("", 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)
_EMPTY: Mapping[str, NumericSummary | CategoricalSummary] = {
    "numeric": _EMPTY_NUMBERS,
    "categorical": CategoricalSummary("", 0, 0, {}),
    "boolean": CategoricalSummary("", 0, 0, {}),
}
