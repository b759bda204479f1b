"""Tells people how a run ended: by a command, a webhook or e-mail. Whatever fails here fails no run: it is returned as a sentence."""

from __future__ import annotations

import email.message
import json
import os
import smtplib
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import schemas
from pipeline.explain import explanation_of
from schemas.run_record import RunRecord, Status
from schemas.schedule import Email, Notify, Webhook

#: Status of a run -> what `notify.on` calls it; what is not here is told to nobody.
MOMENT_OF = {
    Status.PUSHED: "pushed",
    Status.BLOCKED: "blocked",
    Status.NOT_BLESSED: "not_blessed",
    Status.FAILED: "failed",
    Status.INVALID: "failed",
    Status.INTERRUPTED: "failed",
}
#: Longest wait between two attempts of a webhook, in seconds.
LONGEST_WAIT = 60.0


@dataclass(frozen=True)
class Message:
    """What is told.

    Attributes:
        moment: one of `schemas.schedule.MOMENTS`.
        name: the pipeline.
        headline: the verdict in one sentence.
        lines: why, what to do, and where the report is.
        facts: name -> value, for programs.
    """

    moment: str
    name: str
    headline: str
    lines: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The verdict in sentences."""
        return "\n".join([f"{self.name}: {self.headline}", *self.lines]) + "\n"

    @property
    def document(self) -> dict[str, Any]:
        """For programs; ``text`` is what chat services show of a webhook's document."""
        return {"event": self.moment, "name": self.name, "headline": self.headline, "text": self.text, **self.facts}

    @property
    def environment(self) -> dict[str, str]:
        """The facts as ``RETRAIN_...``; what is unknown is an empty text."""
        facts = {"event": self.moment, "name": self.name, "headline": self.headline, **self.facts}
        return {f"RETRAIN_{k.upper()}": "" if v is None else str(v) for k, v in facts.items()}


def message_of(record: RunRecord, moment: str, reason: str = "") -> Message:
    """The message about a run.

    Args:
        reason: why it was started, as a sentence.
    """
    told = explanation_of(record)
    lines = [f"Why: {s}" for s in told.why] + [f"Do: {s}" for s in told.remedies]
    lines += [f"Started because: {reason}"] * bool(reason) + [f"Report: {record.report}"] * bool(record.report)
    facts = {
        "status": record.status.value,
        "exit_code": record.exit_code,
        "run_id": record.run_id,
        "span": record.span,
        "seconds": record.seconds,
        "version": record.pushed.version if record.pushed else None,
        "report": record.report,
    }
    return Message(moment, record.name, told.headline, (*lines, f"Run: {record.run_id}"), facts)


def moments(status: str, well_before: bool | None) -> list[str]:
    """What there is to tell after a run that ended with `status`: also ``recovered`` when the one before had ended badly."""
    now = next((m for s, m in MOMENT_OF.items() if s.value == status), None)
    if well_before is False and is_well(status):
        return [*([now] if now else []), "recovered"]
    return [now] if now else []


def is_well(status: str) -> bool:
    """Whether a run ended with a model served that has seen the data."""
    return status in (Status.PUSHED.value, Status.NOTHING_NEW.value, Status.CHECKED.value)


def tell_record(section: Notify, record: RunRecord) -> list[str]:
    """Tells how one run ended; what could not be sent, as sentences."""
    return [p for m in moments(record.status.value, None) for p in tell(section, message_of(record, m))]


def tell(section: Notify, message: Message, sleep: Callable[[float], None] = time.sleep) -> list[str]:
    """Sends a message by every way that is configured, when its moment is.

    Returns:
        What could not be sent and why, one sentence each.
    """
    if message.moment not in section.on:
        return []
    problems = []
    ways: list[tuple[str, Callable[[], str]]] = []
    if command := section.command:
        ways.append(("command", lambda: _by_command(command, section.command_timeout, message)))
    if webhook := section.webhook:
        ways.append(("webhook", lambda: _by_webhook(webhook, message, sleep)))
    if mail := section.email:
        ways.append(("email", lambda: _by_email(mail, message)))
    for way, send in ways:
        try:
            problem = send()
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        if problem:
            problems.append(f"notify.{way}: {message.moment} was not told ({problem}).")
    return problems


def _by_command(command: str, timeout: float, message: Message) -> str:
    try:
        done = subprocess.run(
            command,
            shell=True,
            input=message.text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env={**os.environ, **message.environment},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the command took longer than {timeout:g} s"
    said = done.stderr.strip().splitlines()
    return f"the command ended with {done.returncode}{': ' + said[-1][:200] if said else ''}" if done.returncode else ""


def _by_webhook(webhook: Webhook, message: Message, sleep: Callable[[float], None]) -> str:
    body = json.dumps(message.document, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": f"retrain/{schemas.__version__}"}
    problem = ""
    for attempt in range(webhook.retries + 1):
        if attempt:
            sleep(min(2.0 ** (attempt - 1), LONGEST_WAIT))
        try:
            request = urllib.request.Request(webhook.url, body, headers, method="POST")
            with urllib.request.urlopen(request, timeout=webhook.timeout):
                return ""
        except urllib.error.HTTPError as error:
            problem = f"HTTP {error.code}"
            error.close()
            if error.code != 429 and error.code < 500:
                return problem
        except OSError as error:
            problem = str(getattr(error, "reason", error)) or type(error).__name__
    return f"{problem}, {webhook.retries + 1} attempts"


def _by_email(mail: Email, message: Message) -> str:
    letter = email.message.EmailMessage()
    letter["Subject"] = " ".join(f"[{message.name}] {message.headline}".split())[:200]
    letter["From"], letter["To"] = mail.sender, ", ".join(mail.to)
    letter.set_content(message.text)
    with smtplib.SMTP(mail.host, mail.port, timeout=mail.timeout) as server:
        if mail.tls:
            server.starttls()
        if mail.user and mail.password_env:
            password = os.environ.get(mail.password_env)
            if password is None:
                return f"the environment variable {mail.password_env} is not set"
            server.login(mail.user, password)
        server.send_message(letter)
    return ""
