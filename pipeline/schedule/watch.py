"""What is new in the data's folders: complete spans, those still arriving, late, missing and re-delivered ones."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.spans import digest_file, find_spans, span_label
from pipeline.redelivered import is_spanned, short
from pipeline.schedule.state import Mark
from schemas.config import LastSpans, PipelineConfig
from schemas.run_record import DataFile
from schemas.schedule import OnNewData


@dataclass(frozen=True)
class Redelivered:
    """A file of a known span that has other content now."""

    span: int
    path: str
    before: str
    after: str

    def sentence(self, pattern: str) -> str:
        """What happened, and what to do."""
        return (
            f"Span {span_label(self.span, pattern)} was delivered again with other content: {short(self.path)} had SHA-256 "
            f"{self.before[:12]}, now {self.after[:12]}. It is not used by itself; to use it: retrain run CONFIG --accept redelivered "
            "--reason TEXT."
        )


@dataclass(frozen=True)
class News:
    """What a look found.

    Attributes:
        fresh: spans with complete new files, ascending, that are newer than all known ones, or late and still in the window.
        arriving: spans with new files that are not complete yet.
        late: spans older than the newest known one that came now; `outside` are those of them that no window holds any more.
        missing: spans that should be between the others, and are not there.
        redelivered: files with other content than before.
    """

    fresh: tuple[int, ...] = ()
    arriving: tuple[int, ...] = ()
    late: tuple[int, ...] = ()
    outside: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    redelivered: tuple[Redelivered, ...] = ()

    def sentences(self, pattern: str) -> tuple[str, ...]:
        """Late and missing spans in words."""

        def named(spans: tuple[int, ...]) -> str:
            return ", ".join(span_label(n, pattern) for n in spans[:5]) + (", ..." if len(spans) > 5 else "")

        told = []
        if inside := tuple(n for n in self.late if n not in self.outside):
            told.append(f"Late: span {named(inside)}, so the window has changed.")
        if self.outside:
            told.append(f"Late: span {named(self.outside)}, older than the window; no run uses it.")
        if self.missing:
            told.append(f"Missing: span {named(self.missing)}.")
        return tuple(told)


def gaps(spans: list[int]) -> tuple[int, ...]:
    """Numbers that are missing between others, by the step that most of them have (days of weekly data come in sevens)."""
    steps = Counter(b - a for a, b in itertools.pairwise(spans))
    if not steps:
        return ()
    usual = max(steps, key=lambda s: (steps[s], -s))
    return tuple(n for a, b in itertools.pairwise(spans) if (b - a) % usual == 0 for n in range(a + usual, b, usual))


class Watcher:
    """Looks at the files of a pipeline's source.

    Args:
        base: folder of the configuration.
        monotonic: seconds of a clock that nobody sets.
    """

    def __init__(self, config: PipelineConfig, base: Path, rules: OnNewData, monotonic: Callable[[], float]):
        self._config, self._base, self._rules, self._monotonic = config, base, rules, monotonic
        self._since: dict[str, tuple[tuple[int, int], float]] = {}
        self._digests: dict[str, tuple[tuple[int, int], str]] = {}
        self._whole: set[str] = set()

    @property
    def _pattern(self) -> str:
        return self._config.data.source.pattern

    @property
    def spanned(self) -> bool:
        """Whether the path tells spans apart; if not, new content of a file is how new data come."""
        return is_spanned(self._pattern)

    def files(self) -> dict[str, Mark]:
        """All files that are there now; one that vanishes while being looked at is left out."""
        found: dict[str, Mark] = {}
        for span, paths in find_spans(self._pattern, self._base).items():
            for path in paths:
                try:
                    stat = os.stat(path)
                except OSError:
                    continue
                found[path] = Mark(span=span, size=stat.st_size, mtime_ns=stat.st_mtime_ns)
        return found

    def complete(self, files: Mapping[str, Mark]) -> set[str]:
        """The files that have not changed for long enough, or whose folder has its marker."""
        now, whole = self._monotonic(), set()
        for path, mark in files.items():
            seen = (mark.size, mark.mtime_ns)
            before = self._since.get(path)
            since = before[1] if before and before[0] == seen else now
            self._since[path] = (seen, since)
            marker = self._rules.marker
            if marker is not None:
                if os.path.exists(os.path.join(os.path.dirname(path), marker)):
                    whole.add(path)
            elif now - since >= self._rules.settle:
                whole.add(path)
        self._since = {p: s for p, s in self._since.items() if p in files}
        return whole

    def look(self, known: Mapping[str, Mark]) -> News:
        """Compares what is there with what the runs so far know."""
        files = self.files()
        self._whole = whole = self.complete(files)
        changed = {p for p, m in files.items() if p not in known or _other(m, known[p])}
        redelivered = [self._redelivered(p, known[p], files[p]) for p in changed if p in known and p in whole]
        again = {p for p in changed if p in known}
        if not self.spanned:
            # What only was touched is not new.
            touched = again - {r.path for r in redelivered if r}
            changed, redelivered = changed - {p for p in touched if p in whole}, []
        else:
            changed -= again
        new = {files[p].span for p in changed}
        arriving = {n for n in new if any(files[p].span == n and p not in whole for p in files)}
        return self._news(new - arriving, arriving, files, known, [r for r in redelivered if r])

    def _news(
        self,
        new: set[int],
        arriving: set[int],
        files: Mapping[str, Mark],
        known: Mapping[str, Mark],
        redelivered: list[Redelivered],
    ) -> News:
        newest = max((m.span for m in known.values()), default=None)
        there = sorted({m.span for m in files.values()} - arriving)
        window = self._config.data.window
        inside = set(there[-window.last_spans :] if isinstance(window, LastSpans) else there)
        late = {n for n in new if newest is not None and n <= newest} if self.spanned else set()
        outside = late - inside
        return News(
            fresh=tuple(sorted(new - outside)),
            arriving=tuple(sorted(arriving)),
            late=tuple(sorted(late)),
            outside=tuple(sorted(outside)),
            missing=tuple(n for n in gaps(there) if n >= min(inside, default=0)) if self.spanned else (),
            redelivered=tuple(sorted(redelivered, key=lambda r: r.path)),
        )

    def _redelivered(self, path: str, before: Mark, now: Mark) -> Redelivered | None:
        after, known = self._digest(path, now), before.sha256
        return Redelivered(now.span, path, known, after) if after and known and after != known else None

    def _digest(self, path: str, mark: Mark) -> str | None:
        """SHA-256 of a file, computed once for as long as size and time stay; None when it cannot be read."""
        seen, before = (mark.size, mark.mtime_ns), self._digests.get(path)
        if before is None or before[0] != seen:
            try:
                before = (seen, digest_file(path, mark.span).sha256)
            except OSError:
                return None
            self._digests[path] = before
        return before[1]

    def known_from(self, files: Sequence[DataFile]) -> dict[str, Mark]:
        """What the runs know before a schedule ever looked: all files of spans up to the newest that one read.

        Args:
            files: of that run. Their digests are those of the run; files of older spans are taken as they are now.
        """
        newest, read = max(f.span for f in files), {f.path: f.sha256 for f in files}
        known: dict[str, Mark] = {}
        for path, mark in self.files().items():
            digest = self._digest(path, mark) if mark.span <= newest else None
            if digest is None or (not self.spanned and path not in read):
                continue
            same = read.get(path, digest) == digest
            # Another size than any file has: so it is looked at, and named.
            size = mark.size if same else -1
            known[path] = mark.model_copy(update={"size": size, "sha256": read.get(path, digest)})
        return known

    def newest_complete(self) -> int | None:
        """The newest span whose files were all complete at the last look; None when there is none."""
        files = self.files()
        arriving = {m.span for p, m in files.items() if p not in self._whole}
        return max((m.span for m in files.values() if m.span not in arriving), default=None)

    def taken_up(self, known: Mapping[str, Mark], upto: int | None, accepted: bool = False) -> dict[str, Mark]:
        """What is known once a run has taken up the complete files of spans up to `upto`; None for all.

        Args:
            accepted: whether files that were delivered again are known with their new content from now on.
        """
        out = dict(known)
        for path, mark in self.files().items():
            old = path in known and self.spanned and not accepted
            if path in self._whole and not old and (upto is None or mark.span <= upto):
                out[path] = mark.model_copy(update={"sha256": self._digest(path, mark)})
        return out


def _other(one: Mark, two: Mark) -> bool:
    return (one.size, one.mtime_ns) != (two.size, two.mtime_ns)
