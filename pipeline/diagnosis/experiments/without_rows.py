"""Without the rows that are suspected."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import RankedCause


class WithoutRows(Experiment):
    """Trains without the rows that the findings of the likeliest such cause name: restored, and these rows did it.

    A check does not find all rows that are wrong, so a metric that stays as it is refutes nothing.
    """

    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """See `Experiment.swap`."""
        named = {f.code for f in case.run.findings if f.rows}
        of_cause = {c.code: tuple(sorted(_codes(c) & named)) for c in causes}
        rows_of = next((of_cause[c.code] for c in causes if of_cause[c.code]), None)
        if rows_of is None:
            return None
        supports = _parts.codes(causes, lambda c: of_cause[c.code] == rows_of)
        title = f"without the rows that {' and '.join(rows_of)} named"
        return Swap(title, _parts.recipe(case), case.run.span, supports, refutes=False, rows_of=rows_of)


def _codes(cause: RankedCause) -> set[str]:
    """Codes of the findings that speak for a cause."""
    return {e.where.removeprefix("findings ") for e in cause.evidence if e.where.startswith("findings ")}
