"""The `retrain` command: what it is called with, and how errors become exit codes. Each command's work is a module of
its own in `pipeline.commands`, imported when it is called, so that reading commands stay fast.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from schemas import __version__

app = typer.Typer(
    name="retrain",
    help="Retrains a model on new data, stops a bad retrain, and says why.",
    epilog="Exit codes: 0 pushed or nothing to do, 1 internal failure, 2 usage or configuration, 3 blocked by data or augmentation, "
    "4 model not blessed, 5 another run works in this workspace.",
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigArgument = Annotated[Path, typer.Argument(metavar="CONFIG", help="Configuration of the pipeline (YAML).")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, a unique prefix of it, or 'latest'.")]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration; default: the one in the current folder."),
]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", help="Folder of runs and models; default: .retrain beside the configuration."),
]
OverrideOption = Annotated[
    list[str] | None,
    typer.Option("--override", metavar="KEY=VALUE", help="Replaces a value of the configuration; repeatable."),
]
AcceptOption = Annotated[
    list[str] | None,
    typer.Option(
        "--accept", metavar="CODE[:SUBJECT]", help="Lets findings of this code pass; needs --reason; repeatable."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, all else on stderr.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Traceback of an internal failure.")]


def _version(value: bool) -> None:
    if value:
        typer.echo(f"retrain {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Version.")] = False,
) -> None:
    """Options before the command."""


@app.command()
def run(
    config: ConfigArgument,
    span: Annotated[int | None, typer.Option(help="Newest span to use; default: the newest there is.")] = None,
    override: OverrideOption = None,
    accept: AcceptOption = None,
    reason: Annotated[str | None, typer.Option(help="Why they may pass; recorded.")] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="STAGE", help="Last stage to run, e.g. require_ok: checks the data, trains nothing."),
    ] = None,
    apply: Annotated[
        str | None,
        typer.Option(
            metavar="RUN[:N]", help="Takes over the remedy of a run's first (or N-th) cause; see retrain why."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Repeats stages that were done before.")] = False,
    tune: Annotated[bool, typer.Option("--tune", help="Looks for better settings again; needs train.tune.")] = False,
    notify: Annotated[
        bool, typer.Option("--notify", help="Tells those in the section notify, as a scheduled run does.")
    ] = False,
) -> None:
    """One retrain: trains, evaluates, and pushes only what is better."""
    from pipeline.commands.run import run_command

    code = run_command(
        config=config,
        span=span,
        overrides=override or [],
        accept=accept or [],
        reason=reason,
        workspace=workspace,
        as_json=as_json,
        debug=debug,
        use_cache=not no_cache,
        until=until,
        apply=apply,
        tune=tune,
        notify=notify,
    )
    raise typer.Exit(code)


@app.command()
def check(config: ConfigArgument, override: OverrideOption = None, as_json: JsonOption = False) -> None:
    """Checks configuration, environment and data paths, without running anything."""
    from pipeline.commands.check import check_command

    raise typer.Exit(check_command(config=config, overrides=override or [], as_json=as_json))


@app.command()
def runs(
    config: ConfigArgument,
    limit: Annotated[int, typer.Option(min=0, help="How many of the newest; 0 for all.")] = 20,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """The history: every run with its outcome, newest first."""
    from pipeline.commands.runs import runs_command

    raise typer.Exit(runs_command(config=config, limit=limit, workspace=workspace, as_json=as_json))


@app.command()
def why(
    run: RunArgument,
    against: Annotated[
        str | None, typer.Option(metavar="RUN", help="The run to hold it against; default: that of the champion.")
    ] = None,
    experiments: Annotated[
        int, typer.Option(min=0, max=20, metavar="N", help="Retrain up to N times with one ingredient swapped.")
    ] = 0,
    minutes: Annotated[
        float | None, typer.Option(min=0.0, metavar="M", help="Begin no experiment after M minutes.")
    ] = None,
    config: ConfigOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why a run did what it did: ranked causes with evidence, and what to change."""
    from pipeline.commands.why import why_command

    code = why_command(
        run=run,
        against=against,
        config=config,
        workspace=workspace,
        as_json=as_json,
        experiments=experiments,
        minutes=minutes,
    )
    raise typer.Exit(code)


