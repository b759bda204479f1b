"""Errors that `pipeline.cli.main` turns into exit codes. `ConfigError` is in `schemas.config`."""

from __future__ import annotations

from pipeline.wording import moment


class UsageError(Exception):
    """The command cannot do what was asked. `problems` holds every problem, one sentence each (exit code 2)."""

    def __init__(self, *problems: str):
        self.problems = list(problems)
        super().__init__("\n".join(problems))


class LockHeld(Exception):  # noqa: N818 - what it says, not what went wrong
    """Another run works in this workspace (exit code 5).

    Args:
        pid: process that took the lock; None when its note could not be read.
        since: when it did, ISO 8601, UTC.
        run_id: the run that it does.
    """

    def __init__(self, pid: int | None, since: str | None, run_id: str | None):
        self.pid, self.since, self.run_id = pid, since, run_id
        who = f"run {run_id} (process {pid}, since {moment(since)})" if pid is not None else "another run"
        super().__init__(f"{who} works in this workspace. Wait until it has ended, or use another --workspace.")


class ScheduleHeld(LockHeld):
    """Another scheduler works on this pipeline in this workspace (exit code 5)."""

    def __init__(self, pid: int | None, since: str | None, name: str):
        super().__init__(pid, since, name)
        who = f"process {pid}, since {moment(since)}" if pid is not None else "another process"
        self.args = (
            f"a scheduler ({who}) is at work on {name} in this workspace. Stop it first, or use another --workspace.",
        )
