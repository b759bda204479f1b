"""The process of one scheduled run. It starts ahead of time, has a worker import everything, and waits for a request on its input.

So the scheduler stays as light as it started, whatever a run does; and a run that has no request yet ends with the scheduler.
"""

from __future__ import annotations

import signal
import sys
from datetime import datetime, timezone

from pipeline.errors import LockHeld, UsageError
from pipeline.record_json import to_json, write_atomic
from pipeline.redelivered import wanted_back
from pipeline.schedule.request import Request, Result
from pipeline.spare import Spare
from pipeline.supervise import Limits, environment, heed_sigterm
from pipeline.wording import reused
from pipeline.worker import die_with_parent
from schemas.config import ConfigError
from schemas.run_record import RunRecord


def serve(request: Request, spare: Spare | None) -> Result:
    """Runs once."""
    from pipeline.commands.run import run_once

    began = datetime.now(timezone.utc)
    limits = Limits(request.timeout, request.stage_timeouts)

    def ended(status: str, code: int, headline: str) -> Result:
        seconds = (datetime.now(timezone.utc) - began).total_seconds()
        return Result(token=request.token, status=status, exit_code=code, headline=headline, seconds=seconds)

    try:
        record, _ = run_once(
            request.config,
            request.span,
            request.overrides,
            request.accept,
            request.workspace,
            spare=spare,
            limits=limits,
        )
    except (ConfigError, UsageError) as error:
        return ended("invalid", 2, " ".join(error.problems))
    except LockHeld as error:
        return ended("locked", 5, str(error))
    except KeyboardInterrupt as error:
        return ended("interrupted", 1, str(error) or "Interrupted.")
    except Exception as error:
        return ended("failed", 1, f"{type(error).__name__}: {error}")
    return _result(request.token, record)


def _result(token: str, record: RunRecord) -> Result:
    return Result(
        token=token,
        status=record.status.value,
        exit_code=record.exit_code,
        run_id=record.run_id,
        span=record.span,
        headline=record.explanation.headline,
        reused=reused(record),
        seconds=record.seconds or 0.0,
        wanted_back=wanted_back(record),
    )


def main() -> int:
    """Waits for one request, a line of JSON; an end of input without one ends the process."""
    die_with_parent(signal.SIGTERM)
    # Ctrl-C goes to all processes of a terminal; this one hears from the scheduler.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    spare = Spare(environment(None)) if "--warm" in sys.argv[1:] else None
    try:
        import pipeline.commands.run  # noqa: F401 - so that it need not be imported later

        line = sys.stdin.readline()
        if not line.strip():
            return 0
        heed_sigterm("Stopped by the scheduler.")
        request = Request.model_validate_json(line)
        result = serve(request, spare)
        write_atomic(request.result, to_json(result))
        if result.status in ("invalid", "locked", "failed") and result.run_id is None:
            print(f"error: {result.headline}", file=sys.stderr)
        return result.exit_code
    finally:
        if spare is not None:
            spare.close()


if __name__ == "__main__":
    sys.exit(main())
