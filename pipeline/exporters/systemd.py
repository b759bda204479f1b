"""A service and its timer."""

from __future__ import annotations

import shlex

from pipeline.exporters._common import BUSY, Export, Request, needs_schedule
from schemas.cron import Cron, parse_cron

WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
#: systemd takes no program with one of these in its path, quoted or not.
UNSAFE = "\"'\\"

SERVICE = """\
# Made by `retrain export --to systemd`: export again, or `systemctl edit`, rather than edit.
[Unit]
Description=Retrain {name}
Documentation={config}
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=1h
StartLimitBurst=3

[Service]
Type=oneshot
User={user}
WorkingDirectory={folder}
EnvironmentFile=-/etc/default/{unit}
ExecStart={command}
# Another run works in the workspace, whose result counts.
SuccessExitStatus={busy}
# Failed, perhaps for want of disk or network: again after five minutes, at most twice.
# Not again: 2 configuration, 3 blocked by data, 4 not blessed. A person has to look, so the unit counts as failed.
Restart=on-failure
RestartSec=5min
RestartPreventExitStatus=2 3 4
"""

TIMER = """\
# Made by `retrain export --to systemd`: export again, or `systemctl edit`, rather than edit.
[Unit]
Description=When to retrain {name}

[Timer]
# {cron}
{calendar}
# A run that was missed while the machine was off is made up for, once.
Persistent=true
{jitter}
[Install]
WantedBy=timers.target
"""


def escaped(word: str) -> str:
    """One word of a command line, as systemd reads it."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if any(c.isspace() or c in "\"'\\;" for c in word) or not word else text


def in_path(path: object) -> str:
    """A path as a value: only ``%`` means something there."""
    return str(path).replace("%", "%%")


def calendars(cron: Cron, timezone: str | None) -> list[str]:
    """The same times as calendar events of systemd. Cron runs on days that fit either the date or the weekday: two events then."""
    clock = f"{_listed(cron.hours, 24)}:{_listed(cron.minutes, 60)}:00"
    months, days = _listed(cron.months, 12), _listed(cron.days, 31)
    weekdays = "" if len(cron.weekdays) == 7 else ",".join(WEEKDAYS[d] for d in cron.weekdays) + " "
    zone = f" {timezone}" if timezone else ""
    if cron.any_day:
        return [f"*-{months}-{days} {clock}{zone}", f"{weekdays}*-{months}-* {clock}{zone}"]
    return [f"{weekdays}*-{months}-{days} {clock}{zone}"]


def _listed(numbers: tuple[int, ...], every: int) -> str:
    return "*" if len(numbers) == every else ",".join(f"{n:02}" for n in numbers)


def export(request: Request) -> Export:
    """Two files, for /etc/systemd/system.

    Raises:
        ValueError: without a schedule.
    """
    schedule, unit = needs_schedule(request), request.unit
    command = request.words("run")
    if any(c in command[0] for c in UNSAFE):
        command = ["/usr/bin/env", *command]
    service = SERVICE.format(
        name=request.config.name,
        config=in_path(request.config_path.as_uri()),
        user=request.user,
        folder=in_path(request.config_path.parent),
        unit=unit,
        command=" ".join(escaped(w) for w in command),
        busy=BUSY,
    )
    timer = TIMER.format(
        name=request.config.name,
        cron=f"cron: {schedule}",
        calendar="\n".join(f"OnCalendar={c}" for c in calendars(parse_cron(schedule), request.timezone)),
        jitter=f"RandomizedDelaySec={request.jitter}\n" if request.jitter else "",
    )
    files = {f"{unit}.service": service, f"{unit}.timer": timer}
    there = shlex.join(str(request.folder / name) for name in files)
    steps = [
        f"Check them: systemd-analyze verify {there}",
        f"Install them: install -m 644 {there} /etc/systemd/system/ && systemctl daemon-reload",
        f"Switch it on: systemctl enable --now {unit}.timer",
        f"Try it once: systemctl start {unit}.service; journalctl -u {unit}.service",
    ]
    return Export(files, steps)
