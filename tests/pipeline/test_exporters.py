"""Exports: what every target keeps, then each with the system's own verifier where there is one."""

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.commands.export import targets
from pipeline.commands.step import steps_for
from pipeline.exporters._common import Request
from pipeline.exporters.systemd import calendars
from schemas.config import load_config
from schemas.cron import parse_cron

ROOT = Path(__file__).parents[2]
CONFIG = 'name: taxi\ndata: {source: {csv: "x/{SPAN}.csv"}, label: y}\n'


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A configuration in a folder with a name that needs quoting everywhere, and a program that stands for retrain."""
    folder = tmp_path / "my 100% project's"
    folder.mkdir()
    (folder / "taxi.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def command(project):
    """A `retrain` that says what it was called with, and ends as `CODE` says."""
    path = project / "retrain"
    path.write_text('#!/bin/sh\nprintf "called: %s\\n" "$@" >&2\nexit "${CODE:-0}"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def export(project, command, target, *words):
    quoted = "'" + str(command).replace("'", "'\\''") + "'"
    options = ["--to", target, "--command", quoted, "--cron", "30 2 * * 1-5", "--timezone", "Europe/Berlin", *words]
    assert main(["export", "taxi.yaml", *options, "-o", "out"]) == 0
    return project / "out"


def request(**changes):
    given = {
        "config": load_config(ROOT / "examples" / "taxi.yaml"),
        "config_path": Path("/p/taxi.yaml"),
        "workspace": Path("/p/.retrain"),
        "folder": Path("/p/out"),
        "command": ("/opt/retrain",),
        "cron": "0 3 * * *",
        "timezone": None,
        "jitter": 0,
        "user": "ml",
        "image": "registry.example/retrain:1",
    }
    return Request(**given | changes)


def test_the_targets():
    assert targets() == ["airflow", "cron", "kubeflow", "systemd"]


LIGHT = [t for t in targets() if t != "kubeflow"]


@pytest.mark.parametrize("target", targets())
def test_each_target_has_a_docstring_and_its_part_of_the_page(target):
    module = importlib.import_module(f"pipeline.exporters.{target}")
    assert module.__doc__
    assert module.export.__doc__
    page = (ROOT / "docs" / "handing-over.md").read_text(encoding="utf-8")
    assert f"--to {target}" in page


@pytest.mark.parametrize("target", LIGHT)
def test_each_target_gives_the_same_files_twice_and_says_what_to_do(target):
    module = importlib.import_module(f"pipeline.exporters.{target}")
    first, second = module.export(request()), module.export(request())
    assert first == second
    assert first.files
    assert first.steps
    assert first.executable <= set(first.files)
    assert "/p/taxi.yaml" in "".join(first.files.values())


def test_unknown_targets_and_options(project, capsys):
    assert main(["export", "taxi.yaml", "--to", "crom"]) == 2
    assert "Did you mean 'cron'?" in capsys.readouterr().err
    assert main(["export", "taxi.yaml", "--to", "cron"]) == 2
    assert "a schedule is needed" in capsys.readouterr().err
    assert main(["export", "taxi.yaml", "--to", "cron", "--cron", "61 * * * *"]) == 2
    assert "minute: must be 0 to 59, got '61'" in capsys.readouterr().err
    assert main(["export", "taxi.yaml", "--to", "cron", "--cron", "1 * * * *", "--timezone", "Mars/Base"]) == 2
    assert "Mars/Base" in capsys.readouterr().err
    assert main(["export", "taxi.yaml", "--to", "cron", "--cron", "1 * * * *", "--command", "no-such-program"]) == 2
    assert "no-such-program" in capsys.readouterr().err
    assert not list(project.glob("taxi-*"))


def test_json(project, command, capsys):
    words = ["--to", "systemd", "--cron", "0 3 * * *", "--json"]
    assert main(["export", "taxi.yaml", *words]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == [str(project / "taxi-systemd" / f"retrain-taxi.{k}") for k in ("service", "timer")]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 3 * * *", ["*-*-* 03:00:00"]),
        ("@daily", ["*-*-* 00:00:00"]),
        ("*/30 3,5 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 03,05:00,30:00"]),
        ("0 0 1 */6 *", ["*-01,07-01 00:00:00"]),
        ("0 0 1 * mon", ["*-*-01 00:00:00", "Mon *-*-* 00:00:00"]),
        ("0 0 */2 * mon", ["Mon *-*-01,03,05,07,09,11,13,15,17,19,21,23,25,27,29,31 00:00:00"]),
    ],
)
def test_calendars(cron, expected):
    """When both days are restricted, cron takes either; a field that begins with ``*`` does not count as restricted."""
    assert calendars(parse_cron(cron), None) == expected
    assert calendars(parse_cron(cron), "Europe/Berlin") == [f"{e} Europe/Berlin" for e in expected]


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (Debian: systemd)"
)
class TestWithSystemd:
    """systemd's own verifier and its own reading of the times."""

    def test_units_are_accepted(self, project, command):
        out = export(project, command, "systemd")
        units = sorted(map(str, out.iterdir()))
        done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    def test_a_broken_unit_is_not(self, project, command):
        out = export(project, command, "systemd")
        service = out / "retrain-taxi.service"
        service.write_text(service.read_text(encoding="utf-8").replace("RestartSec=5min", "RestartSec=soon"))
        done = subprocess.run(["systemd-analyze", "verify", service], capture_output=True, text=True, check=False)
        assert "Failed to parse sec value" in done.stderr

    def test_the_times_are_those_of_the_expression(self):
        """Half past two on weekdays in Berlin, over the end of summer time: 00:30 UTC before, 01:30 after."""
        (calendar,) = calendars(parse_cron("30 2 * * 1-5"), "Europe/Berlin")
        words = ["systemd-analyze", "calendar", "--iterations=3", "--base-time=2026-10-22 12:00 UTC", calendar]
        done = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC"})
        times = re.findall(r"(\d{4}-\d\d-\d\d \d\d:\d\d):00 UTC", done.stdout)
        assert times[:3] == ["2026-10-23 00:30", "2026-10-26 01:30", "2026-10-27 01:30"]


