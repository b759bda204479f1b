"""What a check, a gate or a stage has to say: `Finding`, its `Severity`, and the one function that sums findings up."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

Number = int | float


class Severity(str, enum.Enum):
    """How much a finding matters. Ordered: ``ok < warn < block``."""

    OK = "ok"
    WARN = "warn"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0 for ok, 1 for warn, 2 for block."""
        return ("ok", "warn", "block").index(self.value)


class Finding(BaseModel):
    """One thing that was looked at, with what was measured and what would have been fine.

    Passes are findings too (``severity=ok``), so that "checked and fine" differs from "not checked".

    Attributes:
        code: stable name of the rule, for instance ``missing_shift``. Documented; scripts may rely on it.
        severity: ok, warn or block.
        subject: what it is about: a feature, a metric and slice, a file, or ``rows``.
        observed: what was measured, as named numbers or short texts.
        allowed: the bounds it was compared with, as named numbers or short texts.
        message: where - rule - got, in one sentence.
        remedy: what to do about it; empty for ``ok``.
        stage: the stage that found it.
        span: number of the span it is about, if it is about one.
        statistic: the one number whose course over the spans is kept; later spans adapt to its ups and downs.
        rows: places of rows it is about, like ``span-9/trips.csv row 17`` (the first data row is 1); up to a limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Severity
    subject: str
    observed: dict[str, Number | str | None] = {}
    allowed: dict[str, Number | str | None] = {}
    message: str
    remedy: str = ""
    stage: str = ""
    span: int | None = None
    statistic: float | None = None
    rows: tuple[str, ...] = ()


#: What the message of a block has that somebody let pass.
LET_THROUGH = "Let through once:"


class Verdict(BaseModel):
    """The sum of a list of findings: its worst severity and how many there are of each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity
    blocks: int
    warnings: int
    passes: int

    @property
    def ok(self) -> bool:
        """True when nothing blocks."""
        return self.severity is not Severity.BLOCK


def verdict(findings: Iterable[Finding]) -> Verdict:
    """Sums findings up. The one place that does; an empty list is ok with zero passes."""
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    worst = max((s for s, n in counts.items() if n), key=lambda s: s.rank, default=Severity.OK)
    return Verdict(
        severity=worst, blocks=counts[Severity.BLOCK], warnings=counts[Severity.WARN], passes=counts[Severity.OK]
    )


class DataBlocked(Exception):  # noqa: N818
    """Raised by a stage to stop the run because of the data. Carries the findings that say why (exit code 3)."""

    def __init__(self, findings: list[Finding]):
        self.findings = findings
        super().__init__("; ".join(f.message for f in findings if f.severity is Severity.BLOCK))