@app.command()
def show(
    run: RunArgument,
    part: Annotated[
        str | None,
        typer.Argument(
            metavar="[PART]",
            help="findings, metrics, curves, schema, stats, tuning, augmentation or lineage; default: a summary.",
        ),
    ] = None,
    config: ConfigOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """One run, or one part of it."""
    from pipeline.commands.show import show_command

    raise typer.Exit(show_command(run=run, part=part, config=config, workspace=workspace, as_json=as_json))


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="RUN", help="The run that is held against.")],
    after: Annotated[str, typer.Argument(metavar="RUN", help="The run that is looked at.")],
    config: ConfigOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Two runs side by side: data, configuration, metrics, findings."""
    from pipeline.commands.diff import diff_command

    raise typer.Exit(diff_command(before=before, after=after, config=config, workspace=workspace, as_json=as_json))


@app.command()
def ui(
    config: ConfigArgument,
    host: Annotated[str, typer.Option(help="Address to listen on; the default is this machine only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8765,
    workspace: WorkspaceOption = None,
) -> None:
    """A web page on this machine: runs, trends, comparisons, the schema, versions; live while a run works."""
    from pipeline.commands.ui import ui_command

    raise typer.Exit(ui_command(config=config, host=host, port=port, workspace=workspace))


@app.command()
def tensorboard(
    run: RunArgument,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 6006,
    config: ConfigOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """TensorBoard on the training logs of a run."""
    from pipeline.commands.tensorboard import tensorboard_command

    raise typer.Exit(tensorboard_command(run=run, port=port, config=config, workspace=workspace))


@app.command()
def report(
    run: RunArgument,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write, '-' for standard output; default: in the run's folder."),
    ] = None,
    with_examples: Annotated[
        bool, typer.Option("--with-examples", help="Show a few raw rows, too, in a page of its own.")
    ] = False,
    config: ConfigOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """One run as one HTML page that works offline."""
    from pipeline.commands.report import report_command

    raise typer.Exit(
        report_command(run=run, output=output, config=config, workspace=workspace, with_examples=with_examples)
    )


@app.command()
def replay(
    run: RunArgument,
    config: ConfigOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Runs it again and compares digests; exit code 0 only when all are identical."""
    from pipeline.commands.replay import replay_command

    raise typer.Exit(replay_command(run=run, config=config, workspace=workspace, as_json=as_json, debug=debug))


