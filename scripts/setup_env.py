"""`make setup`: builds .venv with the newest stack that this machine can run, from the lock file of that stack.

Started by find_python.sh with any Python >= 3.8; only the standard library is used. RETRAIN_PYTHON names the Python to
use instead of looking for one. Whatever is missing is one sentence on stderr and exit code 2. The full output of uv is
in .tools/setup.log.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Mapping

from interpreters import Interpreter, candidates, named_by_user, pick
from problems import SetupError, meaning
from stacks import Stack, Version, dotted, parse_glibc, reason, stacks_for
from uv_tool import ROOT, TOOLS, get_uv, pip_config_files, uv_settings

VENV = ROOT / ".venv"
STAMP = VENV / "retrain-setup.json"  # Written last: without it .venv is half built.
LOG = TOOLS / "setup.log"
FETCHED_PYTHONS = TOOLS / "python"
REQUIREMENTS = ROOT / "requirements"
FREE_GIGABYTES = 5  # .venv takes 3, downloads and their unpacked copies pass through the cache.
COMPILERS = (("cc", "c++"), ("gcc", "g++"), ("clang", "clang++"))
PROGRESS = ("Resolved", "Downloading", "Downloaded", "Building", "Built", "Prepared", "Installed", "Bytecode")


def stamp_of(stack: Stack, python: Interpreter, glibc: Version, asked: str) -> dict[str, str]:
    """All that .venv depends on. If any of it changes, .venv is out of date."""
    digest = hashlib.sha256()
    for path in (REQUIREMENTS / stack.lock_name(python.version), REQUIREMENTS / "build.txt", ROOT / "setup.py"):
        digest.update(path.read_bytes())
    return {
        "stack": stack.name,
        "python": python.executable,
        "version": dotted(python.version),
        "glibc": dotted(glibc),
        "asked": asked,  # RETRAIN_PYTHON
        "folder": str(ROOT),  # The scripts in .venv/bin name it, so a moved .venv is a broken one.
        "digest": digest.hexdigest(),
    }


def read_stamp() -> dict[str, str]:
    """Empty if .venv is half built, or its Python is gone."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and os.access(VENV / "bin/python", os.X_OK) else {}


def up_to_date(stamp: Mapping[str, str], stacks: list[Stack], glibc: Version, asked: str) -> bool:
    """Without starting any Python, so that a second `make setup` is immediate."""
    for stack in stacks:
        for version in stack.pythons:
            if stamp.get("stack") == stack.name and stamp.get("version") == dotted(version):
                return stamp == stamp_of(stack, Interpreter(stamp.get("python", ""), version), glibc, asked)
    return False


def find_compiler(env: Mapping[str, str]) -> dict[str, str]:
    """CC and CXX for the packages that come as source. Named, as the one that built this Python may not be here."""
    for pair in ((env.get("CC", ""), env.get("CXX", "")), *COMPILERS):
        if all(command and shutil.which(command.split()[0], path=env.get("PATH")) for command in pair):
            return dict(zip(("CC", "CXX"), pair))
    raise SetupError(
        "no C++ compiler was found, and one package (pyfarmhash) must be compiled: install one "
        "(Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++)."
    )


def check_disk(folder: Path, free_bytes: int | None = None) -> None:
    free = shutil.disk_usage(folder).free if free_bytes is None else free_bytes
    if free < FREE_GIGABYTES * 10**9:
        raise SetupError(
            f"{folder} has {free / 10**9:.1f} GB of free disk, {FREE_GIGABYTES} GB are needed: "
            "free some, or use another folder."
        )


