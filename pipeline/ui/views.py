"""What each page shows: a function a page, from the address's query to the names of its template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from components.served import CARD, versions
from pipeline.commands.schema import columns_of, in_force, none_yet, run_of
from pipeline.diagnosis.lookup import diagnose_in, earlier_runs
from pipeline.diff import diff
from pipeline.errors import UsageError
from pipeline.report.page import context as report_context
from pipeline.rollbacks import read_rollbacks, told
from pipeline.schema_log import read_log
from pipeline.show.diff import METRIC_COLUMNS, changed, finding_text, metric_rows, value_text
from pipeline.show.why import SHOWN, nothing
from pipeline.show.why import told as proof_told
from pipeline.ui import live, trends
from pipeline.ui.actions import ActionLog
from pipeline.ui.index import SORTS, CachingWorkspace, Index, Query, select
from pipeline.ui.proposals import Proposals
from pipeline.ui.schedule_page import schedule_names
from pipeline.versions_kept import versions_data
from schemas.config import ConfigError, PipelineConfig, load_config
from schemas.diagnosis import Outcome
from schemas.run_record import RunRecord, Status

Names = dict[str, Any]
PAGE_SIZE = 50
SPANS = 50
#: Spans on one page: more take longer than 300 ms to draw, and no screen has the room for their points.
MOST_SPANS = 200
#: Entries of the record of actions that are shown.
ACTIONS = 200
#: How a run did against another -> what colour stands for it.
COMPARED = {
    Outcome.WORSE: "held",
    Outcome.SAME: "idle",
    Outcome.BETTER: "good",
    Outcome.CANNOT_TELL: "idle",
    Outcome.NOT_TRAINED: "idle",
}
COLUMNS = (
    ("run", "run"),
    ("outcome", "outcome"),
    ("span", "span"),
    ("metric", "on test"),
    ("version", "version"),
    ("findings", "block, warn"),
    ("time", "time"),
)


class NotThere(Exception):  # noqa: N818
    """There is no such page."""


@dataclass(frozen=True)
class Views:
    """The pages of one pipeline.

    Attributes:
        config_path: its configuration. Only its name is needed to look at past runs.
        option: what ``--workspace`` said.
    """

    config_path: Path
    workspace: CachingWorkspace
    option: Path | None
    name: str

    @cached_property
    def index(self) -> Index:
        """The lines of all runs."""
        return Index(self.workspace, self.name)

    @cached_property
    def proposals(self) -> Proposals:
        """What data would change in the schema."""
        return Proposals(self.config_path, self.workspace.root)

    def config(self) -> PipelineConfig:
        """The configuration as it is now.

        Raises:
            ConfigError: when it cannot be used.
        """
        return load_config(self.config_path)

    def serving(self) -> Path:
        """The folder of versions."""
        return self.workspace.serving(self.name, self.config().push.directory)

    def record(self, run_id: str) -> RunRecord:
        """A run by its whole id, as the folder of runs has it: what is in an address never becomes a path.

        Raises:
            NotThere: when there is none.
        """
        if run_id not in self.workspace.run_ids():
            raise NotThere(f"There is no run {run_id[:80]!r}.")
        return live.as_of_now(self.workspace, self.workspace.load_record(run_id))

    def runs(self, asked: Mapping[str, str]) -> Names:
        """The list of runs."""
        lines = self.index.lines()
        query = Query(
            text=asked.get("text", "")[:200],
            status=asked.get("status", ""),
            span=_number(asked.get("span", "")),
            sort=asked.get("sort", "-run"),
            page=max(1, _number(asked.get("page", "")) or 1),
        )
        found = select(lines, query)
        pages = max(1, -(-len(found) // PAGE_SIZE))
        page = min(query.page, pages)
        kept = {"text": query.text, "status": query.status, "span": asked.get("span", "")}
        kept = {k: v for k, v in kept.items() if v}
        return {
            "lines": found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
            "newest": lines[0] if lines else None,
            "all": len(lines),
            "found": len(found),
            "query": query,
            "page_number": page,
            "pages": pages,
            "statuses": [s.value for s in Status] + ["unreadable"],
            "headers": [(label, _sorted_by(kept, query, key), _direction(query, key)) for key, label in COLUMNS],
            "to_page": lambda n: f"/?{urlencode({**kept, 'sort': query.sort, 'page': n})}",
            "rolled_back": [told(r) for r in read_rollbacks(self.workspace.root, self.name)][-1:],
            "working": self.workspace.lock_holder(),
        }

    def run(self, run_id: str) -> Names:
        """One run: the report, with its state as of now."""
        record = self.record(run_id)
        running = record.status is Status.RUNNING
        names = report_context(record, None if running else diagnose_in(self.workspace, record))
        ids = [line.run_id for line in self.index.lines()]
        at = ids.index(run_id) if run_id in ids else None
        return names | {
            "live": live.live_data(record) if running else None,
            "earlier": ids[at + 1] if at is not None and at + 1 < len(ids) else None,
            "later": ids[at - 1] if at else None,
            "title": run_id,
        }

    def why(self, run_id: str) -> Names:
        """The diagnosis of a run."""
        record = self.record(run_id)
        if record.status is Status.RUNNING:
            raise UsageError(f"Run {run_id} is still at work. Ask again when it has ended.")
        found = diagnose_in(self.workspace, record)
        shown = [c for c in found.causes if c.score >= SHOWN]
        return {
            "record": record,
            "found": found,
            "shown": shown,
            "nothing": nothing(found),
            "proofs": [(p.title, proof_told(p)) for p in found.proofs],
        }

    def trends(self, asked: Mapping[str, str]) -> Names:
        """Metrics and statistics over spans."""
        lines = self.index.lines()
        spans = min(MOST_SPANS, max(2, _number(asked.get("spans", "")) or SPANS))
        text, about = asked.get("text", "")[:200], asked.get("about", "")
        return {
            "spans": spans,
            "most": MOST_SPANS,
            "text": text,
            "about": about,
            "metrics": [] if about else trends.metric_courses(lines, spans),
            "tables": [] if about else trends.statistic_tables(lines, spans, text),
            "courses": trends.statistic_courses(lines, spans, about) if about else [],
        }

    def compare(self, before: str, after: str) -> Names:
        """Two runs side by side; none until they are named."""
        lines = self.index.lines()
        found = None
        if before or after:
            ids = [self.workspace.find(run, self.name) for run in (before or "latest", after or "latest")]
            old, new = self.record(ids[0]), self.record(ids[1])
            found = diff(old, new, earlier_runs(self.workspace, new))
        parts = _parts(found) if found else []
        return {
            "found": found,
            "lines": lines[:200],
            "before": found.before.run_id if found else before,
            "after": found.after.run_id if found else after,
            "metric_columns": METRIC_COLUMNS,
            "metric_rows": list(metric_rows(found)) if found else [],
            "parts": parts,
            "settings": dict(parts).get("Configuration", []),
            "tone": COMPARED[found.comparison.outcome] if found else "idle",
            "equal": [title for title, rows in parts if not rows],
            "finding_text": finding_text,
        }

    def schema(self) -> Names:
        """The schema in force, and what the newest run's data would change in it."""
        found = in_force(self.config_path, self.option)
        names: Names = {"file": found.path, "why": found.why, "columns": columns_of(found), "listed": [], "run": None}
        names["none"] = none_yet(found) if found.path is None else ""
        names["log"] = read_log(found.path)[::-1] if found.path else []
        names |= {"problem": "", "working": False}
        if found.path is not None:
            try:
                record = run_of(found, None)
                known = self.proposals.get(found.text, record.run_id, record.status.value)
                names |= {"run": record.run_id, "working": known is None}
                names |= {"listed": known.listed, "problem": known.problem} if known else {}
            except UsageError as error:
                names["problem"] = str(error)
        return names

    def schedule(self) -> Names:
        """What the schedule did and will do."""
        return schedule_names(self.config(), self.workspace)

    def versions(self) -> Names:
        """The champion and the kept versions, newest first."""
        serving = self.serving()
        there = versions(str(serving))
        pushed = {line.version: line for line in self.index.lines() if line.version is not None}
        rows = [
            v | {"line": pushed.get(v["version"]), "card": Path(v["path"], CARD).exists()}
            for v in reversed(versions_data(serving))
        ]
        return {
            "served": max(there) if there else None,
            "rows": rows,
            "serving": serving,
            "rollbacks": [told(r) for r in read_rollbacks(self.workspace.root, self.name)][::-1],
            "ids": set(self.workspace.run_ids()),
        }

    def card(self, version: str) -> str:
        """The model card of a kept version.

        Raises:
            NotThere: when there is none.
        """
        folder = {str(n): f for n, f in versions(str(self.serving())).items()}.get(version)
        if folder is None or not Path(folder, CARD).exists():
            raise NotThere(f"There is no model card of version {version[:20]!r}.")
        return Path(folder, CARD).read_text(encoding="utf-8")

    def actions(self, log: ActionLog) -> Names:
        """The record of actions."""
        return {"entries": log.read()[:ACTIONS], "path": log.path}

    def problem_of_config(self) -> str:
        """Why the configuration cannot be used now; empty when it can."""
        try:
            self.config()
        except (ConfigError, OSError) as error:
            return str(error)
        return ""


def _parts(found: Any) -> list[tuple[str, list[tuple[str, str, str]]]]:
    parts = (("Data", found.data), ("Configuration", found.config), ("Training", found.training))
    return [
        (title, [(d.what, value_text(d.before, d.what), value_text(d.after, d.what)) for d in changed(part)])
        for title, part in (*parts, ("Environment", found.environment))
    ]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def _sorted_by(kept: Mapping[str, str], query: Query, key: str) -> str:
    """Address of the list sorted by a column: what is best or newest first, and the other way round on a second click."""
    assert key in SORTS
    return f"/?{urlencode({**kept, 'sort': key if query.sort == f'-{key}' else f'-{key}'})}"


def _direction(query: Query, key: str) -> str:
    """As `aria-sort` has it."""
    return {f"-{key}": "descending", key: "ascending"}.get(query.sort, "none")
