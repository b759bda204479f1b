"""What can be known of a user's module without running it: which files it consists of, and whether it has the function. No import."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.config import ConfigError, did_you_mean

WHERE = "train.model.user"


def source_files(folder: Path, module: str) -> dict[str, Path]:
    """A module and all modules of the same folder that it imports: name relative to the folder -> path.

    Imports are found in the text, wherever they stand; those that a program puts together while it runs are not.

    Raises:
        ConfigError: when the module is missing, is not Python, or has the name of another one.
    """
    start = _find(folder, module)
    if start is None:
        raise ConfigError(
            [
                f"{WHERE}: there is no {module.replace('.', '/')}.py in {folder}. Put the module beside the configuration."
            ]
        )
    _refuse_taken(folder, module.partition(".")[0])
    found: dict[str, Path] = {}
    todo = [(module, start)]
    while todo:
        name, path = todo.pop()
        key = path.relative_to(folder).as_posix()
        if key in found:
            continue
        found[key] = path
        todo += [(n, p) for n in _imported(parse(path, key), name, path) if (p := _find(folder, n))]
    return dict(sorted(found.items()))


def parse(path: Path, called: str) -> ast.Module:
    """The syntax tree of a file.

    Raises:
        ConfigError: when it is not Python.
    """
    try:
        return ast.parse(path.read_bytes(), called)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise ConfigError([f"{WHERE}: {called} line {line or 1} is not valid Python ({error.args[0]})."]) from None


def check_function(tree: ast.Module, module: str, function: str, params: Mapping[str, Any]) -> list[str]:
    """What is wrong with a function and the parameters it is to get, as far as the text tells."""
    named: dict[str, ast.stmt] = {}
    for node in tree.body:
        for name in _names(node):
            named[name] = node
    if function not in named:
        return [f"{WHERE}: {module} does not define {function!r} at its top level.{_hint(function, named)}"]
    node = named[function]
    return _misfits(node, function, params) if isinstance(node, ast.FunctionDef) else []


def _hint(function: str, named: Mapping[str, ast.stmt]) -> str:
    functions = [n for n, node in named.items() if isinstance(node, ast.FunctionDef)]
    return did_you_mean(function, functions) if functions else " It defines no function."


def _misfits(node: ast.FunctionDef, function: str, params: Mapping[str, Any]) -> list[str]:
    places = [a.arg for a in [*node.args.posonlyargs, *node.args.args]]
    if not places and node.args.vararg is None:
        return [f"{WHERE}: {function} (line {node.lineno}) must take the inputs as its first argument."]
    optional = places[len(places) - len(node.args.defaults) :]
    keywords = [a.arg for a in node.args.kwonlyargs]
    optional += [k for k, default in zip(keywords, node.args.kw_defaults, strict=True) if default is not None]
    known = [*places[1:], *keywords]
    problems = [
        f"{WHERE}.params.{name}: {function} (line {node.lineno}) has no such parameter.{did_you_mean(name, known) if known else ''}"
        for name in params
        if name not in known and node.args.kwarg is None
    ]
    lacking = [n for n in known if n not in optional and n not in params]
    return problems + [f"{WHERE}.params.{n}: {function} (line {node.lineno}) needs it; give a value." for n in lacking]


def _names(node: ast.stmt) -> list[str]:
    """Names that a statement of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [a.asname or a.name.partition(".")[0] for a in node.names]
    if isinstance(node, ast.Assign):
        return [t.id for t in node.targets if isinstance(t, ast.Name)]
    return []


def _find(folder: Path, module: str) -> Path | None:
    """The file of a module of the folder."""
    path = folder.joinpath(*module.split("."))
    return next((p for p in (path.with_name(f"{path.name}.py"), path / "__init__.py") if p.is_file()), None)


def _imported(tree: ast.Module, module: str, path: Path) -> list[str]:
    """Full names of all that a module may import; its own packages too, whose `__init__` runs first."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    names: list[str] = [".".join(package)] if package else []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*above, *([node.module] if node.module else [])])
            names += [stem, *(f"{stem}.{a.name}" if stem else a.name for a in node.names)]
    return [".".join(n.split(".")[:i]) for n in names if n for i in range(1, n.count(".") + 2)]


def _refuse_taken(folder: Path, top: str) -> None:
    """A module of the user's comes last: one with the name of another would never be found."""
    spec = importlib.util.find_spec(top)
    places = [spec.origin, *(spec.submodule_search_locations or [])] if spec else []
    if spec and not any(p and Path(p).resolve().is_relative_to(folder.resolve()) for p in places):
        raise ConfigError([f"{WHERE}: there is already a module named {top!r} in this environment. Rename yours."])
