"""A run that a time limit ended: what the same took in earlier runs, what got slower, and which limit would do. All of it from records."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.wording import clean, duration
from schemas.run_record import RunRecord, StageState, StageTime, Status, TimeLimit

#: Earlier runs that are looked at: five that got through say what is usual, and are found among the newest twenty.
USED, READ = 5, 20
#: A limit should leave twice the longest time that was seen: machines are busy by turns.
ROOM = 2.0
#: A stage is called slower from this factor on, and only when that is worth it, in seconds.
SLOWER, WORTH = 1.5, 5.0
_WHOLE = (Status.PUSHED, Status.NOT_BLESSED)


@dataclass(frozen=True)
class Overrun:
    """What a watchdog saw when it ended a run.

    Attributes:
        setting: path in the configuration of the limit, `limit` seconds long.
        stage: the one at work; None between stages.
        ran: for how long it had been, in seconds.
    """

    setting: str
    limit: float
    stage: str | None
    ran: float

    @property
    def whole(self) -> bool:
        """Whether the limit is one of the whole run."""
        return self.setting == "schedule.timeout"

    @property
    def sentence(self) -> str:
        """What took too long."""
        what = "The run" if self.whole else f"Stage {clean(self.stage)}"
        return f"{what} took longer than {self.setting} ({duration(self.limit)}), so it was ended."


def compare(overrun: Overrun, run: RunRecord, earlier: Iterable[RunRecord]) -> TimeLimit:
    """What a run that was ended is to be held against.

    Args:
        earlier: runs of the same pipeline before it, newest first.
    """
    past = list(earlier)
    limited = None if overrun.whole else overrun.stage
    used = [r for r in past if _seconds(r, limited) is not None][:USED]
    now = {s.name: s.seconds for s in run.stages if s.state is StageState.DONE and s.seconds is not None}
    if overrun.stage is not None:
        now[overrun.stage] = overrun.ran
    return TimeLimit(
        setting=overrun.setting,
        seconds=overrun.limit,
        stage=overrun.stage,
        ran=round(overrun.ran, 3),
        earlier=[round(_seconds(r, limited) or 0.0, 3) for r in used],
        growth=_growth(run, used),
        slower=_slower(now, past) if overrun.whole else [],
    )


def _seconds(record: RunRecord, stage: str | None) -> float | None:
    """How long a stage took that was really run, or for None a whole run."""
    if stage is None:
        return record.seconds if record.status in _WHOLE else None
    return next((s.seconds for s in record.stages if s.name == stage and s.state is StageState.DONE), None)


def _growth(run: RunRecord, used: Sequence[RunRecord]) -> float | None:
    """Bytes that the run read, as a multiple of those of the largest of the others; None where it is not known."""
    before, now = max((_bytes(r) for r in used), default=0), _bytes(run)
    return round(now / before, 3) if before and now else None


def _bytes(record: RunRecord) -> int:
    return sum(f.bytes for f in record.files)


def _slower(now: dict[str, float], earlier: Sequence[RunRecord]) -> list[StageTime]:
    """Stages that took clearly longer than usual, worst first."""
    found = []
    for name, seconds in now.items():
        times = [t for r in earlier if (t := _seconds(r, name)) is not None][:USED]
        if times and seconds >= SLOWER * (usual := statistics.median(times)) and seconds - usual >= WORTH:
            found.append(StageTime(name=name, seconds=round(seconds, 3), usual=round(usual, 3)))
    return sorted(found, key=lambda s: s.usual - s.seconds)


def needed(limit: TimeLimit) -> float | None:
    """What would have been enough, in seconds: `ROOM` times the longest seen, as much more as the data grew; None without earlier runs."""
    return ROOM * max(limit.earlier) * max(1.0, limit.growth or 1.0) if limit.earlier else None


def too_tight(limit: TimeLimit) -> bool:
    """Whether a run as usual can overrun the limit; if not, something was slower than ever."""
    enough = needed(limit)
    return enough is None or enough > limit.seconds


def as_setting(seconds: float) -> str:
    """A duration as the configuration has it, rounded up: ``7s``, ``13m``, ``2.5h``."""
    if seconds <= 120:
        return f"{math.ceil(seconds)}s"
    if seconds <= 7200:
        return f"{math.ceil(seconds / 60)}m"
    return f"{math.ceil(seconds / 1800) / 2:g}h"


def evidence(limit: TimeLimit) -> list[str]:
    """What the earlier runs say, in sentences."""
    what = "a whole run" if limit.whole else f"stage {clean(limit.stage)}"
    if not limit.earlier:
        return [f"No earlier run here got through {what}, so it is not known how long that takes."]
    low, high, count = min(limit.earlier), max(limit.earlier), len(limit.earlier)
    took = duration(low) if duration(low) == duration(high) else f"{duration(low)} to {duration(high)}"
    runs = "the only earlier run that got through it" if count == 1 else f"the {count} newest runs that got through it"
    told = [f"In {runs}, {what} took {took}."]
    if limit.growth is not None and limit.growth >= SLOWER:
        told.append(f"The data are {limit.growth:.1f} times as large as they were then.")
    told += [f"Stage {clean(s.name)}: {duration(s.seconds)}, usually {duration(s.usual)}." for s in limit.slower]
    if limit.whole and limit.stage is not None:
        told.append(f"It was ended in stage {clean(limit.stage)}, after {duration(limit.ran)} of it.")
    return told


def remedy(limit: TimeLimit, log: str = "") -> str:
    """What to do, as a sentence.

    Args:
        log: path of the log.
    """
    enough = needed(limit)
    if enough is None:
        return f"Set {limit.setting} to {as_setting(ROOM * limit.seconds)}, or leave it out until a run has shown how long it takes."
    if too_tight(limit):
        grown = ", and as much more as the data grew" if (limit.growth or 0.0) >= SLOWER else ""
        return f"Set {limit.setting} to {as_setting(enough)}: twice the longest time{grown}."
    worst = limit.slower[0].name if limit.slower else limit.stage
    where = f" what stage {clean(worst)} did last" if worst else " what was done last"
    read = f"Read in the log{where} ({clean(log)})" if log else f"Find out{where}"
    return (
        f"The limit is no tighter than usual: {limit.setting} would hold with {as_setting(enough)}. {read}: it hung, the machine was busy, "
        "or its settings ask for more work than before. Only in the last case raise the limit."
    )
