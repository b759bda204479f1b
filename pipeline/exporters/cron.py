"""A file for /etc/cron.d and the script that it starts. Cron mails what a job prints: the script prints what needs a person."""

from __future__ import annotations

import re
import shlex

from pipeline.exporters._common import BUSY, FINE, Export, Request, needs_schedule

#: Cron's own PATH is /usr/bin:/bin; programs of the system's administrator are in /usr/local/bin.
PATH = "/usr/local/bin:/usr/bin:/bin"
#: ``N/STEP``, which Debian's cron refuses.
LONE_STEP = re.compile(r"(?:^|[\s,])\w+/")

SCRIPT = """\
#!/bin/sh
# One scheduled retrain of {name}. Made by `retrain export --to cron`: export again rather than edit.
# What needs a person (blocked by data, not blessed, failed) is printed, and cron mails it. All of it is in the log.
# There is no flock here: a second run in the same workspace ends at once with exit code {busy}, which is no failure.
PATH={path}
export PATH
if [ -r {environment} ]; then set -a; . {environment}; set +a; fi
output=$({command} 2>&1 </dev/null)
code=$?
mkdir -p {logs}
printf '%s exit code %s\\n%s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$code" "$output" >>{log}
case $code in
{fine} | {busy}) exit 0 ;;
*)
    printf '%s\\n' "$output"
    exit "$code"
    ;;
esac
"""


def in_crontab(path: str) -> str:
    """A path as a command in a crontab: quoted for the shell, and ``%`` escaped, which cron takes for a line break."""
    return shlex.quote(path).replace("%", "\\%")


def export(request: Request) -> Export:
    """Two files: the table for /etc/cron.d, and the script.

    Raises:
        ValueError: without a schedule, or with one that only other schedulers read.
    """
    schedule, script = needs_schedule(request), f"{request.unit}.sh"
    if LONE_STEP.search(schedule):
        raise ValueError(
            f"cron {schedule!r}: cron reads no step after a single number; write a range, like 5-59/10 for 5/10"
        )
    environment = f"/etc/default/{request.unit}"
    table = [
        f"# Retrains {request.config.name}. Made by `retrain export --to cron`: export again rather than edit.",
        "SHELL=/bin/sh",
        f"PATH={PATH}",
        f"MAILTO={request.user}",
        *([f"CRON_TZ={request.timezone}"] if request.timezone else []),
        f"{schedule} {request.user} {in_crontab(str(request.folder / script))}",
    ]
    text = SCRIPT.format(
        name=request.config.name,
        path=PATH,
        environment=environment,
        command=shlex.join(request.words("run")),
        logs=shlex.quote(str(request.workspace)),
        log=shlex.quote(str(request.workspace / "cron.log")),
        fine=FINE,
        busy=BUSY,
    )
    files = {request.unit: "\n".join(table) + "\n", script: text}
    steps = [
        f"Install it: install -o root -g root -m 644 {shlex.quote(str(request.folder / request.unit))} /etc/cron.d/{request.unit}",
        f"Try it once: {shlex.quote(str(request.folder / script))}",
    ]
    if request.timezone:
        steps.append(
            f"CRON_TZ={request.timezone} is obeyed by cronie (Fedora, RHEL, Arch; package cronie from Debian 13 on). "
            "Debian's own cron ignores it and takes the machine's time zone: there, use cronie or --to systemd."
        )
    if request.jitter:
        steps.append("Cron knows no jitter: the schedule's jitter is left out here. --to systemd has it.")
    return Export(files, steps, executable=frozenset([script]))
