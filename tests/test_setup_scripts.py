"""The set-up scripts, without TFX and without building anything."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import interpreters
import problems
import pytest
import setup_env
import stacks
import uv_tool
from interpreters import Interpreter
from problems import SetupError
from stacks import STACKS, TFX_1_16, TFX_1_21

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [(stack, python) for stack in STACKS for python in stack.pythons]


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# --- stacks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "version"),
    [("glibc 2.36", (2, 36)), ("glibc 2.39.1", (2, 39)), ("glibc 2.4", (2, 4)), ("musl 1.2", None), (None, None)],
)
def test_glibc_is_read_from_the_systems_own_words(text: str | None, version: tuple[int, int] | None) -> None:
    assert stacks.parse_glibc(text) == version


@pytest.mark.parametrize(
    ("glibc", "usable"),
    [
        ((2, 28), [TFX_1_16]),
        ((2, 38), [TFX_1_16]),
        ((2, 39), [TFX_1_21, TFX_1_16]),
        ((2, 41), [TFX_1_21, TFX_1_16]),
        ((3, 0), [TFX_1_21, TFX_1_16]),
    ],
)
def test_the_newest_stack_that_glibc_allows_comes_first(glibc: tuple[int, int], usable: list[stacks.Stack]) -> None:
    assert stacks.stacks_for("Linux", "x86_64", glibc) == usable


@pytest.mark.parametrize(
    ("system", "machine", "glibc", "says"),
    [
        ("Darwin", "arm64", None, "Linux on x86_64 only, this is Darwin on arm64"),
        ("Linux", "aarch64", (2, 39), "this is Linux on aarch64"),
        ("Linux", "x86_64", None, "musl"),
        ("Linux", "x86_64", (2, 27), "needs glibc 2.28 or newer, this system has 2.27"),
    ],
)
def test_a_machine_without_wheels_gets_one_sentence(
    system: str, machine: str, glibc: tuple[int, int] | None, says: str
) -> None:
    with pytest.raises(SetupError, match=re.escape(says)) as caught:
        stacks.stacks_for(system, machine, glibc)
    assert "\n" not in str(caught.value)


def test_the_reason_names_the_numbers() -> None:
    assert stacks.reason(TFX_1_16, (2, 36)) == "glibc 2.36 < 2.39"
    assert stacks.reason(TFX_1_21, (2, 41)) == "glibc 2.41 >= 2.39"
    assert stacks.reason(TFX_1_16, (2, 41)) == "glibc 2.41 would do for TFX 1.21, but this Python is 3.10"


# --- interpreters -----------------------------------------------------------------------------------------------------


def test_candidates_are_tried_from_path_to_pyenv_newest_patch_first(tmp_path: Path) -> None:
    on_path = program(tmp_path / "bin/python3.10", "")
    older = program(tmp_path / "home/.pyenv/versions/3.10.9/bin/python3.10", "")
    newer = program(tmp_path / "home/.pyenv/versions/3.10.13/bin/python3.10", "")
    fetched = program(tmp_path / "tools/cpython-3.10.20-linux-x86_64-gnu/bin/python3.10", "")
    program(tmp_path / "home/.pyenv/versions/3.11.1/bin/python3.11", "")
    env = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home")}

    found = interpreters.candidates((3, 10), env, tmp_path / "tools")

    assert [path for path in found if path.startswith(str(tmp_path))] == [
        str(on_path),
        str(newer),
        str(older),
        str(fetched),
    ]


def test_pyenv_is_found_by_its_program_on_path(tmp_path: Path) -> None:
    program(tmp_path / "elsewhere/bin/pyenv", "")
    python = program(tmp_path / "elsewhere/versions/3.12.1/bin/python3.12", "")
    env = {"PATH": str(tmp_path / "elsewhere/bin"), "HOME": str(tmp_path)}
    assert str(python) in interpreters.candidates((3, 12), env, tmp_path / "tools")


@pytest.mark.parametrize("text", ["exit 127", "echo hello", "echo '{}' >&2; exit 1"])
def test_a_python_that_does_not_really_run_is_no_python(tmp_path: Path, text: str) -> None:
    assert interpreters.probe(str(program(tmp_path / "python3.10", text))) is None


def test_this_python_answers_for_itself() -> None:
    found = interpreters.probe(sys.executable)
    assert found is not None
    assert found.version == sys.version_info[:2]
    assert found.executable.startswith(sys.base_prefix + os.sep), "not the one of the virtual environment"


def choose(usable: list[stacks.Stack], machine: dict[str, Interpreter]) -> tuple[stacks.Stack, Interpreter] | None:
    return interpreters.pick(
        usable, lambda version: [path for path in machine if path.endswith(stacks.dotted(version))], machine.get
    )


BOTH = [TFX_1_21, TFX_1_16]
OLD = Interpreter("python3.10", (3, 10))
NEW = Interpreter("python3.12", (3, 12))
NEW_WITHOUT_HEADERS = Interpreter("python3.13", (3, 13), headers=False)


def test_the_best_stack_with_a_python_is_picked() -> None:
    assert choose(BOTH, {"python3.10": OLD, "python3.12": NEW}) == (TFX_1_21, NEW)
    assert choose(BOTH, {"python3.10": OLD}) == (TFX_1_16, OLD)
    assert choose([TFX_1_16], {"python3.12": NEW}) is None


def test_a_python_without_headers_is_passed_over_within_its_stack() -> None:
    assert choose(BOTH, {"python3.13": NEW_WITHOUT_HEADERS, "python3.12": NEW}) == (TFX_1_21, NEW)


def test_missing_headers_are_an_error_and_no_silent_step_to_the_older_stack() -> None:
    with pytest.raises(SetupError, match=r"no C headers.*python3\.13-dev"):
        choose(BOTH, {"python3.13": NEW_WITHOUT_HEADERS, "python3.10": OLD})


def test_a_python_of_another_version_than_its_name_is_not_taken() -> None:
    assert choose([TFX_1_16], {"python3.10": Interpreter("python3.10", (3, 11))}) is None


def test_a_python_named_by_the_user_is_taken_or_refused_but_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no CPython that starts"):
        interpreters.named_by_user(str(tmp_path / "missing"), BOTH)
    answer = '{"executable": "/p", "version": [3, 14], "usual": true, "lacks": [], "headers": true}'
    with pytest.raises(SetupError, match=r"is Python 3\.14, this machine can use 3\.13, 3\.12, 3\.11, 3\.10"):
        interpreters.named_by_user(str(program(tmp_path / "python", f"echo '{answer}'")), BOTH)


# --- checks before any work -------------------------------------------------------------------------------------------


def test_compilers_are_found_as_a_pair(tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path)}
    program(tmp_path / "gcc", "")
    with pytest.raises(SetupError, match=r"no C\+\+ compiler.*apt-get install g\+\+"):
        setup_env.find_compiler(env)
    program(tmp_path / "g++", "")
    assert setup_env.find_compiler(env) == {"CC": "gcc", "CXX": "g++"}
    program(tmp_path / "mine", "")
    assert setup_env.find_compiler({**env, "CC": "mine", "CXX": "mine -x"}) == {"CC": "mine", "CXX": "mine -x"}


def test_disk_is_judged_at_the_limit(tmp_path: Path) -> None:
    limit = setup_env.FREE_GIGABYTES * 10**9
    setup_env.check_disk(tmp_path, limit)
    with pytest.raises(SetupError, match="GB of free disk, 5 GB are needed"):
        setup_env.check_disk(tmp_path, limit - 1)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("error: Failed to fetch: `...`\n  Caused by: dns error: failed to lookup address", "cannot be reached"),
        ("Failed to fetch ... invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE"),
        ("Failed to fetch: HTTP status client error (407 Proxy Authentication Required)", "refused access"),
        ("error: Failed to write: No space left on device (os error 28)", "disk is full"),
        ("error: Hash mismatch for `six==1.17.0`", "not the locked one"),
        ("something\nquite new\n", "quite new"),
        ("", "without a message"),
    ],
)
def test_what_uv_and_pip_say_becomes_one_sentence(output: str, says: str) -> None:
    assert says in problems.meaning(output)
    assert "\n" not in problems.meaning(output)


# --- the settings of pip, for uv --------------------------------------------------------------------------------------


def test_uv_is_told_what_pip_was_told(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = mirror\nextra-index-url =\n    one\n    two\n", encoding="utf-8")
    assert uv_tool.uv_settings({"PIP_CERT": "/ca.crt"}, [config]) == {
        "UV_DEFAULT_INDEX": "mirror",
        "UV_INDEX": "one two",
        "SSL_CERT_FILE": "/ca.crt",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    assert uv_tool.uv_settings({"PIP_INDEX_URL": "other"}, []) == {"UV_DEFAULT_INDEX": "other"}


def test_what_was_said_to_uv_itself_stays(tmp_path: Path) -> None:
    env = {"PIP_INDEX_URL": "a", "UV_INDEX_URL": "b", "PIP_CERT": "c", "SSL_CERT_FILE": "d"}
    assert uv_tool.uv_settings(env, [tmp_path / "missing"]) == {}


def test_a_broken_pip_configuration_is_left_to_pip(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("not an ini file", encoding="utf-8")
    assert uv_tool.uv_settings({}, [config]) == {}


# --- the stamp --------------------------------------------------------------------------------------------------------


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which everything is set up for Python 3.10."""
    requirements = tmp_path / "requirements"
    for name in ("requirements/build.txt", "requirements/tfx-1.16-py310.txt", "setup.py", ".venv/bin/python"):
        program(tmp_path / name, "")
    for name, path in {"ROOT": tmp_path, "REQUIREMENTS": requirements, "VENV": tmp_path / ".venv"}.items():
        monkeypatch.setattr(setup_env, name, path)
    monkeypatch.setattr(setup_env, "STAMP", tmp_path / ".venv/stamp.json")
    stamp = setup_env.stamp_of(TFX_1_16, OLD, (2, 36), "")
    setup_env.STAMP.write_text(setup_env.json.dumps(stamp), encoding="utf-8")
    return tmp_path


