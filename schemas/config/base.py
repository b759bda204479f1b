"""What all sections of a configuration are made of: their base, numbers in a range, and plug-ins by name."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PluginSpec(BaseModel):
    """A plug-in by name, with its parameters: written as ``name``, ``{name: {param: value}}`` or ``{name: value}``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    params: Any = {}


def _to_spec(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, PluginSpec) or (isinstance(value, dict) and set(value) == {"name", "params"}):
        return value
    if isinstance(value, dict) and len(value) == 1:
        name, params = next(iter(value.items()))
        return {"name": name, "params": {} if params is None else params}
    raise ValueError("must be a name, or one name with its parameters like {name: {parameter: value}}")


Plugin = Annotated[PluginSpec, BeforeValidator(_to_spec)]


def _to_specs(value: Any) -> Any:
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(v, PluginSpec) or set(v) == {"name", "params"} for v in value):
        return value
    if not isinstance(value, dict):
        raise ValueError("must be a mapping of names to their parameters, like {name: {parameter: value}}")
    return [{"name": k, "params": {} if v is None else v} for k, v in value.items()]


PluginMap = Annotated[list[PluginSpec], BeforeValidator(_to_specs)]


def _or_none(value: Any) -> Any:
    return None if value in (None, False, "none", "off") else value


OptionalPlugin = Annotated[Plugin | None, BeforeValidator(_or_none)]
