"""A model of the user's own: a function in a module beside the configuration. Serving does not need that module."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from components.interfaces import ModelFamily, ModelInputs, plugin
from components.models import _parts as parts
from components.models._user_source import WHERE, check_function, parse, source_files
from schemas.config import ConfigError

if TYPE_CHECKING:
    import keras


def _module_and_function(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", value):
        raise ValueError("must be a module and a function like my_models:build")
    return value


@plugin
class User(ModelFamily):
    """What a function ``build(inputs, **params)`` makes of a `ModelInputs`: a functional Keras model from the named inputs to logits.

    It must have an input for every transformed input that has columns, of that name and shape, and one output, [n, classes]: logits,
    which training turns into probabilities. What it is compiled with does not matter.

    Attributes:
        function: the function, as ``module:function``; the module lies beside the configuration. No default: there is none to guess.
        params: parameters of the function, by name; none by default.
        folder: where the code is when the model is built; set by the run, and empty in a configuration.
    """

    takes = ("text", "image")

    function: Annotated[str, AfterValidator(_module_and_function)]
    params: dict[str, Any] = Field(default_factory=dict)
    folder: str = ""

    def files(self, base: Path) -> dict[str, Path]:
        """See `ModelFamily.files`: the module, and what it imports from beside it."""
        if self.folder:
            raise ConfigError([f"{WHERE}.folder: is set by the run itself, got {self.folder!r}. Take the line out."])
        module, _, function = self.function.partition(":")
        found = source_files(base, module)
        stem = module.replace(".", "/")
        key = f"{stem}.py" if f"{stem}.py" in found else f"{stem}/__init__.py"
        if problems := check_function(parse(found[key], key), module, function, self.params):
            raise ConfigError(problems)
        return found

    def placed(self, base: Path) -> dict[str, Any]:
        """See `ModelFamily.placed`."""
        return {"folder": str(base)}

    def build(self, inputs: ModelInputs) -> keras.Model:
        """See `ModelFamily.build`.

        Raises:
            ConfigError: when the function fails, with its line, or gives something else than such a model.
        """
        module, _, function = self.function.partition(":")
        with _explained(self.function, Path(self.folder)):
            made = getattr(_import(module, Path(self.folder)), function)(inputs, **self.params)
        return _checked(made, inputs, self.function)


def _import(module: str, folder: Path) -> Any:
    """A module of a folder that comes after all other places, so that it shadows nothing."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    loaded = importlib.import_module(module)
    if not Path(loaded.__file__ or "").is_relative_to(folder):
        raise ConfigError(
            [f"{WHERE}: {module} was found in {loaded.__file__}, not beside the configuration. Rename yours."]
        )
    return loaded


@contextlib.contextmanager
def _explained(function: str, folder: Path) -> Iterator[None]:
    """Turns whatever the user's code raises into one sentence with the last of its own lines."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        own = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(folder)]
        line = f"{Path(own[-1].filename).relative_to(folder)} line {own[-1].lineno}" if own else function
        told = next((t.strip() for t in str(error).splitlines() if t.strip()), "")
        raise ConfigError(
            [f"{WHERE}: {function} must give a model, got {type(error).__name__} in {line}: {told}"]
        ) from error


def _checked(model: Any, inputs: ModelInputs, function: str) -> keras.Model:
    """The model, with inputs that have no columns connected: functions need not care for these.

    Raises:
        ConfigError: with everything that is wrong.
    """
    import keras

    given = parts.make_inputs(inputs)
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        wanted = "keras.Model(inputs, logits)"
        raise ConfigError(
            [f"{WHERE}: {function} must return a functional model, {wanted}, got {type(model).__name__}."]
        )
    problems = [*_input_problems(model, given, function), *_output_problems(model, inputs.classes, function)]
    if problems:
        raise ConfigError(problems)
    # The same graph under a dictionary of its inputs, whatever structure the function gave them.
    has = {i.name: i for i in model.inputs}
    empty = [x for name, x in given.items() if name not in has]
    nothing = [keras.ops.sum(keras.ops.cast(x, "float32"), axis=1, keepdims=True) for x in empty]
    logits = keras.layers.Add(name="with_empty_inputs")([*model.outputs, *nothing]) if nothing else model.outputs[0]
    return keras.Model({name: has.get(name, x) for name, x in given.items()}, logits, name=model.name)


def _input_problems(model: Any, given: dict[str, Any], function: str) -> list[str]:
    has = {i.name: i for i in model.inputs}
    problems = []
    for name, wanted in given.items():
        shape = tuple(wanted.shape)
        if name not in has and 0 not in shape:
            problems.append(
                f"{WHERE}: the model of {function} has no input {name!r}; the data give it as {wanted.dtype} {_shape(shape)}. "
                f"Add keras.Input({shape[1:]}, dtype={wanted.dtype!r}, name={name!r})."
            )
        elif name in has and tuple(has[name].shape) != shape:
            problems.append(
                f"{WHERE}: input {name!r} of {function} must have the shape {_shape(shape)}, got {_shape(tuple(has[name].shape))}."
            )
    unknown = sorted(has.keys() - given.keys())
    return problems + [
        f"{WHERE}: the data give no input {n!r}, which {function} wants; they give {', '.join(given)}." for n in unknown
    ]


def _output_problems(model: Any, classes: int, function: str) -> list[str]:
    import keras

    shapes = [tuple(o.shape) for o in model.outputs]
    if shapes != [(None, classes)]:
        got = ", ".join(map(_shape, shapes))
        return [f"{WHERE}: {function} must give one output [n, {classes}], a logit for each class, got {got}."]
    if getattr(model.layers[-1], "activation", None) in (keras.activations.softmax, keras.activations.sigmoid):
        return [f"{WHERE}: {function} must give logits, got probabilities. Take the activation of its last layer out."]
    return []


def _shape(shape: tuple[int | None, ...]) -> str:
    return f"[{', '.join('n' if s is None else str(s) for s in shape)}]"
