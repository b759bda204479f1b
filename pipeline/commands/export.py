"""`retrain export`: files for a scheduler that is there already."""

from __future__ import annotations

import getpass
import importlib
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from components.registry import build_all
from pipeline import exporters
from pipeline.commands.output import emit, emit_json
from pipeline.commands.run import check_runner
from pipeline.errors import UsageError
from pipeline.exporters._common import Export, Request
from pipeline.record_json import write_atomic
from pipeline.workspace import Workspace
from schemas.config import PipelineConfig, did_you_mean, load_config
from schemas.cron import parse_cron


@dataclass(frozen=True)
class Wanted:
    """What the command line says; None where it says nothing."""

    target: str
    output: Path | None = None
    cron: str | None = None
    timezone: str | None = None
    user: str | None = None
    command: str | None = None
    image: str | None = None


def targets() -> list[str]:
    """The files in `pipeline/exporters`."""
    return sorted(p.stem for p in Path(exporters.__path__[0]).glob("*.py") if p.stem[:1] != "_")


def own_command(given: str | None) -> tuple[str, ...]:
    """How this command is called from elsewhere: the program beside this Python, else this Python with the module."""
    if given:
        first, *rest = shlex.split(given)
        found = shutil.which(first)
        if found is None:
            raise UsageError(
                f"--command {given}: {first!r} is no program. Give the path of retrain, as the scheduler's machine has it."
            )
        return (str(Path(found).absolute()), *rest)
    script = Path(sys.executable).parent / "retrain"
    return (str(script),) if script.exists() else (sys.executable, "-m", "pipeline.cli")


def schedule_of(config: PipelineConfig) -> tuple[str | None, str | None, int]:
    """Cron expression, time zone and jitter (seconds) of the configuration, as far as it has them."""
    section: Any = getattr(config, "schedule", None)
    jitter = getattr(section, "jitter", None) or 0
    seconds = jitter.total_seconds() if hasattr(jitter, "total_seconds") else jitter
    return getattr(section, "cron", None), getattr(section, "timezone", None), round(seconds)


def request_of(config_path: Path, wanted: Wanted, workspace: Path | None) -> Request:
    """Everything checked, and all paths absolute.

    Raises:
        ConfigError, UsageError: when the configuration or an option cannot be used.
    """
    config = load_config(config_path)
    build_all(config)
    check_runner(config)
    cron, timezone, jitter = schedule_of(config)
    cron, timezone = wanted.cron or cron, wanted.timezone or timezone
    try:
        if cron is not None:
            parse_cron(cron)
    except ValueError as error:
        raise UsageError(f"cron {cron!r}: {error}.") from None
    try:
        if timezone is not None:
            ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"time zone {timezone!r}: is not known. Give an IANA name like Europe/Berlin.") from None
    folder = (wanted.output or Path(f"{config.name}-{wanted.target}")).absolute()
    return Request(
        config=config,
        config_path=config_path.absolute(),
        workspace=Workspace.for_config(config_path, workspace).root,
        folder=folder,
        command=own_command(wanted.command),
        cron=cron,
        timezone=timezone,
        jitter=jitter,
        user=wanted.user or getpass.getuser(),
        image=wanted.image,
    )


def write(export: Export, folder: Path) -> None:
    """Writes the files; those of an earlier export are replaced."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in export.files.items():
            write_atomic(folder / name, text)
            (folder / name).chmod(0o755 if name in export.executable else 0o644)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror}). Choose another folder with -o.") from None


def export_command(config: Path, wanted: Wanted, workspace: Path | None, as_json: bool) -> int:
    """Writes the files and says what to do next.

    Raises:
        ConfigError, UsageError: when nothing can be made of it.
    """
    known = targets()
    if wanted.target not in known:
        raise UsageError(f"--to {wanted.target}: unknown target.{did_you_mean(wanted.target, known)}")
    request = request_of(config, wanted, workspace)
    try:
        made: Export = importlib.import_module(f"pipeline.exporters.{wanted.target}").export(request)
    except ValueError as error:
        raise UsageError(f"--to {wanted.target}: {error}.") from None
    write(made, request.folder)
    if as_json:
        emit_json({"target": wanted.target, "files": [str(request.folder / n) for n in made.files], "next": made.steps})
        return 0
    lines = [f"Written: {request.folder / name}" for name in made.files]
    emit("\n".join([*lines, "Next:", *(f"  {step}" for step in made.steps)]) + "\n")
    return 0
