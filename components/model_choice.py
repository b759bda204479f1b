"""Which model suits which data: chosen by the kinds of input when the configuration names none, and refused when it cannot take them."""

from __future__ import annotations

from collections.abc import Iterable

from components.interfaces import ModelInputs
from components.plugins import load, names
from schemas.config import ConfigError, PluginSpec

#: Inputs that not every model takes -> what messages call them, and the model that is chosen for them, the most demanding first.
_SPECIAL = {"image": ("pictures", "cnn"), "text": ("texts", "text")}
_OTHERWISE = "wide_deep"


def kinds_of(inputs: ModelInputs) -> list[str]:
    """Kinds of input beside numbers and categories: any of ``image``, ``text``."""
    return [kind for kind, there in (("image", inputs.images), ("text", inputs.texts)) if there]


def choose(kinds: Iterable[str]) -> tuple[PluginSpec, str]:
    """The model for data with features of these kinds, and why, as a sentence.

    Pictures need convolutions, texts a bag of words; for the rest, a linear part that memorises categories next to a deep part that
    generalises has no equal of its size on tables.

    Args:
        kinds: of all features (`schemas.features.Kind`); those that every model takes do not matter.
    """
    there = set(kinds)
    for kind, (called, model) in _SPECIAL.items():
        if kind in there:
            return PluginSpec(name=model), f"The data have {called}."
    return PluginSpec(name=_OTHERWISE), "The data have numbers and categories only."


def unsuited(family: str, kinds: Iterable[str]) -> list[str]:
    """Why a model cannot be trained on features of these kinds, one sentence each; empty when it can.

    Args:
        family: name of a model that exists (`components/models/<family>.py`).
        kinds: of all features.
    """
    there, model = set(kinds), load("models", family)
    needed = {k for k in _SPECIAL if k in there}
    able = [n for n in names("models") if needed <= {*load("models", n).takes} and _by_name_alone(n)]
    return [
        f"train.model: {family} takes no {called}; use {' or '.join(able)}."
        for kind, (called, _) in _SPECIAL.items()
        if kind in needed and kind not in model.takes
    ] + [
        f"train.model: {family} is for {called}, and the data have none; use {choose(there)[0].name}."
        for kind, (called, _) in _SPECIAL.items()
        if kind in model.needs and kind not in there
    ]


def _by_name_alone(family: str) -> bool:
    """Whether a model needs no parameters, so that its name is advice enough."""
    return not any(f.is_required() for f in load("models", family).__pydantic_fields__.values())


def settle(configured: PluginSpec | None, kinds: Iterable[str]) -> tuple[PluginSpec, str]:
    """The configured model, or the chosen one, and why it is this one.

    Raises:
        ConfigError: when the configured model cannot take a kind.
    """
    there = set(kinds)
    if configured is None:
        return choose(there)
    if problems := unsuited(configured.name, there):
        raise ConfigError(problems)
    return configured, "It is configured."
