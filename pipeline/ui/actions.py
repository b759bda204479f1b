"""What the UI may change: starts a run, rolls back, accepts changes of the schema, pauses the schedule.

Every request is recorded in `actions.jsonl`. The work is that of the commands; what they refuse is refused here, in the same words.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from threading import Lock
from typing import Any

from pipeline.commands.rollback import roll_back_to
from pipeline.errors import LockHeld, UsageError
from pipeline.schema_log import user
from pipeline.ui.proposals import START, Proposals
from pipeline.ui.schedule_page import set_paused
from pipeline.workspace import Workspace
from schemas.config import ConfigError, load_config

#: A run has its lock, or has told what is wrong, within this time; checking configuration and data takes about a second.
START_SECONDS = 20.0
Form = Mapping[str, list[str]]


@dataclass(frozen=True)
class Done:
    """What was done: a sentence, and the address to show next."""

    said: str
    to: str


class Refused(Exception):  # noqa: N818 - what it says, not what went wrong
    """What was asked for cannot be done; `problems` are sentences."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__(" ".join(problems))


class ActionLog:
    """Who did what, when, and what came of it, one JSON object a line."""

    def __init__(self, root: Path):
        self.path = root / "actions.jsonl"
        self._guard = Lock()

    def write(self, action: str, arguments: Mapping[str, Any], client: str, outcome: str, said: str) -> None:
        """Adds a line."""
        entry = {
            "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "who": user(),
            "from": client,
            "action": action,
            "arguments": dict(arguments),
            "outcome": outcome,
            "said": said,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._guard, self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n")

    def read(self) -> list[dict[str, Any]]:
        """All entries, newest first; a line that is none is passed over."""
        if not self.path.exists():
            return []
        found = []
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                found.append(entry)
        return found[::-1]


class Actions:
    """The actions on one pipeline.

    Args:
        workspace_option: what ``--workspace`` said.
    """

    def __init__(self, config: Path, workspace: Workspace, workspace_option: Path | None, name: str):
        self._config, self._workspace, self._option, self._name = config, workspace, workspace_option, name
        self.log = ActionLog(workspace.root)
        self._started: list[subprocess.Popen[bytes]] = []
        self._known: dict[str, Callable[[Form], Done]] = {
            "run": self._run,
            "rollback": self._rollback,
            "accept": self._accept,
            "pause": lambda form: self._paused(form, True),
            "resume": lambda form: self._paused(form, False),
        }

    def known(self, action: str) -> bool:
        """Whether there is such an action."""
        return action in self._known

    def do(self, action: str, form: Form, client: str) -> Done:
        """Does one action and records it, also when it is refused or fails.

        Raises:
            Refused: when it cannot be done.
        """
        arguments = {k: v for k, v in form.items() if k != "form_token"}
        try:
            done = self._known[action](form)
        except Refused as refused:
            self.log.write(action, arguments, client, "refused", str(refused))
            raise
        except (UsageError, ConfigError) as error:
            self.log.write(action, arguments, client, "refused", str(error))
            raise Refused(error.problems) from None
        except LockHeld as error:
            self.log.write(action, arguments, client, "refused", str(error))
            raise Refused([str(error)]) from None
        except Exception as error:
            self.log.write(action, arguments, client, "failed", f"{type(error).__name__}: {error}")
            raise
        self.log.write(action, arguments, client, "done", done.said)
        return done

    def _rollback(self, form: Form) -> Done:
        back = roll_back_to(self._config, whole(form, "to"), one(form, "reason") or None, self._option)
        return Done(back.sentence, "/versions")

    def _accept(self, form: Form) -> Done:
        proposals = Proposals(self._config, self._workspace.root)
        code, said, problems = proposals.accept(one(form, "reason"), form.get("feature", []), one(form, "run"))
        if code:
            raise Refused(problems or [f"`retrain schema accept` ended with exit code {code}."])
        return Done(said, "/schema")

    def _paused(self, form: Form, pauses: bool) -> Done:
        said = set_paused(load_config(self._config), self._workspace, pauses, one(form, "reason"))
        return Done(said, "/schedule")

    def _run(self, form: Form) -> Done:
        words = ["run", f"--workspace={self._workspace.root}"]
        span, codes, reason = whole(form, "span"), one(form, "accept").splitlines(), one(form, "reason")
        words += [] if span is None else [f"--span={span}"]
        words += [f"--accept={code.strip()}" for code in codes if code.strip()]
        words += [f"--reason={reason}"] if reason else []
        words += ["--until=require_ok"] if one(form, "check") else []
        if (note := self._workspace.lock_holder()) is not None:
            raise Refused([str(LockHeld(note.pid, note.started, note.run_id))])
        return self._start([*words, "--", str(self._config)])

    def _start(self, words: list[str]) -> Done:
        """Starts a run that outlives the UI, and waits until it has its lock or has said what is wrong."""
        output = self._workspace.root / "ui-run.txt"
        output.parent.mkdir(parents=True, exist_ok=True)
        before = set(self._workspace.run_ids())
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-c", START, *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self._started = [p for p in self._started if p.poll() is None] + [process]
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            new = sorted(i for i in set(self._workspace.run_ids()) - before if self._workspace.record_path(i).exists())
            if new:
                return Done(f"Started run {new[-1]}.", f"/runs/{new[-1]}")
            if process.poll() is not None:
                raise Refused(_problems(output.read_text(encoding="utf-8", errors="replace"), process.returncode))
            time.sleep(0.1)
        raise Refused([f"The run has not begun after {START_SECONDS:.0f} seconds; its output is in {output}."])


def _problems(text: str, code: int) -> list[str]:
    """What a run that did not begin said."""
    said = [line.removeprefix("error: ") for line in text.splitlines() if line.strip()]
    return said[-20:] or [f"The run ended with exit code {code} before it began."]


def one(form: Form, name: str) -> str:
    """A field of a form; empty when it is not there."""
    return form.get(name, [""])[0].strip()


def whole(form: Form, name: str) -> int | None:
    """A whole number of a form; None when it is empty.

    Raises:
        Refused: when it is something else.
    """
    text = one(form, name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise Refused([f"{name}: must be a whole number, got {text[:40]!r}."])
    return int(text)
