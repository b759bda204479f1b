"""When a retrain starts by itself, what happens when it cannot, and who is told: the sections `schedule` and `notify`."""

from __future__ import annotations

import re
import zoneinfo
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from schemas.cron import parse_cron

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|m|h|d)\s*\Z")


def _seconds(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a duration like 90s, 30m, 1.5h or 2d, or a number of seconds")
    if not isinstance(value, str):
        return float(value)
    match = _DURATION.match(value)
    if match is None:
        raise ValueError("must be a duration like 90s, 30m, 1.5h or 2d, or a number of seconds")
    return float(match[1]) * _UNITS[match[2]]


_AS_WRITTEN = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$"}]})
#: Seconds, 0 included.
Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0), _AS_WRITTEN]
#: Seconds, more than 0.
Period = Annotated[float, BeforeValidator(_seconds), Field(gt=0), _AS_WRITTEN]


def _cron(value: str) -> str:
    parse_cron(value)
    return " ".join(value.split())


def _zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be a time zone of the IANA database, like Europe/Berlin or UTC") from None
    return value


class Part(BaseModel):
    """Base: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OnNewData(Part):
    """A run when a new span, or a new file of one, is complete.

    Attributes:
        settle: how long size and time of a file must not have changed (60 s: longer than any pause of a copy over a network).
        marker: name of a file that says that its folder is complete; with one, `settle` is not waited for.
        poll: how often the folders are looked at; a look costs one `stat` a file.
    """

    settle: Duration = 60.0
    marker: str | None = None
    poll: Period = 10.0


class OnDrift(Part):
    """A run when new data are distributed otherwise than those the champion was trained on.

    Attributes:
        data: glob of files with new rows, labelled or not, in the format of `data.source`; relative to the configuration.
        every: how often they are measured.
        at: the level of `numeric_drift` or `category_drift` that starts a run: their limits are those of `checks`.
        features: how many features must have drifted.
    """

    data: str = Field(min_length=1)
    every: Period = 3600.0
    at: Literal["warn", "block"] = "block"
    features: Annotated[int, Field(ge=1)] = 1


class Retries(Part):
    """What can pass by itself is tried again: exit code 1 (disk full, network lost, killed, too slow) and 5 (another run at work).

    Three times after 1, 2 and 4 minutes: most of what passes by itself has passed by then; the rest needs a hand.

    Attributes:
        times: how often; 0 for never.
        backoff: the wait before the first one.
        factor: each later wait is so many times the one before.
        max: the longest wait.
    """

    times: Annotated[int, Field(ge=0, le=100)] = 3
    backoff: Duration = 60.0
    factor: Annotated[float, Field(ge=1, le=100)] = 2.0
    max: Period = 3600.0


class Schedule(Part):
    """Triggers, and the rules of a CronJob for what happens when a run cannot start or end as meant.

    Attributes:
        cron: five fields (minute, hour, day of month, month, day of week) on the clocks of `timezone`.
        timezone: where the clocks hang; also for the times that the scheduler tells.
        interval: time between two starts.
        on_new_data: `true` for its defaults.
        on_drift: a glob alone is its `data`.
        only_if_new_data: a tick of `cron` or `interval` starts a run only when there are complete new data, or the run before failed.
        backlog: several new spans at once: ``newest`` runs the newest (its window holds the others), ``each`` runs all in order.
        concurrency: while a run is at work, another start is left out (``forbid``), waits (``queue``), or takes its place (``replace``).
        missed: ticks that passed while nothing could start: ``run_once`` runs once for all of them, ``skip`` waits for the next.
        deadline: a missed tick older than this is not made up for; None for never too old.
        timeout: longest time of a run; None for none.
        stage_timeouts: stage -> its longest time.
        jitter: ticks are put off by up to this, always by the same for the same tick: many pipelines with one cron spread out.
        paused: nothing starts by itself.
        warm: processes with everything imported wait for the next run, which starts 10 to 20 s sooner: about 0.7 GB of their own, 1.6 GB
            with the libraries that all processes share.
    """

    cron: Annotated[str, AfterValidator(_cron)] | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    interval: Period | None = None
    on_new_data: Annotated[OnNewData | None, BeforeValidator(lambda v: {} if v is True else v or None)] = None
    on_drift: Annotated[OnDrift | None, BeforeValidator(lambda v: {"data": v} if isinstance(v, str) else v)] = None
    only_if_new_data: bool = False
    backlog: Literal["newest", "each"] = "newest"
    concurrency: Literal["forbid", "queue", "replace"] = "forbid"
    missed: Literal["run_once", "skip"] = "run_once"
    deadline: Period | None = None
    retries: Retries = Retries()
    timeout: Period | None = None
    stage_timeouts: dict[str, Period] = {}
    jitter: Duration = 0.0
    paused: bool = False
    warm: bool = True

    @model_validator(mode="after")
    def _starts(self) -> Schedule:
        if not (self.cron or self.interval or self.on_new_data or self.on_drift):
            raise ValueError("needs at least one of cron, interval, on_new_data and on_drift: nothing would ever start")
        if self.only_if_new_data and not (self.cron or self.interval):
            raise ValueError("only_if_new_data is about ticks of cron or interval, and there is neither")
        return self

    @property
    def settling(self) -> OnNewData:
        """How new data are told to be complete, also where they are no trigger."""
        return self.on_new_data or OnNewData()


Moment = Literal["pushed", "blocked", "not_blessed", "failed", "recovered", "skipped"]


class Webhook(Part):
    """A JSON document by POST. Retried on no answer, 429 and 5xx: 1, 2, 4 ... seconds after each other."""

    url: Annotated[str, Field(pattern=r"^https?://")]
    retries: Annotated[int, Field(ge=0, le=20)] = 4
    timeout: Period = 10.0


class Email(Part):
    """A plain text by SMTP.

    Attributes:
        to: who gets it.
        sender: who it is from.
        host: the mail server.
        port: 25 without, 587 usually with `tls`.
        tls: STARTTLS.
        user: for a server that asks; its password is in the environment variable named by `password_env`, never in this file.
    """

    to: list[str] = Field(min_length=1)
    sender: str = "retrain@localhost"
    host: str = "localhost"
    port: Annotated[int, Field(gt=0, lt=65536)] = 25
    tls: bool = False
    user: str | None = None
    password_env: str | None = None
    timeout: Period = 10.0

    @model_validator(mode="after")
    def _password(self) -> Email:
        if (self.user is None) != (self.password_env is None):
            raise ValueError("user and password_env belong together: give both or neither")
        return self


class Notify(Part):
    """Who is told how a scheduled run ended. A message that cannot be sent never fails a run.

    Attributes:
        on: what is told: how a run ended, ``recovered`` (well again after a bad end), ``skipped`` (a tick that was left out).
        command: a command line for the shell; the verdict is on its standard input, the facts in ``RETRAIN_...`` variables.
        command_timeout: then it is ended.
    """

    on: list[Moment] = ["pushed", "blocked", "not_blessed", "failed", "recovered"]
    command: Annotated[str, Field(min_length=1)] | None = None
    command_timeout: Period = 60.0
    webhook: Annotated[Webhook | None, BeforeValidator(lambda v: {"url": v} if isinstance(v, str) else v)] = None
    email: Annotated[Email | None, BeforeValidator(lambda v: {"to": [v]} if isinstance(v, str) else v)] = None

    @model_validator(mode="before")
    @classmethod
    def _on(cls, value: Any) -> Any:
        # In YAML 1.1 the word `on` is a yes, also as a key.
        return {"on" if k is True else k: v for k, v in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _somehow(self) -> Notify:
        if not (self.command or self.webhook or self.email):
            raise ValueError("needs at least one of command, webhook and email: nobody would be told")
        return self


MOMENTS: tuple[Moment, ...] = get_args(Moment)
