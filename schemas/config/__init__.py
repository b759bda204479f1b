"""The configuration of a pipeline: what a `retrain.yaml` may say, with every rule and default; one module a section.

`load_config` reads a file and collects *all* problems before it raises `ConfigError`; a message says where, the rule,
what was got and what to do. Plug-ins appear here only by name (`PluginSpec`): `components.registry` builds them.
"""

from schemas.config.base import PluginSpec
from schemas.config.data import LastSpans, Split
from schemas.config.evaluate import DEFAULT_THRESHOLD, METRICS, METRICS_OF, Cost, Evaluate, ThresholdRule
from schemas.config.load import load_config, parse_config, set_override
from schemas.config.pipeline import PipelineConfig, Retention
from schemas.config.problems import ConfigError, did_you_mean, problems_of
from schemas.config.train import Monitor, RateSchedule, Train
from schemas.config.transform import Augment, Impute, Outliers, Picture, Transform
from schemas.config.tune import SearchRange, Tune

__all__ = [
    "DEFAULT_THRESHOLD",
    "METRICS",
    "METRICS_OF",
    "Augment",
    "ConfigError",
    "Cost",
    "Evaluate",
    "Impute",
    "LastSpans",
    "Monitor",
    "Outliers",
    "Picture",
    "PipelineConfig",
    "PluginSpec",
    "RateSchedule",
    "Retention",
    "SearchRange",
    "Split",
    "ThresholdRule",
    "Train",
    "Transform",
    "Tune",
    "did_you_mean",
    "load_config",
    "parse_config",
    "problems_of",
    "set_override",
]
