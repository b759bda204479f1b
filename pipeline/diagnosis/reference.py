"""Which run another one is held against: that of the champion, unless somebody says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable

from schemas.run_record import RunRecord, Status

VERSION = re.compile(r"version (\d+)")


def reference_of(run: RunRecord, earlier: Iterable[RunRecord]) -> RunRecord | None:
    """The run that pushed the champion of a run; where nothing says which that was, the newest one that was pushed before.

    Args:
        earlier: runs of the same pipeline that began before it, newest first.
    """
    pushed = [r for r in earlier if r.status is Status.PUSHED and r.pushed is not None]
    named = VERSION.match(run.champion or "")
    if named is not None:
        number = int(named[1])
        for record in pushed:
            if record.pushed is not None and record.pushed.version == number and not record.pushed.already_there:
                return record
    return pushed[0] if pushed else None
