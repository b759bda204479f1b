"""Looks at the data's folders from time to time, and keeps in the state what the runs have taken up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.schedule.blocked import Contents, accepted_meanwhile
from pipeline.schedule.configured import Configured
from pipeline.schedule.state import Mark, State
from pipeline.schedule.watch import News, Watcher
from pipeline.workspace import Workspace
from schemas.run_record import RunRecord


class Arrivals:
    """What is new in the data of one pipeline.

    Args:
        monotonic: seconds of a clock that nobody sets.

    Attributes:
        news: what the last look found that no run has taken up.
        put_back: whether the last look found that what blocked the newest blocked run is gone.
    """

    def __init__(self, configured: Configured, workspace: Workspace, monotonic: Callable[[], float]):
        self._configured, self._workspace, self._monotonic = configured, workspace, monotonic
        self.news, self.put_back, self._contents = News(), False, Contents()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Looks at once, by the configuration that is in force now."""
        of = self._configured
        self._watcher = Watcher(of.config, of.base, of.policy.settling, self._monotonic)
        self._looked: float | None = None

    @property
    def matter(self) -> bool:
        """Whether the schedule depends on new data at all."""
        return self._configured.policy.on_new_data is not None or self._configured.policy.only_if_new_data

    def look(self, state: State) -> Iterator[tuple[str, str]]:
        """Looks, when it is time for that.

        Yields:
            What there is to tell: what it is told once for, and the sentence.
        """
        now, rules = self._monotonic(), self._configured.policy.settling
        if not self.matter or (self._looked is not None and now - self._looked < rules.poll):
            return
        self._looked = now
        if state.files is None:
            state.files = self._known_from_runs()
        self.news = self._watcher.look(state.files)
        self.put_back = self._look_at_blocked(state)
        pattern = self._configured.config.data.source.pattern
        for found in self.news.redelivered:
            yield f"redelivered {found.path} {found.after}", found.sentence(pattern)
        yield from ((text, text) for text in self.news.sentences(pattern))

    def _look_at_blocked(self, state: State) -> bool:
        of = self._configured
        if state.blocked and accepted_meanwhile(state.blocked, self._workspace.root, of.config.name, of.base):
            state.blocked = None
        return state.blocked is not None and self._contents.are(state.blocked.files)

    def _known_from_runs(self) -> dict[str, Mark]:
        """Before the first look of a schedule: what the newest run read is known, with the digests it had then."""
        for record in self._workspace.iter_records(self._configured.config.name):
            if isinstance(record, RunRecord) and record.files:
                return self._watcher.known_from(record.files)
        return {}

    def take_up(self, state: State, span: int | None) -> int | None:
        """Lets a run take up all complete data up to a span; the newest complete one for None. Returns that span."""
        if not self.matter:
            return span
        span = span if span is not None else self._watcher.newest_complete()
        state.files = self._watcher.taken_up(state.files or {}, span)
        return span

    def forget(self) -> None:
        """A run has taken up what was new, so it is no news any more."""
        if self.matter:
            self.news, self.put_back, self._looked = News(redelivered=self.news.redelivered), False, None
