"""Environments of the trials with real other software (`airflow_trial`, ...): a folder each, made on first use."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from interpreters import candidates, probe
from uv_tool import TOOLS, get_uv, pip_config_files, uv_settings

ROOT = Path(__file__).resolve().parent.parent


def environment(folder: Path, python: str, program: str, *packages: str) -> Path:
    """The folder with the programs of an environment.

    Args:
        folder: of the environment.
        python: a version, such as 3.12, or the path of a Python.
        program: what the environment is for; with it there, the environment is taken as it is.
        packages: what to install, as pip spells it.

    Raises:
        SetupError: there is no uv, and none can be fetched.
        subprocess.CalledProcessError: a package could not be installed; uv has said why.
    """
    if not (folder / "bin" / program).exists():
        uv, environ = get_uv(os.environ), {**os.environ, **uv_settings(os.environ, pip_config_files(os.environ))}
        subprocess.run([uv, "venv", "--clear", "--python", _interpreter(python), str(folder)], check=True, env=environ)
        install = [uv, "pip", "install", "--python", str(folder / "bin" / "python"), *packages]
        subprocess.run(install, check=True, env=environ)
    return folder / "bin"


def _interpreter(python: str) -> str:
    """A complete Python of this version that is there already; else the version itself, which uv then fetches."""
    if os.sep in python:
        return python
    major, minor = python.split(".")
    for path in candidates((int(major), int(minor)), os.environ, private=TOOLS / "python"):
        found = probe(path)
        if found is not None and not found.lacks:
            return found.executable
    return python
