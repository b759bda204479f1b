"""A DAG file for Airflow 2 and 3: one task a stage, each a process of Retrain's own environment. Airflow's needs nothing installed."""

from __future__ import annotations

import json
import pprint

from pipeline.commands.step import steps_for
from pipeline.exporters._common import BUSY, WORTH_A_RETRY, Export, Request

DAG = '''\
"""Retrains {name}: one task a stage. Made by `retrain export --to airflow`: export again rather than edit.

A task calls `retrain step`, in Retrain's own environment. What could pass by itself is tried again; blocked data and a model that was not
blessed are not: the task fails at once and says why. The task `verdict` runs whatever happened before, ends the run, and says how it ended.
"""

import datetime
import json
import os
import subprocess

import pendulum

try:
    from airflow.sdk import dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.operators.python import get_current_context

from airflow.exceptions import AirflowException, AirflowFailException

RETRAIN = {command}
CONFIG = {config}
WORKSPACE = {workspace}
STAGES = {stages}
RETRIED = {retried}
BUSY = {busy}
#: Of Airflow's own Python: they would lead Retrain's Python astray.
NOT_PASSED_ON = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


def retrain(step, *words):
    """Runs one step and returns what it printed; a step that fails raises."""
    command = [*RETRAIN, "step", CONFIG, step, *words, "--workspace", WORKSPACE]
    environment = {{k: v for k, v in os.environ.items() if k not in NOT_PASSED_ON}}
    print("$", " ".join(command), flush=True)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, told = process.communicate()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    print(told, flush=True)
    if process.returncode == 0:
        return out
    message = told.strip() or f"retrain step {{step}} ended with exit code {{process.returncode}}"
    raise (AirflowException if process.returncode in (RETRIED, BUSY) else AirflowFailException)(message)


@dag(
    dag_id={dag_id},
    description={description},
    schedule={schedule},
    # The schedule is in this time zone.
    start_date=pendulum.datetime(2024, 1, 1, tz={timezone}),
    catchup=False,
    max_active_runs=1,
    default_args={{"retries": 2, "retry_delay": datetime.timedelta(minutes=5)}},
    params={{"span": None, "accept": "", "reason": ""}},
    tags=["retrain"],
)
def pipeline():
    @task
    def plan():
        """Begins a run; gives its id. Parameters: span (number), accept (code of a finding) and reason."""
        asked = get_current_context()["params"]
        words = [f"--{{key}}={{asked[key]}}" for key in ("span", "accept", "reason") if asked[key] not in (None, "")]
        return json.loads(retrain("plan", "--json", *words))["run_id"]

    @task
    def stage(name, run):
        """One stage."""
        retrain(name, "--run", run)

    @task(trigger_rule="all_done")
    def verdict(run):
        """Ends the run. Fails with the verdict unless a model was pushed or there was nothing new."""
        if run is None:
            raise AirflowFailException("The run was not begun: see the log of the task plan.")
        retrain("verdict", "--run", run)

    run = plan()
    last = run
    for name in STAGES:
        this = stage.override(task_id=name)(name, run)
        last >> this
        last = this
    last >> verdict(run)


pipeline()
'''


def export(request: Request) -> Export:
    """One file, for Airflow's DAG folder."""
    text = DAG.format(
        name=request.config.name,
        command=pprint.pformat(list(request.command)),
        config=json.dumps(str(request.config_path)),
        workspace=json.dumps(str(request.workspace)),
        stages=pprint.pformat(steps_for(request.config)[1:-1], width=110, compact=True),
        retried=WORTH_A_RETRY,
        busy=BUSY,
        dag_id=json.dumps(request.unit),
        description=json.dumps(f"Retrains {request.config.name}; pushes only what is better, and says why not."),
        schedule=json.dumps(request.cron) if request.cron else "None",
        timezone=json.dumps(request.timezone or "UTC"),
    )
    name = f"{request.unit.replace('-', '_')}.py"
    steps = [
        f"Check it: python {request.folder / name} in Airflow's environment prints nothing.",
        f"Install it: copy {name} to the DAG folder (airflow config get-value core dags_folder).",
        f"Switch it on: airflow dags unpause {request.unit}",
        f"Try it once: airflow dags test {request.unit}",
    ]
    return Export({name: text}, steps)
