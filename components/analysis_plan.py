"""What Transform analyses and by which rules, from the contract and the configuration."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components import registry
from components.interfaces import GroupImputer, Imputer, OutlierRule, RegressionImputer
from components.kinds import texts
from components.logarithm import log_scaled
from schemas import config as configuration
from schemas.features import Feature, FeatureContract, Kind

#: Categories that a group imputer learns a value for, at most: the most frequent ones.
GROUPS = 1000
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, eq=False)
class Plan:
    """What is analysed and by which rules.

    Attributes:
        numeric: features of the numbers' columns; `categorical`, `boolean`, then `others` (name -> kind) of the texts' columns.
        texts: features among the others whose tokens follow, `tokens` columns each.
        imputers: of numeric, categorical and boolean features.
        rules: of numeric features that have an outlier rule.
        domains: of the schema, in the units of the values (after the logarithm).
        log: numeric features that are taken as a logarithm.
        vocabulary_size: categories with an index of their own; `text_size` for tokens.
    """

    numeric: list[str]
    categorical: list[str]
    boolean: list[str]
    others: dict[str, str]
    texts: list[str]
    tokens: int
    imputers: Mapping[str, Imputer]
    rules: Mapping[str, OutlierRule]
    domains: Mapping[str, tuple[float | None, float | None] | None]
    log: frozenset[str]
    vocabulary_size: int
    text_size: int

    @functools.cached_property
    def grouped(self) -> list[tuple[int, int]]:
        """Numeric features with a group imputer, and the texts' column that they are grouped by."""
        columns = [*self.categorical, *self.boolean]
        found = [(i, self.imputers[n]) for i, n in enumerate(self.numeric)]
        return [(i, columns.index(m.by)) for i, m in found if isinstance(m, GroupImputer)]

    @functools.cached_property
    def regressed(self) -> list[int]:
        """Numeric features with a regression imputer."""
        return [i for i, n in enumerate(self.numeric) if isinstance(self.imputers[n], RegressionImputer)]

    @property
    def group_width(self) -> int:
        """Categories that can have a value of their own."""
        return max(2, min(self.vocabulary_size, GROUPS))

    @property
    def widths(self) -> list[int]:
        """Columns of each counted feature among the texts' columns."""
        return [1] * (len(self.categorical) + len(self.boolean) + len(self.others)) + [self.tokens] * len(self.texts)

    @property
    def probabilities(self) -> list[tuple[float, ...]]:
        """Quantiles wanted of each numeric feature."""
        own = [self.rules[n].quantiles if n in self.rules else () for n in self.numeric]
        return [tuple(sorted({*QUARTILES, *wanted})) for wanted in own]


def plan_of(contract: FeatureContract, config: configuration.Transform) -> Plan:
    """What is to be analysed."""
    numeric, log = contract.of_kind(Kind.NUMERIC), frozenset(config.log)
    filled = [f for k in (Kind.NUMERIC, Kind.CATEGORICAL, Kind.BOOLEAN) for f in contract.of_kind(k)]
    others = [f for k in (Kind.TIMESTAMP, Kind.TEXT, Kind.IMAGE) for f in contract.of_kind(k)]
    domains = {f.name: f.domain for f in numeric}
    for name in log & set(domains):
        domains[name] = _log_domain(domains[name])
    return Plan(
        numeric=[f.name for f in numeric],
        categorical=[f.name for f in contract.of_kind(Kind.CATEGORICAL)],
        boolean=[f.name for f in contract.of_kind(Kind.BOOLEAN)],
        others={f.name: f.kind.value for f in others},
        texts=[f.name for f in contract.of_kind(Kind.TEXT)],
        tokens=texts.width(config.text.max_words, config.text.ngrams),
        imputers={f.name: _imputer(f, config.impute) for f in filled},
        rules=_rules([f.name for f in numeric], config.outliers),
        domains=domains,
        log=log,
        vocabulary_size=config.vocabulary_size,
        text_size=config.text.vocabulary_size,
    )


def _log_domain(domain: tuple[float | None, float | None] | None) -> tuple[float | None, float | None] | None:
    if domain is None:
        return None
    low, high = (None if v is None else log_scaled(v) for v in domain)
    return low, high


def _imputer(feature: Feature, impute: configuration.Impute) -> Any:
    spec = impute.features.get(feature.name) or getattr(impute, feature.kind.value)
    return registry.build("imputers", spec, f"transform.impute.{feature.name}")


def _rules(names: list[str], outliers: configuration.Outliers) -> dict[str, Any]:
    specs = {n: outliers.features.get(n, outliers.numeric) for n in names}
    return {n: registry.build("outliers", s, f"transform.outliers.{n}") for n, s in specs.items() if s is not None}
