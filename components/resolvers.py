"""Which earlier artifact a run looks at."""

from typing import Any, Optional

from tfx.dsl.components.common.resolver import ResolverStrategy

from components.whole import is_whole


class PreviousAcceptedSpan(ResolverStrategy):
    """The evidence of the newest span before this one that passed all checks; nothing on a first run.

    So a span that was blocked is never what the next one is compared with, and a span is never compared with itself. Evidence that is
    damaged or gone is passed over.
    """

    def __init__(self, span: int):
        self._span = span

    def resolve_artifacts(self, store: Any, input_dict: dict[str, list[Any]]) -> Optional[dict[str, list[Any]]]:
        """See `ResolverStrategy.resolve_artifacts`."""
        del store
        chosen = {}
        for key, artifacts in input_dict.items():
            earlier = sorted((a for a in artifacts if a.span < self._span), key=lambda a: (a.span, a.id), reverse=True)
            chosen[key] = next(([a] for a in earlier if is_whole(a.mlmd_artifact)), [])
        return chosen