def is_up_to_date(glibc: tuple[int, int] = (2, 36), asked: str = "") -> bool:
    return setup_env.up_to_date(setup_env.read_stamp(), stacks.stacks_for("Linux", "x86_64", glibc), glibc, asked)


def test_a_finished_set_up_is_not_done_again(built: Path) -> None:
    assert is_up_to_date()


@pytest.mark.parametrize("name", ["setup.py", "requirements/build.txt", "requirements/tfx-1.16-py310.txt"])
def test_a_changed_input_is_noticed(built: Path, name: str) -> None:
    (built / name).write_text("changed", encoding="utf-8")
    assert not is_up_to_date()


def test_a_half_built_venv_is_noticed(built: Path) -> None:
    setup_env.STAMP.unlink()
    assert not is_up_to_date()


def test_a_truncated_stamp_is_no_stamp(built: Path) -> None:
    setup_env.STAMP.write_text('{"stack": "TFX', encoding="utf-8")
    assert setup_env.read_stamp() == {}


def test_a_python_that_was_removed_is_noticed(built: Path) -> None:
    (built / ".venv/bin/python").unlink()
    assert not is_up_to_date()


def test_a_newer_system_or_another_wish_is_noticed(built: Path) -> None:
    assert not is_up_to_date(glibc=(2, 41))
    assert not is_up_to_date(asked="/usr/bin/python3.10")


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stack", "python"), LOCKS, ids=[stack.lock_name(python) for stack, python in LOCKS])
def test_a_lock_pins_and_hashes_everything_and_names_no_place(stack: stacks.Stack, python: tuple[int, int]) -> None:
    text = (ROOT / "requirements" / stack.lock_name(python)).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert len(entries) > 100
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert re.search(r"(?<![\w-])/\w", text) is None
    assert f"\ntfx=={stack.name.split()[1]}.0 " in text
    for package in ("dill", "tensorboard", "apache-beam", "pytest", "ruff", "mypy", "setuptools"):
        assert f"\n{package}==" in text


def test_beam_stays_below_the_version_that_breaks_tensorflow_transform() -> None:
    text = (ROOT / "requirements/tfx-1.16-py310.txt").read_text(encoding="utf-8")
    assert "\napache-beam==2.62.0 " in text


def test_the_launcher_skips_a_python_that_exists_but_fails(tmp_path: Path) -> None:
    launcher = (ROOT / "scripts/find_python.sh").read_text(encoding="utf-8")
    script = tmp_path / "find_python.sh"
    script.write_text(launcher.replace("/usr/bin/python3 python3", "python3"), encoding="utf-8")
    program(tmp_path / "bin/python3", "echo 'pyenv: python3: command not found' >&2; exit 127")
    program(tmp_path / "bin/python3.13", 'case "$1" in -c) exit 0;; *) echo "ran $*";; esac')
    run = subprocess.run(
        ["/bin/sh", str(script), "some.py", "two words"],
        env={"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout == "ran some.py two words\n"
