"""The configuration of a schedule, and its edits while the scheduler runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.job import stages_for
from schemas.config import ConfigError, PipelineConfig, did_you_mean, load_config
from schemas.schedule import Schedule


def load_schedule(path: Path, overrides: list[str]) -> PipelineConfig:
    """A configuration with a schedule.

    Raises:
        ConfigError: when it is wrong, or has none.
    """
    config = load_config(path, overrides)
    if config.schedule is None:
        raise ConfigError([f"{path}: has no section schedule. Add one, for instance schedule: {{cron: '0 3 * * *'}}."])
    stages = stages_for(config.recipe)
    wrong = [s for s in config.schedule.stage_timeouts if s not in stages]
    if wrong:
        raise ConfigError(
            [
                f"schedule.stage_timeouts.{s}: is no stage of this pipeline.{did_you_mean(s, list(stages))}"
                for s in wrong
            ]
        )
    return config


class Configured:
    """The configuration in force.

    Raises:
        ConfigError: when it is wrong, or has no schedule.
    """

    def __init__(self, path: Path, overrides: list[str]):
        self.path, self.overrides = path, overrides
        self._edited = path.stat().st_mtime_ns
        self.config = load_schedule(path, overrides)

    @property
    def policy(self) -> Schedule:
        """The schedule in force."""
        assert self.config.schedule is not None
        return self.config.schedule

    @property
    def base(self) -> Path:
        """The folder that paths in it are relative to."""
        return self.path.resolve().parent

    def reread(self, say: Callable[[str], None]) -> bool:
        """Takes over an edited configuration; a wrong one changes nothing, and is said once.

        Returns:
            Whether the data, or how they are told to be complete, are others now.
        """
        try:
            edited = self.path.stat().st_mtime_ns
            if edited == self._edited:
                return False
            self._edited = edited
            config = load_schedule(self.path, self.overrides)
        except (OSError, ConfigError) as error:
            say(f"{self.path} was changed and cannot be used, so the schedule from before stays in force: {error}")
            return False
        if config.name != self.config.name:
            say(f"{self.path} has another name now; the schedule of {self.config.name} stays in force.")
            return False
        before, self.config = self._data(), config
        say(f"{self.path} was changed; its schedule is in force now.")
        return before != self._data()

    def _data(self) -> tuple[object, ...]:
        return self.config.data.source, self.config.data.window, self.policy.settling
