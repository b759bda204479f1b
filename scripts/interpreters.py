"""Finds a Python that can hold a stack: it starts, has the right version, is complete, and has its C headers."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable, Mapping

from problems import SetupError
from stacks import Stack, Version, dotted

# Run by each candidate. The modules are those that a Python built without the system's libraries lacks; Beam, pandas
# and pip import them. In a virtual environment (one may be active), the answer is the Python below it.
_QUESTIONS = """
import json, os, sys, sysconfig
lacks = []
for name in ("bz2", "ctypes", "lzma", "sqlite3", "ssl", "zlib"):
    try: __import__(name)
    except ImportError: lacks.append(name)
below = os.path.join(sys.base_prefix, "bin", "python%d.%d" % sys.version_info[:2])
usual = sys.implementation.name == "cpython" and sys.maxsize > 2**32
print(json.dumps({
    "executable": below if sys.prefix != sys.base_prefix and os.path.exists(below) else sys.executable,
    "version": list(sys.version_info[:2]),
    "usual": usual and not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "lacks": lacks,
    "headers": os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    executable: str
    version: Version
    lacks: tuple[str, ...] = ()
    headers: bool = True

    @property
    def complete(self) -> bool:
        return self.headers and not self.lacks


def candidates(version: Version, env: Mapping[str, str], private: Path) -> list[str]:
    """Paths that may be this Python, in the order to try: the user's PATH before what was found by looking around."""
    name = f"python{dotted(version)}"
    home = Path(env.get("HOME", "/"))
    folders = [Path(folder) for folder in env.get("PATH", "").split(os.pathsep) if folder]
    for pyenv in (Path(env.get("PYENV_ROOT") or home / ".pyenv"), *_pyenv_of(folders), home / ".pyenv"):
        folders += sorted(pyenv.glob(f"versions/{dotted(version)}*/bin"), key=_by_number, reverse=True)
    folders += [Path("/usr/bin"), Path("/usr/local/bin")]
    folders += [*sorted(Path("/opt").glob("*/bin")), *sorted(Path("/opt/python").glob("*/bin"))]
    for fetched in (private, home / ".local/share/uv/python"):
        folders += sorted(fetched.glob(f"cpython-{dotted(version)}*/bin"), key=_by_number, reverse=True)
    paths = [str(folder / name) for folder in folders]
    return [path for path in dict.fromkeys(paths) if os.access(path, os.X_OK)]


def _pyenv_of(folders: Iterable[Path]) -> list[Path]:
    # pyenv on PATH is ROOT/bin/pyenv or a link to it; its root need not be named by a variable.
    return [(folder / "pyenv").resolve().parent.parent for folder in folders if (folder / "pyenv").exists()]


def _by_number(path: Path) -> list[int]:
    # 3.10.13 is newer than 3.10.9, which the order of text denies.
    return [int(part) for part in path.parent.name.replace("-", ".").split(".") if part.isdigit()]


def probe(path: str) -> Interpreter | None:
    """Asks the interpreter itself; None if it does not start, or is of an unusual kind (32 bits, PyPy, no GIL)."""
    try:
        run = subprocess.run(
            [path, "-I", "-c", _QUESTIONS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=True
        )
        answer = json.loads(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if not answer["usual"]:
        return None
    major, minor = answer["version"]
    return Interpreter(answer["executable"], (major, minor), tuple(answer["lacks"]), answer["headers"])


def pick(
    stacks: Iterable[Stack],
    candidates_for: Callable[[Version], list[str]],
    ask: Callable[[str], Interpreter | None] = probe,
) -> tuple[Stack, Interpreter] | None:
    """The best stack that a Python was found for; None if there is no Python for any.

    An incomplete Python is passed over while another one can hold the same stack. If there is none, that is an error
    rather than a silent step down to an older stack.
    """
    for stack in stacks:
        incomplete = []
        for version in stack.pythons:
            for path in candidates_for(version):
                found = ask(path)
                if found is None or found.version != version:
                    continue
                if found.complete:
                    return stack, found
                incomplete.append(found)
        if incomplete:
            raise SetupError(what_is_missing(incomplete[0]))
    return None


def what_is_missing(python: Interpreter) -> str:
    version = dotted(python.version)
    if python.lacks:
        return (
            f"{python.executable} was built without {', '.join(python.lacks)}: install the development files of these "
            f"libraries and build it again, or install another Python {version}."
        )
    return (
        f"{python.executable} has no C headers (Python.h), which one package needs to be compiled: install them "
        f"(Debian, Ubuntu: apt-get install python{version}-dev; Fedora: dnf install python{version}-devel)."
    )


def named_by_user(path: str, stacks: Iterable[Stack]) -> tuple[Stack, Interpreter]:
    """The Python in RETRAIN_PYTHON: taken as it is, or an error, never replaced by another one."""
    found = probe(path)
    if found is None:
        raise SetupError(f"RETRAIN_PYTHON={path} is no CPython that starts: name another one, or unset the variable.")
    if not found.complete:
        raise SetupError(what_is_missing(found))
    for stack in stacks:
        if found.version in stack.pythons:
            return stack, found
    possible = ", ".join(dotted(version) for stack in stacks for version in stack.pythons)
    raise SetupError(f"RETRAIN_PYTHON={path} is Python {dotted(found.version)}, this machine can use {possible}.")
