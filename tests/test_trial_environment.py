"""Environments of the trials: made once, with the uv and the index that set-up uses, and with a Python that is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from trial_environment import environment

from tests.test_setup_scripts import program

UV = """
[ "$1" = --version ] && echo "uv 0.9.1" && exit
echo "$UV_DEFAULT_INDEX $*" >>"$HOME/calls"
if [ "$1" = venv ]; then for last; do :; done; mkdir -p "$last/bin"; touch "$last/bin/python"; fi
[ "$1" = pip ] && touch "$HOME/tools/thing-1/bin/thing"
exit 0
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose uv notes what it is called with; no Python is on the path."""
    program(tmp_path / "programs" / "uv", UV)
    for name, value in {
        "PATH": f"{tmp_path / 'programs'}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": "mirror",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "calls"


def test_it_is_made_once_with_what_pip_was_told(tmp_path: Path, calls: Path) -> None:
    folder = tmp_path / "tools" / "thing-1"
    for _ in range(2):
        assert environment(folder, sys.executable, "thing", "thing==1", "other<2") == folder / "bin"
    assert calls.read_text(encoding="utf-8").splitlines() == [
        f"mirror venv --clear --python {sys.executable} {folder}",
        f"mirror pip install --python {folder}/bin/python thing==1 other<2",
    ]


@pytest.mark.parametrize(("wanted", "there"), [("{0}.{1}", True), ("3.99", False)])
def test_a_python_that_is_there_is_taken_and_uv_fetches_others(
    tmp_path: Path, calls: Path, wanted: str, there: bool
) -> None:
    version = wanted.format(*sys.version_info)
    if there:
        (tmp_path / "programs" / f"python{version}").symlink_to(sys.executable)
    environment(tmp_path / "tools" / "thing-1", version, "thing", "thing==1")
    python = calls.read_text(encoding="utf-8").split()[4]
    assert (Path(python).is_absolute(), python == version) == (there, not there)
