"""A range of spans in order, as if each had just come: stops at a configuration error, goes on after a blocked one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from components.spans import find_spans, span_label
from pipeline.errors import UsageError
from pipeline.schedule.decision import retry_of
from pipeline.schedule.launcher import Launcher
from pipeline.schedule.request import Request, Result
from pipeline.schedule.state import Due
from schemas.config import PipelineConfig
from schemas.schedule import Schedule

#: Exit codes, the one that most needs a hand first: the whole ends with the first of them that any run ended with.
WORST = (2, 1, 5, 3, 4, 0)


@dataclass(frozen=True)
class Line:
    """One span of a back-fill; `result` is None for one that has no data, or was not reached."""

    span: int
    result: Result | None
    word: str


def parse_span(text: str, pattern: str, option: str) -> int:
    """A span as people call it: a number, or a date where the path has dates.

    Raises:
        UsageError: when it is neither.
    """
    if text.isdigit():
        return int(text)
    try:
        if "{YYYY}" in pattern:
            return (datetime.fromisoformat(text).date() - datetime(1970, 1, 1).date()).days
    except ValueError:
        pass
    what = "a date like 2026-11-25" if "{YYYY}" in pattern else "the number of a span"
    raise UsageError(f"{option} {text}: must be {what}.")


def spans_between(config: PipelineConfig, base: Path, first: int, last: int) -> tuple[list[int], list[int]]:
    """The spans of a range that have data, and those between them that have none.

    Raises:
        UsageError: when there are none at all.
    """
    pattern = config.data.source.pattern
    there = sorted(find_spans(pattern, base))
    chosen = [n for n in there if first <= n <= last]
    if first > last or not chosen:
        known = f"{span_label(there[0], pattern)} to {span_label(there[-1], pattern)}" if there else "none"
        raise UsageError(
            f"backfill: no span from {span_label(first, pattern)} to {span_label(last, pattern)} has data. There are: {known}."
        )
    from pipeline.schedule.watch import gaps

    around = [n for n in there if chosen[0] - 1 <= n <= chosen[-1] + 1]
    return chosen, [n for n in gaps(around) if first <= n <= last]


def backfill(
    spans: list[int],
    request: Request,
    policy: Schedule,
    launcher: Launcher,
    now: Callable[[], datetime],
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    label: Callable[[int], str] = str,
) -> list[Line]:
    """Runs all spans; every one has its line, also those that were not reached.

    Args:
        request: of each run, but for its span.
        label: a span as people call it.
    """
    lines: list[Line] = []
    for number, span in enumerate(spans):
        result = _with_retries(span, request, policy, launcher, now, say, sleep)
        lines.append(Line(span, result, result.status))
        say(f"Span {label(span)}: {result.headline}")
        if result.exit_code == 2:
            say("This is an error of the configuration, so the rest is not run.")
            return lines + [Line(n, None, "not run") for n in spans[number + 1 :]]
    return lines


def _with_retries(
    span: int,
    request: Request,
    policy: Schedule,
    launcher: Launcher,
    now: Callable[[], datetime],
    say: Callable[[str], None],
    sleep: Callable[[float], None],
) -> Result:
    due = Due(trigger="backfill", at=now(), reason=f"Back-fill of span {span}.", span=span)
    while True:
        token = secrets.token_hex(8)
        launcher.start(request.model_copy(update={"span": span, "token": token}))
        while (result := launcher.poll()) is None:
            sleep(0.2)
        launcher.prepare()
        again, told = retry_of(now(), due, result.exit_code, policy.retries)
        if again is None:
            return result
        say(told)
        sleep(max((again.at - now()).total_seconds(), 0.0))
        due = again


def exit_code(lines: list[Line]) -> int:
    """The exit code of a back-fill: that of the run that most needs a hand."""
    codes = {line.result.exit_code for line in lines if line.result}
    return next((c for c in WORST if c in codes), 1)
