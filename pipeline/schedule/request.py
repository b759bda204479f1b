"""What a scheduler asks the process of a run to do, and how that says it ended."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Request(BaseModel):
    """What a run is to do.

    Attributes:
        span: the newest span to use; None for the newest there is.
        accept: code of a finding -> why it may pass.
        timeout: longest time of the run in seconds; `stage_timeouts` of stages.
        result: file to write the result to.
        token: comes back in the result, so that none is taken for another.
    """

    model_config = ConfigDict(extra="forbid")

    config: Path
    workspace: Path
    span: int | None = None
    overrides: list[str] = []
    accept: dict[str, str] = {}
    timeout: float | None = None
    stage_timeouts: dict[str, float] = {}
    result: Path
    token: str


class Result(BaseModel):
    """How it ended.

    Attributes:
        reused: what was not computed again, in words.
        wanted_back: files that were delivered again and blocked it: path -> SHA-256 with which it would not have been.
    """

    model_config = ConfigDict(extra="forbid")

    token: str
    status: str
    exit_code: int
    run_id: str | None = None
    span: int | None = None
    headline: str = ""
    reused: list[str] = []
    seconds: float = 0.0
    wanted_back: dict[str, str] = {}
