"""What is wrong with a configuration, in sentences: where, the rule, what was got, and what to do."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas.metadata import redact


class ConfigError(Exception):
    """The configuration cannot be used. `problems` holds every problem found, one sentence each (exit code 2)."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__("\n".join(problems))


def did_you_mean(word: str, choices: list[str]) -> str:
    """``" Did you mean 'x'?"``, or the list of choices when nothing is near."""
    near = difflib.get_close_matches(word, choices, n=1)
    return f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(sorted(choices))}."


def _section_keys(model: Any, path: tuple[int | str, ...]) -> list[str]:
    """Keys that the section of a model at this path may have, following the models' annotations."""
    for part in path:
        info = getattr(model, "model_fields", {}).get(part)
        if info is None:
            return []
        nested = [info.annotation, *getattr(info.annotation, "__args__", ())]
        model = next((t for t in nested if isinstance(t, type) and issubclass(t, BaseModel)), None)
    return sorted(getattr(model, "model_fields", {}))


def _sentence(error: Any, model: type[BaseModel] | None) -> str:
    where = ".".join(str(p) for p in error["loc"]) or "configuration"
    where = where.replace(".LastSpans", "").replace(".literal['all']", "")
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"{where}: unknown key.{did_you_mean(str(error['loc'][-1]), _section_keys(model, error['loc'][:-1]))}"
    if kind == "missing":
        return f"{where}: is required and not given. Add it."
    rule = error["msg"].removeprefix("Value error, ")
    got = error["input"]
    if kind == "value_error" and isinstance(got, dict | list | BaseModel):
        return f"{where}: {rule}."
    return redact(f"{where}: {rule}, got {got!r}.")


def problems_of(error: ValidationError, prefix: str = "", model: type[BaseModel] | None = None) -> list[str]:
    """All problems of a pydantic error, one sentence each, without repetitions.

    Args:
        prefix: what the paths begin with.
        model: what could not be built, to name the keys that it has in the place of one that it does not know.
    """
    sentences = [prefix + _sentence(e, model) for e in error.errors(include_url=False)]
    return list(dict.fromkeys(sentences))
