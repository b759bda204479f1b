"""What a result depends on besides data and configuration: versions of the frameworks and of our own code."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from pathlib import Path

import schemas

PACKAGES = (
    "tfx",
    "tensorflow",
    "keras",
    "tensorflow-transform",
    "tensorflow-data-validation",
    "tensorflow-model-analysis",
    "ml-metadata",
    "apache-beam",
    "numpy",
    "pyarrow",
)


def versions() -> dict[str, str]:
    """Name -> version of Python, Retrain and the packages that results depend on."""
    found = {"python": platform.python_version(), "retrain": schemas.__version__}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def code_digest() -> str:
    """SHA-256 over the sources of `schemas` and `components` and the framework versions.

    TFX's cache does not notice a changed function body or another TensorFlow; as a parameter of the nodes, this makes it miss.
    """
    return _digest(("schemas", "components"))


def source_digest() -> str:
    """SHA-256 over all our sources and the framework versions: a process that waits must not run what was replaced meanwhile."""
    return _digest(("schemas", "components", "pipeline"))


def _digest(packages: tuple[str, ...]) -> str:
    digest = hashlib.sha256(repr(sorted(versions().items())).encode())
    root = Path(schemas.__file__).parent.parent
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