@app.command()
def predict(
    config: ConfigArgument,
    input_: Annotated[Path, typer.Option("--input", help="Rows to score, in the format of the data.")],
    output: Annotated[Path, typer.Option("--output", help="File to write the scores to.")],
    version: Annotated[int | None, typer.Option("--version", help="Model version; default: the newest.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Scores rows with the served model."""
    from pipeline.commands.predict import predict_command

    code = predict_command(
        config=config, input_path=input_, output_path=output, version=version, workspace=workspace, as_json=as_json
    )
    raise typer.Exit(code)


@app.command()
def gc(
    config: ConfigArgument,
    keep_runs: Annotated[
        int | None, typer.Option(min=1, help="Newest runs that stay; default: retention.runs.")
    ] = None,
    keep_versions: Annotated[
        int | None, typer.Option(min=1, help="Newest versions that stay; default: retention.versions.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Says what would go, and removes nothing.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Removes old runs, versions and artifacts; never what is served or what a kept run points to."""
    from pipeline.commands.gc import gc_command

    code = gc_command(
        config=config, runs=keep_runs, versions=keep_versions, dry_run=dry_run, workspace=workspace, as_json=as_json
    )
    raise typer.Exit(code)


@app.command()
def rollback(
    config: ConfigArgument,
    to: Annotated[
        int | None,
        typer.Option("--to", metavar="VERSION", help="Any kept version; default: the one before the served one."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why; recorded.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serves an earlier version again; the next run compares with it."""
    from pipeline.commands.rollback import rollback_command

    raise typer.Exit(rollback_command(config=config, to=to, reason=reason, workspace=workspace, as_json=as_json))


@app.command()
def step(
    config: ConfigArgument,
    name: Annotated[str, typer.Argument(metavar="STEP", help="plan, a stage, or verdict; in this order.")],
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="The run; the step plan gives its id.")
    ] = None,
    span: Annotated[
        int | None, typer.Option(help="For plan: newest span to use; default: the newest there is.")
    ] = None,
    accept: AcceptOption = None,
    reason: Annotated[str | None, typer.Option(help="Why they may pass; recorded.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """One stage of a run, in a process of its own: what the tasks of an exported Airflow DAG call."""
    from pipeline.commands.step import step_command

    code = step_command(
        config=config,
        step=name,
        run=run,
        span=span,
        accept=accept or [],
        reason=reason,
        workspace=workspace,
        as_json=as_json,
    )
    raise typer.Exit(code)


@app.command()
def export(
    config: ConfigArgument,
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="cron, systemd, airflow or kubeflow.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder of the files; default: NAME-TARGET here."),
    ] = None,
    cron: Annotated[str | None, typer.Option(help="Five fields; default: schedule.cron of the configuration.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="IANA name; default: schedule.timezone, else the machine's.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Who runs it (cron, systemd); default: you.")] = None,
    command: Annotated[
        str | None, typer.Option(help="How retrain is called where the scheduler runs; default: this installation's.")
    ] = None,
    image: Annotated[str | None, typer.Option(help="Container image with Retrain in it (kubeflow).")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Files for a scheduler that is there already: cron, systemd, Airflow or Kubeflow."""
    from pipeline.commands.export import Wanted, export_command

    wanted = Wanted(to, output, cron, timezone, user, command, image)
    raise typer.Exit(export_command(config=config, wanted=wanted, workspace=workspace, as_json=as_json))


@app.command("export-run")
def export_run(
    run: RunArgument,
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="mlflow or openlineage.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="openlineage: file, '-' for standard output; default: RUN.openlineage.jsonl here."
        ),
    ] = None,
    namespace: Annotated[str | None, typer.Option(help="openlineage: of the job; default: retrain.")] = None,
    uri: Annotated[
        str | None, typer.Option(metavar="URL", help="mlflow: address of the server; default: MLFLOW_TRACKING_URI.")
    ] = None,
    experiment: Annotated[str | None, typer.Option(help="mlflow: its name; default: that of the pipeline.")] = None,
    config: ConfigOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """One run for MLflow or OpenLineage. Exported again, it is brought up to date."""
    from pipeline.commands.export_run import Wanted, export_run_command

    wanted = Wanted(to, output, namespace, uri, experiment)
    raise typer.Exit(export_run_command(run, wanted, config, workspace, as_json))


@app.command()
def schedule(
    config: ConfigArgument,
    action: Annotated[
        str | None,
        typer.Argument(
            metavar="[ACTION]",
            help="status, next, pause, resume or backfill; default: runs the schedule until it is stopped.",
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    override: OverrideOption = None,
    as_json: JsonOption = False,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many ticks `next` shows.")] = 5,
    reason: Annotated[
        str | None, typer.Option(help="Why it is paused, or why findings may pass in a back-fill.")
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE[:SUBJECT]", help="In a back-fill: lets findings of this code pass; needs --reason."),
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="SPAN", help="First span of a back-fill.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="SPAN", help="Last span of a back-fill.")] = None,
) -> None:
    """Retrains by itself: by cron, interval, on new data, on drift (section schedule). Stays in the foreground."""
    from pipeline.commands.schedule import schedule_command

    code = schedule_command(
        config=config,
        action=action,
        workspace=workspace,
        overrides=override or [],
        as_json=as_json,
        count=count,
        reason=reason,
        accept=accept or [],
        first=from_,
        last=to,
    )
    raise typer.Exit(code)


schema_app = typer.Typer(help="The schema: what it says, what new data would change in it, and taking that over.")
app.add_typer(schema_app, name="schema", no_args_is_help=True)
SchemaRunOption = Annotated[
    str | None, typer.Option("--run", metavar="RUN", help="Run whose data count; default: the newest.")
]


@schema_app.command("show")
def schema_show(config: ConfigArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """The schema that runs hold data against: its columns, its file, and the changes that were accepted."""
    from pipeline.commands.schema import show_command

    raise typer.Exit(show_command(config=config, workspace=workspace, as_json=as_json))


@schema_app.command("diff")
def schema_diff(
    config: ConfigArgument, run: SchemaRunOption = None, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """What would have to change in the schema for the data of a run to pass, also of a blocked one."""
    from pipeline.commands.schema import diff_command

    raise typer.Exit(diff_command(config=config, run=run, workspace=workspace, as_json=as_json))


@schema_app.command("accept")
def schema_accept(
    config: ConfigArgument,
    reason: Annotated[str | None, typer.Option(help="Why the data may differ; recorded beside the schema.")] = None,
    feature: Annotated[
        list[str] | None, typer.Option("--feature", metavar="NAME", help="Only changes of this column; repeatable.")
    ] = None,
    run: SchemaRunOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Takes those changes over into the schema's file, and records who did so, when and why."""
    from pipeline.commands.schema import accept_command

    code = accept_command(
        config=config, reason=reason, features=feature or [], run=run, workspace=workspace, as_json=as_json
    )
    raise typer.Exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    from pipeline.failures import guarded

    words = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(lambda: app(words, prog_name="retrain", standalone_mode=False), words)


if __name__ == "__main__":
    sys.exit(main())