def test_systemd_units_say_what_exit_codes_mean(project, command):
    service = (export(project, command, "systemd") / "retrain-taxi.service").read_text(encoding="utf-8")
    assert "SuccessExitStatus=5\n" in service
    assert "RestartPreventExitStatus=2 3 4\n" in service
    timer = importlib.import_module("pipeline.exporters.systemd").export(request(jitter=90)).files["retrain-taxi.timer"]
    assert "\nRandomizedDelaySec=90\n" in timer
    assert "\nPersistent=true\n" in timer


def crontab_check():
    """The dry run of Debian's crontab (-n) or of cronie and newer ones (-T)."""
    if shutil.which("crontab") is None:
        return None
    usage = subprocess.run(["crontab", "-?"], capture_output=True, text=True, check=False).stderr
    return ["crontab", "-T"] if "-T" in usage else ["crontab", "-n"] if "-n" in usage else None


def user_form(table):
    """A table of /etc/cron.d without its user column, as crontab reads it."""
    pattern = re.compile(r"^((?:\S+ ){5})\S+ (.*)$")
    return "".join((pattern.sub(r"\1\2", x) if x[0].isdigit() else x) + "\n" for x in table.splitlines())


@pytest.mark.skipif(crontab_check() is None, reason="crontab cannot check files here (Debian: apt-get install cron)")
def test_the_table_is_accepted_by_crontab(project, command, tmp_path):
    table = (export(project, command, "cron") / "retrain-taxi").read_text(encoding="utf-8")
    for text, code in ((user_form(table), 0), (user_form(table).replace("30 2 ", "30 25 "), 1)):
        (tmp_path / "table").write_text(text, encoding="utf-8")
        done = subprocess.run([*crontab_check(), tmp_path / "table"], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr


def test_what_debians_cron_does_not_read_is_refused(project, command, capsys):
    assert main(["export", "taxi.yaml", "--to", "cron", "--cron", "5/10 * * * *"]) == 2
    assert "5-59/10 for 5/10" in capsys.readouterr().err


def test_the_table(project, command):
    lines = (export(project, command, "cron", "--user", "ml") / "retrain-taxi").read_text(encoding="utf-8").splitlines()
    assert lines[1:5] == [
        "SHELL=/bin/sh",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "MAILTO=ml",
        "CRON_TZ=Europe/Berlin",
    ]
    assert lines[5].startswith("30 2 * * 1-5 ml ")
    assert "%" not in lines[5].replace("\\%", "")


@pytest.mark.parametrize(
    ("code", "mailed", "ends"), [(0, False, 0), (5, False, 0), (3, True, 3), (4, True, 4), (1, True, 1)]
)
def test_cron_mails_what_needs_a_person(project, command, code, mailed, ends):
    """Run as cron runs it: the line's command through sh, without ``\\`` before ``%``, in an empty environment."""
    out = export(project, command, "cron")
    line = (out / "retrain-taxi").read_text(encoding="utf-8").splitlines()[-1]
    program = line.split(" ", 6)[6].replace("\\%", "%")
    done = subprocess.run(
        ["/bin/sh", "-c", program], env={"CODE": str(code)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (ends, "")
    calls = f"called: run\ncalled: {project}/taxi.yaml\ncalled: --workspace\ncalled: {project}/.retrain\n"
    assert done.stdout == (calls if mailed else "")
    log = (project / ".retrain" / "cron.log").read_text(encoding="utf-8")
    assert re.fullmatch(rf"\d{{4}}-\S+Z exit code {code}\n{re.escape(calls)}", log)


def test_the_dag_is_python_with_a_task_a_stage(project, command):
    text = (export(project, command, "airflow") / "retrain_taxi.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    found = {
        n.targets[0].id: ast.literal_eval(n.value)
        for n in tree.body
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    }
    assert found["RETRAIN"] == [str(command)]
    assert found["CONFIG"] == str(project / "taxi.yaml")
    assert ["plan", *found["STAGES"], "verdict"] == steps_for(load_config(project / "taxi.yaml"))
    (decorator,) = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "pipeline").decorator_list
    given = {k.arg: k.value for k in decorator.keywords}
    assert ast.literal_eval(given["dag_id"]) == "retrain-taxi"
    assert ast.literal_eval(given["schedule"]) == "30 2 * * 1-5"
    assert ast.literal_eval(given["start_date"].keywords[0].value) == "Europe/Berlin"
    compile(tree, "retrain_taxi.py", "exec")


def test_a_dag_without_a_schedule_is_started_by_hand():
    text = importlib.import_module("pipeline.exporters.airflow").export(request(cron=None)).files["retrain_taxi.py"]
    assert "schedule=None," in text