def run_uv(command: list[str], env: Mapping[str, str], quiet: bool = False) -> str:
    """Runs it, shows the lines that tell progress, logs them all. Empty when it worked, else its output."""
    lines = []
    with LOG.open("a", encoding="utf-8") as log, subprocess.Popen(
        command, env=dict(env), cwd=ROOT, text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        log.write(f"$ {' '.join(command)}\n")
        for line in process.stdout or ():
            lines.append(line)
            log.write(line)
            if not quiet and line.strip().startswith(PROGRESS):
                print(f"  {line.strip()}", flush=True)
    return "".join(lines) or "it failed without a message." if process.returncode else ""


def find_python(stacks: list[Stack], env: Mapping[str, str]) -> tuple[Stack, Interpreter] | None:
    return pick(stacks, lambda version: candidates(version, env, FETCHED_PYTHONS))


def fetch_python(uv: str, stack: Stack, env: Mapping[str, str]) -> tuple[Stack, Interpreter]:
    """The last resort: uv can install a Python, here into the private folder."""
    wanted = dotted(stack.pythons[0])
    print(f"No Python {wanted} on this machine: fetching one.", flush=True)
    places = {"UV_PYTHON_INSTALL_DIR": str(FETCHED_PYTHONS), "UV_PYTHON_INSTALL_BIN": "0"}
    trouble = run_uv([uv, "python", "install", wanted], {**env, **places})
    found = None if trouble else find_python([stack], env)
    if found is None:
        why = f"fetching one failed ({meaning(trouble).split(':')[0]})" if trouble else "the fetched one does not run"
        wished = " or ".join(map(dotted, stack.pythons))
        raise SetupError(
            f"no Python {wished} was found on PATH, in pyenv, /usr, /usr/local or /opt, "
            f"and {why}; install one with its headers (apt-get install python{wanted}-dev, or pyenv install {wanted}), "
            "or name one in RETRAIN_PYTHON."
        )
    return found


def install(uv: str, lock: Path, python: Interpreter, env: Mapping[str, str], keep: bool) -> None:
    STAMP.unlink(missing_ok=True)
    if not keep:
        shutil.rmtree(VENV, ignore_errors=True)
        must_work("creating .venv", run_uv([uv, "venv", "--python", python.executable, str(VENV)], env, quiet=True))
    inside = ["--python", str(VENV / "bin/python")]
    # Compiled here once, whatever PYTHONDONTWRITEBYTECODE says: without it each import of TFX compiles for 25 s.
    sync = [uv, "pip", "sync", *inside, "--require-hashes", "--compile-bytecode"]
    sync += ["--build-constraints", str(REQUIREMENTS / "build.txt"), str(lock)]
    # With everything in uv's cache, no network is needed; if something is missing, this fails before it installs.
    if run_uv([*sync, "--offline"], env, quiet=True):
        must_work("installing the packages", run_uv(sync, env))
    # setuptools is in the lock: nothing is fetched for the project itself.
    project = [uv, "pip", "install", *inside, "--offline", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    must_work("installing the project", run_uv(project, env, quiet=True))


def must_work(what: str, trouble: str) -> None:
    if trouble:
        raise SetupError(f"{what} failed: {meaning(trouble)} The full output is in {LOG.relative_to(ROOT)}.")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two `make` at the same time must not build the same .venv."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make setup is at work here: waiting for it.", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def set_up(env: Mapping[str, str]) -> None:
    names = getattr(os, "confstr_names", {})
    glibc = parse_glibc(os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in names else None)
    stacks = stacks_for(platform.system(), platform.machine(), glibc)
    assert glibc is not None  # stacks_for has raised otherwise.
    asked = env.get("RETRAIN_PYTHON", "")
    stamp = read_stamp()
    if up_to_date(stamp, stacks, glibc, asked):
        print(f"{stamp['stack']} on Python {stamp['version']} is set up ({stamp['python']}; glibc {stamp['glibc']}).")
        return
    env = {**env, **find_compiler(env), **uv_settings(env, pip_config_files(env)), "UV_COMPILE_BYTECODE_TIMEOUT": "600"}
    found = named_by_user(asked, stacks) if asked else find_python(stacks, env)
    if not stamp:
        check_disk(ROOT)
    LOG.write_text("", encoding="utf-8")
    uv = get_uv(env)
    stack, python = found or fetch_python(uv, stacks[0], env)
    lock = REQUIREMENTS / stack.lock_name(python.version)
    where = f"Python {dotted(python.version)} (found in {python.executable})"
    print(f"{reason(stack, glibc)}, so {stack.name} on {where}.", flush=True)
    print(f"Installing {lock.relative_to(ROOT)} into .venv: some minutes the first time.", flush=True)
    new_stamp = stamp_of(stack, python, glibc, asked)
    same_venv = all(stamp.get(key) == new_stamp[key] for key in ("python", "version", "folder"))
    install(uv, lock, python, env, keep=same_venv)
    STAMP.write_text(json.dumps(new_stamp, indent=2), encoding="utf-8")
    print(f"{stack.name} on Python {dotted(python.version)} is set up in .venv.")


def main() -> int:
    try:
        with alone():
            set_up(os.environ)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"setup: {error.filename or ROOT}: {error.strerror}: is this folder yours?", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
