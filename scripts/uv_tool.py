"""Gets uv, and gives it the settings that the user made for pip.

As a program it prints the path of a usable uv: `sh scripts/find_python.sh scripts/uv_tool.py`.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterable, Mapping

from interpreters import candidates
from problems import SetupError, meaning

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
OLDEST_UV = (0, 5)  # Has all the options that are used here.

# uv does not read pip's configuration; somebody behind a mirror has made these settings for pip already.
_PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
_ALSO_SET_BY = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}


def pip_config_files(env: Mapping[str, str]) -> list[Path]:
    """Where pip looks, weakest first."""
    home = Path(env.get("HOME", "/"))
    files = [
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf",
    ]
    return [*files, Path(env["PIP_CONFIG_FILE"])] if env.get("PIP_CONFIG_FILE") else files


def uv_settings(env: Mapping[str, str], config_files: Iterable[Path]) -> dict[str, str]:
    """Variables for uv that say what pip was told; what was said to uv itself stays as it is."""
    parser = configparser.RawConfigParser()
    try:
        parser.read([str(path) for path in config_files])
    except configparser.Error:
        parser.clear()  # pip will complain about its own file.
    settings = {}
    for option, variable in _PIP_TO_UV.items():
        name = "PIP_" + option.upper().replace("-", "_")
        value = env.get(name) or parser.get("global", option, fallback="")
        if value and variable not in env and _ALSO_SET_BY.get(variable) not in env:
            settings[variable] = " ".join(value.split())
    if "UV_INDEX" in settings and "UV_INDEX_STRATEGY" not in env:
        # As pip does it: any index may have the locked version. The hashes make that safe.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return settings


def pinned_version(lock: Path) -> str:
    found = re.search(r"^uv==([^ \\]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if found is None:
        raise SetupError(f"{lock} does not name uv: restore it, or run make lock.")
    return found.group(1)


def version_of(uv: str) -> tuple[int, ...] | None:
    """None if it does not start."""
    try:
        run = subprocess.run(
            [uv, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"uv (\d+)\.(\d+)\.(\d+)", run.stdout.decode(errors="replace"))
    return tuple(int(part) for part in found.groups()) if found else None


def get_uv(env: Mapping[str, str]) -> str:
    """The path of a usable uv: the one on PATH, else a private one in .tools, installed from PyPI by pip."""
    on_path = shutil.which("uv", path=env.get("PATH"))
    if on_path and (version_of(on_path) or (0,)) >= OLDEST_UV:
        return on_path
    lock = ROOT / "requirements" / "uv.txt"
    private = TOOLS / f"uv-{pinned_version(lock)}"
    for path in (private / "bin/uv", private / "venv/bin/uv"):
        if version_of(str(path)):
            return str(path)
    return _install(lock, private, env)


def _install(lock: Path, folder: Path, env: Mapping[str, str]) -> str:
    # On Debian, python3 may come without pip, or without venv, or without both. Another Python may have them.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    options = ["install", "--quiet", "--retries", "1", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    pythons = [sys.executable]
    for minor in range(13, 7, -1):
        pythons += candidates((3, minor), env, private=TOOLS / "python")
    trouble = ""
    for python in dict.fromkeys(pythons):
        if _run([python, "-m", "pip", "--version"])[0]:
            worked, output = _run([python, "-m", "pip", *options, "--target", str(folder)])
            uv = folder / "bin/uv"
        elif _run([python, "-m", "venv", "--clear", str(folder / "venv")])[0]:
            worked, output = _run([str(folder / "venv/bin/python"), "-m", "pip", *options])
            uv = folder / "venv/bin/uv"
        else:
            continue
        if worked and version_of(str(uv)):
            return str(uv)
        trouble = output
        break  # This Python can install; that it could not get uv, another one will not change.
    shutil.rmtree(folder, ignore_errors=True)
    if trouble:
        raise SetupError(f"uv, the installer, could not be fetched: {meaning(trouble)}")
    raise SetupError(
        "no Python here has pip or venv, so that uv, the installer, cannot be fetched: install one of them "
        "(Debian, Ubuntu: apt-get install python3-venv), or put uv on PATH."
    )


def _run(command: list[str]) -> tuple[bool, str]:
    try:
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except OSError as error:
        return False, str(error)
    return run.returncode == 0, run.stdout.decode(errors="replace")


if __name__ == "__main__":
    try:
        print(get_uv(os.environ))
    except SetupError as error:
        sys.exit(f"setup: {error}")
