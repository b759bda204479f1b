"""The audit of a run's augmentation, read from its artifact when it is shown: it is too much for the record of the run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pipeline.wording import number, percent, without_empty
from schemas.features import order_labels
from schemas.findings import Finding, Severity
from schemas.run_record import RunRecord

if TYPE_CHECKING:
    from components.augmentation_record import Audit, Drawn, Group, Histogram, Input

STAGE, OUTPUT = "augment", "audit"
DOCUMENT, SHEETS = "document.json", "sheets"
SIDE_COLUMNS = ("part", ">rows", ">draws", ">changed", ">change", ">turn", ">brightness", ">contrast")
DRAWN_COLUMNS = ("operation", ">draws", ">applied", "drawn (5 % to 95 %)", ">change alone")
#: What the numbers of `SIDE_COLUMNS` are.
SIDE_NOTE = (
    "Rows: what one epoch trains on, as far as measured; draws: those of them that are no example as it is. "
    "Changed: rows that look changed. Change: mean squared change over the mean squared distance of two rows; "
    "1 is as different as another row. Turn, brightness and contrast: mean change over all rows without sign, in degrees and "
    "in grey levels (0 to 255)."
)


@dataclass(frozen=True)
class AuditFiles:
    """What the stage `augment` left behind.

    Attributes:
        folder: of the artifact.
        audit: what was measured; None where `problem` says why it cannot be read.
        sheets: contact sheets and histograms, PNG files.
    """

    folder: Path
    audit: Audit | None
    sheets: tuple[Path, ...]
    problem: str = ""


@dataclass(frozen=True)
class Side:
    """Rows of train of one class or span.

    Attributes:
        title: ``class 3`` or ``span 2``.
        flagged: whether a finding says that it is treated otherwise than the rest.
    """

    title: str
    group: Group
    flagged: bool


def audit_folder(record: RunRecord) -> Path | None:
    """Where the stage has put its audit; None when it did not get that far, or is not in the run."""
    return next((Path(s.artifacts[OUTPUT]) for s in record.stages if s.name == STAGE and OUTPUT in s.artifacts), None)


def audit_of(record: RunRecord) -> AuditFiles | None:
    """The audit of a run; None when it did not get that far, or has no augmentation."""
    folder = audit_folder(record)
    if folder is None:
        return None
    from components.augmentation_record import Audit

    try:
        document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        found = Audit.model_validate(document["audit"])
    except OSError as error:
        return AuditFiles(folder, None, (), f"The audit cannot be read any more ({error.strerror}: {folder}).")
    except (ValueError, KeyError, TypeError, ValidationError):
        return AuditFiles(folder, None, (), f"The audit is damaged, or of another version of Retrain ({folder}).")
    return AuditFiles(folder, found, tuple(sorted((folder / SHEETS).glob("*.png"))))


def findings_of(record: RunRecord) -> list[Finding]:
    """The findings about augmentation, worst first."""
    return sorted((f for f in record.findings if f.stage == STAGE), key=lambda f: -f.severity.rank)


def sides(record: RunRecord, name: str, of: Input) -> list[Side]:
    """The classes of an input in their order, then its spans where there is more than one."""
    told = {f.subject for f in findings_of(record) if f.severity is not Severity.OK}
    classes = [
        Side(f"class {v}", of.classes[v], f"{name} of class {v!r}" in told) for v in order_labels(set(of.classes))
    ]
    spans = sorted(of.spans, key=int) if len(of.spans) > 1 else []
    return classes + [Side(f"span {v}", of.spans[v], f"{name} of span {v}" in told) for v in spans]


def reach_of(turns: Sequence[Histogram], least: int = 4, share: float = 0.95) -> int:
    """How many bins of turns to show on either side of no turn: most rows of each group are in them.

    Args:
        turns: histograms of `turn`, of which no turn is the bin in the middle.
        least: bins that are shown in any case.
        share: of the rows of each group that has any; a few pictures look alike upside down, and are measured as turned by 180°.
    """
    reach = least
    for counts in (h.after for h in turns if any(h.after)):
        middle, inside = len(counts) // 2, 0
        for away in range(middle + 1):
            inside += sum({i: counts[i] for i in (middle - away, middle + away)}.values())
            if inside >= share * sum(counts):
                reach = max(reach, away)
                break
    return reach


def cropped(turn: Histogram, reach: int) -> Histogram:
    """The bins around no turn; rows beyond are counted in the outermost ones."""
    middle = len(turn.after) // 2
    first, last = middle - reach, middle + reach
    inner = turn.after[first : last + 1]
    inner[0] += sum(turn.after[:first])
    inner[-1] += sum(turn.after[last + 1 :])
    return turn.model_copy(update={"low": turn.low + first * turn.step, "after": inner})


def side_table(of: Sequence[Side]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows; what no row has (turns of numbers, say) is left out."""
    return without_empty(SIDE_COLUMNS, [_side_row(s) for s in of])


def _side_row(side: Side) -> list[str]:
    g = side.group
    return [
        f"{side.title} !" if side.flagged else side.title,
        number(g.rows),
        number(g.drawn),
        percent(g.changed),
        f"{g.change:.2f}",
        "–" if g.turn is None else f"{g.turn:.1f}°",
        "–" if g.brightness is None else f"{g.brightness:.1f}",
        "–" if g.contrast is None else f"{g.contrast:.1f}",
    ]


def drawn_table(audit: Audit) -> tuple[list[str], list[list[str]]]:
    """What was drawn for each operation, in the order of the policy."""
    return without_empty(DRAWN_COLUMNS, [_drawn_row(title, drawn) for title, drawn in _in_order(audit)])


def _in_order(audit: Audit) -> list[tuple[str, Drawn]]:
    """Title and draws of each operation; JSON has sorted them, the policy has their order."""
    seen: dict[str, int] = {}
    titles = []
    for op in _operations(audit):
        name = str(op["op"])
        seen[name] = seen.get(name, 0) + 1
        titles.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return [(title, audit.operations[title]) for title in titles if title in audit.operations]


def _operations(audit: Audit) -> list[dict[str, object]]:
    ops = audit.policy.get("ops")
    return [op for op in ops if isinstance(op, dict) and "op" in op] if isinstance(ops, list) else []


def _drawn_row(title: str, drawn: Drawn) -> list[str]:
    shares = sorted(set(drawn.applied.values()))
    applied = "–" if not shares else percent(shares[0])
    if len(shares) > 1:
        applied += f" to {percent(shares[-1])}, by class"
    low, high = 1, -2
    ranges = [f"{number(p.quantiles[low], 3)} to {number(p.quantiles[high], 3)}" for p in drawn.parameters]
    changes = [f"{v:.2f}" for v in drawn.change.values()]
    return [title, number(sum(drawn.draws.values())), applied, "; ".join(ranges), ", ".join(changes)]


def policy_text(audit: Audit) -> str:
    """The policy on one line: operations in their order with their parameters, then what goes for all."""
    rest = [f"{k} {_plain(v)}" for k, v in audit.policy.items() if k != "ops"]
    return "; ".join([", then ".join(_op_text(op) for op in _operations(audit)), *rest])


def _op_text(op: dict[str, object]) -> str:
    given = ", ".join(f"{k} {_plain(v)}" for k, v in op.items() if k != "op" and v is not None)
    return f"{op['op']} ({given})" if given else str(op["op"])


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
