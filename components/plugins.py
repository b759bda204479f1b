"""Finds one plug-in by its file name and builds it from its parameters, explaining all mistakes at once.

The file ``components/<family>/<name>.py`` holds one public class that derives from the family's interface; files that
begin with ``_`` are helpers. Only what is asked for is imported.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from components.interfaces import FAMILIES
from schemas.config import ConfigError, PluginSpec, did_you_mean, problems_of

SINGULAR = {
    "checks": "check",
    "gates": "gate",
    "imputers": "imputer",
    "class_weights": "rule",
    "models": "model",
    "outliers": "rule",
    "augmentations": "augmentation",
}


def names(family: str) -> list[str]:
    """Names of all plug-ins of a family, sorted; imports none of them."""
    folder = Path(__file__).parent / family
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


def load(family: str, name: str) -> type[Any]:
    """The class of a plug-in.

    Raises:
        LookupError: when there is no such file.
        TypeError: when the file does not hold exactly one public plug-in of the family: its author's mistake.
    """
    if name not in names(family):
        raise LookupError(name)
    module = importlib.import_module(f"components.{family}.{name}")
    own = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
    found = [c for c in own if issubclass(c, FAMILIES[family]) and not c.__name__.startswith("_")]
    if len(found) != 1:
        listed = ", ".join(c.__name__ for c in found) or "none"
        raise TypeError(f"{module.__file__}: must hold one public {FAMILIES[family].__name__}, got {listed}")
    return found[0]


def build(family: str, spec: PluginSpec, where: str) -> Any:
    """The plug-in that a configuration names.

    Args:
        family: folder of the plug-in.
        spec: its name and parameters. Parameters that are not a mapping are the value of the first one:
            ``{constant: unknown}``. The same holds for parameters that are dataclasses: ``{block: 5}``.
        where: path of the name in the configuration, for messages.

    Raises:
        ConfigError: unknown name, or every wrong parameter with its path.
    """
    try:
        cls = load(family, spec.name)
    except LookupError:
        hint = did_you_mean(spec.name, names(family))
        raise ConfigError([f"{where}: unknown {SINGULAR[family]} {spec.name!r}.{hint}"]) from None
    path = where if where.endswith(f".{spec.name}") else f"{where}.{spec.name}"
    problems: list[str] = []
    params = _complete(cls, spec.params, path, problems)
    try:
        built = TypeAdapter(cls).validate_python(params)
    except ValidationError as error:
        sentences = problems_of(error, prefix=f"{path}.")
        problems += [p.replace(f"{path}.configuration:", f"{path}:").replace(".[key]:", ":") for p in sentences]
    if problems:
        raise ConfigError(problems)
    return built


def is_off(value: Any) -> bool:
    """Whether a parameter says ``off``."""
    # YAML reads `off` as False; 0 is a number, and False == 0.
    return value is False or value == "off"


def _complete(cls: type[Any], params: Any, path: str, problems: list[str]) -> dict[str, Any]:
    """Parameters with all short forms written out; unknown ones are reported in `problems` and left out."""
    fields = cls.__pydantic_fields__
    params = {} if params is None else params
    if not isinstance(params, dict):
        if not fields:
            problems.append(f"{path}: takes no parameters, got {params!r}. Write the name alone.")
            return {}
        # `block: off` turns all of its limits off, not only the first.
        params = dict.fromkeys(fields, False) if is_off(params) else {next(iter(fields)): params}
    params = cls.expand(params) if hasattr(cls, "expand") else params
    known = {}
    for key, value in params.items():
        if key not in fields:
            hint = did_you_mean(str(key), list(fields)) if fields else " It takes none."
            problems.append(f"{path}.{key}: unknown parameter.{hint}")
        elif hasattr(fields[key].annotation, "__pydantic_fields__") and not isinstance(value, fields[key].annotation):
            known[key] = _complete(fields[key].annotation, value, f"{path}.{key}", problems)
        else:
            known[key] = value
    return known
