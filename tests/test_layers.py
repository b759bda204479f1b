"""Imports go one way: pipeline -> components -> schemas; plug-in families never import each other."""

import ast
from pathlib import Path

import pytest

from components.interfaces import FAMILIES

ROOT = Path(__file__).parents[1]
LAYERS = ["schemas", "components", "pipeline"]
HEAVY = {
    "tensorflow",
    "tfx",
    "apache_beam",
    "keras",
    "tensorflow_transform",
    "tensorflow_model_analysis",
    "ml_metadata",
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def sources(package):
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", LAYERS)
def test_imports_go_one_way(package):
    above = LAYERS[LAYERS.index(package) + 1 :]
    wrong = [(str(p), m) for p in sources(package) for m in imports(p) if m.split(".")[0] in above]
    assert wrong == []


def test_families_do_not_import_each_other():
    wrong = []
    for family in FAMILIES:
        for path in sources(f"components/{family}"):
            wrong += [
                (str(path), m)
                for m in imports(path)
                for other in FAMILIES
                if other != family and m.startswith(f"components.{other}")
            ]
    assert wrong == []


def test_schemas_are_light():
    assert [(str(p), m) for p in sources("schemas") for m in imports(p) if m.split(".")[0] in HEAVY] == []
