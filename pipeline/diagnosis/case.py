"""What a cause sees: the run, the run it is held against, and what changed between the two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pipeline.tuned import in_force
from schemas.diagnosis import Comparison, Outcome
from schemas.findings import Finding, Severity
from schemas.run_record import LearnedFeature, RunRecord

#: Parts of a configuration that cannot change a model or its numbers.
IDLE = (
    "name",
    "runner",
    "beam",
    "push",
    "retention",
    "schedule",
    "data.serving",
    "checks.rows_named",
    "checks.show_values",
)


@dataclass(frozen=True)
class Change:
    """A value of the configuration that differs. `None` stands for: not set."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Case:
    """A run to be explained.

    Attributes:
        run: the run.
        reference: what it is held against; None when there is nothing.
        comparison: how it did against it.
        earlier: other runs of the pipeline that began before this one, newest first.
    """

    run: RunRecord
    reference: RunRecord | None
    comparison: Comparison
    earlier: tuple[RunRecord, ...] = field(default=())

    @property
    def worse(self) -> bool:
        """Whether something is known to be wrong: a worse model, or one that was stopped."""
        return self.comparison.outcome is Outcome.WORSE or self.run.exit_code in (1, 3, 4)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Values of the configuration, tuned ones included, that differ from the reference's, by path."""
        if self.reference is None:
            return ()
        listed = config_changes(in_force(self.reference), in_force(self.run))
        return tuple(c for c in listed if not any(c.path == i or c.path.startswith(f"{i}.") for i in IDLE))

    def change(self, path: str) -> Change | None:
        """The change of one value, or of anything below it; None when it is as it was."""
        return next((c for c in self.changes if c.path == path or c.path.startswith(f"{path}.")), None)

    def setting(self, path: str, record: RunRecord | None = None) -> Any:
        """A value that the run (or another record's) was trained with, tuned or configured; None when it is not set."""
        node: Any = in_force(record or self.run)
        for part in path.split("."):
            if not isinstance(node, Mapping):
                return None
            node = node.get(part)
        return node

    @property
    def same_data(self) -> bool:
        """Whether both runs read the same bytes of the same spans."""
        return self.reference is not None and self.run.data_digest == self.reference.data_digest

    @property
    def same_config(self) -> bool:
        """Whether both runs had the same settings, as far as they can matter."""
        return self.reference is not None and not self.changes

    @property
    def same_code(self) -> bool:
        """Whether both runs had the same versions of everything."""
        return self.reference is not None and self.run.versions == self.reference.versions

    def findings(self, *codes: str) -> list[Finding]:
        """Findings of the run that warn or block, worst first; those the reference had as strongly are left out.

        Args:
            codes: of the findings; with ``*`` at the end, how they begin.
        """
        found = [f for f in self.run.findings if f.severity is not Severity.OK and _among(f.code, codes)]
        new = [f for f in found if not self._known(f)]
        return sorted(new, key=lambda f: (-f.severity.rank, -(f.statistic or 0.0), f.subject))

    def _known(self, finding: Finding) -> bool:
        """Whether the reference, which did well, had the same finding, about as strong."""
        if self.reference is None or self.reference.run_id == self.run.run_id:
            return False
        for old in self.reference.findings:
            if (old.code, old.subject) == (
                finding.code,
                finding.subject,
            ) and old.severity.rank >= finding.severity.rank:
                if old.statistic is None or finding.statistic is None:
                    return old.span == finding.span
                return abs(finding.statistic) <= 1.5 * abs(old.statistic)
        return False

    def learned(self, name: str, record: RunRecord | None = None) -> LearnedFeature | None:
        """What Transform learned about a feature."""
        return next((f for f in (record or self.run).learned if f.name == name), None)


def _among(code: str, codes: Iterable[str]) -> bool:
    return any(code.startswith(c[:-1]) if c.endswith("*") else code == c for c in codes)


def config_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Values that differ between two configurations, by path."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    paths = sorted(old.keys() | new.keys())
    return tuple(Change(p, old.get(p), new.get(p)) for p in paths if old.get(p) != new.get(p))


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value of nested mappings, by its path. Lists, and plug-ins with their parameters, are one value."""
    if isinstance(node, Mapping) and node and set(node) != {"name", "params"}:
        for key in sorted(node, key=str):
            yield from _leaves(node[key], f"{path}.{key}" if path else str(key))
    else:
        yield path, node
